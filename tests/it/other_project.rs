//! A project that is not the demo: other sources, other names, other shapes, and no change in `src/`.

use std::io::Write;

use crate::workbench::Workbench;

pub fn penguins() -> Workbench {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            r#"
name: field-station
targets:
  here: { storage: "file://./lake" }
sources:
  penguins: { url: "file://./data/penguins.csv" }
  quakes:   { url: "file://./data/quakes.json", records: features }
  visits:   { url: "file://./data/visits.ndjson.gz", format: json }
"#,
        ),
        (
            "data/penguins.csv",
            "\u{feff}Species,Island,Beak Length (mm),`Mass`\nAdelie,Torgersen,39.1,3750\nGentoo,Biscoe,NA,5000\n\"Chin, strap\",Dream,46.5,\n",
        ),
        (
            "data/quakes.json",
            r##"{ "type": "FeatureCollection",
  "features": [
    { "id": "a", "properties": { "mag": 4.5, "place": "x=y:z" }, "geometry": { "coordinates": [1.0, 2.5] } },
    { "id": "b", "properties": { "mag": "unknown", "place": "a/b" }, "geometry": { "coordinates": [3.0, -1.0] } },
    { "id": "c", "properties": { "mag": 5, "place": null }, "geometry": null },
    { "id": "d", "properties": { "mag": 6.25, "place": "50%" }, "geometry": { "coordinates": [] } },
    { "id": "e", "properties": { "mag": 1, "place": "men's [clothing] ñ {\"#\"}" }, "geometry": { "coordinates": [9.5] } }
  ] }"##,
        ),
        (
            "queries/trusted/penguins.sql",
            "SELECT species, island, try_cast(`Beak Length (mm)` AS double) AS beak_mm, CAST(```mass``` AS int) AS mass_g FROM raw.penguins\n",
        ),
        (
            "queries/trusted/quakes.sql",
            r#"/* trapiche
partition_by: [place]
checks:
  - { not_null: [mag], on_fail: quarantine }
*/
SELECT id, try_cast(q.properties.mag AS double) AS mag, geometry.coordinates AS coordinates, q.properties.place AS place
FROM raw.quakes AS q
"#,
        ),
        ("queries/refined/visits_by_day.sql", "SELECT day, count(*) AS visits FROM raw.visits GROUP BY day\n"),
        ("models/penguin_profile.yml", "describe: { input: trusted.penguins }\n"),
    ]);
    let mut gz = flate2::write::GzEncoder::new(
        std::fs::File::create(bench.path("data/visits.ndjson.gz")).unwrap(),
        flate2::Compression::default(),
    );
    gz.write_all(b"{\"day\": \"2025-01-01\", \"n\": 1}\n{\"day\": \"2025-01-02\"}\n{\"day\": \"2025-01-01\"}\n")
        .unwrap();
    gz.finish().unwrap();
    bench
}

#[test]
fn csv_and_nested_json_of_ones_own() {
    let bench = penguins();
    bench.run(&[]);
    assert_eq!(
        bench.hive_rows("trusted/penguins"),
        [
            "species=Adelie island=Torgersen beak_mm=39.1 mass_g=3750",
            "species=Chin, strap island=Dream beak_mm=46.5 mass_g=NULL",
            "species=Gentoo island=Biscoe beak_mm=NULL mass_g=5000",
        ]
    );
    assert_eq!(
        bench.hive_rows("trusted/quakes"),
        [
            "id=a mag=4.5 coordinates=[1.0, 2.5] place=x%3Dy%3Az",
            "id=c mag=5.0 coordinates=NULL place=__HIVE_DEFAULT_PARTITION__",
            "id=d mag=6.25 coordinates=[] place=50%25",
            "id=e mag=1.0 coordinates=[9.5] place=men%27s %5Bclothing%5D ñ %7B%22%23%22}",
        ]
    );
    let kept_aside = bench.query("SELECT id, place, _errors FROM quarantine.trusted_quakes");
    assert_eq!(
        serde_json::json!(kept_aside),
        serde_json::json!([{ "id": "b", "place": "a/b", "_errors": ["not_null(mag)"] }])
    );
    let days = bench.query("SELECT day, visits FROM refined.visits_by_day ORDER BY day");
    assert_eq!(
        serde_json::json!(days),
        serde_json::json!([{ "day": "2025-01-01", "visits": 2 }, { "day": "2025-01-02", "visits": 1 }])
    );
}

#[test]
fn a_partition_filter_and_nulls_work_by_the_same_names() {
    let bench = penguins();
    bench.run(&["+quakes"]);
    let one = bench.query("SELECT id FROM trusted.quakes WHERE place = '50%'");
    assert_eq!(serde_json::json!(one), serde_json::json!([{ "id": "d" }]));
    let nowhere = bench.query("SELECT id FROM trusted.quakes WHERE place IS NULL");
    assert_eq!(serde_json::json!(nowhere), serde_json::json!([{ "id": "c" }]));
}

#[test]
fn write_modes_are_what_they_say() {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: modes\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { days: { url: \"file://./days.csv\", columns: { n: bigint } } }\n",
        ),
        ("days.csv", "day,n\nmon,1\ntue,2\n"),
        ("queries/trusted/overwritten.sql", "/* trapiche\npartition_by: [day]\n*/ SELECT n, day FROM raw.days"),
        (
            "queries/trusted/touched.sql",
            "/* trapiche\npartition_by: [day]\nwrite: overwrite_partitions\n*/ SELECT n, day FROM raw.days",
        ),
        ("queries/trusted/appended.sql", "/* trapiche\nwrite: append\n*/ SELECT n, day FROM raw.days"),
        ("queries/trusted/once.sql", "/* trapiche\nwrite: error\n*/ SELECT n, day FROM raw.days"),
    ]);
    bench.run(&[]);
    bench.write("days.csv", "day,n\ntue,3\nwed,4\n");
    let answer = bench.trapiche(&["run"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stdout.contains("write mode is `error`"), "{}", answer.stdout);
    assert_eq!(bench.hive_rows("trusted/overwritten"), ["n=3 day=tue", "n=4 day=wed"]);
    assert_eq!(bench.hive_rows("trusted/touched"), ["n=1 day=mon", "n=3 day=tue", "n=4 day=wed"]);
    assert_eq!(bench.hive_rows("trusted/appended"), ["n=1 day=mon", "n=2 day=tue", "n=3 day=tue", "n=4 day=wed"]);
    assert_eq!(bench.hive_rows("trusted/once"), ["n=1 day=mon", "n=2 day=tue"]);
}

#[test]
fn files_that_stay_must_fit_the_query() {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: kept\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { days: { url: \"file://./days.csv\" } }\n",
        ),
        ("days.csv", "day,n\nmon,1\n"),
    ]);
    let file = "queries/trusted/days.sql";
    bench.write(file, "/* trapiche\nwrite: append\n*/ SELECT n, day FROM raw.days");
    bench.run(&[]);
    let refused = [
        (
            "write: append\npartition_by: [day]",
            "n, day",
            "the partition columns [], its query now has the partition columns [day]",
        ),
        ("write: append", "CAST(n AS int) AS n, day", "`n` as string, its query now has it as int"),
    ];
    for (header, columns, words) in refused {
        bench.write(file, &format!("/* trapiche\n{header}\n*/ SELECT {columns} FROM raw.days"));
        let answer = bench.trapiche(&["run"]);
        assert_eq!(answer.code, 1, "{}", answer.stderr);
        assert!(answer.stdout.contains(words), "{}", answer.stdout);
    }
    bench.write(file, "/* trapiche\nwrite: append\n*/ SELECT n, 'x' AS more FROM raw.days");
    bench.run(&[]);
    let rows = bench.query("SELECT n, more FROM trusted.days ORDER BY more NULLS FIRST");
    assert_eq!(serde_json::json!(rows), serde_json::json!([{ "n": "1", "more": null }, { "n": "1", "more": "x" }]));
}

#[test]
fn a_broken_check_that_fails_publishes_nothing() {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: checks\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { days: { url: \"file://./days.csv\", columns: { n: bigint } } }\n",
        ),
        ("days.csv", "day,n\nmon,1\ntue,-2\n"),
        ("queries/trusted/days.sql", "/* trapiche\nchecks: [ { rule: \"n > 0\" } ]\n*/ SELECT n, day FROM raw.days"),
        ("queries/refined/below.sql", "SELECT n FROM trusted.days"),
    ]);
    let answer = bench.trapiche(&["run"]);
    assert_eq!(answer.code, 1);
    assert!(answer.stdout.contains("rule(n > 0)") && answer.stdout.contains("1 of 2 rows"), "{}", answer.stdout);
    assert!(answer.stdout.contains("blocked"), "{}", answer.stdout);
    assert!(!bench.path("lake/trusted").exists());
    assert!(!bench.lake_files().iter().any(|file| file.contains("staging")), "{:?}", bench.lake_files());
}

#[test]
fn a_project_may_lie_in_a_folder_of_any_name() {
    for name in ["a b", "50%25 off", "x#y?z", "ñ"] {
        let bench = Workbench::of(&[
            (
                &format!("{name}/trapiche.yml"),
                "name: odd\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { days: { url: \"file://./days.csv\" } }\n",
            ),
            (&format!("{name}/days.csv"), "n\n1\n"),
            (&format!("{name}/queries/trusted/days.sql"), "SELECT n FROM raw.days"),
        ]);
        let run = bench.trapiche(&["-C", name, "run"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let query = bench.trapiche(&["-C", name, "query", "-o", "csv", "SELECT n FROM trusted.days"]);
        assert_eq!(query.stdout, "n\n1\n", "{name}: {}", query.stderr);
        assert!(bench.path(name).join("lake/trusted/days").is_dir(), "{name}");
    }
}
