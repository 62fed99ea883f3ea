//! `kmeans`: rows in k groups around their means.
//!
//! From [the first centres](self::seeds) Lloyd's steps go over all rows, wherever they lie, and clusters get numbers that
//! do not depend on chance: largest first. No step brings rows here; see [`crate::engine::functions::kmeans`].

pub mod score;
mod seeds;
mod weighted;

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::DataFrame;

use super::columns::engine;
use super::features::{Features, FittedFeatures, key_column};
use crate::engine::functions::kmeans::{self, Centres, ClusterTotals, Scaling, Silhouette};
use crate::error::{Error, Result};
use crate::project::{Init, Kmeans};
use weighted::squared;

/// The tables of a model.
#[derive(Debug)]
pub struct KmeansTables {
    /// Key columns, `cluster` (int), `distance` (double, euclidean, between scaled features); lazily.
    pub assignments: DataFrame,
    /// `cluster` (int), `size` (bigint), and one double per feature, in the feature's own units.
    /// A given centre that no row is near to keeps its place, with size 0.
    pub centers: RecordBatch,
    /// `metric` (string), `value` (double): `k`, `rows`, `rows_left_out`, `cost` (sum of squared
    /// distances), `silhouette_spark` (not for a single cluster), and for every feature what scores
    /// a later row: `fill(x)`, `offset(x)`, `unit(x)`, see [`Scaling`].
    pub metrics: RecordBatch,
}

/// Groups the rows of `input` that have a feature for everything `spec` asks.
///
/// The steps end when no centre moves further than `spec.tolerance` (scaled, as Spark's `epsilon`), or after
/// `spec.max_iterations` of them.
///
/// # Errors
/// A configuration error when names, types or given centres do not fit the input; a failure when
/// it has fewer different rows than clusters.
pub async fn kmeans(input: DataFrame, spec: &Kmeans) -> Result<KmeansTables> {
    check(spec)?;
    let features = Features::of(input, &spec.key, &spec.features)?;
    let fitted = features.fit(spec.impute, spec.scale).await?;
    check_enough(&features, &fitted, spec).await?;
    check_range(&fitted, &[])?;
    let centres = seeds::first_centres(&features, &fitted, spec).await?;
    // Given ones may lie anywhere.
    check_range(&fitted, &centres)?;
    let (model, totals) = settle(&features, Centres::new(fitted.features.clone(), &centres), spec).await?;
    // Numbered by size; from here on every pass sees the numbers that the tables have.
    let model = in_order(&model, &totals);
    let totals = step(&features, &model).await?;
    let silhouette = match Silhouette::new(&model, &totals) {
        Some(of) => mean(&features, kmeans::silhouette(&of, features.columns())).await?,
        None => None,
    };
    tables(&features, &fitted, &model, &totals, silhouette, spec)
}

/// The model's tables for an input without rows: what they would be like, and whether `spec` fits the input.
pub async fn unfitted(input: DataFrame, spec: &Kmeans) -> Result<KmeansTables> {
    check(spec)?;
    let features = Features::of(input, &spec.key, &spec.features)?;
    let fitted = features.fit(spec.impute, spec.scale).await?;
    let model = Centres::new(fitted.features.clone(), &vec![vec![0.0; spec.features.len()]; spec.k]);
    let totals = step(&features, &model).await?;
    tables(&features, &fitted, &model, &totals, None, spec)
}

fn check(spec: &Kmeans) -> Result<()> {
    let twice = |names: &[String], taken: &[&str]| {
        let mut seen: HashSet<String> = taken.iter().map(|&name| name.to_owned()).collect();
        names.iter().find(|name| !seen.insert(name.to_lowercase())).cloned()
    };
    if let Some(name) = twice(&spec.key, &["cluster", "distance"]) {
        let message = format!("key `{name}` would be a second column of that name in the assignments");
        return Err(Error::config(message).about(name));
    }
    if let Some(name) = twice(&spec.features, &["cluster", "size"]) {
        let message = format!("feature `{name}` would be a second column of that name in the centres");
        return Err(Error::config(message).about(name));
    }
    let Init::Centres(centres) = &spec.init else { return Ok(()) };
    if centres.len() != spec.k || centres.iter().any(|centre| centre.len() != spec.features.len()) {
        return Err(Error::config(format!(
            "`init` must give {} centres of {} values each, one per feature",
            spec.k,
            spec.features.len()
        )));
    }
    Ok(())
}

async fn check_enough(features: &Features, fitted: &FittedFeatures, spec: &Kmeans) -> Result<()> {
    let (k, rows, left_out) = (spec.k, fitted.rows, fitted.rows_left_out);
    if rows == 0 {
        return Err(Error::failed(match left_out {
            0 => format!("`{}` has no rows to cluster", spec.input),
            _ => format!("`{}` has no rows to cluster: each of its {left_out} rows lacks a feature", spec.input),
        }));
    }
    let seen = features.columns().into_iter().zip(&fitted.features).map(|(column, feature)| seen(column, feature));
    let different = features.complete(spec.impute)?.select(seen.collect::<Vec<_>>()).and_then(DataFrame::distinct);
    let different = different.and_then(|rows| rows.limit(0, Some(k))).map_err(engine)?;
    let different = different.collect().await.map_err(engine)?.iter().map(RecordBatch::num_rows).sum::<usize>();
    if different >= k {
        return Ok(());
    }
    Err(Error::failed(format!(
        "{k} clusters need {k} different rows, but `{}` has {different} (of {rows})",
        spec.input
    ))
    .hint(format!("set `k` to {different} or less")))
}

/// Whether the squares of all distances are doubles, and not all of them 0.
///
/// # Errors
/// Only without a scale: what is scaled lies near 1.
fn check_range(fitted: &FittedFeatures, centres: &[Vec<f64>]) -> Result<()> {
    let furthest = |(index, feature): (usize, &Scaling)| {
        let from_middle = |centre: &Vec<f64>| (centre[index] - feature.middle).abs();
        // A mean lies among the rows.
        feature.reach + centres.iter().map(from_middle).fold(feature.reach, f64::max)
    };
    let squared: f64 = fitted.features.iter().enumerate().map(furthest).map(|far| far * far).sum();
    let too = match squared {
        // All rows are the same one, and so is its centre.
        0.0 if fitted.features.iter().all(|feature| feature.reach == 0.0) => return Ok(()),
        _ if squared < 1e-280 => "small",
        // Of a sum of 10⁹ of them, too.
        _ if squared < 1e299 => return Ok(()),
        _ => "large",
    };
    Err(Error::failed(format!("the features are too {too} for their squares")).hint("set `scale: standard`"))
}

/// Lloyd's steps over all rows, with what the last one found. A cluster that no row is near to begins anew at a row that
/// is far from every centre; given centres keep their places.
async fn settle(features: &Features, mut model: Centres, spec: &Kmeans) -> Result<(Centres, Vec<ClusterTotals>)> {
    let fills_empty = matches!(spec.init, Init::Method(_));
    let mut totals = step(features, &model).await?;
    for _ in 0..spec.max_iterations {
        let before = model.centres();
        let mean = |(totals, before): (&ClusterTotals, &&[f64])| match totals.rows {
            0 => before.to_vec(),
            rows => totals.sums.iter().map(|sum| sum / rows as f64).collect(),
        };
        let mut centres: Vec<Vec<f64>> = totals.iter().zip(&before).map(mean).collect();
        if fills_empty {
            seeds::fill_empty(features, &model, &totals, &mut centres).await?;
        }
        let moved = before.iter().zip(&centres).map(|(before, centre)| squared(before, centre).sqrt());
        let furthest = moved.fold(0.0, f64::max);
        model = Centres::new(model.features, &centres);
        totals = step(features, &model).await?;
        if furthest <= spec.tolerance {
            break;
        }
    }
    // The last step may have left another cluster empty. Each new place lowers the cost, so this comes to an end.
    while fills_empty && totals.iter().any(|cluster| cluster.rows == 0) {
        let mut centres: Vec<Vec<f64>> = model.centres().into_iter().map(<[f64]>::to_vec).collect();
        if !seeds::fill_empty(features, &model, &totals, &mut centres).await? {
            break;
        }
        model = Centres::new(model.features, &centres);
        totals = step(features, &model).await?;
    }
    Ok((model, totals))
}

/// Numbered by size, largest first, then by centre: the order says nothing about chance.
fn in_order(model: &Centres, totals: &[ClusterTotals]) -> Centres {
    let before = model.centres();
    let mut order: Vec<usize> = (0..totals.len()).collect();
    order.sort_by(|&a, &b| {
        let by_size = totals[b].rows.cmp(&totals[a].rows);
        by_size.then_with(|| {
            let pairs = before[a].iter().zip(before[b]);
            pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        })
    });
    let centres: Vec<Vec<f64>> = order.into_iter().map(|cluster| before[cluster].to_vec()).collect();
    Centres::new(model.features.clone(), &centres)
}

/// What the rows are to the model's centres.
pub(super) async fn step(features: &Features, model: &Centres) -> Result<Vec<ClusterTotals>> {
    let found = aggregate(features, kmeans::step(model, features.columns())).await?;
    kmeans::totals(model, found.as_binary::<i32>().value(0)).map_err(engine)
}

async fn mean(features: &Features, value: Expr) -> Result<Option<f64>> {
    let found = aggregate(features, value).await?;
    Ok(found.is_valid(0).then(|| found.as_primitive::<Float64Type>().value(0)))
}

/// One value over the features of all rows.
pub(super) async fn aggregate(features: &Features, value: Expr) -> Result<ArrayRef> {
    let value = value.alias("value");
    let batches =
        features.rows.clone().aggregate(vec![], vec![value]).map_err(engine)?.collect().await.map_err(engine)?;
    let found = batches.iter().find(|batch| batch.num_rows() == 1).map(|batch| batch.column(0).clone());
    found.ok_or_else(|| Error::failed("an aggregate without groups gave no row"))
}

fn tables(
    features: &Features,
    fitted: &FittedFeatures,
    model: &Centres,
    totals: &[ClusterTotals],
    silhouette: Option<f64>,
    spec: &Kmeans,
) -> Result<KmeansTables> {
    let nearest = kmeans::nearest(model, features.columns()).alias("nearest");
    let keys = || (0..features.keys.len()).map(|index| ident(key_column(index)));
    let named = keys().zip(&features.keys).map(|(key, field)| key.alias(field.name()));
    let found = ["cluster", "distance"].map(|name| ident("nearest").field(name).alias(name));
    let assignments = features
        .complete(spec.impute)?
        .select(keys().chain([nearest]).collect::<Vec<_>>())
        .and_then(|rows| rows.select(named.chain(found).collect::<Vec<_>>()))
        .map_err(engine)?;

    let k = totals.len();
    let sizes: ArrayRef = Arc::new(Int64Array::from_iter_values(totals.iter().map(|cluster| cluster.rows as i64)));
    let mut centers = vec![int("cluster", 0..k), (Field::new("size", DataType::Int64, false), sizes)];
    for (index, (name, feature)) in features.names.iter().zip(&fitted.features).enumerate() {
        let values = model.centres().into_iter().map(|centre| feature.unscaled(centre[index]));
        centers.push(double(name, values));
    }

    let mut metrics = vec![
        ("k".to_owned(), k as f64),
        ("rows".to_owned(), fitted.rows as f64),
        ("rows_left_out".to_owned(), fitted.rows_left_out as f64),
        ("cost".to_owned(), totals.iter().map(|cluster| cluster.cost).sum()),
    ];
    metrics.extend(silhouette.map(|value| ("silhouette_spark".to_owned(), value)));
    for (name, feature) in features.names.iter().zip(&fitted.features) {
        metrics.extend(feature.fill.map(|fill| (format!("fill({name})"), fill)));
        metrics.push((format!("offset({name})"), feature.offset));
        metrics.push((format!("unit({name})"), feature.unit));
    }
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(metrics.iter().map(|(name, _)| name)));
    let metrics = [
        (Field::new("metric", DataType::Utf8, false), names),
        double("value", metrics.iter().map(|&(_, value)| value)),
    ];
    Ok(KmeansTables { assignments, centers: table(centers)?, metrics: table(metrics)? })
}

/// A feature's column as the model sees it ([`Scaling::scaled`]).
fn seen(column: Expr, feature: &Scaling) -> Expr {
    let filled = match feature.fill {
        Some(fill) => coalesce(vec![column, lit(fill)]),
        None => column,
    };
    if feature.unit == 0.0 { lit(0.0) } else { (filled - lit(feature.offset)) / lit(feature.unit) }
}

fn int(name: &str, values: impl Iterator<Item = usize>) -> (Field, ArrayRef) {
    (Field::new(name, DataType::Int32, false), Arc::new(Int32Array::from_iter_values(values.map(|value| value as i32))))
}

fn double(name: &str, values: impl Iterator<Item = f64>) -> (Field, ArrayRef) {
    (Field::new(name, DataType::Float64, false), Arc::new(Float64Array::from_iter_values(values)))
}

fn table(columns: impl IntoIterator<Item = (Field, ArrayRef)>) -> Result<RecordBatch> {
    let (fields, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| engine(error.into()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
    use datafusion::datasource::MemTable;
    use datafusion::logical_expr::ident;
    use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

    use super::{KmeansTables, kmeans};
    use crate::error::{Kind, Result};
    use crate::lake::{TableName, Zone};
    use crate::project::{Impute, Init, InitMethod, Kmeans, Scale};

    const METHODS: [InitMethod; 3] = [InitMethod::Random, InitMethod::PlusPlus, InitMethod::Parallel];

    fn spec(k: usize, init: Init) -> Kmeans {
        Kmeans {
            input: TableName::new(Zone::Refined, "points"),
            key: vec!["id".into()],
            features: vec!["x".into(), "y".into()],
            impute: Impute::Mean,
            scale: Scale::Standard,
            k,
            init,
            runs: 5,
            max_iterations: 100,
            tolerance: 1e-4,
            seed: 42,
        }
    }

    /// Blobs of 4, 3, 2 and 1 times five points around (0, 0), (100, 0), (0, 100) and (100, 100).
    fn points() -> Vec<(i64, f64, f64)> {
        let blobs = [(0.0, 0.0, 4), (100.0, 0.0, 3), (0.0, 100.0, 2), (100.0, 100.0, 1)];
        let cross = [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
        let repeated = blobs.into_iter().flat_map(|(x, y, times)| std::iter::repeat_n((x, y), times));
        let all = repeated.flat_map(|(x, y)| cross.map(|(dx, dy)| (x + dx, y + dy)));
        all.enumerate().map(|(id, (x, y))| (id as i64, x, y)).collect()
    }

    /// The points in as many batches and partitions as there are threads.
    fn frame(points: &[(i64, f64, f64)], threads: usize) -> DataFrame {
        let batch = |points: &[(i64, f64, f64)]| {
            let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(points.iter().map(|point| point.0)));
            let xs: ArrayRef = Arc::new(Float64Array::from_iter_values(points.iter().map(|point| point.1)));
            let ys: ArrayRef = Arc::new(Float64Array::from_iter_values(points.iter().map(|point| point.2)));
            RecordBatch::try_from_iter([("id", ids), ("x", xs), ("y", ys)]).unwrap()
        };
        let size = points.len().div_ceil(threads).max(1);
        let mut partitions: Vec<_> = points.chunks(size).map(|points| vec![batch(points)]).collect();
        if partitions.is_empty() {
            partitions.push(vec![]);
        }
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(threads));
        let table = MemTable::try_new(batch(&[]).schema(), partitions).unwrap();
        context.read_table(Arc::new(table)).unwrap()
    }

    async fn run(points: &[(i64, f64, f64)], threads: usize, spec: &Kmeans) -> Result<KmeansTables> {
        kmeans(frame(points, threads), spec).await
    }

    /// The assignments, by their key.
    async fn assigned(tables: &KmeansTables) -> RecordBatch {
        let rows = tables.assignments.clone().sort(vec![ident("id").sort(true, true)]).unwrap();
        let schema = Arc::new(rows.schema().as_arrow().clone());
        concat_batches(&schema, &rows.collect().await.unwrap()).unwrap()
    }

    fn doubles(table: &RecordBatch, name: &str) -> Vec<f64> {
        table.column_by_name(name).unwrap().as_primitive::<Float64Type>().values().to_vec()
    }

    fn metric(tables: &KmeansTables, name: &str) -> f64 {
        let names = tables.metrics.column(0).as_string::<i32>();
        doubles(&tables.metrics, "value")[names.iter().position(|found| found == Some(name)).unwrap()]
    }

    #[tokio::test]
    async fn separated_blobs_are_found_exactly() {
        for method in METHODS {
            let spec = Kmeans { runs: 50, scale: Scale::None, ..spec(4, Init::Method(method)) };
            let tables = run(&points(), 2, &spec).await.unwrap();
            let sizes = tables.centers["size"].as_primitive::<Int64Type>().values().to_vec();
            assert_eq!(sizes, [20, 15, 10, 5], "{method:?}");
            assert_eq!(doubles(&tables.centers, "x"), [0.0, 100.0, 0.0, 100.0]);
            assert_eq!(doubles(&tables.centers, "y"), [0.0, 0.0, 100.0, 100.0]);
            let assignments = assigned(&tables).await;
            let clusters = assignments["cluster"].as_primitive::<Int32Type>().values().to_vec();
            assert_eq!(clusters, [vec![0; 20], vec![1; 15], vec![2; 10], vec![3; 5]].concat());
            assert_eq!(doubles(&assignments, "distance")[..5], [0.0, 1.0, 1.0, 1.0, 1.0]);
            assert_eq!((metric(&tables, "rows"), metric(&tables, "cost")), (50.0, 40.0));
            assert!(metric(&tables, "silhouette_spark") > 0.999);
        }
    }

    #[tokio::test]
    async fn given_centres_are_in_the_features_own_units() {
        let centres = vec![vec![90.0, 90.0], vec![10.0, 90.0], vec![90.0, 10.0], vec![10.0, 10.0]];
        let tables = run(&points(), 2, &spec(4, Init::Centres(centres))).await.unwrap();
        let close = |found: Vec<f64>, expected: [f64; 4]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(doubles(&tables.centers, "x"), [0.0, 100.0, 0.0, 100.0]));
        assert!(close(doubles(&tables.centers, "y"), [0.0, 0.0, 100.0, 100.0]));

        let error = run(&points(), 2, &spec(4, Init::Centres(vec![vec![1.0]]))).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
    }

    #[tokio::test]
    async fn the_same_rows_give_the_same_model() {
        // No blobs: where chance or the order of sums had a say, it would show.
        let spread = |i: i64| (i, (i * 7919 % 1009) as f64 / 7.0, (i * 104_729 % 911) as f64 / 3.0);
        let rows: Vec<_> = (0..300).map(spread).collect();
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|point| point.0 * 7919 % 1009);
        for method in METHODS {
            let spec = Kmeans { tolerance: 0.01, ..spec(5, Init::Method(method)) };
            let one = run(&rows, 1, &spec).await.unwrap();
            let eight = run(&shuffled, 8, &spec).await.unwrap();
            assert_eq!(assigned(&one).await, assigned(&eight).await, "{method:?}");
            assert_eq!(one.centers, eight.centers);
            assert_eq!(one.metrics, eight.metrics);
        }
    }

    #[tokio::test]
    async fn rare_rows_of_a_large_table_are_found() {
        let mut rows: Vec<_> = (0..100_000).map(|id| (id, 0.0, 0.0)).collect();
        rows.extend([(100_000, 5.0, 5.0), (100_001, 9.0, 1.0)]);
        for scale in [Scale::Standard, Scale::None] {
            for method in METHODS {
                let tables = run(&rows, 2, &Kmeans { scale, ..spec(3, Init::Method(method)) }).await.unwrap();
                let sizes = tables.centers["size"].as_primitive::<Int64Type>().values().to_vec();
                assert_eq!((sizes, metric(&tables, "cost")), (vec![100_000, 1, 1], 0.0), "{method:?} {scale:?}");
                assert_eq!(
                    doubles(&tables.centers, "x").iter().map(|x| x.round()).collect::<Vec<_>>(),
                    [0.0, 5.0, 9.0]
                );
            }
        }
    }

    #[tokio::test]
    async fn a_large_table_is_seeded_from_all_its_rows_whatever_their_split() {
        // Two far groups of 5 among 30,000 rows, none twice.
        let noise = (0..30_000).map(|i| (i, (i * 7919 % 30_011) as f64 / 3e4, (i * 104_729 % 29_989) as f64 / 3e4));
        let far = |x: f64, y: f64| (0..5).map(move |i| (-i, x + i as f64 / 10.0, y));
        let rows: Vec<_> = noise.chain(far(90.0, 0.0)).chain(far(0.0, 120.0)).collect();
        for method in [InitMethod::PlusPlus, InitMethod::Parallel] {
            let spec = Kmeans { scale: Scale::None, ..spec(3, Init::Method(method)) };
            let one = run(&rows, 1, &spec).await.unwrap();
            let sizes = one.centers["size"].as_primitive::<Int64Type>().values().to_vec();
            assert_eq!(sizes, [30_000, 5, 5], "{method:?}");
            let mut turned = rows.clone();
            turned.reverse();
            let eight = run(&turned, 8, &spec).await.unwrap();
            assert_eq!((one.centers, one.metrics), (eight.centers, eight.metrics));
        }
    }

    #[tokio::test]
    async fn the_size_of_the_numbers_is_of_no_matter_unless_their_squares_are_none() {
        let at = |size: f64| points().into_iter().map(|(id, x, y)| (id, x * size, y * size)).collect::<Vec<_>>();
        for size in [1e-300, 1.0, 1e300] {
            let spec = spec(4, Init::Method(InitMethod::PlusPlus));
            let tables = run(&at(size), 2, &spec).await.unwrap();
            let sizes = tables.centers["size"].as_primitive::<Int64Type>().values().to_vec();
            assert_eq!(sizes, [20, 15, 10, 5], "{size}");
        }
        for (size, too) in [(1e-300, "small"), (1e300, "large")] {
            let spec = Kmeans { scale: Scale::None, ..spec(4, Init::Method(InitMethod::PlusPlus)) };
            let error = run(&at(size), 2, &spec).await.unwrap_err();
            assert_eq!(error.to_string(), format!("the features are too {too} for their squares"));
        }
    }

    #[tokio::test]
    async fn too_few_different_rows_are_an_error() {
        let spec = spec(3, Init::Method(InitMethod::PlusPlus));
        let message = |points: Vec<_>| {
            let spec = &spec;
            async move { run(&points, 1, spec).await.unwrap_err().to_string() }
        };
        assert_eq!(message(vec![]).await, "`refined.points` has no rows to cluster");
        let repeated = vec![(1, 0.0, 1.0), (2, 0.0, 1.0), (3, -0.0, 1.0), (4, 2.0, 2.0)];
        let expected = "3 clusters need 3 different rows, but `refined.points` has 2 (of 4)";
        assert_eq!(message(repeated).await, expected);
    }
}
