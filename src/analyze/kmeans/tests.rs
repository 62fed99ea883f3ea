use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use datafusion::datasource::MemTable;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

use super::score::FittedModel;
use super::{KmeansTables, kmeans};
use crate::error::{Kind, Result};
use crate::lake::{TableName, Zone};
use crate::project::{Deviation, DistanceMeasure, Impute, Init, InitMethod, Kmeans, Precision, Scale};

const METHODS: [InitMethod; 3] = [InitMethod::Random, InitMethod::PlusPlus, InitMethod::Parallel];

fn spec(k: usize, init: Init) -> Kmeans {
    Kmeans {
        input: TableName::new(Zone::Refined, "points"),
        key: vec!["id".into()],
        features: vec!["x".into(), "y".into()],
        impute: Impute::Mean,
        scale: Scale::Standard(Deviation::Sample),
        weight: None,
        distance: DistanceMeasure::Euclidean,
        precision: Precision::Double,
        k,
        init,
        runs: 5,
        max_iterations: 100,
        tolerance: 1e-4,
        mini_batch: None,
        seed: 42,
        partition_by: vec![],
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
    let schema = Arc::new(tables.assignments.schema().as_arrow().clone());
    let rows = concat_batches(&schema, &tables.assignments.clone().collect().await.unwrap()).unwrap();
    take_record_batch(&rows, &sort_to_indices(&rows["id"], None, None).unwrap()).unwrap()
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
    for scale in [Scale::Standard(Deviation::Sample), Scale::None] {
        for method in METHODS {
            let tables = run(&rows, 2, &Kmeans { scale, ..spec(3, Init::Method(method)) }).await.unwrap();
            let sizes = tables.centers["size"].as_primitive::<Int64Type>().values().to_vec();
            assert_eq!((sizes, metric(&tables, "cost")), (vec![100_000, 1, 1], 0.0), "{method:?} {scale:?}");
            assert_eq!(doubles(&tables.centers, "x").iter().map(|x| x.round()).collect::<Vec<_>>(), [0.0, 5.0, 9.0]);
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

/// Where the rows are while they are looked at.
#[derive(Debug, Clone, Copy)]
enum Whereabouts {
    InMemory,
    OnDisk,
    WhereTheyLie,
}

#[tokio::test]
async fn rows_in_memory_on_disk_and_where_they_lie_give_the_same_model() {
    // Some features are missing, in one way or another, and so is a zero's sign of no matter.
    let missing = [None, Some(f64::NAN), Some(f64::INFINITY), Some(-0.0), Some(0.0)];
    let value = |i: usize, a: usize, b: usize| match i % 997 {
        odd if odd < 5 => missing[(odd + a) % 5],
        _ => Some((i * a % b) as f64 / 7.0),
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..20_500))),
        ("x", Arc::new((0..20_500).map(|i| value(i, 7919, 10_007)).collect::<Float64Array>())),
        ("y", Arc::new((0..20_500).map(|i| value(i, 104_729, 9_973)).collect::<Float64Array>())),
        ("w", Arc::new(Float64Array::from_iter_values((0..20_500).map(|i| f64::from(i * 31 % 7) / 4.0)))),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let frame = |threads: usize, whereabouts: Whereabouts| {
        let config = SessionConfig::new().with_target_partitions(threads);
        let context = match whereabouts {
            Whereabouts::InMemory => SessionContext::new_with_config(config),
            Whereabouts::OnDisk => {
                let small = RuntimeEnvBuilder::new().with_memory_limit(400_000, 1.0).build_arc().unwrap();
                SessionContext::new_with_config_rt(config, small)
            }
            Whereabouts::WhereTheyLie => SessionContext::new_with_config(crate::engine::as_if_spread(config)),
        };
        let size = rows.num_rows().div_ceil(threads);
        let part = |start: usize| vec![rows.slice(start, size.min(rows.num_rows() - start))];
        let parts = (0..rows.num_rows()).step_by(size).map(part).collect();
        context.read_table(Arc::new(MemTable::try_new(rows.schema(), parts).unwrap())).unwrap()
    };
    let given = Init::Centres(vec![vec![0.0, 0.0], vec![700.0, 700.0], vec![100.0, 1300.0], vec![9e9, 0.0]]);
    let seeded = || spec(4, Init::Method(InitMethod::PlusPlus));
    let random = || spec(4, Init::Method(InitMethod::Random));
    let (weight, standard) = (Some("W".to_owned()), Scale::Standard(Deviation::Sample));
    let cosine = DistanceMeasure::Cosine;
    for spec in [
        seeded(),
        Kmeans { impute: Impute::Drop, scale: Scale::None, ..seeded() },
        Kmeans { scale: Scale::None, ..spec(4, given) },
        Kmeans { weight: weight.clone(), ..seeded() },
        Kmeans { distance: cosine, impute: Impute::Zero, scale: standard, ..seeded() },
        Kmeans { distance: cosine, impute: Impute::Drop, weight: weight.clone(), ..random() },
        Kmeans { precision: Precision::Single, weight, impute: Impute::Zero, distance: cosine, ..seeded() },
        Kmeans { precision: Precision::Single, mini_batch: Some(500), ..seeded() },
    ] {
        let spec = Kmeans { tolerance: 0.0, max_iterations: 4, runs: 1, ..spec };
        let expected = kmeans(frame(1, Whereabouts::InMemory), &spec).await.unwrap();
        let assignments = assigned(&expected).await;
        for (threads, whereabouts) in
            [(8, Whereabouts::InMemory), (4, Whereabouts::OnDisk), (2, Whereabouts::WhereTheyLie)]
        {
            let found = kmeans(frame(threads, whereabouts), &spec).await.unwrap();
            let told = format!("{whereabouts:?} {spec:?}");
            assert_eq!(found.metrics, expected.metrics, "{told}");
            assert_eq!(found.centers, expected.centers, "{told}");
            assert_eq!(assigned(&found).await, assignments, "{told}");
        }
    }
}

/// 300 rows by name, as `peers` was asked of them.
fn peer_rows(name: &str) -> Vec<[f64; 3]> {
    let share = |i: u64, a: u64, m: u64| (i * a % m) as f64 / m as f64;
    let row = |i: u64| {
        let shares = [share(i, 7919, 10_007), share(i, 104_729, 9_973), share(i, 1_299_709, 9_967)];
        match name {
            "blobs" => {
                let around =
                    [[0.0, 0.0, 0.0], [10.0, 0.0, 5.0], [0.0, 12.0, -5.0], [9.0, 9.0, 9.0]][(i * 7 % 4) as usize];
                std::array::from_fn(|feature| around[feature] + shares[feature] * 4.0)
            }
            "duplicates" => [(i * i % 7) as f64, (i * 3 % 5) as f64, (i % 2) as f64],
            "collinear" => [100.0 * shares[0], 200.0 * shares[0], -100.0 * shares[0]],
            "outlier" if i == 17 => [1e6, -1e6, 1e6],
            _ => shares,
        }
    };
    (0..300).map(row).collect()
}

/// scikit-learn 1.9.1: `KMeans(4, init=X[[1, 5, 17, 40]], n_init=1, tol=0, algorithm="lloyd")`, its centres and labels.
#[tokio::test]
async fn the_same_centres_lead_to_those_of_scikit_learn() {
    let peers: [(&str, [[f64; 3]; 4], &str); 5] = [
        (
            "uniform",
            [
                [0.7599803594274132, 0.40413561059304565, 0.7156369104464485],
                [0.7197989576310667, 0.5155864496111331, 0.2197152010083982],
                [0.2538315284563962, 0.4802519434050885, 0.7415748285130404],
                [0.24882443400730603, 0.3524098399010662, 0.2496126105035506],
            ],
            "3103210032110321023211230132301123013230132301321032210132103221013210320103301232010330123201230032\
             3001230032300123003210032102321023210230102301023012230122301221012300323101230032310121003211032102\
             3211232102301123013230112301323012210132103221013210322101301232010320123201230012300123003230012300",
        ),
        (
            "blobs",
            [
                [11.10212851004297, 11.710160677071336, 9.952993527288701],
                [12.026352220112589, 2.7570440188508973, 6.965986421858801],
                [10.87868492055561, 11.782903312628306, 11.932994671890924],
                [1.988917091369375, 6.7470169457535345, -0.5171392261128389],
            ],
            "3031303132313031323130313031323130313231303130313231303132313231303132313031323132313031323130313231\
             3031303132313031323132313031323130313231323130313231303132313231303132313031303132313031323130313031\
             3231303132313031303132313031323132313031323130313231323130313231303132313231303132313031323132313031",
        ),
        (
            "duplicates",
            [
                [1.218390804597702, 3.5057471264367814, 0.5057471264367817],
                [4.000000000000001, 1.9534883720930232, 1.0],
                [1.1889763779527576, 0.9921259842519685, 0.49606299212598426],
                [4.000000000000002, 1.9767441860465116, 0.0],
            ],
            "2030210201203022320120212232023021220102302032010221203202322120210232203021020120302232012021223202\
             3021220102302032010221203202322120210232203021020120302232012021223202302122010230203201022120320232\
             2120210232203021020120302232012021223202302122010230203201022120320232212021023220302102012030223201",
        ),
        (
            "collinear",
            [
                [63.406831434212265, 126.81366286842453, -63.406831434212265],
                [87.75542052070399, 175.51084104140799, -87.75542052070399],
                [12.634662229945526, 25.269324459891052, -12.634662229945526],
                [38.36774783967013, 76.73549567934026, -38.36774783967013],
            ],
            "2103210032103321032210321103210032103321032210321103210032103321032210321103210032103321032210321103\
             2103321033210322103210032103321032210321103210032103321032210321103210032103321032210321103210032103\
             3210322103211032100321033210322103211032103321032210322103210032103321032210321103210032103321032210",
        ),
        (
            "outlier",
            [
                [0.4883181772752323, 0.4453195055230026, 0.810214660760721],
                [0.7725581991580839, 0.43088561337799547, 0.3277198593737012],
                [1000000.0, -1000000.0, 1000000.0],
                [0.22801197056787714, 0.4344920759735942, 0.31116368225730184],
            ],
            "3103311033110331123311031110311103113031130311301013010130103301033010330103301033010330103301031010\
             3101031030310303103011030110301103011031100301003010030100301001010310103103031030310331103311033110\
             3311033110311103111031130311303013010130103301033010330103301033010330103301031010310103103031030310",
        ),
    ];
    for (name, centres, labels) in peers {
        let rows = peer_rows(name);
        let column = |feature: usize| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row[feature])))
        };
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..300));
        let batch = [("id", ids), ("x", column(0)), ("y", column(1)), ("z", column(2))];
        let frame = SessionContext::new().read_batch(RecordBatch::try_from_iter(batch).unwrap()).unwrap();
        let init = Init::Centres([1, 5, 17, 40].map(|row| rows[row].to_vec()).to_vec());
        let features = ["x", "y", "z"].map(String::from).to_vec();
        let spec = Kmeans { features, scale: Scale::None, tolerance: 0.0, max_iterations: 300, ..spec(4, init) };
        let tables = kmeans(frame, &spec).await.unwrap();
        let found: Vec<[f64; 3]> =
            (0..4).map(|cluster| ["x", "y", "z"].map(|feature| doubles(&tables.centers, feature)[cluster])).collect();
        let apart = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // Ours are numbered by their size.
        let theirs: Vec<usize> = found
            .iter()
            .map(|ours| (0..4).min_by(|a, b| apart(ours, &centres[*a]).total_cmp(&apart(ours, &centres[*b]))).unwrap())
            .collect();
        for (ours, theirs) in found.iter().zip(&theirs) {
            assert!(apart(ours, &centres[*theirs]) < 1e-9, "{name}: {ours:?} {centres:?}");
        }
        let assigned = assigned(&tables).await;
        let clusters = assigned["cluster"].as_primitive::<Int32Type>().values();
        let named: String = clusters.iter().map(|cluster| theirs[*cluster as usize].to_string()).collect();
        assert_eq!(named, labels, "{name}");
    }
}

#[tokio::test]
async fn what_a_fit_costs_falls_with_each_step() {
    let rows: Vec<_> = (0..500).map(|i| (i, (i * 7919 % 1009) as f64, (i * 104_729 % 911) as f64)).collect();
    let centres = vec![vec![1.0, 1.0], vec![2.0, 900.0], vec![1000.0, 3.0]];
    let spec = Kmeans { tolerance: 0.0, ..spec(3, Init::Centres(centres)) };
    let tables = run(&rows, 2, &spec).await.unwrap();
    let iterations = metric(&tables, "iterations") as usize;
    let costs: Vec<f64> = (1..=iterations).map(|step| metric(&tables, &format!("cost({step})"))).collect();
    assert!(iterations > 3 && costs.is_sorted_by(|a, b| a >= b), "{costs:?}");
    // Nothing moved in the last one, so the cost before it is that of the model.
    let cost = metric(&tables, "cost");
    assert!((costs[iterations - 1] - cost).abs() < 1e-9 * cost, "{costs:?} {cost}");
}

/// Of `peer_rows("blobs")`, moved by so much, with the weights 0, 1, 2, 3, 4, 0, …; 0 is no row's weight when it has none.
async fn blobs(by: f64, spec: &Kmeans) -> KmeansTables {
    let rows = peer_rows("blobs");
    let column = |feature: usize| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row[feature] + by)))
    };
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..300));
    let weights: ArrayRef = Arc::new(Int64Array::from_iter_values((0..300).map(|i| i % 5)));
    let batch = [("id", ids), ("x", column(0)), ("y", column(1)), ("z", column(2)), ("w", weights)];
    let frame = SessionContext::new().read_batch(RecordBatch::try_from_iter(batch).unwrap()).unwrap();
    let init = Init::Centres([1, 5, 17, 40].map(|row| rows[row].map(|x| x + by).to_vec()).to_vec());
    let features = ["x", "y", "z"].map(String::from).to_vec();
    let spec = Kmeans { features, scale: Scale::None, tolerance: 0.0, max_iterations: 300, k: 4, init, ..spec.clone() };
    kmeans(frame, &spec).await.unwrap()
}

/// The centres are scikit-learn 1.9.1's (`fit(X, sample_weight=w)`; for directions numpy's, with each mean brought to length 1), the
/// silhouettes PySpark 4.3.0's `ClusteringEvaluator(distanceMeasure=…, weightCol="w")`.
#[tokio::test]
async fn weights_and_directions_lead_where_they_lead_others() {
    let weighted = || Some("w".to_owned());
    let peers = [
        (
            DistanceMeasure::Euclidean,
            weighted(),
            ([150, 75, 38, 37], 14128.60873503887, 0.6023183409375353),
            [
                [1.9943013224076485, 6.752030482302217, -0.11224306879368584],
                [12.053018886779256, 2.757044018850898, 7.365986421858801],
                [12.026232322305894, 11.763225091308174, 11.40015063407876],
                [9.922569785565686, 11.751184041066724, 11.333596973910007],
            ],
        ),
        (
            DistanceMeasure::Cosine,
            None,
            ([107, 86, 75, 32], 2.032049839304502, 0.8328943180188986),
            [
                [0.822940502445932, 0.26868629929257964, 0.5005762699194752],
                [0.5688515300652864, 0.6033262231433796, 0.558932379818818],
                [0.20331863901083305, 0.9691603006044872, -0.13924741564209567],
                [0.5017633703504958, 0.3645031990335422, 0.7844558228917835],
            ],
        ),
        (
            DistanceMeasure::Cosine,
            weighted(),
            ([111, 88, 75, 26], 3.7916891552490593, 0.8444542006846631),
            [
                [0.8029608566776346, 0.25954447987467866, 0.5365543081647017],
                [0.5584802302101133, 0.5964121922184324, 0.5765347599561212],
                [0.2026601929751585, 0.972937178090686, -0.11100492634205017],
                [0.46530457260438834, 0.36142982704354415, 0.8079976081875003],
            ],
        ),
    ];
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    for (distance, weight, (sizes, cost, silhouette), centres) in peers {
        // No direction has a row at the origin.
        let by = if distance == DistanceMeasure::Cosine { 1.0 } else { 0.0 };
        let spec = Kmeans { weight, distance, ..spec(4, Init::Method(InitMethod::Random)) };
        let tables = blobs(by, &spec).await;
        let told = format!("{distance:?} {:?}: {}", spec.weight, metric(&tables, "silhouette_spark"));
        assert_eq!(tables.centers["size"].as_primitive::<Int64Type>().values().to_vec(), sizes, "{told}");
        assert!(near(metric(&tables, "cost"), cost) && near(metric(&tables, "silhouette_spark"), silhouette), "{told}");
        for (feature, name) in ["x", "y", "z"].into_iter().enumerate() {
            let found = doubles(&tables.centers, name);
            assert!(found.iter().zip(&centres).all(|(ours, theirs)| near(*ours, theirs[feature])), "{told} {found:?}");
        }
        let distances = doubles(&assigned(&tables).await, "distance");
        let square = |distance: f64| if by == 0.0 { distance * distance } else { distance };
        let times = |row: usize| if spec.weight.is_some() { (row % 5) as f64 } else { 1.0 };
        let sum: f64 = distances.iter().enumerate().map(|(row, distance)| times(row) * square(*distance)).sum();
        assert!(near(sum, cost), "{told}: {sum}");
        if spec.weight.is_some() {
            assert_eq!(metric(&tables, "weight"), 600.0);
        }
    }
}

#[tokio::test]
async fn a_later_row_is_told_by_its_direction() {
    let spec =
        Kmeans { distance: DistanceMeasure::Cosine, scale: Scale::None, ..spec(2, Init::Method(InitMethod::PlusPlus)) };
    let rows = [(1, 2.0, 0.0), (2, 70.0, 1.0), (3, 5.0, 0.1), (4, 0.0, 9.0), (5, 0.001, 0.1)];
    let tables = run(&rows, 1, &spec).await.unwrap();
    // The tables tell how, whatever the project says by now.
    let spec = Kmeans { distance: DistanceMeasure::Euclidean, precision: Precision::Single, ..spec };
    let fitted = FittedModel::read(&spec, &tables.centers, &tables.metrics).unwrap();
    let later = fitted.score(&spec, frame(&[(1, 0.0, 1e-9), (2, 1e9, 0.0), (3, 0.0, 0.0)], 1)).unwrap();
    let found = later.collect().await.unwrap().remove(0);
    let clusters: Vec<_> = found["cluster"].as_primitive::<Int32Type>().iter().collect();
    assert_eq!(clusters, [Some(1), Some(0), None]);
    let distances = found["distance"].as_primitive::<Float64Type>();
    assert!(distances.value(0) < 1e-4 && distances.value(1) < 1e-3 && distances.is_null(2), "{distances:?}");
}

#[tokio::test]
async fn mini_batches_come_near_to_what_all_rows_give() {
    let spread = |i: i64| (i, (i * 7919 % 10_007) as f64 / 70.0, (i * 104_729 % 9_973) as f64 / 30.0);
    let rows: Vec<_> = (0..20_000).map(spread).collect();
    let whole = spec(6, Init::Method(InitMethod::Parallel));
    let batches = Kmeans { mini_batch: Some(256), ..whole.clone() };
    let (expected, found) = (run(&rows, 2, &whole).await.unwrap(), run(&rows, 2, &batches).await.unwrap());
    let (expected, cost) = (metric(&expected, "cost"), metric(&found, "cost"));
    assert!(cost < 1.05 * expected, "{cost} {expected}");
    let (steps, first) = (metric(&found, "iterations"), metric(&found, "cost(1)"));
    assert!(steps > 3.0 && first < 0.1 * cost, "{steps} {first} {cost}");
    assert_eq!(metric(&found, "rows"), 20_000.0);
}

#[tokio::test]
async fn rows_without_a_weight_or_a_direction_are_no_rows_of_a_model() {
    let spec = Kmeans {
        weight: Some("y".to_owned()),
        features: vec!["x".to_owned()],
        ..spec(2, Init::Method(InitMethod::PlusPlus))
    };
    let error = async |rows: &[(i64, f64, f64)], spec: &Kmeans| run(rows, 1, spec).await.unwrap_err().to_string();
    let rows = [(1, 1.0, 1.0), (2, 2.0, -1.0), (3, 3.0, f64::NAN), (4, 9.0, f64::INFINITY)];
    let expected = "3 of 4 rows have a weight in `y` that is null, negative or no finite number";
    assert_eq!(error(&rows, &spec).await, expected);
    assert_eq!(error(&[(1, 1.0, 0.0), (2, 3.0, 0.0)], &spec).await, "all weights in `y` are 0, so no row counts");
    let expected = "the weights in `y` are too far from 1: the greatest is 1e200";
    assert_eq!(error(&[(1, 1.0, 1.0), (2, 3.0, 1e200)], &spec).await, expected);
    let expected = "the weights in `y` are too far apart: the least is 1e-19, the greatest 1e0";
    assert_eq!(error(&[(1, 1.0, 1.0), (2, 3.0, 1e-19)], &spec).await, expected);
    // A row that does not count is no second one.
    let expected = "2 clusters need 2 different rows, but `refined.points` has 1 (of 2)";
    assert_eq!(error(&[(1, 1.0, 1.0), (2, 3.0, 0.0)], &spec).await, expected);

    let cosine = Kmeans {
        distance: DistanceMeasure::Cosine,
        scale: Scale::None,
        ..self::spec(2, Init::Method(InitMethod::Random))
    };
    let rows = [(1, 1.0, 1.0), (2, 0.0, -0.0), (3, 1.0, 0.0)];
    let expected = "1 of 3 rows have no direction for `distance: cosine`: filled and scaled, all their features are 0";
    assert_eq!(error(&rows, &cosine).await, expected);
    // Rows of one direction are one, wherever they lie.
    let axes: Vec<_> = (1..40).map(|i| (i, (i % 2 * i) as f64, ((i + 1) % 2 * i) as f64)).collect();
    let expected = "3 clusters need 3 different rows, but `refined.points` has 2 (of 39)";
    let three = Kmeans { k: 3, ..cosine.clone() };
    assert_eq!(error(&axes, &three).await, expected);
    let spread = SessionContext::new_with_config(crate::engine::as_if_spread(SessionConfig::new()));
    let batches = frame(&axes, 1).collect().await.unwrap();
    let table = MemTable::try_new(batches[0].schema(), vec![batches]).unwrap();
    let error_of_spread = kmeans(spread.read_table(Arc::new(table)).unwrap(), &three).await.unwrap_err();
    assert_eq!(error_of_spread.to_string(), expected);
    let large =
        Kmeans { weight: Some("x".to_owned()), features: vec!["y".to_owned()], scale: Scale::None, ..spec.clone() };
    let expected = "the features are too large for their squares beside such weights";
    assert_eq!(error(&[(1, 1e80, 1e120), (2, 1e80, 2e120)], &large).await, expected);
    let given = Kmeans { init: Init::Centres(vec![vec![0.0, 0.0], vec![1.0, 1.0]]), ..cosine };
    let expected = "a centre of `init` has no direction: [0.0, 0.0] is 0 for the model";
    assert_eq!(error(&[(1, 1.0, 1.0), (3, 1.0, 0.0)], &given).await, expected);
}
