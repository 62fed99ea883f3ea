//! What a variable holds is seen nowhere: not on the screen, and not in the lake, whatever its name and wherever it stands.

use std::fs;

use crate::web::{Reply, Web};
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

/// The settings with one of their sources alone: faults of some would keep the others from being captured.
fn with_source(name: &str) -> String {
    let is_of_it = |line: &&str| {
        let source = line.strip_prefix("  ").and_then(|line| line.split(':').next());
        let of_a_source = line.contains("from:") || line.contains("url:");
        !of_a_source || source == Some(name)
    };
    SETTINGS.lines().filter(is_of_it).map(|line| format!("{line}\n")).collect()
}

fn is_in_the_lake(bench: &Workbench) -> bool {
    files_below(&bench.path("lake")).iter().any(|file| {
        let content = fs::read(bench.path("lake").join(file)).unwrap();
        file.contains(SECRET) || content.windows(SECRET.len()).any(|part| part == SECRET.as_bytes())
    })
}

const SOURCES: [&str; 6] = ["updates", "box", "orders", "missing", "bytes", "good"];

#[test]
fn a_variable_is_in_no_message_and_in_no_file_of_the_lake() {
    for name in SOURCES {
        let bench = bench(&with_source(name));
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
        assert!(!is_in_the_lake(&bench), "{name}");
    }
}

/// The same where it comes from `.env`, or from a file that holds it.
#[test]
fn a_secret_of_a_file_is_seen_nowhere_either() {
    for name in SOURCES {
        for (written, files) in [
            ("${WORD}", [(".env", format!("# the word\nexport WORD='{SECRET}'\n"))]),
            ("${file:secrets/word}", [("secrets/word", format!("{SECRET}\n"))]),
        ] {
            let bench = bench(&with_source(name).replace("${WORD}", written));
            files.iter().for_each(|(path, content)| bench.write(path, content));
            let answer = bench.trapiche(&["run"]);
            let said = format!("{}{}", answer.stdout, answer.stderr);
            assert!(!said.contains(SECRET), "{name}: {said}");
            assert_eq!(answer.code == 0, name == "good", "{name}: {said}");
            assert!(name == "good" || said.contains(written), "{name}: {said}");
            assert!(!is_in_the_lake(&bench), "{name}");
        }
    }
}

#[test]
fn what_a_file_holds_is_what_the_server_gets() {
    for (written, header) in [
        ("auth: { bearer: \"file:word\" }", "authorization: Bearer hush-4711"),
        ("auth: { bearer: \"file:${FOLDER}/word\" }", "authorization: Bearer hush-4711"),
        ("headers: { x-word: \"file:./word\" }", "x-word: hush-4711"),
        ("headers: { x-word: \"is ${file:word}\" }", "x-word: is hush-4711"),
        // The environment goes before the file.
        ("headers: { x-word: \"${WORD}\", x-home: \"${HOME_OF_TEST}\" }", "x-home: here"),
    ] {
        let web = Web::start(|_| Reply::json(r#"[{"id": 1}]"#));
        let bench = Workbench::of(&[(
            "trapiche.yml",
            &format!(
                "name: x\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nconnections: {{ api: {{ rest: \"{}\", {written} }} }}\nsources: {{ t: {{ from: api, path: /t }} }}\n",
                web.url("")
            ),
        )]);
        bench.write("word", &format!("{SECRET}\r\n"));
        bench.write(".env", &format!("WORD={SECRET}\nHOME_OF_TEST=there\n"));
        let mut command = bench.command(&["run"]);
        command.env("FOLDER", bench.dir.path()).env("HOME_OF_TEST", "here").env("NO_PROXY", "*");
        let answer = Answer::from(command.output().unwrap());
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.code, 0, "{said}");
        assert!(!said.contains(SECRET) && !is_in_the_lake(&bench), "{said}");
        let asked = web.asked().concat();
        assert!(asked.contains(&format!("{header}\r\n")), "{asked}");
    }
}

#[test]
fn a_secret_that_is_not_there_is_told_with_its_place_and_a_bad_line_with_its_number() {
    let bench = bench(&with_source("updates").replace("x-word: \"${WORD}\"", "x-word: \"file:none/word\""));
    bench.write(".env", &format!("WORD={SECRET}\n\n{SECRET} and more\nWORD={SECRET}\n"));
    for args in [&["validate"][..], &["run", "raw.updates"]] {
        let answer = bench.trapiche(args);
        assert_eq!(answer.code, 2, "{}", answer.stderr);
        for words in [
            "`file:none/word` can't be read: there is no such file",
            "trapiche.yml:5:",
            ".env:3:1",
            "this line sets no variable",
            ".env:4:1",
            "`WORD` is set a second time, after line 1",
        ] {
            assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
        }
        assert!(!answer.stderr.contains(SECRET), "{}", answer.stderr);
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
