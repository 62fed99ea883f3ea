//! Timestamps keep their microseconds; where a target wants fewer digits, what is lost is counted.

use std::fs::File;
use std::process::Command;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::workbench::{Answer, Workbench, files_below};
use crate::{plain_readers, spark};

const MICROS: &str = "";
const MILLIS: &str = ", timestamps: millis";

/// A table of instants, each by itself and in a list.
fn bench(target: &str, header: &str) -> Workbench {
    let bench = Workbench::of(&[
        (
            "instants.csv",
            "id,at\n1,2024-05-06 07:08:09.123456\n2,1969-12-31 23:59:59.999999\n3,2024-05-06 07:08:09.5\n4,\n",
        ),
        (
            "queries/trusted/instants.sql",
            &format!(
                "/* trapiche\n{header}\n*/ SELECT CAST(id AS int) AS id, CAST(at AS timestamp) AS at, array(CAST(at AS timestamp)) AS list FROM raw.instants"
            ),
        ),
    ]);
    set_target(&bench, target);
    bench
}

fn set_target(bench: &Workbench, more: &str) {
    let settings = "name: instants\ntargets: { here: { storage: \"file://./lake\"MORE } }\nsources: { instants: { url: \"file://./instants.csv\" } }\n";
    bench.write("trapiche.yml", &settings.replace("MORE", more));
}

fn dataset<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["datasets"].as_array().unwrap().iter().find(|dataset| dataset["dataset"] == name).unwrap()
}

/// The types that the files have for `at`.
fn units(bench: &Workbench) -> Vec<String> {
    let root = bench.path("lake/trusted/instants");
    let files = files_below(&root).into_iter().filter(|file| file.ends_with(".parquet"));
    let unit = |file: String| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(root.join(file)).unwrap()).unwrap();
        reader.schema().field_with_name("at").unwrap().data_type().to_string()
    };
    files.map(unit).collect()
}

const SELECT: &str = "SELECT id, at FROM trusted.instants ORDER BY id";

#[test]
fn microseconds_are_kept() {
    let bench = bench(MICROS, "");
    let report = bench.run(&[]);
    assert_eq!(dataset(&report, "trusted.instants").get("timestamps_cut"), None, "{report}");
    assert_eq!(units(&bench), ["Timestamp(µs)"]);
    let rows = json!([
        { "id": 1, "at": "2024-05-06T07:08:09.123456" },
        { "id": 2, "at": "1969-12-31T23:59:59.999999" },
        { "id": 3, "at": "2024-05-06T07:08:09.500" },
        { "id": 4, "at": null },
    ]);
    assert_eq!(json!(bench.query(SELECT)), rows);
    let found =
        bench.query("SELECT id FROM trusted.instants WHERE at = CAST('2024-05-06 07:08:09.123456' AS timestamp)");
    assert_eq!(json!(found), json!([{ "id": 1 }]));

    // Nothing in SQL is finer than that, so nothing is left to be cut off.
    bench.write("instants.csv", "id,at\n1,2024-05-06 07:08:09.123456789\n2,2024-05-06 07:08:09.123456\n");
    let report = bench.run(&[]);
    assert_eq!(dataset(&report, "trusted.instants").get("timestamps_cut"), None, "{report}");
    assert_eq!(bench.query("SELECT DISTINCT at FROM trusted.instants").len(), 1);
}

#[test]
fn a_target_may_keep_milliseconds_and_is_told_what_that_cuts() {
    let bench = bench(MILLIS, "");
    let answer = bench.trapiche(&["run", "--log", "text"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for words in [&answer.stdout, &answer.stderr] {
        assert!(words.contains("4 timestamps were finer than the table keeps them"), "{words}");
    }
    assert_eq!(units(&bench), ["Timestamp(ms)"]);
    let rows = json!([
        { "id": 1, "at": "2024-05-06T07:08:09.123" },
        { "id": 2, "at": "1969-12-31T23:59:59.999" },
        { "id": 3, "at": "2024-05-06T07:08:09.500" },
        { "id": 4, "at": null },
    ]);
    assert_eq!(json!(bench.query(SELECT)), rows);

    // Another unit is another table.
    set_target(&bench, MICROS);
    let report = bench.run(&[]);
    assert_eq!(dataset(&report, "trusted.instants")["status"], "made", "{report}");
    assert_eq!(units(&bench), ["Timestamp(µs)"]);
    assert_eq!(dataset(&bench.run(&[]), "trusted.instants")["status"], "unchanged");
}

#[test]
fn files_of_two_units_never_lie_in_one_table() {
    let bench = bench(MILLIS, "write: append");
    bench.run(&[]);
    bench.write("instants.csv", "id,at\n5,2024-05-06 07:08:09.123\n");
    bench.run(&[]);
    assert_eq!(units(&bench), ["Timestamp(ms)", "Timestamp(ms)"]);
    let rows = bench.query(SELECT);

    set_target(&bench, MICROS);
    bench.write("instants.csv", "id,at\n6,2024-05-06 07:08:09.123456\n");
    let refused = |bench: &Workbench| {
        let answer = bench.trapiche(&["run"]);
        assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
        assert!(
            answer.stdout.contains("keeps have `at` in milliseconds, and new ones would have it in microseconds"),
            "{}",
            answer.stdout
        );
        assert!(answer.stdout.contains("hint: `timestamps` in the target"), "{}", answer.stdout);
        assert_eq!(bench.query(SELECT), rows);
    };
    refused(&bench);
    // As one file they are as they were.
    assert_eq!(bench.trapiche(&["compact", "trusted.instants"]).code, 0);
    assert_eq!(units(&bench), ["Timestamp(ms)"]);
    assert_eq!(bench.query(SELECT), rows);

    // A version of an older program does not say its unit, and has milliseconds.
    let versions = bench.path("lake/_trapiche/tables/trusted/instants");
    let newest = files_below(&versions).into_iter().rfind(|name| name.starts_with('v')).unwrap();
    let text = std::fs::read_to_string(versions.join(&newest)).unwrap();
    let mut version: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(version.as_object_mut().unwrap().remove("timestamps"), Some(json!("millis")));
    std::fs::write(versions.join(&newest), version.to_string()).unwrap();
    refused(&bench);
    set_target(&bench, MILLIS);
    let report = bench.run(&[]);
    assert_eq!(dataset(&report, "trusted.instants")["timestamps_cut"], 2, "{report}");
    assert_eq!(units(&bench), ["Timestamp(ms)", "Timestamp(ms)"]);
}

#[test]
fn readers_of_folders_see_all_digits() {
    let python = plain_readers::python();
    let read = r#"
import glob, json, sys
import duckdb, pyarrow.parquet as pq
[file] = glob.glob(sys.argv[1] + "/*.parquet")
rows = duckdb.sql(f"SELECT CAST(t.at AS VARCHAR), typeof(t.at) FROM read_parquet('{file}') t ORDER BY id").fetchall()
column = pq.read_table(file).sort_by("id")["at"]
adjusted = json.loads(pq.ParquetFile(file).schema.column(1).logical_type.to_json())["isAdjustedToUTC"]
texts = [None if value is None else str(value) for value in column.to_pylist()]
print(json.dumps({"duckdb": rows[:2], "pyarrow": texts[:2], "type": str(column.type), "adjusted": adjusted}))
"#;
    for (target, unit, digits) in [(MICROS, "us", ["123456", "999999"]), (MILLIS, "ms", ["123", "999"])] {
        let bench = bench(target, "");
        bench.run(&[]);
        let instants = [format!("2024-05-06 07:08:09.{}", digits[0]), format!("1969-12-31 23:59:59.{}", digits[1])];
        if let Some(python) = &python {
            let table = bench.path("lake/trusted/instants");
            let answer = Answer::from(Command::new(python).args(["-c", read]).arg(table).output().unwrap());
            assert_eq!(answer.code, 0, "{}", answer.stderr);
            let found: Value = serde_json::from_str(&answer.stdout).unwrap();
            let padded = instants.clone().map(|text| format!("{text:0<26}"));
            let duckdb = instants.map(|text| json!([text, "TIMESTAMP"]));
            let expected =
                json!({ "duckdb": duckdb, "pyarrow": padded, "type": format!("timestamp[{unit}]"), "adjusted": false });
            assert_eq!(found, expected);
        }
        let lake = bench.path("lake").display().to_string();
        let Some(answer) = spark::script("read_back.py", &[format!("{lake}={lake}")]) else { continue };
        assert_eq!(answer.stdout, "ok trusted/instants 4 rows\n", "{}", answer.stderr);
    }
}
