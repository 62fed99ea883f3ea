//! The tables as others see them: pyarrow, DuckDB and PySpark read the folders, and DuckDB computes the demo again.
//!
//! They live in virtual environments that `scripts/python-env` makes. Without them these tests are skipped, except in CI.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::spark;
use crate::workbench::{Answer, Workbench, copy};

#[test]
fn every_table_of_the_demo_is_what_duckdb_makes_of_its_sources() {
    let Some(python) = python() else { return };
    let bench = Workbench::demo();
    bench.run(&[]);
    let answer = verified(&python, &bench);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.stdout.lines().filter(|line| line.starts_with("ok ")).count(), 2 + 13, "{}", answer.stdout);
    assert!(answer.stdout.contains("ok raw.orders 2000 rows\n"), "{}", answer.stdout);
    assert!(answer.stdout.contains("ok refined.category_prices 8 rows\n"), "{}", answer.stdout);

    // A judge that always nods is none.
    std::fs::remove_dir_all(bench.path("lake/trusted/sales/category=50%25 off")).unwrap();
    let answer = verified(&python, &bench);
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("differs trusted.sales as duckdb reads it: "), "{}", answer.stdout);
}

/// Without the text `null`, in any letter case, which DuckDB takes for null.
const LABELS: [Option<&str>; 25] = [
    None,
    Some("men's clothing"),
    Some("a/b"),
    Some("50%"),
    Some("%41"),
    Some("x=y:z"),
    Some("ñandú"),
    Some("n\u{303}andu\u{301}"),
    Some("👩🏽\u{200d}🚀"),
    Some("{[^]}"),
    Some("a b"),
    Some(" a "),
    Some(" "),
    Some("."),
    Some("..a."),
    Some("\\"),
    Some("\"q\""),
    Some("#1"),
    Some("*?"),
    Some("<a>|"),
    Some("a+b&c;d,e"),
    Some("\t\n"),
    Some("\u{1}\u{1f}\u{7f}"),
    Some("\u{a0}\u{2028}"),
    Some("007"),
];
const DAYS: [Option<&str>; 3] = [None, Some("2025-12-31"), Some("1969-07-20")];
const NUMBERS: [Option<i64>; 3] = [None, Some(-7), Some(7)];

/// All of them with each other, in two tables: partitioned by label and day, and by number and label. Also the rows.
fn labels() -> (Workbench, Vec<Value>) {
    let mut rows: Vec<Value> = vec![];
    for label in LABELS {
        for day in DAYS {
            for number in NUMBERS {
                rows.push(json!({ "id": rows.len(), "label": label, "day": day, "number": number }));
            }
        }
    }
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: labels\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { labels: { url: \"file://./labels.ndjson\", format: json } }\n",
        ),
        ("labels.ndjson", &rows.iter().map(|row| format!("{row}\n")).collect::<String>()),
        (
            "queries/trusted/by_label_and_day.sql",
            "/* trapiche\npartition_by: [label, day]\n*/\nSELECT id, label, CAST(day AS date) AS day, number FROM raw.labels",
        ),
        (
            "queries/refined/by_number_and_label.sql",
            "/* trapiche\npartition_by: [number, label]\n*/\nSELECT id, label, day, number FROM trusted.by_label_and_day",
        ),
    ]);
    bench.run(&[]);
    (bench, rows)
}

#[test]
fn partition_values_of_any_kind_come_back() {
    let Some(python) = python() else { return };
    let (bench, rows) = labels();
    for (table, keys) in [
        ("trusted/by_label_and_day", r#"{"label": "string", "day": "date32"}"#),
        ("refined/by_number_and_label", r#"{"number": "int64", "label": "string"}"#),
    ] {
        let folder = bench.path("lake").join(table);
        let answer = Answer::from(Command::new(&python).args(["-c", READ]).arg(&folder).arg(keys).output().unwrap());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let read: Value = serde_json::from_str(&answer.stdout).unwrap();
        assert_eq!(read["pyarrow"], json!(rows), "{table} as pyarrow reads it");
        assert_eq!(read["duckdb"], json!(rows), "{table} as DuckDB reads it");
    }
}

/// A file's bounds are read by others, too: they must not hide the row of a NaN, which SQL takes for the greatest number.
#[test]
fn no_reader_misses_a_number_that_is_none() {
    let Some(python) = python() else { return };
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: numbers\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { numbers: { url: \"file://./numbers.csv\" } }\n",
        ),
        ("numbers.csv", "id,x\n1,1.5\n2,NaN\n3,-7\n4,-0.0\n5,0.0\n6,Infinity\n7,99\n"),
        (
            "queries/trusted/numbers.sql",
            "SELECT CAST(id AS int) AS id, CAST(x AS double) AS x, CAST(x AS float) AS y, struct(CAST(x AS double) AS x) AS s,
    CAST(replace(replace(x, 'NaN', '1'), 'Infinity', '2') AS double) AS plain
FROM raw.numbers",
        ),
    ]);
    bench.run(&[]);
    let script = r#"
import json, sys, glob
import duckdb, pyarrow.dataset as ds, pyarrow.parquet as pq
[file] = glob.glob(sys.argv[1] + "/*.parquet")
found = {}
for x in ["x", "y", "s.x"]:
    ids = lambda where: [id for (id,) in duckdb.sql(f"SELECT id FROM read_parquet('{file}') WHERE {where} ORDER BY id").fetchall()]
    found[x] = [ids(f"{x} > 100"), ids(f"isnan({x})"), ids(f"{x} = 0"), ids(f"{x} < 0")]
for name in ["x", "y"]:
    import pyarrow.compute as pc
    table = ds.dataset(file).to_table(filter=pc.is_nan(ds.field(name)))
    found["pyarrow " + name] = table["id"].to_pylist()
chunk = lambda i: pq.ParquetFile(file).metadata.row_group(0).column(i)
found["has bounds"] = {chunk(i).path_in_schema: bool(chunk(i).statistics and chunk(i).statistics.has_min_max) for i in range(5)}
zeros = pq.ParquetFile(file).metadata.row_group(0).column(4).statistics
found["plain"] = [zeros.min, zeros.max]
print(json.dumps(found))
"#;
    let table = bench.path("lake/trusted/numbers");
    let answer = Answer::from(Command::new(&python).args(["-c", script]).arg(&table).output().unwrap());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let found: Value = serde_json::from_str(&answer.stdout).unwrap();
    let ids = json!([[2, 6], [2], [4, 5], [3]]);
    let expected = json!({
        "x": ids, "y": ids, "s.x": ids, "pyarrow x": [2], "pyarrow y": [2],
        "has bounds": { "id": true, "x": false, "y": false, "s.x": false, "plain": true }, "plain": [-7.0, 99.0],
    });
    assert_eq!(found, expected);
    // And our own, which has them from the version, too.
    let ours = |x: &str| bench.query(&format!("SELECT id FROM trusted.numbers WHERE {x} > 100 ORDER BY id"));
    for x in ["x", "y", "s.x"] {
        assert_eq!(json!(ours(x)), json!([{ "id": 2 }, { "id": 6 }]), "{x}");
    }
}

/// What pyarrow reads is what the tests above have judged.
#[test]
fn spark_reads_every_table_as_pyarrow_does() {
    let demo = Workbench::demo();
    demo.run(&[]);
    let (labels, rows) = labels();
    // A judge that always nods is none.
    let damaged = labels.path("damaged");
    copy(&labels.path("lake"), &damaged);
    std::fs::remove_dir_all(damaged.join("trusted/by_label_and_day/label=a%2Fb/day=2025-12-31")).unwrap();

    let same = |lake: &Path| format!("{0}={0}", lake.display());
    let pairs = [
        same(&demo.path("lake")),
        same(&labels.path("lake")),
        format!("{}={}", labels.path("lake").display(), damaged.display()),
    ];
    let Some(answer) = spark::script("read_back.py", &pairs) else { return };
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    let lines: Vec<&str> = answer.stdout.lines().collect();
    let (intact, last) = lines.split_at(13 + 2);
    assert!(intact.iter().all(|line| line.starts_with("ok ")), "{}", answer.stdout);
    assert!(intact.contains(&"ok quarantine/trusted/cart_items 71 rows"), "{}", answer.stdout);
    let all = rows.len();
    assert_eq!(
        last,
        [
            format!("ok refined/by_number_and_label {all} rows"),
            format!("differs trusted/by_label_and_day: {all} rows in the lake, {} on Spark", all - NUMBERS.len()),
        ]
    );
}

/// Reads a folder with both, and prints the rows in the order of their ids. A reader that is not told the types of
/// the partition columns has to guess them from their values.
const READ: &str = r#"
import json, sys
import duckdb, pyarrow as pa, pyarrow.dataset as ds

folder, keys = sys.argv[1], json.loads(sys.argv[2])
schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in keys.items()])
dataset = ds.dataset(folder, format="parquet", partitioning=ds.partitioning(schema, flavor="hive"))
sql_types = {"string": "VARCHAR", "date32": "DATE", "int64": "BIGINT"}
types = ", ".join(f"'{name}': {sql_types[kind]}" for name, kind in keys.items())
relation = duckdb.sql(f"FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true, hive_types = {{{types}}})")
found = {
    "pyarrow": dataset.to_table().to_pylist(),
    "duckdb": [dict(zip(relation.columns, row)) for row in relation.fetchall()],
}
print(json.dumps({reader: sorted(rows, key=lambda row: row["id"]) for reader, rows in found.items()}, default=str))
"#;

/// The shop's own database, as the demo target made it.
const DATABASE: &str = ".trapiche/demo/store-1-42.sqlite";

fn verified(python: &Path, bench: &Workbench) -> Answer {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/verify_lake.py");
    Answer::from(Command::new(python).arg(script).args([bench.path("lake"), bench.path(DATABASE)]).output().unwrap())
}

/// The python that has duckdb and pyarrow: TRAPICHE_PYTHON, or the one that `scripts/python-env` makes.
pub fn python() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let venv = || variable("TRAPICHE_VENV").or_else(|| Some(variable("HOME")?.join(".cache/trapiche-venv")));
    let python = variable("TRAPICHE_PYTHON").or_else(|| Some(venv()?.join("bin/python")))?;
    let imports = Command::new(&python).args(["-c", "import duckdb, pyarrow"]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let message = format!("`{}` has no duckdb and pyarrow: run scripts/python-env", python.display());
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
    println!("skipped: {message}");
    None
}
