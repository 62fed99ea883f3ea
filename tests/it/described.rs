//! What DESCRIBE and SHOW COLUMNS answer: PySpark 4.3's own answers, in its names of types.

use crate::workbench::Workbench;

#[test]
fn columns_are_described_with_the_names_of_types_that_sql_has() {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: d\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { days: { url: \"file://./days.csv\" } }\n",
        ),
        ("days.csv", "day,n\nmon,1\n"),
        ("queries/trusted/days.sql", "SELECT day, CAST(n AS decimal(12,2)) AS n, map(day, 1) AS m FROM raw.days"),
    ]);
    bench.run(&[]);
    let ask = |sql: &str| {
        let answer = bench.trapiche(&["query", "-o", "csv", sql]);
        assert_eq!(answer.code, 0, "{sql}: {}", answer.stderr);
        answer.stdout
    };
    let described = "col_name,data_type,comment\nday,string,\nn,\"decimal(12,2)\",\nm,\"map<string,int>\",\n";
    for sql in
        ["DESCRIBE trusted.days", "DESC trusted.days", "DESCRIBE TABLE trusted.days", "desc table `trusted`.days"]
    {
        assert_eq!(ask(sql), described, "{sql}");
    }
    assert_eq!(ask("SHOW COLUMNS IN trusted.days"), "col_name\nday\nn\nm\n");
    let of_query = "col_name,data_type,comment\na,int,\nb,string,\n";
    assert_eq!(ask("DESCRIBE (SELECT 1 AS a, 'x' AS b)"), of_query);
    assert_eq!(ask("DESCRIBE QUERY SELECT 1 AS a, 'x' AS b"), of_query);
    let view = "CREATE TEMPORARY VIEW v AS SELECT 1 AS a, array(1.5) AS b, named_struct('x', 1) AS c; DESCRIBE v";
    assert!(ask(view).ends_with("a,int,\nb,\"array<decimal(2,1)>\",\nc,struct<x:int>,\n"), "{}", ask(view));
    let unknown = bench.trapiche(&["query", "DESCRIBE trusted.dayz"]);
    assert!(unknown.code != 0 && unknown.stderr.contains("dayz"), "{}", unknown.stderr);
}
