//! A filter leaves out what cannot match, and nothing else: a table of 301 partitions beside the same rows in one file.

use serde_json::Value;

use crate::workbench::Workbench;

/// Ten rows in each of 300 partitions from -100 to 199, and ten in that of null.
fn bench() -> Workbench {
    let mut csv = "id,day,name,price\n".to_string();
    for id in 0..3_010 {
        let day = if id < 3_000 { (id / 10 - 100).to_string() } else { String::new() };
        let price = if id % 7 == 0 { String::new() } else { format!("{}.5", id % 1000) };
        csv.push_str(&format!("{id},{day},name {id:05},{price}\n"));
    }
    let columns = "CAST(id AS bigint) AS id, name, CAST(price AS decimal(9,2)) AS price, CAST(day AS int) AS day";
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: pruning\ntargets:\n  here: { storage: \"file://./lake\" }\nsources:\n  rows: { url: \"file://./rows.csv\" }\n",
        ),
        ("rows.csv", &csv),
        ("queries/trusted/flat.sql", &format!("SELECT {columns} FROM raw.rows\n")),
        (
            "queries/trusted/by_day.sql",
            &format!("/* trapiche\npartition_by: [day]\n*/\nSELECT {columns} FROM raw.rows\n"),
        ),
    ]);
    bench.run(&[]);
    bench
}

#[test]
fn a_filter_leaves_out_what_cannot_match_and_nothing_else() {
    let bench = bench();
    let filters = [
        "true",
        "day = 9",
        "day < -99",
        "day >= 10 AND day < 100",
        "day IN (-5, 5, 500)",
        "day IS NULL",
        "day IS NOT NULL",
        "day IS NULL OR day = 150",
        "day % 50 = 0",
        "NOT (day = 9)",
        "CAST(day AS string) = '10'",
        "CAST(day AS string) LIKE '1%'",
        "id = 1234",
        "id > 2990 AND name < 'name 02995'",
        "name = 'name 00042'",
        "name LIKE 'name 004%'",
        "price IS NULL",
        "price >= 999.5",
        "price < 0",
        "day > 100 AND id < 2050",
        "id = 42 OR day = 42",
        "length(name) = 10 AND day = -100",
    ];
    let counts = filters.iter().enumerate().map(|(i, filter)| {
        let rows = ["by_day", "flat"].map(|table| format!("(SELECT count(*) FROM trusted.{table} WHERE {filter})"));
        format!("SELECT {i} AS i, {} AS by_day, {} AS flat", rows[0], rows[1])
    });
    let counts = bench.query(&format!("{} ORDER BY i", counts.collect::<Vec<_>>().join(" UNION ALL ")));
    assert_eq!(counts[0]["flat"], 3_010);
    for (filter, counts) in filters.iter().zip(counts) {
        assert_eq!(counts["by_day"], counts["flat"], "{filter}");
    }

    let scanned = |filter: &str| {
        let plan = bench.query(&format!("EXPLAIN SELECT id FROM trusted.by_day WHERE {filter}"));
        plan.iter().map(Value::to_string).collect::<String>().matches(".parquet").count()
    };
    assert_eq!(scanned("day = 9"), 1);
    assert_eq!(scanned("id = 1234"), 1);
    assert_eq!(scanned("name LIKE 'name 0004%'"), 1);
    assert_eq!(scanned("id BETWEEN 95 AND 104"), 2);
    assert_eq!(scanned("price < 0"), 0);
}

#[test]
fn a_filter_on_partitions_reads_no_node_that_it_can_leave_out() {
    let bench = bench();
    let nodes: Vec<String> = bench.lake_files().into_iter().filter(|file| file.contains("by_day/nodes/")).collect();
    assert_eq!(nodes.len(), 3, "301 files");
    // The last node has the highest days: without it, they are not to be read, and the others are.
    std::fs::remove_file(bench.path(&format!("lake/{}", nodes[2]))).unwrap();
    let rows = bench.query("SELECT count(*) AS rows FROM trusted.by_day WHERE day < 50");
    assert_eq!(rows[0]["rows"], 1_500);
    let answer = bench.trapiche(&["query", "SELECT count(*) FROM trusted.by_day WHERE day = 199"]);
    assert_eq!(answer.code, 1);
    assert!(answer.stderr.contains(&nodes[2]) && answer.stderr.contains("ask again"), "{}", answer.stderr);
}

#[test]
fn a_filter_that_leaves_no_file_is_no_error_in_a_join() {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: days\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { days: { url: \"file://./days.csv\" } }\n",
        ),
        ("days.csv", "day,n\nmon,1\ntue,2\n"),
        ("queries/trusted/days.sql", "/* trapiche\npartition_by: [day]\n*/ SELECT n, day FROM raw.days"),
        ("queries/trusted/all_days.sql", "SELECT n, day FROM raw.days"),
    ]);
    bench.run(&[]);
    let sql = "SELECT a.n, d.day FROM trusted.all_days AS a LEFT JOIN trusted.days AS d ON d.n = a.n AND d.day = 'sun'";
    let rows = bench.query(&format!("{sql} ORDER BY a.n"));
    assert_eq!(serde_json::json!(rows), serde_json::json!([{ "n": "1", "day": null }, { "n": "2", "day": null }]));
}
