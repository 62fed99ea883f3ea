//! `kmeans`: rows in k groups around their means.
//!
//! linfa seeds and fits (several runs, the best kept); then Lloyd's own step settles the centres
//! on their means, and clusters get numbers that do not depend on chance: largest first.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::DataFrame;
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansError, KMeansInit};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::clusters::{Clusters, settle};
use super::columns::engine;
use super::features::{self, Block, Rows};
use super::silhouette::silhouette;
use crate::error::{Error, Result};
use crate::project::{Init, InitMethod, Kmeans};

/// The tables of a model.
#[derive(Debug)]
pub struct KmeansTables {
    /// Key columns, `cluster` (int), `distance` (double, euclidean, between scaled features).
    pub assignments: RecordBatch,
    /// `cluster` (int), `size` (bigint), and one double per feature, in the feature's own units.
    /// A given centre that no row is near to keeps its place, with size 0.
    pub centers: RecordBatch,
    /// `metric` (string), `value` (double): `k`, `rows`, `rows_left_out`, `cost` (sum of squared
    /// distances), `silhouette_spark` (not for a single cluster), and for every feature what scores
    /// a later row: `fill(x)`, `offset(x)`, `unit(x)`, see [`Feature`](features::Feature).
    pub metrics: RecordBatch,
}

/// Groups the rows of `input` that have a feature for everything `spec` asks.
///
/// # Errors
/// A configuration error when names, types or given centres do not fit the input; a failure when
/// it has fewer different rows than clusters.
pub async fn kmeans(input: DataFrame, spec: &Kmeans) -> Result<KmeansTables> {
    check(spec)?;
    let rows = features::read(input, &spec.key, &spec.features).await?;
    let spec = spec.clone();
    let fitted = tokio::task::spawn_blocking(move || cluster(rows, &spec)).await;
    fitted.unwrap_or_else(|error| Err(Error::failed("k-means broke off").because(error)))
}

/// The model's tables for an input without rows: what they would be like, and whether `spec` fits the input.
pub async fn unfitted(input: DataFrame, spec: &Kmeans) -> Result<KmeansTables> {
    check(spec)?;
    let block = features::read(input, &spec.key, &spec.features).await?.prepare(spec.impute, spec.scale)?;
    let centres = Array2::zeros((spec.k, spec.features.len()));
    tables(&block, &Clusters { centres, of_row: vec![], squared: vec![], sizes: vec![0; spec.k] })
}

/// In the order of a dataset's outputs: the model's own table first.
impl From<KmeansTables> for Vec<RecordBatch> {
    fn from(tables: KmeansTables) -> Self {
        vec![tables.assignments, tables.centers, tables.metrics]
    }
}

fn check(spec: &Kmeans) -> Result<()> {
    let twice = |names: &[String], taken: &[&str]| {
        let mut seen: HashSet<String> = taken.iter().map(|&name| name.to_owned()).collect();
        names.iter().find(|name| !seen.insert(name.to_lowercase())).cloned()
    };
    if let Some(name) = twice(&spec.key, &["cluster", "distance"]) {
        return Err(Error::config(format!("key `{name}` would be a second column of that name in the assignments")));
    }
    if let Some(name) = twice(&spec.features, &["cluster", "size"]) {
        return Err(Error::config(format!("feature `{name}` would be a second column of that name in the centres")));
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

fn cluster(rows: Rows, spec: &Kmeans) -> Result<KmeansTables> {
    let block = rows.prepare(spec.impute, spec.scale)?;
    check_enough(&block, spec)?;
    let centres = fit(&block, spec)?;
    let clusters = settle(block.values.view(), centres, spec.max_iterations).in_order();
    tables(&block, &clusters)
}

fn check_enough(block: &Block, spec: &Kmeans) -> Result<()> {
    let (k, rows, left_out) = (spec.k, block.values.nrows(), block.rows_left_out);
    if rows == 0 {
        return Err(Error::failed(match left_out {
            0 => format!("`{}` has no rows to cluster", spec.input),
            _ => format!("`{}` has no rows to cluster: each of its {left_out} rows lacks a feature", spec.input),
        }));
    }
    let mut different = HashSet::new();
    for row in block.values.rows() {
        // −0 + 0 = 0: equal numbers must have equal bits.
        different.insert(row.iter().map(|x| (x + 0.0).to_bits()).collect::<Vec<_>>());
        if different.len() >= k {
            return Ok(());
        }
    }
    let different = different.len();
    Err(Error::failed(format!(
        "{k} clusters need {k} different rows, but `{}` has {different} (of {rows})",
        spec.input
    ))
    .hint(format!("set `k` to {different} or less")))
}

/// linfa's best centres of all runs, in scaled units.
fn fit(block: &Block, spec: &Kmeans) -> Result<Array2<f64>> {
    let (init, runs) = match &spec.init {
        Init::Method(InitMethod::Random) => (KMeansInit::Random, spec.runs),
        Init::Method(InitMethod::PlusPlus) => (KMeansInit::KMeansPlusPlus, spec.runs),
        Init::Method(InitMethod::Parallel) => (KMeansInit::KMeansPara, spec.runs),
        Init::Centres(centres) => {
            let scaled = |(row, feature): (usize, usize)| block.features[feature].scaled(centres[row][feature]);
            // Without chance every run is the same.
            (KMeansInit::Precomputed(Array2::from_shape_fn((spec.k, block.features.len()), scaled)), 1)
        }
    };
    // linfa's k-means|| draws from one generator per piece of work, and the pieces depend on the
    // threads there are; all else is the same for any number of them.
    let one_thread = spec.init == Init::Method(InitMethod::Parallel);
    let model = KMeans::params_with_rng(spec.k, Xoshiro256Plus::seed_from_u64(spec.seed))
        .init_method(init)
        .n_runs(runs)
        .max_n_iterations(spec.max_iterations)
        .tolerance(spec.tolerance);
    let rows = DatasetBase::from(block.values.view());
    let fitted = if one_thread {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        pool.map_err(|error| Error::failed("no thread for k-means").because(error))?.install(|| model.fit(&rows))
    } else {
        model.fit(&rows)
    };
    match fitted {
        Ok(fitted) => Ok(fitted.centroids().clone()),
        Err(error @ KMeansError::InertiaError) => Err(Error::failed("the features are too large for their squares")
            .hint("set `scale: standard`")
            .because(error)),
        Err(error) => Err(Error::failed("k-means failed").because(error)),
    }
}

fn tables(block: &Block, clusters: &Clusters) -> Result<KmeansTables> {
    let k = clusters.sizes.len();
    let keys = block.keys.schema_ref().fields().iter().map(|field| field.as_ref().clone());
    let assignments = keys.zip(block.keys.columns().iter().cloned()).chain([
        int("cluster", clusters.of_row.iter().copied()),
        double("distance", clusters.squared.iter().map(|squared| squared.sqrt())),
    ]);

    let sizes: ArrayRef = Arc::new(Int64Array::from_iter_values(clusters.sizes.iter().map(|&size| size as i64)));
    let mut centers = vec![int("cluster", 0..k), (Field::new("size", DataType::Int64, false), sizes)];
    for (index, feature) in block.features.iter().enumerate() {
        let values = clusters.centres.column(index);
        centers.push(double(&feature.name, values.iter().map(|&value| feature.unscaled(value))));
    }

    let mut metrics = vec![
        ("k".to_owned(), k as f64),
        ("rows".to_owned(), block.values.nrows() as f64),
        ("rows_left_out".to_owned(), block.rows_left_out as f64),
        ("cost".to_owned(), clusters.squared.iter().sum()),
    ];
    let silhouette = silhouette(block.values.view(), &clusters.of_row);
    metrics.extend(silhouette.map(|value| ("silhouette_spark".to_owned(), value)));
    for feature in &block.features {
        let name = &feature.name;
        metrics.extend(feature.fill.map(|fill| (format!("fill({name})"), fill)));
        metrics.push((format!("offset({name})"), feature.offset));
        metrics.push((format!("unit({name})"), feature.unit));
    }
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(metrics.iter().map(|(name, _)| name)));
    let metrics = [
        (Field::new("metric", DataType::Utf8, false), names),
        double("value", metrics.iter().map(|&(_, value)| value)),
    ];

    Ok(KmeansTables { assignments: table(assignments)?, centers: table(centers)?, metrics: table(metrics)? })
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
    use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
    use datafusion::datasource::MemTable;
    use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

    use super::{KmeansTables, kmeans};
    use crate::error::{Kind, Result};
    use crate::lake::{TableName, Zone};
    use crate::project::{Impute, Init, InitMethod, Kmeans, Scale};

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

    fn doubles(table: &RecordBatch, name: &str) -> Vec<f64> {
        table.column_by_name(name).unwrap().as_primitive::<Float64Type>().values().to_vec()
    }

    fn metric(tables: &KmeansTables, name: &str) -> f64 {
        let names = tables.metrics.column(0).as_string::<i32>();
        doubles(&tables.metrics, "value")[names.iter().position(|found| found == Some(name)).unwrap()]
    }

    #[tokio::test]
    async fn separated_blobs_are_found_exactly() {
        for method in [InitMethod::Random, InitMethod::PlusPlus, InitMethod::Parallel] {
            let spec = Kmeans { runs: 50, scale: Scale::None, ..spec(4, Init::Method(method)) };
            let tables = run(&points(), 2, &spec).await.unwrap();
            let sizes = tables.centers["size"].as_primitive::<Int64Type>().values().to_vec();
            assert_eq!(sizes, [20, 15, 10, 5], "{method:?}");
            assert_eq!(doubles(&tables.centers, "x"), [0.0, 100.0, 0.0, 100.0]);
            assert_eq!(doubles(&tables.centers, "y"), [0.0, 0.0, 100.0, 100.0]);
            let clusters = tables.assignments["cluster"].as_primitive::<Int32Type>().values().to_vec();
            assert_eq!(clusters, [vec![0; 20], vec![1; 15], vec![2; 10], vec![3; 5]].concat());
            assert_eq!(doubles(&tables.assignments, "distance")[..5], [0.0, 1.0, 1.0, 1.0, 1.0]);
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
        for method in [InitMethod::Random, InitMethod::PlusPlus, InitMethod::Parallel] {
            let spec = Kmeans { tolerance: 0.01, ..spec(5, Init::Method(method)) };
            let one = run(&rows, 1, &spec).await.unwrap();
            let eight = run(&shuffled, 8, &spec).await.unwrap();
            assert_eq!(one.assignments, eight.assignments, "{method:?}");
            assert_eq!(one.centers, eight.centers);
            assert_eq!(one.metrics, eight.metrics);
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
