//! The tables of a k-means model, as they lie in the lake.

use serde_json::json;

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
