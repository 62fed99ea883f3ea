//! `trapiche preview`: what a source begins with, of every kind, and that nothing is written and no more is read.

use serde_json::{Value, json};

use crate::web::{Reply, Web};
use crate::workbench::{Answer, Workbench, files_below};

fn bench(connections: &str, sources: &str) -> Workbench {
    let settings = format!(
        "name: looks\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nconnections: {{ {connections} }}\nsources: {{ {sources} }}\n"
    );
    Workbench::of(&[("trapiche.yml", &settings)])
}

/// A look, after which there is no lake.
fn look(bench: &Workbench, args: &[&str]) -> Answer {
    let mut command = bench.command(&[&["preview"], args].concat());
    let answer = Answer::from(command.env("NO_PROXY", "*").output().unwrap());
    assert!(!bench.path("lake").exists(), "{args:?}");
    answer
}

fn rows(bench: &Workbench, args: &[&str]) -> (Vec<Value>, String) {
    let answer = look(bench, &[args, &["-o", "json"]].concat());
    assert_eq!(answer.code, 0, "{args:?}: {}", answer.stderr);
    (serde_json::from_str(&answer.stdout).unwrap(), answer.stderr)
}

#[test]
fn files_are_shown_with_the_types_that_sql_sees() {
    let sources = "towns: { url: \"file://./data/*.csv\", columns: { id: int } }, quakes: { url: \"file://./quakes.json\", records: features }";
    let bench = bench("", sources);
    bench.write("data/a.csv", "id,Name\n1,Bern\n2,\n3,\"a,b\"\n");
    bench.write("data/b.csv", "id,Name\n4,x\n");
    bench.write("quakes.json", "{\"features\": [{\"mag\": 1, \"at\": {\"x\": 1}},\n{\"mag\": 2.5, \"at\": null}]}");
    insta::assert_snapshot!(look(&bench, &["towns", "-n", "2"]).stdout, @"
    column  type
    ──────  ──────
    id      int
    name    string

    id  name
    ──  ────
     1  Bern
     2  NULL
    ");
    let (found, words) = rows(&bench, &["raw.towns"]);
    assert_eq!(found.len(), 3);
    assert!(words.contains("2 files; these rows are of `") && words.contains("data/a.csv"), "{words}");
    let lines = look(&bench, &["quakes", "-o", "ndjson", "-n", "1"]);
    assert_eq!(lines.stdout, "{\"mag\":1.0,\"at\":{\"x\":1}}\n");
    assert!(lines.stderr.contains("columns: mag double, at struct<x:bigint>"), "{}", lines.stderr);
    assert_eq!(look(&bench, &["quakes", "-o", "csv"]).stdout, "mag,at\n1.0,\"{\"\"x\"\":1}\"\n2.5,\n");
}

#[test]
fn of_a_large_file_no_more_is_read_than_what_shows_it() {
    let line = "1234567,a text of some length to make a line of it\n";
    let csv = format!("id,said\n{}", line.repeat(1_000_000));
    let size = csv.len() as u64;
    let web = Web::start(move |_| Reply::file(csv.clone()));
    let bench = bench("", &format!("big: {{ url: \"{}\" }}", web.url("/big.csv")));
    let (found, words) = rows(&bench, &["big", "-n", "3"]);
    assert_eq!(found, vec![json!({"id": "1234567", "said": "a text of some length to make a line of it"}); 3]);
    assert!(words.contains("bytes of it were read"), "{words}");
    // What lies in the sockets' buffers was sent, too.
    assert!(web.sent() < size / 3, "{} of {size}", web.sent());
}

#[test]
fn an_api_is_asked_for_one_page_and_says_how_it_is_paged() {
    let web = Web::start(|path| match path {
        "/users" => Reply::json(
            r#"{"data": [{"id": 1, "password": "hush"}, {"id": 2, "password": "hush"}], "next": "/users?page=2"}"#,
        ),
        "/posts/1" => Reply::json(r#"[{"post": 10}]"#),
        "/posts/2" => Reply::json(r#"[{"post": 20}, {"post": 21}]"#),
        _ => Reply::status("500 It must not be asked"),
    });
    let bench = bench(
        &format!("api: {{ rest: \"{}\" }}", web.url("")),
        "users: { from: api, path: /users, records: data, paginate: { auto: true }, drop: [password, pin] }, \
         posts: { from: api, path: \"/posts/{users.id}\", for_each: users }",
    );
    let (found, words) = rows(&bench, &["users", "-n", "1"]);
    assert_eq!(found, [json!({"id": 1})]);
    for told in ["pages found by `next_at: next`", "there are more pages", "so far no row has the column `pin`"] {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert_eq!(web.asked().len(), 1);
    let (found, words) = rows(&bench, &["posts", "-n", "2"]);
    assert_eq!(found, [json!({"post": 10}), json!({"post": 20})]);
    assert!(words.contains("2 values of users.id"), "{words}");
    assert!(!words.contains("hush"));
}

#[test]
fn the_store_of_the_demo_is_shown_as_well() {
    let bench = Workbench::demo();
    for (source, column) in [
        ("products", "title"),
        ("users", "email"),
        ("carts", "products"),
        ("customers", "country"),
        ("orders", "status"),
    ] {
        let (found, _) = rows(&bench, &[source, "-n", "4"]);
        assert_eq!(found.len(), 4, "{source}");
        assert!(found.iter().all(|row| row.get("password").is_none()), "{source}");
        assert!(found.iter().any(|row| row.get(column).is_some_and(|value| !value.is_null())), "{source}: {found:?}");
    }
    assert_eq!(rows(&bench, &["regions", "-n", "2"]).0.len(), 2);
}

#[test]
fn a_look_at_what_is_not_there_is_refused() {
    let bench = bench("", "towns: { url: \"file://./none.csv\" }");
    for (args, code, words) in [
        (&["town"][..], 2, "did you mean `towns`?"),
        (&["towns", "-n", "0"], 2, "0 is not in 1..=10000"),
        (&["towns"], 1, "there is no file"),
    ] {
        let answer = look(&bench, args);
        assert_eq!(answer.code, code, "{}", answer.stderr);
        assert!(answer.stderr.contains(words) && answer.stdout.is_empty(), "{}", answer.stderr);
    }
    // A fault elsewhere is no concern of it.
    bench.write("queries/trusted/broken.sql", "SELECT nonsense(1 FROM");
    bench.write("none.csv", "id\n1\n");
    assert_eq!(rows(&bench, &["towns"]).0, [json!({"id": "1"})]);
    assert_eq!(files_below(bench.dir.path()).len(), 3);
}
