//! What a variable holds is seen nowhere: not on the screen, and not in the lake, whatever its name and wherever it stands.

use std::fs;

use crate::workbench::{Answer, Workbench, files_below};

const SECRET: &str = "hush-4711";

/// Sources that can be captured and sources that cannot, each with the variable in another place.
const SETTINGS: &str = r#"name: whispers
targets:
  here: { storage: "file://./lake" }
connections:
  bot: { rest: "http://127.0.0.1:1/bot${WORD}/", headers: { x-word: "${WORD}" } }
  signed: { files: "http://127.0.0.1:1/box?${WORD}" }
  shop: { database: "sqlite://./${WORD}.db?mode=${WORD}" }
sources:
  updates: { from: bot, path: "/get?jwt=${WORD}", paginate: { page: page, limit: limit, size: 2 } }
  box: { from: signed, path: "/${WORD}.csv" }
  orders: { from: shop, query: "SELECT '${WORD}' FROM ${WORD}" }
  missing: { url: "file://./none-${WORD}.csv" }
  bytes: { url: "file://./${WORD}/latin.csv" }
  good: { url: "file://./${WORD}/good.csv" }
"#;

fn run(bench: &Workbench, args: &[&str]) -> Answer {
    Answer::from(bench.command(args).env("WORD", SECRET).env("NO_PROXY", "*").output().unwrap())
}

fn bench(settings: &str) -> Workbench {
    let bench = Workbench::of(&[("trapiche.yml", settings)]);
    bench.write(&format!("{SECRET}/good.csv"), "id\n1\n");
    fs::write(bench.path(SECRET).join("latin.csv"), b"id\nZ\xfcrich\n").unwrap();
    bench
}

#[test]
fn a_variable_is_in_no_message_and_in_no_file_of_the_lake() {
    for name in ["updates", "box", "orders", "missing", "bytes", "good"] {
        // One source in each project: faults of some would keep the others from being captured.
        let is_of_it = |line: &&str| {
            let source = line.strip_prefix("  ").and_then(|line| line.split(':').next());
            let of_a_source = line.contains("from:") || line.contains("url:");
            !of_a_source || source == Some(name)
        };
        let settings: String = SETTINGS.lines().filter(is_of_it).map(|line| format!("{line}\n")).collect();
        let bench = bench(&settings);
        for args in
            [&["validate"][..], &["plan"], &["run", "-o", "json"], &["run"], &["history"], &["query", "SELECT 1"]]
        {
            let answer = run(&bench, args);
            let said = format!("{}{}", answer.stdout, answer.stderr);
            assert!(!said.contains(SECRET), "{name} {args:?}: {said}");
            if args == ["run"] {
                assert_eq!(answer.code == 0, name == "good", "{name}: {said}");
                assert!(name == "good" || said.contains("${WORD}"), "{name}: {said}");
            }
        }
        for file in files_below(&bench.path("lake")) {
            let content = fs::read(bench.path("lake").join(&file)).unwrap();
            let is_there = content.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
            assert!(!is_there && !file.contains(SECRET), "{name}: {file}");
        }
    }
}

#[test]
fn a_fault_that_quotes_a_variable_shows_its_name() {
    for (written, broken) in [
        ("http://127.0.0.1:1/bot${WORD}/", "${WORD}://x"),
        ("size: 2", "size: \"${WORD}\""),
        ("from: bot", "from: \"${WORD}\""),
        ("http://127.0.0.1:1/box?${WORD}", "http://${WORD}:port/"),
    ] {
        let answer = run(&bench(&SETTINGS.replace(written, broken)), &["validate"]);
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.code, 2, "{said}");
        assert!(!said.contains(SECRET), "{said}");
    }
}
