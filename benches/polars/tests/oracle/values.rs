//! Values of every kind, and partitions named after odd ones, come back as they were received.

use std::fs;
use std::path::Path;

use beside_polars::lake::{self, record};
use beside_polars::program::Project;
use beside_polars::rows;
use polars::prelude::*;

use crate::program;

/// What partitions are named after; `null` stands for none.
const LABELS: [&str; 25] = [
    "null",
    r#""men's clothing""#,
    r#""a/b""#,
    r#""50%""#,
    r#""%41""#,
    r#""x=y:z""#,
    r#""ñandú""#,
    r#""n\u0303andu\u0301""#,
    r#""👩🏽\u200d🚀""#,
    r#""{[^]}""#,
    r#""a b""#,
    r#"" a ""#,
    r#"" ""#,
    r#"".""#,
    r#""..a.""#,
    r#""\\""#,
    r#""\"q\"""#,
    r##""#1""##,
    r#""*?""#,
    r#""<a>|""#,
    r#""a+b&c;d,e""#,
    r#""\t\n""#,
    r#""\u0001\u001f\u007f""#,
    r#""\u00a0\u2028""#,
    r#""007""#,
];
const DAYS: [&str; 3] = ["null", r#""2025-12-31""#, r#""1969-07-20""#];
const NUMBERS: [&str; 3] = ["null", "-7", "7"];
const AMOUNTS: [&str; 4] = ["null", r#""0.000001""#, r#""-12345678901234.567891""#, r#""99999999999999.999999""#];
const TIMES: [&str; 4] =
    ["null", r#""1969-12-31 23:59:59.999999""#, r#""2025-03-30 01:30:00""#, r#""9999-12-31 00:00:00.5""#];
const RATIOS: [&str; 5] = ["null", "-0.1", "1e300", "5e-324", "0.30000000000000004"];
const FLAGS: [&str; 3] = ["null", "true", "false"];
const TAGS: [&str; 4] = ["null", "[]", r#"["a",null]"#, r#"["","b"]"#];
const PLACES: [&str; 3] = ["null", r#"{"city":"Bern","zip":null}"#, r#"{"city":null,"zip":3000}"#];

/// All labels, days and numbers with each other; of the other values each row has some.
fn landed() -> String {
    let mut rows = String::new();
    for (id, (label, rest)) in LABELS.iter().flat_map(|label| (0..9).map(move |rest| (label, rest))).enumerate() {
        let (day, number) = (DAYS[rest / 3], NUMBERS[rest % 3]);
        let (amount, time, ratio) = (AMOUNTS[id % 4], TIMES[id / 2 % 4], RATIOS[id % 5]);
        let (flag, tags, place) = (FLAGS[id % 3], TAGS[id / 3 % 4], PLACES[id / 4 % 3]);
        rows += &format!(
            r#"{{"id":{id},"label":{label},"day":{day},"number":{number},"amount":{amount},"time":{time},"ratio":{ratio},"flag":{flag},"tags":{tags},"place":{place}}}"#
        );
        rows.push('\n');
    }
    rows
}

const TYPED: &str = "/* trapiche
partition_by: [label, day]
*/
SELECT id, label, CAST(day AS date) AS day, number, CAST(amount AS decimal(20, 6)) AS amount, CAST(time AS timestamp) AS time, ratio,
  flag, tags, place
FROM raw.odd";

#[test]
fn values_and_partitions_of_every_kind_come_back() {
    let Some(program) = program() else { return };
    let project = Project::of(&[
        (
            "trapiche.yml",
            "name: odd\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { odd: { url: \"file://./odd.ndjson\", format: json } }\n",
        ),
        ("odd.ndjson", &landed()),
        ("queries/trusted/by_label_and_day.sql", TYPED),
        (
            "queries/refined/by_number_and_label.sql",
            "/* trapiche\npartition_by: [number, label]\n*/\nSELECT * FROM trusted.by_label_and_day",
        ),
        (
            "queries/refined/by_amount_and_flag.sql",
            "/* trapiche\npartition_by: [amount, flag]\n*/\nSELECT * FROM trusted.by_label_and_day",
        ),
        ("queries/refined/flat.sql", "SELECT * FROM trusted.by_label_and_day"),
    ]);
    project.run(&program);
    let lake = project.path("lake");
    let expected = typed(&lake).unwrap();
    assert_eq!(expected.clone().collect().unwrap().height(), LABELS.len() * DAYS.len() * NUMBERS.len());
    for (table, partition_by) in [
        ("trusted/by_label_and_day", &[("label", DataType::String), ("day", DataType::Date)][..]),
        ("refined/by_number_and_label", &[("number", DataType::Int64), ("label", DataType::String)]),
        ("refined/by_amount_and_flag", &[("amount", DataType::Decimal(20, 6)), ("flag", DataType::Boolean)]),
        ("refined/flat", &[]),
    ] {
        let found = || lake::table(&lake.join(table), partition_by).unwrap();
        assert_eq!(rows::difference(found(), expected.clone()).unwrap(), None, "{table}");
        // A judge that always nods is none.
        for name in ["label", "day", "number", "amount", "time", "ratio", "flag", "tags", "place"] {
            let wrong = when(col("id").eq(lit(0))).then(col(name).drop_nulls().first()).otherwise(col(name));
            let other = expected.clone().with_column(wrong.alias(name));
            assert!(rows::difference(found(), other).unwrap().is_some(), "{table}: {name}");
        }
    }

    fs::remove_dir_all(lake.join("trusted/by_label_and_day/label=a%2Fb/day=2025-12-31")).unwrap();
    let partition_by = [("label", DataType::String), ("day", DataType::Date)];
    let found = lake::table(&lake.join("trusted/by_label_and_day"), &partition_by).unwrap();
    assert_eq!(rows::difference(found, expected).unwrap().as_deref(), Some("222 rows, not 225"));
}

/// The query in the words of Polars, of what landed.
fn typed(lake: &Path) -> PolarsResult<LazyFrame> {
    let text = DataType::String;
    let place = record(&[("city", text.clone()), ("zip", DataType::Int64)]);
    let odd = lake::landed_json(
        lake,
        "odd",
        &[
            ("id", DataType::Int64),
            ("label", text.clone()),
            ("day", text.clone()),
            ("number", DataType::Int64),
            ("amount", text.clone()),
            ("time", text.clone()),
            ("ratio", DataType::Float64),
            ("flag", DataType::Boolean),
            ("tags", DataType::List(Box::new(text))),
            ("place", place),
        ],
    )?;
    let format = |format: &str| StrptimeOptions { format: Some(format.into()), ..StrptimeOptions::default() };
    let time = format("%Y-%m-%d %H:%M:%S%.f");
    // As tables have them: UTC without a zone.
    let time = col("time").str().to_datetime(Some(TimeUnit::Microseconds), None, time, lit("raise"));
    Ok(odd.with_columns([
        col("day").str().to_date(format("%Y-%m-%d")),
        col("amount").strict_cast(DataType::Decimal(20, 6)),
        time,
    ]))
}
