//! The program as it is typed: what each command says, where it says it, and how it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::workbench::{Answer, Workbench, files_below};

const COMMANDS: [&str; 11] =
    ["init", "run", "plan", "validate", "preview", "query", "history", "schedule", "doctor", "schema", "completions"];

fn fruit() -> Workbench {
    Workbench::of(&[
        (
            "trapiche.yml",
            "name: fruit\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { fruit: { url: \"file://./fruit.csv\", columns: { price: double } } }\n",
        ),
        ("fruit.csv", "name,price\napple,1.5\n\"pear, ripe\",\n\"\",2\n"),
        ("queries/trusted/fruit.sql", "/* trapiche\ntags: [daily]\n*/\nSELECT name, price FROM raw.fruit"),
        ("queries/refined/dear.sql", "SELECT name FROM trusted.fruit WHERE price > 1"),
        ("queries/refined/mean.sql", "/* trapiche\ntags: [daily]\n*/\nSELECT avg(price) AS mean FROM trusted.fruit"),
    ])
}

#[test]
fn help_is_there_for_every_command() {
    let bench = Workbench::of(&[]);
    let help = bench.trapiche(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    for words in COMMANDS.iter().chain(&["Exit codes:", "130  interrupted", "Examples:"]) {
        assert!(help.stdout.contains(words), "{words}\n{}", help.stdout);
    }
    for command in COMMANDS {
        let help = bench.trapiche(&[command, "--help"]);
        assert_eq!((help.code, help.stderr.as_str()), (0, ""));
        assert!(help.stdout.contains(&format!("Usage: trapiche {command}")), "{}", help.stdout);
        assert!(help.stdout.contains(&format!("Examples:\n  trapiche {command}")), "{}", help.stdout);
        assert!(help.stdout.lines().all(|line| line.chars().count() <= 120), "{}", help.stdout);
    }
    let started = Instant::now();
    assert_eq!(bench.trapiche(&["--version"]).stdout, format!("trapiche {}\n", env!("CARGO_PKG_VERSION")));
    // In release it is 50 ms; this binary is not optimised and its neighbours are at work.
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn wrong_usage_is_code_2_and_words_on_stderr() {
    let bench = fruit();
    for (args, words) in [
        (&["rum"][..], "unrecognized subcommand 'rum'"),
        (&["run", "--memory", "much"], "--memory"),
        (&["run", "fruity"], "did you mean `fruit`?"),
        (&["run", "tag:weekly"], "no dataset has the tag `weekly`"),
        (&["plan", "+dera"], "did you mean `dear`?"),
        (&["run", "--target", "prod"], "there is no target `prod`"),
        (&["history", "yesterday"], "there is no run `yesterday`"),
        (&["query", "-f", "nowhere.sql"], "cannot read `nowhere.sql`"),
        (&["query", "-f", "-", "SELECT 1"], "cannot be used with"),
        (&["-C", "nowhere", "run"], "`nowhere` can't be opened"),
    ] {
        let answer = bench.trapiche(args);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{args:?}\n{}", answer.stderr);
        assert!(answer.stderr.contains(words), "{args:?}\n{}", answer.stderr);
    }
    assert!(!bench.path("lake").exists());
}

#[test]
fn the_schema_is_a_json_schema_of_the_demo_project() {
    let bench = Workbench::of(&[]);
    let schema: Value = serde_json::from_str(&bench.trapiche(&["schema"]).stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["name", "targets"])));
    assert_eq!(schema["additionalProperties"], false);
    for key in ["name", "targets", "connections", "sources"] {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
    // Every reference within it leads somewhere.
    let text = schema.to_string();
    let references: Vec<&str> = text.split("\"#/$defs/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 5);
    for name in references {
        assert!(schema["$defs"][name].is_object(), "{name}");
    }
}

#[test]
fn completions_are_for_the_shell_that_was_asked_for() {
    let bench = Workbench::of(&[]);
    let bash = bench.trapiche(&["completions", "bash"]);
    assert!(bash.stdout.contains("complete -F _trapiche"), "{}", bash.stdout);
    assert!(COMMANDS.iter().all(|command| bash.stdout.contains(&format!("trapiche__subcmd__{command}"))
        || bash.stdout.contains(&format!("trapiche__{command}"))));
    assert!(bench.trapiche(&["completions", "zsh"]).stdout.starts_with("#compdef trapiche"));
    assert_eq!(bench.trapiche(&["completions", "cmd"]).code, 2);
}

#[test]
fn a_query_prints_as_it_is_told() {
    let bench = fruit();
    bench.run(&[]);
    let sql = "SELECT coalesce(name, '') AS name, price FROM trusted.fruit ORDER BY price NULLS LAST";
    insta::assert_snapshot!(bench.trapiche(&["query", sql]).stdout, @"
    name        price
    ──────────  ─────
    apple         1.5
                  2.0
    pear, ripe   NULL
    ");
    assert_eq!(
        bench.trapiche(&["query", "-o", "json", sql]).stdout,
        "[{\"name\":\"apple\",\"price\":1.5},{\"name\":\"\",\"price\":2.0},{\"name\":\"pear, ripe\",\"price\":null}]\n"
    );
    let csv = "name,price\napple,1.5\n\"\",2.0\n\"pear, ripe\",\n";
    assert_eq!(bench.trapiche(&["query", "-o", "csv", sql]).stdout, csv);
    bench.write("report.sql", sql);
    assert_eq!(bench.trapiche(&["query", "-o", "csv", "-f", "report.sql"]).stdout, csv);
}

#[test]
fn statements_run_one_after_the_other_until_one_fails() {
    let bench = fruit();
    bench.run(&[]);
    let script = "CREATE TEMPORARY VIEW priced AS SELECT * FROM trusted.fruit WHERE price IS NOT NULL;\nSELECT count(*) AS n FROM priced; -- a comment; no end\nSELECT max(price) AS dearest FROM priced;\n";
    for args in [&["query", "-o", "json", "-f", "-"][..], &["query", "-o", "json"]] {
        let answer = typed(&bench, args, script);
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (0, "[{\"n\":2}]\n[{\"dearest\":2.0}]\n"),
            "{}",
            answer.stderr
        );
    }
    // A view lives as long as the command.
    assert_eq!(bench.trapiche(&["query", "SELECT * FROM priced"]).code, 2);

    let answer = typed(
        &bench,
        &["query", "-o", "csv", "-f", "-"],
        "SELECT 1 AS one;\nSELECT nam FROM trusted.fruit;\nSELECT 3 AS three",
    );
    assert_eq!((answer.code, answer.stdout.as_str()), (2, "one\n1\n"));
    insta::assert_snapshot!(answer.stderr, @r"
    error: [UNRESOLVED_COLUMN] there is no column `nam`
     --> stdin:2:8
      |
    2 | SELECT nam FROM trusted.fruit;
      |        ^^^
      |
      = help: did you mean `name`?
    ");
    let answer = bench
        .trapiche(&["query", "SELECT 1 AS one; SELECT CAST(name AS int) AS n FROM trusted.fruit; SELECT 3 AS three"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stdout.contains("one") && !answer.stdout.contains("three"), "{}", answer.stdout);
    // What does not parse runs not even in part.
    let answer = bench.trapiche(&["query", "SELECT 1 AS one; SELEC 2"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""));
    assert!(
        answer.stderr.contains("query:1:18") && answer.stderr.contains("did you mean `SELECT`?"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_query_only_reads() {
    let bench = fruit();
    bench.run(&[]);
    let before = bench.lake_files();
    for sql in [
        "DELETE FROM trusted.fruit",
        "INSERT INTO trusted.fruit VALUES ('fig', 1)",
        "UPDATE trusted.fruit SET price = 0",
        "DROP TABLE trusted.fruit",
        "CREATE TABLE trusted.more AS SELECT 1 AS one",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'fruit.csv'",
        "COPY trusted.fruit TO 'copy.csv'",
        "TRUNCATE TABLE trusted.fruit",
        "CREATE VIEW trusted.more AS SELECT 1 AS one",
        "DROP DATABASE trusted",
    ] {
        let answer = bench.trapiche(&["query", sql]);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{sql}");
        let words = [
            "no statement that reads",
            "a session changes none",
            "is no part of a session",
            "no database of this session",
        ];
        assert!(words.iter().any(|words| answer.stderr.contains(words)), "{sql}\n{}", answer.stderr);
    }
    let set = bench.trapiche(&["query", "SET datafusion.execution.batch_size = 1"]);
    assert!(set.code == 0 && set.stderr.contains("has no effect here"), "{}", set.stderr);
    assert_eq!(bench.lake_files(), before);
    assert!(!bench.path("copy.csv").exists());
}

#[test]
fn a_selection_takes_what_it_names() {
    let bench = fruit();
    for (selection, expected) in [
        (&["dear"][..], "refined.dear"),
        (&["raw.fruit"], "raw.fruit"),
        (&["fruit"], "raw.fruit trusted.fruit"),
        (&["+dear"], "raw.fruit trusted.fruit refined.dear"),
        (&["trusted.fruit+"], "trusted.fruit refined.dear refined.mean"),
        (&["tag:daily"], "trusted.fruit refined.mean"),
        (&["refined.*"], "refined.dear refined.mean"),
        (&["dear", "--select", "mean"], "refined.dear refined.mean"),
        (&["--exclude", "tag:daily"], "raw.fruit refined.dear"),
        (&[], "raw.fruit trusted.fruit refined.dear refined.mean"),
    ] {
        // Planned as if all were there, so that a part can be asked for.
        bench.run(&[]);
        let answer = bench.trapiche(&[&["plan", "-o", "json"], selection].concat());
        let planned: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap();
        let names: Vec<&str> = planned.iter().map(|dataset| dataset["dataset"].as_str().unwrap()).collect();
        assert_eq!(names.join(" "), expected, "{selection:?}");
    }
}

#[test]
fn a_plan_says_what_a_run_would_do_and_writes_nothing() {
    let bench = fruit();
    let actions = |args: &[&str]| -> Vec<String> {
        let answer = bench.trapiche(args);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let planned: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap();
        let action = |dataset: &Value| {
            format!("{} {}", dataset["dataset"].as_str().unwrap(), dataset["action"].as_str().unwrap())
        };
        planned.iter().map(action).collect()
    };
    let all = ["raw.fruit capture", "trusted.fruit make", "refined.dear make", "refined.mean make"];
    let nothing = files_below(bench.dir.path());
    assert_eq!(actions(&["plan", "-o", "json"]), all);
    assert_eq!(actions(&["run", "--dry-run", "-o", "json"]), all);
    assert_eq!(files_below(bench.dir.path()), nothing);

    bench.run(&[]);
    let made = bench.lake_files();
    let unchanged =
        ["raw.fruit capture", "trusted.fruit unchanged", "refined.dear unchanged", "refined.mean unchanged"];
    assert_eq!(actions(&["plan", "-o", "json"]), unchanged);
    assert_eq!(actions(&["run", "--dry-run", "-o", "json", "mean", "--full-refresh"]), ["refined.mean make"]);
    assert_eq!(bench.lake_files(), made);
}

#[test]
fn history_lists_the_runs_and_shows_each_as_it_was() {
    let bench = fruit();
    assert_eq!(bench.trapiche(&["history", "-o", "json"]).stdout, "[]\n");
    let first = bench.run(&[]);
    bench.write("queries/refined/dear.sql", "SELECT CAST(name AS int) AS name FROM trusted.fruit WHERE price > 1");
    let answer = bench.trapiche(&["run", "-o", "json"]);
    assert_eq!(answer.code, 1);
    let second: Value = serde_json::from_str(&answer.stdout).unwrap();

    let listed: Vec<Value> = serde_json::from_str(&bench.trapiche(&["history", "-o", "json"]).stdout).unwrap();
    let shown: Vec<(&Value, &Value)> = listed.iter().map(|run| (&run["run_id"], &run["status"])).collect();
    assert_eq!(shown, [(&second["run_id"], &json!("failed")), (&first["run_id"], &json!("ok"))]);
    let id = first["run_id"].as_str().unwrap();
    let one: Value = serde_json::from_str(&bench.trapiche(&["history", id, "-o", "json"]).stdout).unwrap();
    assert_eq!(one, first);
    assert!(bench.trapiche(&["history", "-o", "csv"]).stdout.contains(&format!("\n{id},")));

    // The same as tables.
    let runs =
        bench.query("SELECT run_id, status, failed, started_at < current_timestamp() AS was FROM runs ORDER BY run_id");
    let expected = [(&first, "ok", 0), (&second, "failed", 1)];
    let expected = expected.map(
        |(run, status, failed)| json!({ "run_id": run["run_id"], "status": status, "failed": failed, "was": true }),
    );
    assert_eq!(runs, expected);
    let sql = "SELECT zone, name, rows_out FROM run_datasets JOIN runs USING (run_id) WHERE runs.status = 'ok' ORDER BY zone, name";
    let made: Vec<Value> = first["datasets"].as_array().unwrap().iter().map(|it| it["rows_out"].clone()).collect();
    let told: Vec<Value> = bench.query(sql).iter().map(|row| row["rows_out"].clone()).collect();
    let sorted = |mut numbers: Vec<Value>| {
        numbers.sort_by_key(|number| number.as_u64());
        numbers
    };
    assert_eq!((sorted(told), bench.query(sql).len()), (sorted(made), 4));
}

#[test]
fn another_scale_of_the_demo_is_captured_anew() {
    let bench = Workbench::demo();
    let carts = |scale: &str| -> (String, i64) {
        let answer =
            Answer::from(bench.command(&["run", "-o", "json", "carts"]).env("DEMO_SCALE", scale).output().unwrap());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let report: Value = serde_json::from_str(&answer.stdout).unwrap();
        let rows = bench.query("SELECT count(*) AS n FROM raw.carts");
        (report["datasets"][0]["status"].as_str().unwrap().to_string(), rows[0]["n"].as_i64().unwrap())
    };
    assert_eq!(carts("1"), ("made".to_string(), 2_040));
    assert_eq!(carts("1"), ("unchanged".to_string(), 2_040));
    assert_eq!(carts("3"), ("made".to_string(), 6_120));
    let answer = Answer::from(bench.command(&["run"]).env("DEMO_SCALE", "ten").output().unwrap());
    assert_eq!(answer.code, 2);
    assert!(
        answer.stderr.contains("expected a whole number") && answer.stderr.contains("found `${DEMO_SCALE}`"),
        "{}",
        answer.stderr
    );
}

/// Interrupted at several places of a run: it ends with 130, and the lake is that of the run before, or newer table
/// by table, but in no table half of each.
#[test]
fn an_interrupted_run_leaves_whole_tables_only() {
    let before = Workbench::demo();
    before.run(&[]);
    let old = before.lake_content();
    let after = Workbench::demo();
    scaled(&after, &["run"]);
    let new = after.lake_content();

    let mut interrupted = 0;
    for dataset in ["raw.carts", "trusted.sales"] {
        let bench = Workbench::demo();
        bench.run(&[]);
        let mut child = bench
            .command(&["run", "--log", "json"])
            .env("DEMO_SCALE", SCALE)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let started = format!("{{\"event\":\"started\",\"dataset\":\"{dataset}\"}}");
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(said.any(|line| line == started), "{dataset}");
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let words: Vec<String> = said.collect();
        let code = child.wait().unwrap().code();
        // A machine that is quick enough has finished by now.
        assert!(code == Some(130) || code == Some(0), "{code:?} {words:?}");
        interrupted += u32::from(code == Some(130));

        let whole = |(table, rows): (&String, &Vec<String>)| {
            // A source's landings stay; its newest is the last.
            let rows_before = old.get(table);
            rows_before == Some(rows) || new.get(table) == Some(rows) || table.starts_with("raw/")
        };
        let content = bench.lake_content();
        let torn: BTreeMap<_, _> =
            content.iter().filter(|entry| !whole(*entry)).map(|(table, rows)| (table, rows.len())).collect();
        assert!(torn.is_empty(), "interrupted in {dataset}: {torn:?}");
        assert_eq!(half_made(&bench), Vec::<String>::new(), "interrupted in {dataset}");
        if code == Some(130) {
            let listed: Vec<Value> = serde_json::from_str(&bench.trapiche(&["history", "-o", "json"]).stdout).unwrap();
            assert_eq!(listed[0]["status"], "interrupted");
        }
        // The next run goes on from there.
        scaled(&bench, &["run"]);
        for (table, rows) in bench.lake_content().iter().filter(|(table, _)| !table.starts_with("raw/")) {
            assert_eq!(Some(rows), new.get(table), "{table} after an interruption in {dataset}");
        }
    }
    assert!(interrupted > 0, "every run had finished when it was to be interrupted");
}

/// Staged files, commits under way, and parts of landings without a manifest.
fn half_made(bench: &Workbench) -> Vec<String> {
    let files = bench.lake_files();
    let landed = |part: &str| {
        part.rsplit_once('/').is_some_and(|(folder, _)| files.contains(&format!("{folder}/_landing.json")))
    };
    let is_part = |file: &str| file.starts_with("raw/") && file.contains("/part-");
    let is_half_made = |file: &&String| {
        ["staging", "pending", "/capture-"].iter().any(|left| file.contains(left)) || (is_part(file) && !landed(file))
    };
    files.iter().filter(is_half_made).cloned().collect()
}

const SCALE: &str = "5";

fn scaled(bench: &Workbench, args: &[&str]) {
    let answer = Answer::from(bench.command(args).env("DEMO_SCALE", SCALE).output().unwrap());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

fn typed(bench: &Workbench, args: &[&str], text: &str) -> Answer {
    let mut child =
        bench.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Answer::from(child.wait_with_output().unwrap())
}
