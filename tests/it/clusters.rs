//! The tables of a k-means model, as they lie in the lake.

use serde_json::json;

use crate::spark;
use crate::workbench::Workbench;

const POINTS: &str = "id,x,y\n1,0,0\n2,1,0\n3,0,1\n4,100,100\n5,101,100\n6,50,0\n";

fn bench(model: &str) -> Workbench {
    Workbench::of(&[
        (
            "trapiche.yml",
            "name: clusters\ntargets:\n  here: { storage: \"file://./lake\" }\nsources:\n  \
             points: { url: \"file://./points.csv\", columns: { id: bigint, x: double, y: double } }\n",
        ),
        ("points.csv", POINTS),
        ("queries/trusted/points.sql", "SELECT * FROM raw.points"),
        ("models/groups.yml", model),
    ])
}

#[test]
fn rows_are_partitioned_by_their_cluster() {
    let model = "kmeans: { input: trusted.points, key: [id], features: [x, y], k: 3, partition_by: [cluster] }\n";
    let bench = bench(model);
    bench.run(&[]);
    let places = |bench: &Workbench| {
        let rows = bench.hive_rows("refined/groups");
        let place = |row: &String| {
            let mut words = row.split(' ').filter(|word| word.starts_with("id=") || word.starts_with("cluster="));
            format!("{} {}", words.next().unwrap(), words.next().unwrap())
        };
        rows.iter().map(place).collect::<Vec<_>>()
    };
    let in_three =
        ["id=1 cluster=0", "id=2 cluster=0", "id=3 cluster=0", "id=4 cluster=1", "id=5 cluster=1", "id=6 cluster=2"];
    assert_eq!(places(&bench), in_three);
    let folders: Vec<String> =
        bench.lake_files().into_iter().filter(|file| file.starts_with("refined/groups/cluster=")).collect();
    assert_eq!(folders.len(), 3, "{folders:?}");
    // `cluster` stays a number, and a filter on it reads one folder.
    let found = bench.query("SELECT id FROM refined.groups WHERE cluster + 0 = 2");
    assert_eq!(found, [json!({ "id": 6 })]);
    let again = bench.run(&[]);
    assert!(again["datasets"].as_array().unwrap().iter().all(|dataset| dataset["status"] == "unchanged"), "{again}");

    bench.write("models/groups.yml", &model.replace("k: 3", "k: 2"));
    bench.run(&[]);
    let folders: Vec<String> =
        bench.lake_files().into_iter().filter(|file| file.starts_with("refined/groups/cluster=2")).collect();
    assert!(folders.is_empty(), "{folders:?}");
    assert_eq!(bench.query("SELECT count(*) AS n FROM refined.groups"), [json!({ "n": 6 })]);
}

/// By Python's `statistics`, of x: 0, 1, 0, 100, 101, 50.
#[test]
fn units_are_by_the_deviation_that_is_asked_for() {
    for (asked, unit) in [("", 49.2300721), ("deviation: sample,", 49.2300721), ("deviation: population,", 44.9407017)]
    {
        let bench = bench(&format!("kmeans: {{ input: trusted.points, key: [id], features: [x], {asked} k: 2 }}\n"));
        bench.run(&[]);
        let found = bench.query("SELECT value FROM refined.groups_metrics WHERE metric = 'unit(x)'");
        let found = found[0]["value"].as_f64().unwrap();
        assert!((found - unit).abs() < 1e-6, "{asked} {found}");
    }
}

/// From the centres that are in the lake Spark's Lloyd steps stay there, and its evaluator gives the same silhouettes.
#[test]
fn weights_and_directions_are_those_of_sparkml() {
    let model = |options: &str| {
        format!(
            "kmeans: {{ input: trusted.points, key: [id], features: [x, y, z], k: 5, max_iterations: 1000, tolerance: 0, {options} }}\n"
        )
    };
    let settings = "name: clusters\ntargets:\n  here: { storage: \"file://./lake\" }\nsources:\n  \
                    points: { url: \"file://./points.csv\", columns: { id: bigint, x: double, y: double, z: double, n: bigint } }\n";
    let share = |i: u64, a: u64| (i * a % 9_973) as f64 / 99.0;
    let point =
        |i: u64| format!("{i},{},{},{},{}\n", share(i, 7_919), share(i, 104_729) + 3.0, share(i, 611_953) - 9.0, i % 6);
    let points: String = std::iter::once("id,x,y,z,n\n".to_owned()).chain((1..800).map(point)).collect();
    let bench = Workbench::of(&[
        ("trapiche.yml", settings),
        ("points.csv", &points),
        ("queries/trusted/points.sql", "SELECT * FROM raw.points"),
        ("models/weighted.yml", &model("weight: n")),
        ("models/directed.yml", &model("distance: cosine, scale: none")),
        ("models/weighted_and_directed.yml", &model("distance: cosine, weight: n, scale: minmax, impute: zero")),
        ("models/batches.yml", &model("mini_batch: 64")),
    ]);
    bench.run(&[]);
    let (project, lake, out) = (bench.path("."), bench.path("lake"), bench.path("on-spark"));
    let Some(made) = spark::script("run_on_spark.py", &[&project, &lake, &out]) else { return };
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(made.stderr.contains("refined.batches: left out, Spark has no mini-batches"), "{}", made.stderr);
    let compared = spark::script("compare.py", &[&lake, &out]).unwrap();
    assert_eq!(compared.code, 0, "{}{}", compared.stdout, compared.stderr);
    for table in ["weighted", "weighted_metrics", "directed", "directed_centers", "weighted_and_directed_metrics"] {
        assert!(compared.stdout.contains(&format!("refined.{table}")), "{}", compared.stdout);
    }
}
