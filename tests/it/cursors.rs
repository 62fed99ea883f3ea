//! Cursors from outside: an API that is asked for what is new, windows, states, and columns that come and go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::get;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::workbench::{Workbench, files_below};

/// An API with tickets, and what it was asked with.
#[derive(Clone, Default)]
struct Desk {
    tickets: Arc<Mutex<Vec<Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    /// Answers as long as the tests run.
    fn open() -> (String, Desk) {
        let desk = Desk::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/tickets", get(tickets)).with_state(desk.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await
            })
        });
        (url, desk)
    }

    fn put(&self, tickets: &[Value]) {
        self.tickets.lock().unwrap().extend_from_slice(tickets);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Two a page, and those that have changed since, also in that very second. One of a later second is on two pages.
async fn tickets(State(desk): State<Desk>, Query(parameters): Query<BTreeMap<String, String>>) -> Json<Value> {
    let since = parameters.get("since").cloned().unwrap_or_default();
    let page: usize = parameters.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    if page == 1 {
        desk.asked.lock().unwrap().push(since.clone());
    }
    let all = desk.tickets.lock().unwrap().clone();
    let is_new = |ticket: &&Value| ticket["meta"]["changed"].as_str().is_none_or(|changed| changed >= since.as_str());
    let found: Vec<&Value> = all.iter().filter(is_new).collect();
    Json(json!(found.chunks(2).nth(page - 1).unwrap_or_default()))
}

fn ticket(id: u64, changed: &str, title: Value) -> Value {
    json!({ "id": id, "meta": { "changed": changed }, "title": title })
}

fn of_desk(url: &str, cursor: &str) -> Workbench {
    let settings = format!(
        "name: desk\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nconnections: {{ desk: {{ rest: \"{url}\" }} }}\nsources:\n  tickets: {{ from: desk, path: /tickets, paginate: {{ page: page, limit: limit, size: 2 }}, key: [id], cursor: {{ column: meta.changed, param: since{cursor} }} }}\n"
    );
    Workbench::of(&[
        ("trapiche.yml", &settings),
        ("queries/trusted/tickets.sql", "SELECT id, meta.changed AS changed, title FROM raw.tickets"),
    ])
}

/// `id title` of all tickets.
fn titles(bench: &Workbench) -> Vec<String> {
    let rows = bench.query("SELECT id, CAST(title AS string) AS title FROM raw.tickets ORDER BY id");
    rows.iter().map(|row| format!("{} {}", row["id"], row["title"].as_str().unwrap_or("null"))).collect()
}

fn status(report: &Value) -> Vec<&str> {
    report["datasets"].as_array().unwrap().iter().map(|dataset| dataset["status"].as_str().unwrap()).collect()
}

fn why(report: &Value) -> &str {
    report["datasets"][0]["why"].as_str().unwrap_or_default()
}

#[test]
fn an_api_is_asked_for_what_is_new() {
    let (url, desk) = Desk::open();
    let bench = of_desk(&url, ", lag: 1h");
    desk.put(&[
        ticket(1, "2026-01-01T10:00:00Z", json!(null)),
        ticket(2, "2026-01-01T12:00:00Z", json!(null)),
        ticket(3, "2026-01-01T12:00:00Z", json!(null)),
    ]);
    bench.run(&[]);
    assert_eq!(titles(&bench), ["1 null", "2 null", "3 null"]);
    let before = bench.lake_files();
    let again = bench.run(&[]);
    assert_eq!(status(&again), ["unchanged", "unchanged"]);
    assert!(why(&again).starts_with("nothing new: `meta.changed` from 2026-01-01T11:00:00Z on"), "{again}");
    let raw = |files: Vec<String>| files.into_iter().filter(|file| file.starts_with("raw/")).collect::<Vec<_>>();
    assert_eq!(raw(bench.lake_files()), raw(before));
    assert_eq!(desk.asked(), ["", "2026-01-01T11:00:00Z"]);

    // A tie, a late one, a changed one that is there twice, and a title that makes a number of a column without any.
    desk.put(&[
        ticket(4, "2026-01-01T12:00:00Z", json!(7)),
        ticket(5, "2026-01-01T11:30:00Z", json!(8)),
        ticket(2, "2026-01-01T13:00:00Z", json!(9)),
        ticket(2, "2026-01-01T13:00:00Z", json!(10)),
        ticket(6, "2026-01-01T13:00:00+01:00", json!(11)),
    ]);
    let report = bench.run(&[]);
    assert!(why(&report).contains("7 rows, 5 of them new"), "{report}");
    assert_eq!(titles(&bench), ["1 null", "2 10", "3 null", "4 7", "5 8", "6 11"]);
    let types = bench.query("SELECT DISTINCT typeof(title) AS t FROM raw.tickets");
    assert_eq!(types, [json!({ "t": "bigint" })]);
    assert_eq!(status(&bench.run(&[])), ["unchanged", "unchanged"]);
    desk.put(&[ticket(7, "2026-01-01T14:00:00Z", json!("seven"))]);
    bench.run(&[]);
    assert_eq!(titles(&bench), ["1 null", "2 10", "3 null", "4 7", "5 8", "6 11", "7 seven"]);
    assert_eq!(desk.asked().last().unwrap(), "2026-01-01T12:00:00Z");

    let whole = of_desk(&url, "");
    whole.run(&[]);
    assert_eq!(titles(&whole), titles(&bench));
}

#[test]
fn a_row_of_an_api_must_have_its_key_and_a_value_of_one_kind() {
    let (url, desk) = Desk::open();
    let bench = of_desk(&url, "");
    desk.put(&[ticket(1, "2026-01-01", json!("a"))]);
    bench.run(&[]);
    let fails = |ticket: Value| {
        desk.put(&[ticket]);
        let answer = bench.trapiche(&["run", "raw.tickets"]);
        desk.tickets.lock().unwrap().pop();
        assert_eq!(answer.code, 1, "{}", answer.stdout);
        answer.stdout
    };
    let words = fails(json!({ "meta": { "changed": "2026-01-02" } }));
    assert!(words.contains("a row has no `id`, by which a newer row replaces it"), "{words}");
    let words = fails(json!({ "id": 2, "meta": { "changed": "soon" } }));
    assert!(words.contains("`meta.changed` is `soon` in a row, which cannot be compared"), "{words}");
    assert_eq!(titles(&bench), ["1 a"]);
}

#[test]
fn what_a_cursor_needs_is_told_before_anything_runs() {
    let bench = |sources: &str| {
        Workbench::of(&[(
            "trapiche.yml",
            &format!(
                "name: x\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nconnections:\n  shop: {{ database: \"sqlite://./shop.db\" }}\n  desk: {{ rest: \"http://127.0.0.1:9\" }}\nsources:\n{sources}"
            ),
        )])
    };
    for (source, fault) in [
        ("a: { from: shop, table: t, cursor: at }", "`key` is missing"),
        ("a: { from: shop, table: t, key: [id] }", "`key` belongs to `cursor`"),
        ("a: { from: shop, table: t, deletes: detect }", "`deletes` belongs to `cursor`"),
        ("a: { from: shop, table: t, cursor: v, key: [id], deletes: find }", "unknown value `find`"),
        (
            "a: { from: desk, path: /a, cursor: { column: v, param: since }, key: [id], deletes: detect }",
            "`deletes` does not belong to a source of a `rest` connection",
        ),
        ("a: { from: shop, table: t, key: [id], cursor: { column: at, param: x } }", "`param` is of APIs"),
        ("a: { from: shop, table: t, key: [id], cursor: { column: at, lag: -1 } }", "`lag` is neither a time nor"),
        ("a: { from: shop, table: t, key: [id], cursor: { colum: at } }", "unknown key `colum`"),
        ("a: { from: shop, table: t, key: [id], select: [id], cursor: at }", "`at` is not among the columns"),
        ("a: { from: desk, path: /t, key: [id], cursor: at }", "`param` is missing"),
        ("a: { from: desk, path: /t, key: [id], drop: [id], cursor: { column: at, param: s } }", "cannot be dropped"),
        ("a: { url: \"file://./a.csv\", key: [id], cursor: at }", "`cursor` does not belong to a CSV file"),
    ] {
        let answer = bench(&format!("  {source}\n")).trapiche(&["validate"]);
        assert_eq!(answer.code, 2, "{source}: {}", answer.stderr);
        assert!(answer.stderr.contains(fault), "{source}: {}", answer.stderr);
    }
    let sound =
        bench("  a: { from: shop, table: t, cursor: { column: at, lag: 2d, start: 2026-01-01 }, key: [id, n] }\n");
    assert_eq!(sound.trapiche(&["validate"]).code, 0);
}

/// A project with a table `t` of SQLite.
fn shop(settings: &str) -> (Workbench, impl Fn(&str)) {
    let text = format!(
        "name: shop\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nconnections: {{ shop: {{ database: \"sqlite://./shop.db\" }} }}\nsources:\n  t: {{ from: shop, table: t, key: [id], {settings} }}\n"
    );
    let bench = Workbench::of(&[("trapiche.yml", &text)]);
    let url = format!("sqlite://{}", bench.path("shop.db").display());
    let execute = move |sql: &str| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true);
            let mut connection: SqliteConnection = options.connect().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_string())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    };
    execute("CREATE TABLE t (id integer PRIMARY KEY, at integer, v text)");
    (bench, execute)
}

/// All rows of `raw.t`, as CSV without the header.
fn rows(bench: &Workbench) -> Vec<String> {
    let answer = bench.trapiche(&["query", "-o", "csv", "SELECT * FROM raw.t ORDER BY id"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.stdout.lines().skip(1).map(String::from).collect()
}

fn state(bench: &Workbench) -> Value {
    let answer = bench.trapiche(&["state", "show", "raw.t", "-o", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn a_window_is_a_landing_of_its_own_which_the_same_window_replaces() {
    let (bench, execute) = shop("cursor: { column: at, start: 100 }");
    execute("INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c'), (4, 100, 'd'), (5, 110, 'e')");
    bench.run(&[]);
    assert_eq!(rows(&bench), ["4,100,d", "5,110,e"]);
    let window = ["--from", "10", "--to", "30"];
    bench.run(&window);
    assert_eq!(rows(&bench), ["1,10,a", "2,20,b", "4,100,d", "5,110,e"]);
    assert_eq!(state(&bench)["cursor"]["reached"]["text"], "110");
    let listing = files_below(&bench.path("lake/raw"));
    assert_eq!(status(&bench.run(&window)), ["unchanged"]);
    assert_eq!(files_below(&bench.path("lake/raw")), listing);

    execute("UPDATE t SET v = 'B' WHERE id = 2; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (6, 25, 'f')");
    bench.run(&window);
    assert_eq!(rows(&bench), ["2,20,B", "4,100,d", "5,110,e", "6,25,f"]);
    let shown = state(&bench);
    assert_eq!(shown["live"].as_array().unwrap().len(), 2);
    assert_eq!((&shown["live"][1]["from"], &shown["live"][1]["before"]), (&json!("10"), &json!("30")));
    // The cursor goes on from where it was, and what a window has brought stays.
    execute("INSERT INTO t VALUES (7, 110, 'g'); UPDATE t SET at = 120, v = 'BB' WHERE id = 2");
    let report = bench.run(&[]);
    assert!(why(&report).contains("`at` from 110 on"), "{report}");
    assert_eq!(rows(&bench), ["2,120,BB", "4,100,d", "5,110,e", "6,25,f", "7,110,g"]);
    // All rows from the start on, and the window beside them.
    assert_eq!(bench.trapiche(&["state", "reset", "t"]).code, 0);
    bench.run(&[]);
    assert_eq!(state(&bench)["live"].as_array().unwrap().len(), 2);
    assert_eq!(rows(&bench), ["2,120,BB", "4,100,d", "5,110,e", "6,25,f", "7,110,g"]);
    bench.run(&["--full-refresh"]);
    assert_eq!(rows(&bench), ["2,120,BB", "4,100,d", "5,110,e", "7,110,g"]);

    let answer = bench.trapiche(&["run", "--from", "10"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    let answer = bench.trapiche(&["run", "--full-refresh", "--from", "1", "--to", "2"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
}

#[test]
fn a_state_is_shown_and_its_cursor_moved() {
    let (bench, execute) = shop("cursor: at");
    assert_eq!(bench.trapiche(&["state", "show", "t"]).code, 2);
    assert_eq!(bench.trapiche(&["state", "show", "u"]).code, 2);
    execute("INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b')");
    bench.run(&[]);
    let first = state(&bench);
    assert_eq!(first["cursor"]["reached"], json!({ "type": "bigint", "text": "20" }));
    let text = bench.trapiche(&["state", "show", "t"]).stdout;
    assert!(text.contains("raw.t") && text.contains("20 (bigint)") && text.contains("2 rows"), "{text}");

    // A row that is older than the cursor is not seen, until that goes back.
    execute("INSERT INTO t VALUES (3, 5, 'c')");
    assert_eq!(status(&bench.run(&[])), ["unchanged"]);
    let refused = bench.trapiche(&["state", "set", "t", "soon"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert_eq!(bench.trapiche(&["state", "set", "t", "5"]).code, 0);
    let moved = state(&bench);
    assert_eq!((&moved["live"], &moved["sequence"]), (&first["live"], &json!(2)));
    assert_eq!(rows(&bench), ["1,10,a", "2,20,b"]);
    bench.run(&[]);
    assert_eq!(rows(&bench), ["1,10,a", "2,20,b", "3,5,c"]);
    // Deleted rows go with all rows.
    execute("DELETE FROM t WHERE id = 1");
    assert_eq!(status(&bench.run(&[])), ["unchanged"]);
    assert_eq!(bench.trapiche(&["state", "reset", "t"]).code, 0);
    bench.run(&[]);
    assert_eq!(rows(&bench), ["2,20,b", "3,5,c"]);
    // The same rows once more: the cursor is back, and no table is made anew.
    assert_eq!(bench.trapiche(&["state", "reset", "t"]).code, 0);
    assert_eq!(status(&bench.run(&[])), ["unchanged"]);
    assert_eq!(state(&bench)["cursor"]["reached"]["text"], "20");
}

#[test]
fn columns_come_and_go_and_types_widen_or_are_refused() {
    let (bench, execute) = shop("cursor: at");
    execute("INSERT INTO t VALUES (1, 10, 'a')");
    bench.run(&[]);
    execute("ALTER TABLE t ADD COLUMN n decimal(5,1); INSERT INTO t VALUES (2, 20, 'b', 1.5)");
    bench.run(&[]);
    assert_eq!(rows(&bench), ["1,10,a,", "2,20,b,1.5"]);
    execute("ALTER TABLE t DROP COLUMN v; INSERT INTO t VALUES (3, 30, 2.5)");
    bench.run(&[]);
    // The second row came once more, without the column that is gone.
    assert_eq!(rows(&bench), ["1,10,a,", "2,20,,1.5", "3,30,,2.5"]);
    // A decimal that the declared type does not hold makes texts of all.
    execute("INSERT INTO t VALUES (4, 40, 2.25)");
    bench.run(&[]);
    assert_eq!(rows(&bench), ["1,10,a,", "2,20,,1.5", "3,30,,2.5", "4,40,,2.25"]);
}

#[test]
fn rows_without_a_key_or_with_one_twice_are_refused() {
    let (bench, execute) = shop("cursor: at");
    execute(
        "DROP TABLE t; CREATE TABLE t (id integer, at integer, v text); INSERT INTO t VALUES (1, 10, 'a'), (1, 10, 'b')",
    );
    let twice = bench.trapiche(&["run"]);
    assert_eq!(twice.code, 1);
    assert!(twice.stdout.contains("1 rows have the `id` of another row"), "{}", twice.stdout);
    execute("DELETE FROM t; INSERT INTO t VALUES (NULL, 10, 'a')");
    let without = bench.trapiche(&["run"]);
    assert!(without.stdout.contains("1 rows have no `id`"), "{}", without.stdout);
    execute("DELETE FROM t; INSERT INTO t VALUES (1, 10, 'a'), (2, 'soon', 'b')");
    let mixed = bench.trapiche(&["run"]);
    assert!(mixed.stdout.contains("`at` has values of the kind integer and text"), "{}", mixed.stdout);
    assert_eq!(files_below(&bench.path("lake/raw")), Vec::<String>::new());
}

#[test]
fn many_steps_end_in_a_capture_of_all_rows() {
    let (bench, execute) = shop("cursor: at, keep_landings: 2");
    execute("INSERT INTO t VALUES (1, 0, 'a'), (2, 0, 'b')");
    bench.run(&[]);
    execute("DELETE FROM t WHERE id = 2");
    let live = || {
        let folder = bench.path("lake/_trapiche/sources/t");
        let newest = files_below(&folder).pop().unwrap();
        let state: Value = serde_json::from_str(&std::fs::read_to_string(folder.join(newest)).unwrap()).unwrap();
        state["live"].as_array().unwrap().len()
    };
    for step in 1..=64 {
        assert_eq!(live(), step);
        execute(&format!("UPDATE t SET at = {step}, v = 'v{step}' WHERE id = 1"));
        bench.run(&[]);
    }
    assert_eq!(live(), 1);
    assert_eq!(rows(&bench), ["1,64,v64"]);
    // Those of the state before the last are kept.
    let landings =
        || files_below(&bench.path("lake/raw")).iter().filter(|file| file.ends_with("_landing.json")).count();
    assert_eq!(landings(), 65);
    assert_eq!(bench.trapiche(&["vacuum"]).code, 0);
    assert_eq!(landings(), 65);
    execute("UPDATE t SET at = 65 WHERE id = 1");
    bench.run(&[]);
    let dry = bench.trapiche(&["vacuum", "--dry-run"]);
    assert!(dry.stdout.contains("landing"), "{}", dry.stdout);
    assert_eq!(bench.trapiche(&["vacuum"]).code, 0);
    assert_eq!(landings(), 2);
    assert_eq!(rows(&bench), ["1,65,v64"]);
}
