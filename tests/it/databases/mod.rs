//! Captures from database servers, compared with what the servers say themselves.

mod cursors;
mod deletes;
mod mariadb;
mod newcomers;
mod postgres;

use std::collections::BTreeMap;
use std::fs::File;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Date32Type, Float32Type, Float64Type, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use crate::workbench::{Answer, Workbench, files_below};

/// A value as text; `None` for null.
type Cell = Option<String>;

fn waited<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A project with one source `t` of the database whose address is in `DB`, and a table `trusted.t` of all its rows.
fn bench(source: &str) -> Workbench {
    bench_of(source, "SELECT * FROM raw.t")
}

fn bench_of(source: &str, query: &str) -> Workbench {
    let settings = format!(
        "name: bases\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nconnections: {{ base: {{ database: \"${{DB}}\" }} }}\nsources:\n  t: {{ from: base, {source} }}\n"
    );
    Workbench::of(&[("trapiche.yml", &settings), ("queries/trusted/t.sql", query)])
}

fn trapiche(bench: &Workbench, url: &str, args: &[&str]) -> Answer {
    let mut command = bench.command(args);
    for name in ["PGUSER", "PGPASSWORD", "PGHOST", "PGSSLMODE"] {
        command.env_remove(name);
    }
    Answer::from(command.env("DB", url).output().unwrap())
}

/// Runs it; gives what it said when it succeeded.
fn run(bench: &Workbench, url: &str) -> String {
    let answer = trapiche(bench, url, &["run"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    answer.stdout
}

/// The words of a run that fails with this exit code, and shows and leaves nothing.
fn failure(bench: &Workbench, url: &str, code: i32) -> String {
    let answer = trapiche(bench, url, &["run", "-s", "raw.t"]);
    let words = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.code, code, "{words}");
    assert!(!words.contains("trapiche-secret"), "{words}");
    let landed = files_below(&bench.path("lake/raw/t"));
    assert_eq!(landed, Vec::<String>::new(), "{words}");
    words
}

/// All rows of `trusted.t` by their `id`: instants as microseconds, days as days since 1970, bytes in hexadecimal.
fn stored(bench: &Workbench) -> BTreeMap<i64, Vec<Cell>> {
    let root = bench.path("lake/trusted/t");
    let mut rows = BTreeMap::new();
    for file in files_below(&root).iter().filter(|file| file.ends_with(".parquet")) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(root.join(file)).unwrap()).unwrap();
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            for row in 0..batch.num_rows() {
                let cells: Vec<Cell> = batch.columns().iter().map(|column| cell(column, row)).collect();
                let id = cells[0].as_deref().unwrap().parse().unwrap();
                assert_eq!(rows.insert(id, cells[1..].to_vec()), None, "a row is there twice");
            }
        }
    }
    rows
}

fn cell(column: &dyn Array, row: usize) -> Cell {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Float32 => bits(column.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => bits(column.as_primitive::<Float64Type>().value(row)),
        DataType::Date32 => column.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::Timestamp(..) => column.as_primitive::<TimestampMicrosecondType>().value(row).to_string(),
        _ => ArrayFormatter::try_new(column, &FormatOptions::new()).unwrap().value(row).to_string(),
    })
}

/// A number by what it is, and not by how it is written.
fn bits(number: f64) -> String {
    format!("{:x}", if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() })
}

/// A column to be tried out: its declaration, values as literals, and how the server is asked for what it holds.
struct Tried {
    name: &'static str,
    declared: &'static str,
    values: BoxedStrategy<String>,
    asked: String,
}

impl Tried {
    fn new(
        name: &'static str,
        declared: &'static str,
        values: impl Strategy<Value = String> + 'static,
        asked: &str,
    ) -> Self {
        Tried { name, declared, values: values.boxed(), asked: asked.replace("{}", name) }
    }
}

const ROWS: usize = 12;

/// Rows of literals, nulls among them.
fn rows(columns: &[Tried]) -> impl Strategy<Value = Vec<Vec<String>>> + use<> {
    let row: Vec<BoxedStrategy<String>> = columns
        .iter()
        .map(|column| prop_oneof![1 => Just("NULL".to_string()), 5 => column.values.clone()].boxed())
        .collect();
    prop::collection::vec(row, ROWS)
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(values).prop_map(quoted)
}

fn quoted(text: impl AsRef<str>) -> String {
    format!("'{}'", text.as_ref().replace('\'', "''"))
}

fn quoted_number(number: impl ToString) -> String {
    quoted(number.to_string())
}

/// Texts with all that CSV minds.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ,\"\r\n\tñ漢😀.N]{0,9}", Just(String::new()), Just("NULL".into()), Just("\u{feff}x".into())]
}

/// Days of the years 1 to 9999.
fn days() -> impl Strategy<Value = String> {
    let any = (1..=9999, 1..=12, 1..=28).prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    prop_oneof![any, Just("0001-01-01".into()), Just("9999-12-31".into()), Just("1969-12-31".into())]
}

fn instants() -> impl Strategy<Value = String> {
    let time = (0..24, 0..60, 0..60, prop_oneof![Just(0), Just(1), Just(999_999), 0..1_000_000]);
    (days(), time).prop_map(|(day, (hour, minute, second, micros))| {
        format!("{day} {hour:02}:{minute:02}:{second:02}.{micros:06}")
    })
}

fn decimals(precision: usize, scale: usize) -> impl Strategy<Value = String> {
    let digits = move |text: &str| format!("[1-9][0-9]{{0,{}}}{text}", precision - scale - 1);
    let largest = format!("{}.{}", "9".repeat(precision - scale), "9".repeat(scale));
    let fraction = format!("\\.[0-9]{{1,{scale}}}");
    prop_oneof![
        proptest::string::string_regex(&digits("")).unwrap(),
        proptest::string::string_regex(&digits(&fraction)).unwrap(),
        Just(largest.clone()),
        Just(format!("-{largest}")),
        Just("0".into()),
    ]
}
