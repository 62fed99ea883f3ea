//! What runs here and not on Spark is noted by `validate`, and keeps nothing from being made.

use crate::workbench::Workbench;

#[test]
fn functions_that_spark_does_not_have_are_noted_at_their_places() {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: kiosk\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { sales: { url: \"file://./sales.csv\", columns: { n: bigint } } }\n",
        ),
        ("sales.csv", "item,n\napple,12\n"),
        ("queries/trusted/sales.sql", "SELECT upper(item) AS item,\n  gcd(n, 8) AS n\nFROM raw.sales\n"),
    ]);
    let answer = bench.trapiche(&["validate"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let note =
        "note: Spark has no function `gcd`: this query runs here, and not there\n --> queries/trusted/sales.sql:2:3\n";
    assert!(answer.stderr.contains(note), "{}", answer.stderr);
    assert_eq!(answer.stderr.matches("Spark has no function").count(), 1, "{}", answer.stderr);
    let record = bench.trapiche(&["validate", "--log", "json"]).stderr;
    assert!(record.starts_with(r#"{"level":"info","message":"Spark has no function `gcd`"#), "{record}");
    let answer = bench.trapiche(&["run"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(bench.trapiche(&["query", "-o", "csv", "SELECT n FROM trusted.sales"]).stdout, "n\n4\n");
}
