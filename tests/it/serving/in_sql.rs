//! Questions in SQL, where they are allowed.

use serde_json::json;

use super::server::Server;
use crate::workbench::Workbench;

fn bench() -> Workbench {
    Workbench::of(&[
        (
            "trapiche.yml",
            "name: asked\ntargets: { here: { storage: \"file://./lake\" } }\nserve: { tables: [refined.people], hide: [refined.people.secret], most_rows: 10 }\n",
        ),
        (
            "queries/refined/people.sql",
            "SELECT id, CAST(id % 3 AS int) AS team, concat('s', id) AS secret FROM range(100)",
        ),
        ("queries/refined/salaries.sql", "SELECT 1 AS id"),
        ("queries/trusted/raw_people.sql", "SELECT 1 AS id"),
    ])
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn a_select_sees_what_is_shown_and_nothing_else() {
    let bench = bench();
    bench.run(&[]);
    let server = Server::start(&bench, &["--allow-sql"]);
    let get = |sql: &str| server.get(&format!("/sql?query={}", encoded(sql)));
    let posted = |sql: &str| server.ask("POST", "/sql", &[("Content-Type", "text/plain")], sql.as_bytes());

    let sql = "SELECT team, count(*) AS people FROM refined.people GROUP BY team ORDER BY team";
    let rows = json!([{ "team": 0, "people": 34 }, { "team": 1, "people": 33 }, { "team": 2, "people": 33 }]);
    assert_eq!(get(sql).json()["rows"], rows);
    assert_eq!(posted(sql).json()["rows"], rows);
    // Spark's SQL, and Spark's names of what is unnamed.
    let spark = get("SELECT year(DATE'2024-02-29'), 7 / 2 AS half").json();
    assert_eq!(spark, json!({ "rows": [{ "year(DATE '2024-02-29')": 2024, "half": 3.5 }], "has_more": false }));
    let all = get("SELECT * FROM refined.people ORDER BY id").json();
    assert_eq!((all["rows"].as_array().unwrap().len(), &all["has_more"]), (10, &json!(true)));
    assert_eq!(all["rows"][0], json!({ "id": 0, "team": 0 }));
    let csv = server.ask(
        "GET",
        &format!("/sql?limit=1&query={}", encoded("VALUES (1, 'a'), (2, 'b')")),
        &[("Accept", "text/csv")],
        b"",
    );
    assert_eq!(csv.text(), "col1,col2\n1,a\n");

    for (sql, word) in [
        ("SELECT secret FROM refined.people", "secret"),
        ("SELECT upper(p.secret) FROM refined.people p", "secret"),
        ("SELECT * FROM refined.salaries", "salaries"),
        ("SELECT * FROM trusted.raw_people", "raw_people"),
        ("SELECT * FROM quarantine.refined_people", "quarantine"),
        ("SELECT * FROM runs", "runs"),
        ("SELECT * FROM '/etc/passwd'", ""),
        ("SELECT * FROM csv.`/etc/passwd`", ""),
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("CREATE TEMPORARY VIEW v AS SELECT 1", "no SELECT"),
        ("SHOW TABLES", "no SELECT"),
        ("EXPLAIN SELECT 1", "no SELECT"),
        ("DROP TABLE refined.people", ""),
        ("INSERT INTO refined.people VALUES (1, 2, 'x')", ""),
        ("SET spark.sql.ansi.enabled = false", ""),
        ("SELEC 1", ""),
        ("SELECT prise FROM refined.people", "prise"),
        ("", "no statement"),
    ] {
        for refused in [get(sql), posted(sql)] {
            assert_eq!(refused.status, 400, "{sql}: {}", refused.text());
            assert!(refused.text().contains(word), "{sql}: {}", refused.text());
            assert!(!refused.text().contains(bench.path("").to_str().unwrap()), "{sql}: {}", refused.text());
        }
    }
    let divided = get("SELECT id / (id - id) FROM refined.people");
    assert_eq!(divided.status, 422, "{}", divided.text());
    assert!(divided.text().contains("[DIVIDE_BY_ZERO]"), "{}", divided.text());
    assert!(server.json("/openapi.json")["paths"]["/sql"]["post"].is_object());
}

#[test]
fn it_does_not_exist_unless_it_is_allowed() {
    let bench = bench();
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    assert_eq!(server.get("/sql?query=SELECT%201").status, 404);
    assert!(server.json("/openapi.json")["paths"].get("/sql").is_none());
}

#[test]
fn a_question_without_end_is_cut_short() {
    let bench = bench();
    let settings = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    bench.write("trapiche.yml", &settings.replace("most_rows: 10", "most_rows: 10, timeout: 4s"));
    bench.run(&[]);
    let server = Server::start(&bench, &["--allow-sql", "--memory", "512MB"]);
    let get = |sql: &str| server.get(&format!("/sql?query={}", encoded(sql)));
    let cut = get("SELECT sum(id % 7) FROM range(1000000000000)");
    assert_eq!(cut.status, 504, "{}", cut.text());
    let large = get("SELECT sum(a.id * b.id * c.id) FROM range(100000) a, range(100000) b, range(1000) c");
    assert_eq!(large.status, 422, "{}", large.text());
    assert!(large.text().contains("memory"), "{}", large.text());
    assert_eq!(server.get("/sql?query=SELECT%201").status, 200);
}
