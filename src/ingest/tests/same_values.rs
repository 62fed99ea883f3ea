//! Captures compared with their sources, value by value: what a query reads of a landing is what the source held.
//!
//! A database is asked a second time, by functions of its own (`typeof`, `quote`, `hex`); files are written here.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type};
use arrow::util::display::array_value_to_string;
use proptest::prelude::*;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::{Bench, csv, gzip, json, sql_table};

fn waited<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

// ---- SQLite ----

/// Names of types from each of SQLite's affinities, and of those that mean something here.
const DECLARED: [&str; 22] = [
    "INTEGER",
    "INT",
    "UNSIGNED BIG INT",
    "REAL",
    "DOUBLE PRECISION",
    "FLOAT",
    "TEXT",
    "VARCHAR(20)",
    "CLOB",
    "BOOLEAN",
    "DATETIME",
    "DATE",
    "TIMESTAMP",
    "BLOB",
    "VARBINARY(8)",
    "DECIMAL(10,2)",
    "DECIMAL(38,10)",
    "NUMERIC(5)",
    "NUMERIC",
    "JSON",
    "STRING",
    "",
];

#[derive(Debug, Clone)]
enum Stored {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

fn stored() -> BoxedStrategy<Stored> {
    let integer = prop_oneof![Just(0), Just(1), -99_i64..99, any::<i64>(), Just((1 << 53) + 1)];
    let cents = (-100_000_i64..100_000).prop_map(|cents| cents as f64 / 100.0);
    let real = prop_oneof![cents, any::<f64>(), Just(2.0), Just(f64::INFINITY), Just(-0.0), Just(1e300)];
    let text = prop_oneof![
        "\\PC{0,8}",
        "[0-9]{1,12}(\\.[0-9]{0,3})?",
        Just("007".to_string()),
        Just("N/A".to_string()),
        Just("true".to_string()),
        Just("1e3".to_string()),
        Just("a\0b\n\"".to_string()),
        Just("2024-02-29 10:00:00".to_string()),
    ];
    prop_oneof![
        Just(Stored::Null),
        integer.prop_map(Stored::Integer),
        real.prop_map(Stored::Real),
        text.prop_map(Stored::Text),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(Stored::Blob),
    ]
    .boxed()
}

fn kind(value: &Stored) -> u8 {
    match value {
        Stored::Null => 0,
        Stored::Integer(_) => 1,
        Stored::Real(_) => 2,
        Stored::Text(_) => 3,
        Stored::Blob(_) => 4,
    }
}

/// A declared type and values, as a rule of one kind, or null.
fn column() -> impl Strategy<Value = (&'static str, Vec<Stored>)> {
    let values = prop::collection::vec(stored(), 40);
    (prop::sample::select(&DECLARED[..]), 0_u8..8, values).prop_map(|(declared, only, values)| {
        let fits = |value: &Stored| only >= 5 || kind(value) == 0 || kind(value) == only;
        let narrow = |value: &Stored| !matches!(value, Stored::Integer(n) if only == 7 && !(0..=1).contains(n));
        let mut kept: Vec<_> = values.into_iter().filter(|value| fits(value) && narrow(value)).take(6).collect();
        kept.resize(6, Stored::Null);
        (declared, kept)
    })
}

async fn fill(path: &std::path::Path, columns: &[(&'static str, Vec<Stored>)]) -> SqliteConnection {
    let mut database = SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap();
    let declared: Vec<_> = columns.iter().enumerate().map(|(at, (name, _))| format!(", c{at} {name}")).collect();
    let create = format!("CREATE TABLE t (id INTEGER PRIMARY KEY{})", declared.join(""));
    sqlx::query(AssertSqlSafe(create)).execute(&mut database).await.unwrap();
    for row in 0..columns[0].1.len() {
        let places = ", ?".repeat(columns.len());
        let mut insert = sqlx::query(AssertSqlSafe(format!("INSERT INTO t VALUES ({row}{places})")));
        for (_, values) in columns {
            insert = match values[row].clone() {
                Stored::Null => insert.bind(None::<i64>),
                Stored::Integer(value) => insert.bind(value),
                Stored::Real(value) => insert.bind(value),
                Stored::Text(value) => insert.bind(value),
                Stored::Blob(value) => insert.bind(value),
            };
        }
        insert.execute(&mut database).await.unwrap();
    }
    database
}

/// What SQLite says of one value, and whether the batch says the same of it.
fn is_stored(stored: &SqliteRow, array: &dyn Array, row: usize) -> bool {
    let (kind, quoted, hex): (&str, &str, &str) = (stored.get(0), stored.get(1), stored.get(2));
    // Not from `quote`, whose last digits can be wrong.
    let number = || stored.get::<f64, _>(3);
    if kind == "null" || array.is_null(row) {
        return kind == "null" && array.is_null(row);
    }
    let shown = array_value_to_string(array, row).unwrap();
    match (array.data_type(), kind) {
        (DataType::Int64, "integer") => shown == quoted,
        (DataType::Boolean, "integer") => array.as_boolean().value(row) == (quoted == "1"),
        (DataType::Float64, "real") => array.as_primitive::<Float64Type>().value(row).to_bits() == number().to_bits(),
        (DataType::Float64, "integer") => {
            array.as_primitive::<Float64Type>().value(row) as i128 == quoted.parse::<i128>().unwrap()
        }
        (DataType::Decimal128(_, scale), "integer") => {
            let unit = 10_i128.pow(scale.unsigned_abs().into());
            array.as_primitive::<Decimal128Type>().value(row) == quoted.parse::<i128>().unwrap() * unit
        }
        (DataType::Decimal128(..), "real") => shown.parse::<f64>().unwrap() == number(),
        (DataType::Binary, "blob") => shown.eq_ignore_ascii_case(hex),
        (DataType::Utf8, "integer") => shown == quoted,
        (DataType::Utf8, "real") => shown.parse::<f64>().unwrap().to_bits() == number().to_bits(),
        (DataType::Utf8, "text") => crate::ingest::parts::hex(shown.as_bytes()).eq_ignore_ascii_case(hex),
        (DataType::Utf8, "blob") => shown.eq_ignore_ascii_case(hex),
        _ => false,
    }
}

async fn compare_with_database(columns: Vec<(&'static str, Vec<Stored>)>) -> Result<(), TestCaseError> {
    let mut bench = Bench::new();
    let path = bench.dir.path().join("any.db");
    let mut database = fill(&path, &columns).await;
    let landing = bench.landed(&sql_table(&path, "t")).await;
    let read = bench.batch(&landing, "SELECT * FROM t ORDER BY id").await;
    for (at, (declared, _)) in columns.iter().enumerate() {
        let text = format!(
            "SELECT typeof(c{at}), quote(c{at}), hex(CAST(c{at} AS BLOB)), CAST(c{at} AS REAL) FROM t ORDER BY id"
        );
        let stored = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut database).await.unwrap();
        prop_assert_eq!(stored.len(), read.num_rows());
        let array = read.column_by_name(&format!("c{at}")).unwrap();
        for (row, stored) in stored.iter().enumerate() {
            prop_assert!(
                is_stored(stored, array, row),
                "{} {}: SQLite has the {} {}, the table {:?} of {}",
                declared,
                row,
                stored.get::<&str, _>(0),
                stored.get::<&str, _>(1),
                array_value_to_string(array, row),
                array.data_type()
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_database_is_read_as_it_is(columns in prop::collection::vec(column(), 1..6)) {
        waited(compare_with_database(columns))?;
    }
}

#[test]
fn a_null_is_null_in_every_declared_type_and_changes_none() {
    let table =
        |values: [Stored; 3]| DECLARED.iter().map(move |declared| (*declared, values.to_vec())).collect::<Vec<_>>();
    let with = table([Stored::Integer(0), Stored::Null, Stored::Integer(1)]);
    let without = table([Stored::Integer(0), Stored::Integer(0), Stored::Integer(1)]);
    waited(async {
        compare_with_database(with.clone()).await.unwrap();
        let mut schemas = vec![];
        for columns in [with, without] {
            let mut bench = Bench::new();
            let path = bench.dir.path().join("any.db");
            fill(&path, &columns).await;
            schemas.push(bench.landed(&sql_table(&path, "t")).await.schema);
        }
        assert_eq!(schemas[0], schemas[1]);
    });
}

#[tokio::test]
async fn a_database_of_utf_16_is_refused() {
    let mut bench = Bench::new();
    let path = bench.dir.path().join("wide.db");
    let mut database = SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap();
    let text = "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('ab');";
    sqlx::raw_sql(text).execute(&mut database).await.unwrap();
    assert!(bench.error(&sql_table(&path, "t")).await.to_string().contains("UTF-16"));
}

// ---- CSV ----

/// A field's text, and whether it is written in quotes even where it need not be.
fn field() -> impl Strategy<Value = (String, bool)> {
    let text = prop_oneof!["[a-z0-9 é€\"',;\r\n\t-]{0,6}", Just(String::new()), Just("NULL".to_string()), "\\PC{0,4}"];
    (text, any::<bool>())
}

/// As RFC 4180 writes it.
fn csv_text(rows: &[Vec<(String, bool)>], delimiter: char, line_end: &str) -> String {
    let written = |(text, quoted): &(String, bool)| match *quoted || text.contains(['"', '\r', '\n', delimiter]) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.clone(),
    };
    let lines = rows.iter().map(|row| row.iter().map(written).collect::<Vec<_>>().join(&delimiter.to_string()));
    lines.map(|line| line + line_end).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_csv_is_read_as_it_was_written(
        rows in prop::collection::vec(prop::collection::vec(field(), 3), 1..9),
        (line_end, cut_last) in (prop::sample::select(vec!["\n", "\r\n", "\r"]), any::<bool>()),
        (mark, packed) in any::<(bool, bool)>(),
    ) {
        let mut text = csv_text(&rows, ',', line_end);
        if cut_last {
            text.truncate(text.len() - line_end.len());
        }
        let text = format!("{}a,b,c{line_end}{text}", if mark { "\u{feff}" } else { "" });
        waited(async {
            let mut bench = Bench::new();
            let bytes = if packed { gzip(text.as_bytes()) } else { text.clone().into_bytes() };
            let landing = bench.landed(&csv(bench.file("any.csv", bytes), &[])).await;
            prop_assert_eq!(landing.rows, rows.len() as u64);
            let read = bench.batch(&landing, "SELECT a, b, c FROM t").await;
            for (row, fields) in rows.iter().enumerate() {
                for (column, (text, _)) in fields.iter().enumerate() {
                    let value = read.column(column).as_string::<i32>();
                    let value = value.is_valid(row).then(|| value.value(row));
                    // An empty field is null.
                    prop_assert_eq!(value, Some(text.as_str()).filter(|text| !text.is_empty()));
                }
            }
            Ok(())
        })?;
    }
}

// ---- JSON ----

#[derive(Debug, Clone)]
enum Json {
    Null,
    Truth(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|value| value.to_string()),
        (-99_i64..99).prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |value| value.is_finite())
            .prop_map(|value| format!("{value:?}")),
        "-?[1-9][0-9]{14,44}",
        "-?(0|[1-9][0-9]{0,21})\\.[0-9]{1,22}",
        "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,4})?[eE][+-]?[0-9]{1,3}",
        Just("-0".to_string()),
        Just("9".repeat(38)),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    let plain = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Truth),
        number().prop_map(Json::Number),
        "\\PC{0,5}".prop_map(Json::Text),
        Just(Json::Text("\"\\\n\u{1}\u{1f600}".into())),
    ];
    plain.prop_recursive(3, 24, 4, |inner| {
        let keys = prop::sample::subsequence(vec!["a", "b", "Cost Total $"], 0..=3);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
            (keys, prop::collection::vec(inner, 3))
                .prop_map(|(keys, values)| { Json::Object(keys.into_iter().zip(values).collect()) }),
        ]
    })
}

/// Values of one column: of one kind, as a rule.
fn json_column() -> impl Strategy<Value = Vec<Json>> {
    let numbers = number().prop_map(Json::Number).boxed();
    let cents =
        (-99_999_i64..99_999).prop_map(|cents| Json::Number(format!("{}.{:02}", cents / 100, cents.abs() % 100)));
    let objects = (number(), value()).prop_map(|(a, b)| Json::Object(vec![("a", Json::Number(a)), ("b", b)]));
    let or_null = |some: BoxedStrategy<Json>| prop::collection::vec(prop_oneof![4 => some, 1 => Just(Json::Null)], 5);
    prop_oneof![
        or_null(numbers.clone()),
        or_null(cents.boxed()),
        or_null(objects.boxed()),
        or_null(prop::collection::vec(numbers, 0..4).prop_map(Json::List).boxed()),
        or_null(value().boxed()),
    ]
}

fn json_text(value: &Json) -> String {
    match value {
        Json::Null => "null".into(),
        Json::Truth(value) => value.to_string(),
        Json::Number(token) => token.clone(),
        Json::Text(text) => serde_json::to_string(text).unwrap(),
        Json::List(items) => format!("[{}]", items.iter().map(json_text).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{key:?} : {}", json_text(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

/// Sign, digits and power of ten of the last of them: what makes two spellings one number.
fn digits(text: &str) -> (bool, String, i64) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let unsigned = mantissa.trim_start_matches(['-', '+']);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = format!("{whole}{fraction}");
    let kept = all.trim_end_matches('0');
    let power = exponent.parse::<i64>().unwrap() - fraction.len() as i64 + (all.len() - kept.len()) as i64;
    match kept.trim_start_matches('0') {
        "" => (false, String::new(), 0),
        kept => (text.starts_with('-'), kept.into(), power),
    }
}

/// Whether a row of an array is this value, be it as text.
fn is_json(value: &Json, array: &dyn Array, row: usize) -> bool {
    if matches!(value, Json::Null) || array.is_null(row) {
        return matches!(value, Json::Null) && array.is_null(row);
    }
    match (array.data_type(), value) {
        (DataType::Utf8, Json::Text(text)) => array.as_string::<i32>().value(row) == text,
        (DataType::Utf8, value) => array.as_string::<i32>().value(row) == json_text(value),
        (DataType::Boolean, Json::Truth(value)) => array.as_boolean().value(row) == *value,
        (DataType::Float64, Json::Number(token)) => {
            digits(&format!("{:e}", array.as_primitive::<Float64Type>().value(row))) == digits(token)
        }
        (DataType::Int64 | DataType::Decimal128(..), Json::Number(token)) => {
            digits(&array_value_to_string(array, row).unwrap()) == digits(token)
        }
        (DataType::List(_), Json::List(items)) => {
            let list = array.as_list::<i32>().value(row);
            list.len() == items.len() && items.iter().enumerate().all(|(place, item)| is_json(item, &list, place))
        }
        (DataType::Struct(fields), Json::Object(members)) => fields.iter().all(|field| {
            let member = members.iter().find(|(key, _)| key.to_lowercase() == *field.name());
            let column = array.as_struct().column_by_name(field.name()).unwrap();
            is_json(member.map_or(&Json::Null, |(_, value)| value), column, row)
        }),
        _ => false,
    }
}

async fn compare_with_json(columns: Vec<Vec<Json>>, in_array: bool) -> Result<(), TestCaseError> {
    let rows: Vec<_> = (0..columns[0].len())
        .map(|row| {
            let members =
                columns.iter().enumerate().map(|(at, values)| format!("\"c{at}\": {}", json_text(&values[row])));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        })
        .collect();
    let text = if in_array { format!("[{}]", rows.join(",")) } else { rows.join("\n") };
    let mut bench = Bench::new();
    let landing = bench.landed(&json(bench.file("any.json", &text), None)).await;
    let read = bench.batch(&landing, "SELECT * FROM t").await;
    for (at, values) in columns.iter().enumerate() {
        let array = read.column_by_name(&format!("c{at}")).unwrap();
        for (row, value) in values.iter().enumerate() {
            let shown = array_value_to_string(array, row);
            prop_assert!(is_json(value, array, row), "{value:?} is {shown:?} as {}", array.data_type());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn json_is_read_as_it_is(columns in prop::collection::vec(json_column(), 1..4), in_array in any::<bool>()) {
        waited(compare_with_json(columns, in_array))?;
    }
}
