//! `trapiche init`: from each kind of source a project that runs unchanged, and whose rows are those of the source.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::web::{Reply, Web};
use crate::workbench::{Answer, Workbench, files_below};

fn trapiche(bench: &Workbench, args: &[&str]) -> Answer {
    Answer::from(bench.command(args).env("NO_PROXY", "*").output().unwrap())
}

/// Makes the project `new`, runs it, and gives the rows of its one table of `trusted`, and what `init` said.
fn made(bench: &Workbench, from: &str, table: &str) -> (Vec<Value>, String) {
    let answer = trapiche(bench, &["init", "new", "--from", from]);
    assert_eq!(answer.code, 0, "{from}: {}", answer.stderr);
    assert!(answer.stdout.is_empty());
    // The commands that it names are the next two, as they stand there.
    let next: Vec<&str> = answer.stderr.lines().skip_while(|line| *line != "next:").skip(1).collect();
    assert_eq!(next, [format!("  trapiche -C new preview {table}"), "  trapiche -C new run".to_string()]);
    for line in next {
        let args: Vec<&str> = line.split_whitespace().skip(1).collect();
        let answer = trapiche(bench, &args);
        assert_eq!(answer.code, 0, "{from} {args:?}: {}{}", answer.stdout, answer.stderr);
    }
    let rows = trapiche(bench, &["-C", "new", "query", "-o", "json", &format!("SELECT * FROM trusted.{table}")]);
    assert_eq!(rows.code, 0, "{}", rows.stderr);
    assert_eq!(files_below(&bench.path("new/queries")), [format!("trusted/{table}.sql")]);
    (serde_json::from_str(&rows.stdout).unwrap(), answer.stderr)
}

fn settings(bench: &Workbench) -> String {
    fs::read_to_string(bench.path("new/trapiche.yml")).unwrap()
}

#[test]
fn a_file_becomes_a_project() {
    let csv = "Id;Beak Length (mm);1st\n1;\"3;9\";x\n2;;y\n";
    let of_csv = [
        json!({"id": "1", "beak_length_mm": "3;9", "c_1st": "x"}),
        json!({"id": "2", "beak_length_mm": null, "c_1st": "y"}),
    ];
    let of_json = [json!({"id": 1, "name": {"first": "a"}}), json!({"id": 2, "name": {"first": "b"}})];
    let rows = r#"{"id": 1, "name": {"first": "a"}}, {"id": 2, "name": {"first": "b"}}"#;
    for (file, content, table, expected) in [
        ("Sea Birds.csv", csv.to_string(), "sea_birds", &of_csv[..]),
        ("data/birds*$x.txt", csv.to_string(), "birds_x", &of_csv),
        ("rows.ndjson", rows.replace(", {", "\n{"), "rows", &of_json),
        ("deep.json", format!("{{\"meta\": {{\"n\": 2}}, \"data\": {{\"items\": [{rows}]}}}}"), "deep", &of_json),
        ("list", format!("[{rows}]"), "list", &of_json),
    ] {
        let bench = Workbench::of(&[(file, &content)]);
        assert_eq!(made(&bench, file, table).0, expected, "{file}");
        assert!(settings(&bench).contains("file://../"), "{}", settings(&bench));
        assert_eq!(fs::read_to_string(bench.path("new/.gitignore")).unwrap(), "/lake\n/.trapiche\n.env\n");
        assert!(!bench.path("new/.env").exists());
    }
}

#[test]
fn an_address_becomes_a_project_and_its_secrets_stay_out_of_it() {
    let page = |next: &str| Reply::json(format!(r#"{{"items": [{{"id": 1}}, {{"id": 2}}]{next}}}"#));
    let web = Web::start(move |path| match path {
        "/files/towns.csv" => Reply::file("id,town\n1,Bern\n"),
        "/export?token=hush" => Reply::file("id,town\n1,Bern\n").with("Content-Type", "text/csv; charset=utf-8"),
        "/v1/items?limit=2" => page(r#", "next": "/v1/items?limit=2&page=2""#),
        "/v1/items?limit=2&page=2" => Reply::json(r#"{"items": [{"id": 3}]}"#),
        "/v1/items?api_key=hush&limit=2" => page(""),
        "/plain/all" => Reply::json(r#"[{"id": 1}]"#),
        _ => Reply::status("404 Not Found"),
    });
    let town = [json!({"id": "1", "town": "Bern"})];
    let ids = |all: &[i64]| all.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>();
    for (path, table, expected) in [
        ("/files/towns.csv", "towns", town.to_vec()),
        ("/export?token=hush", "export", town.to_vec()),
        ("/v1/items?limit=2", "items", ids(&[1, 2, 3])),
        ("/v1/items?api_key=hush&limit=2", "items", ids(&[1, 2])),
        ("/plain/all", "all", ids(&[1])),
    ] {
        let bench = Workbench::of(&[]);
        let (rows, words) = made(&bench, &web.url(path), table);
        assert_eq!(rows, expected, "{path}");
        let has_secret = path.contains("hush");
        assert!(!settings(&bench).contains("hush") && !words.contains("hush"), "{words}\n{}", settings(&bench));
        assert_eq!(fs::read_to_string(bench.path("new/.env")).unwrap_or_default().contains("hush"), has_secret);
    }
    let bench = Workbench::of(&[]);
    let answer = trapiche(&bench, &["init", "new", "--from", &web.url("/nowhere")]);
    assert_eq!((answer.code, bench.path("new").exists()), (1, false), "{}", answer.stderr);
    assert!(answer.stderr.contains("answered 404"), "{}", answer.stderr);
}

/// Makes a SQLite database with Python.
pub fn sqlite(bench: &Workbench, script: &str) {
    let code = format!("import sqlite3\nc = sqlite3.connect('shop.db')\nc.executescript('''{script}''')\nc.close()");
    assert!(Command::new("python3").current_dir(bench.dir.path()).args(["-c", &code]).status().unwrap().success());
}

#[test]
fn a_database_becomes_a_project_with_a_source_for_each_table() {
    let bench = Workbench::of(&[]);
    let many: String = (0..30).map(|n| format!("CREATE TABLE t{n:02} (x);")).collect();
    sqlite(
        &bench,
        &format!(
            "CREATE TABLE \"Order Lines\" (id INTEGER, \"Unit Price\" DECIMAL(10,2), said TEXT); \
             INSERT INTO \"Order Lines\" VALUES (1, 12.5, 'a'), (2, NULL, ''); {many} CREATE VIEW v AS SELECT 1 AS one;"
        ),
    );
    let (rows, _) = made(&bench, "shop.db", "order_lines");
    let judge = "import sqlite3, json\nc = sqlite3.connect('shop.db')\nprint(json.dumps(c.execute('SELECT * FROM \"Order Lines\"').fetchall()))";
    let judge = Command::new("python3").current_dir(bench.dir.path()).args(["-c", judge]).output().unwrap();
    let expected: Vec<Vec<Value>> = serde_json::from_slice(&judge.stdout).unwrap();
    let found: Vec<Vec<Value>> =
        rows.iter().map(|row| ["id", "unit_price", "said"].map(|name| row[name].clone()).to_vec()).collect();
    let numbers = |rows: &[Vec<Value>]| -> Vec<Vec<String>> {
        let text = |value: &Value| value.as_f64().map_or(value.to_string(), |number| number.to_string());
        rows.iter().map(|row| row.iter().map(text).collect()).collect()
    };
    assert_eq!(numbers(&found), numbers(&expected));
    let settings = settings(&bench);
    assert_eq!(settings.matches("from: shop").count(), 20, "{settings}");
    assert!(settings.contains("# 11 more tables are there") && settings.contains("t29"), "{settings}");
    assert!(settings.contains("\"sqlite://../shop.db\""), "{settings}");
    // By its address, too.
    let answer = trapiche(&bench, &["init", "again", "--from", "sqlite://./shop.db"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(fs::read_to_string(bench.path("again/trapiche.yml")).unwrap(), settings.replace("\"new\"", "\"again\""));
}

/// What the environment says goes before `.env`, so that it is told.
#[test]
fn a_variable_that_is_set_already_is_told() {
    let bench = Workbench::of(&[]);
    let web = Web::start(|_| Reply::file("id\n1\n"));
    let mut command = bench.command(&["init", "new", "--from", &web.url("/export.csv?token=hush")]);
    let answer = Answer::from(command.env("NO_PROXY", "*").env("EXPORT_URL", "http://127.0.0.1:1/x").output().unwrap());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stderr.contains("`EXPORT_URL` is set in the environment"), "{}", answer.stderr);
    assert!(!answer.stderr.contains("hush"), "{}", answer.stderr);
}

#[test]
fn on_a_terminal_it_asks() {
    let bench = Workbench::of(&[("a.csv", "id\n1\n")]);
    // Answers each question when it is there.
    let script = "
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'init'])
said, left, end = b'', [(b'[demo]: ', b'a.csv'), (b'[trapiche-project]: ', b'')], time.time() + 60
while time.time() < end:
    if select.select([terminal], [], [], 0.2)[0]:
        try:
            said += os.read(terminal, 4096)
        except OSError:
            break
    if left and left[0][0] in said:
        os.write(terminal, left.pop(0)[1] + b'\\r')
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    let mut python = Command::new("python3");
    python.current_dir(bench.dir.path()).args(["-c", script, env!("CARGO_BIN_EXE_trapiche")]);
    let asked = Answer::from(python.output().unwrap());
    assert_eq!(asked.code, 0, "{}{}", asked.stdout, asked.stderr);
    assert!(asked.stdout.contains("trapiche -C trapiche-project run"), "{}", asked.stdout);
    assert!(bench.path("trapiche-project/queries/trusted/a.sql").exists());
}

#[test]
fn the_demo_becomes_a_project() {
    let bench = Workbench::of(&[]);
    let (rows, _) = made(&bench, "demo", "products");
    assert_eq!(rows.len(), 204);
}

#[test]
fn nothing_is_written_over_and_nothing_is_guessed() {
    let bench = Workbench::of(&[("a.csv", "id,x\n1,2\n"), ("odd.bin", "\u{1}\u{2}"), ("empty.json", "[]")]);
    for (args, words) in [
        (&["init"][..], "name it with `--from`"),
        (&["init", "x", "--from", "none.csv"], "cannot read `"),
        (&["init", "x", "--from", "odd.bin"], "neither CSV nor JSON"),
        (&["init", "x", "--from", "."], "is a folder"),
        (&["init", "x", "--from", "ftp://host/a.csv"], "nothing is known of addresses of this kind"),
        (&["init", "x", "--from", "postgres://me:hush@"], "this is no address"),
    ] {
        let answer = trapiche(&bench, args);
        assert_eq!(answer.code, 2, "{args:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(words) && !answer.stderr.contains("hush"), "{args:?}: {}", answer.stderr);
    }
    assert_eq!(trapiche(&bench, &["init", "x", "--from", "empty.json"]).code, 1);
    assert!(!bench.path("x").exists());

    bench.write("there/queries/trusted/a.sql", "mine");
    bench.write("kept/.gitignore", "mine");
    let refused = trapiche(&bench, &["init", "there", "--from", "a.csv"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("queries/trusted/a.sql` is there already"), "{}", refused.stderr);
    assert_eq!(files_below(&bench.path("there")), ["queries/trusted/a.sql"]);
    assert_eq!(trapiche(&bench, &["-C", "kept", "init", "--from", "../a.csv"]).code, 0);
    assert_eq!(fs::read_to_string(bench.path("kept/.gitignore")).unwrap(), "mine");
    let again = trapiche(&bench, &["-C", "kept", "init", "--from", "../a.csv"]);
    assert!(again.code == 2 && again.stderr.contains("trapiche.yml` is there already"), "{}", again.stderr);
}
