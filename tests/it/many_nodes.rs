//! The same project on one machine and on many: the same rows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::nodes::{Driver, Manner, Nodes, compute_here, compute_on, get, post, set_engine, until};
use crate::other_project::penguins;
use crate::workbench::{Workbench, files_below, free_port};

/// Rows by table, as `Workbench::lake_content` gives them.
pub type Content = BTreeMap<String, Vec<String>>;

#[test]
fn the_demo_has_the_same_rows_on_any_number_of_nodes() {
    let local = Workbench::demo();
    local.run(&[]);
    let expected = local.lake_content();
    let nodes = Nodes::start(4);
    for count in [1, 2, 4] {
        let bench = Workbench::demo();
        let used: Vec<&str> = nodes.all[..count].iter().map(|node| node.address.as_str()).collect();
        compute_on(&bench, &used.join(","), "");
        let report = bench.run(&["--threads", "1"]);
        assert_same(&bench.lake_content(), &expected);
        assert_eq!(rows_by_dataset(&report).len(), 16);
        let writers = workers_that_wrote(&bench, "trusted/sales");
        assert!(count == 1 || writers.len() > 1, "{count} nodes, written by {writers:?}");
        let seconds = report["seconds"].as_f64().unwrap();
        println!("{count} nodes: {seconds:.1} s, `trusted.sales` was written by workers {writers:?}");
        let again = bench.run(&[]);
        assert!(again["datasets"].as_array().unwrap().iter().all(|dataset| dataset["status"] == "unchanged"));
    }
    assert_eq!(nodes.end(), Vec::<u32>::new());
}

#[test]
fn csv_and_nested_json_have_the_same_rows_on_nodes() {
    let local = penguins();
    local.run(&[]);
    let nodes = Nodes::start(2);
    let bench = penguins();
    compute_on(&bench, &nodes.list(), "");
    bench.run(&[]);
    assert_same(&bench.lake_content(), &local.lake_content());
    assert_eq!(bench.query("SELECT id, _errors FROM quarantine.trusted_quakes").len(), 1);
}

#[test]
fn a_node_says_how_it_is() {
    let nodes = Nodes::with(1, &Manner { token: Some("a-token-of-tests"), ..Manner::default() });
    let node = &nodes.all[0];
    let (code, health) = get(&node.address, "/health", None).unwrap();
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!((code, &health["state"]), (200, &json!("ready")));
    let (code, metrics) = get(&node.address, "/metrics", None).unwrap();
    assert_eq!(code, 200);
    let gauges: BTreeMap<&str, f64> = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect();
    assert_eq!((gauges["trapiche_node_ready"], gauges["trapiche_node_leased"]), (1.0, 0.0));
    assert_eq!(gauges["trapiche_node_memory_limit_bytes"], 3e8);
    assert!(gauges["trapiche_node_resident_bytes"] > 1e6, "{gauges:?}");
    // All else is for those who know the token.
    assert_eq!(get(&node.address, "/v1/node", None).unwrap().0, 401);
    assert_eq!((&node.status()["threads"], &node.status()["state"]), (&json!(1), &json!("ready")));
}

#[test]
fn the_command_line_names_nodes_and_nodes_register_by_themselves() {
    let local = penguins();
    local.run(&[]);
    let expected = local.lake_content();

    let nodes = Nodes::start(2);
    let bench = penguins();
    // What the target says of its engine holds for the nodes that are named.
    compute_on(&bench, "127.0.0.1:9", "wait: 5s");
    bench.run(&["--workers", &nodes.list()]);
    assert_same(&bench.lake_content(), &expected);
    let refused = bench.trapiche(&["run", "--workers", "somewhere"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("`somewhere` is no `host:port`"), "{}", refused.stderr);

    let listen = format!("127.0.0.1:{}", free_port());
    let bench = penguins();
    set_engine(&bench, &format!("{{ listen: \"{listen}\", at_least: 2, wait: 20s, local_below: \"0\" }}"));
    let coming = Nodes::with(2, &Manner { more: vec!["--driver".into(), listen], ..Manner::default() });
    bench.run(&[]);
    assert_same(&bench.lake_content(), &expected);
    drop(coming);
}

#[test]
fn a_node_works_for_one_driver_at_a_time() {
    let nodes = Nodes::start(1);
    let bench = penguins();
    compute_on(&bench, &nodes.list(), "wait: 2s");
    bench.run(&[]);
    lease(&nodes.all[0].address, "another-run/trusted.sales/0");
    let (answer, _) = Driver::begin(&bench, &["run", "--full-refresh", "trusted.penguins"]).ends();
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert!(said.contains("it works for `another-run/trusted.sales/0`"), "{said}");
    assert!(said.contains("0 of 1 workers are there after 2 s"), "{said}");
    // Who is not heard of any more does not keep it.
    until("the lease runs out", || nodes.all[0].holder().is_empty());
    // Two runs take turns.
    let other = penguins();
    compute_on(&other, &nodes.list(), "wait: 60s");
    compute_on(&bench, &nodes.list(), "wait: 60s");
    let runs = [Driver::begin(&bench, &["run", "--full-refresh", "trusted.*"]), Driver::begin(&other, &["run"])];
    for run in runs {
        let (answer, _) = run.ends();
        assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    }
    assert_same(&bench.lake_content(), &other.lake_content());
}

#[test]
fn a_query_is_answered_by_nodes() {
    let nodes = Nodes::start(2);
    let bench = penguins();
    bench.run(&[]);
    compute_on(&bench, &nodes.list(), "");
    let sql = "SELECT place, count(*) AS n, sum(mag) AS mag FROM trusted.quakes GROUP BY place ORDER BY place";
    let distributed = bench.query(sql);
    until("the nodes are free", || nodes.all.iter().all(|node| node.is_free()));
    let plan = bench.trapiche(&["query", "-o", "csv", &format!("EXPLAIN ANALYZE {sql}")]).stdout;
    assert!(plan.contains("NetworkShuffleExec"), "{plan}");
    compute_here(&bench);
    assert_eq!(distributed, bench.query(sql));
}

#[test]
fn what_workers_would_answer_otherwise_is_computed_here() {
    let nodes = Nodes::start(2);
    let bench = penguins();
    bench.run(&[]);
    let without_nulls = "SELECT id, last_value(mag) IGNORE NULLS OVER (PARTITION BY place ORDER BY id) AS x FROM trusted.quakes ORDER BY id";
    let here = bench.query(without_nulls);
    assert!(here.len() > 1);
    let histogram = "SELECT histogram_numeric(mag, 2) AS h FROM trusted.quakes";
    let bins = bench.query(histogram);
    // The filter makes the column constant, so that nothing is sorted by it.
    let constant = "SELECT id, sum(mag) OVER (PARTITION BY place ORDER BY id) AS x FROM trusted.quakes WHERE place = '50%' ORDER BY id";
    let of_one = bench
        .query("SELECT id, row_number() OVER (PARTITION BY id ORDER BY mag) AS n FROM trusted.quakes WHERE id = 'a'");
    let ids = "WITH RECURSIVE up(id) AS (SELECT min(id) FROM trusted.quakes UNION ALL SELECT q.id FROM trusted.quakes AS q JOIN up ON q.id > up.id) SELECT count(*) AS n FROM up";
    let (sums, rounds) = (bench.query(constant), bench.query(ids));
    compute_on(&bench, &nodes.list(), "");
    assert_eq!(bench.query(without_nulls), here);
    let several = "SELECT (SELECT max(mag) FROM trusted.quakes GROUP BY place LIMIT 2) AS x";
    let answer = bench.trapiche(&["query", several]);
    assert!(answer.code == 1 || answer.code == 2, "{}", answer.stdout);
    assert!(answer.stderr.contains("[SCALAR_SUBQUERY_TOO_MANY_ROWS]"), "{}", answer.stderr);
    assert_eq!(bench.query(histogram), bins);
    assert_eq!(bench.query(constant), sums);
    assert_eq!(bench.query(ids), rounds);
    assert_eq!(
        bench.query(
            "SELECT id, row_number() OVER (PARTITION BY id ORDER BY mag) AS n FROM trusted.quakes WHERE id = 'a'"
        ),
        of_one
    );
    assert_eq!(bench.query("SELECT (SELECT max(mag) FROM trusted.quakes) AS x").len(), 1);
}

/// The same rows; numbers of tables made by k-means may differ in their last digit.
pub fn assert_same(content: &Content, expected: &Content) {
    assert_eq!(content.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (table, rows) in content {
        let same = if table.contains("segments") { nearly } else { |a: &str, b: &str| a == b };
        assert_eq!(rows.len(), expected[table].len(), "{table}");
        for (row, expected) in rows.iter().zip(&expected[table]) {
            assert!(same(row, expected), "{table}\n{row}\n{expected}");
        }
    }
}

/// Equal words, and numbers within 1e-12.
fn nearly(row: &str, expected: &str) -> bool {
    let words = || row.split(' ').zip(expected.split(' '));
    row.split(' ').count() == expected.split(' ').count()
        && words().all(|(a, b)| match (number(a), number(b)) {
            (Some((a_name, a)), Some((b_name, b))) => a_name == b_name && (a - b).abs() <= 1e-12 * b.abs().max(1.0),
            _ => a == b,
        })
}

fn number(word: &str) -> Option<(&str, f64)> {
    let (name, value) = word.split_once('=')?;
    if value.contains('.') { Some((name, value.parse().ok()?)) } else { None }
}

fn rows_by_dataset(report: &Value) -> BTreeMap<String, u64> {
    let datasets = report["datasets"].as_array().unwrap().iter();
    datasets
        .map(|dataset| (dataset["dataset"].as_str().unwrap().to_string(), dataset["rows_out"].as_u64().unwrap()))
        .collect()
}

/// From `part-<run>-<task>-<n>.parquet`. With one thread a worker has two tasks, numbered one after the other.
fn workers_that_wrote(bench: &Workbench, table: &str) -> BTreeSet<u32> {
    let files = files_below(&bench.path(&format!("lake/{table}")));
    files.iter().map(|file| file.rsplit('-').nth(1).unwrap().parse::<u32>().unwrap() / 2).collect()
}

/// Takes a node as a driver does, and is not heard of again.
fn lease(address: &str, holder: &str) {
    let lake = json!({ "url": format!("file://{}", std::env::temp_dir().display()), "endpoint": null, "region": null });
    let (code, answer) = post(address, "/v1/lease", &json!({ "holder": holder, "lake": lake }).to_string());
    assert_eq!(code, 200, "{answer}");
}
