//! What goes wrong inside the engine is told as what it is: the same words each time, its advice, its exit code.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use trapiche::config::Limits;
use trapiche::error::{Kind, Result};
use trapiche::lake::Lake;
use trapiche::pipeline;
use trapiche::project;
use trapiche::spark::sql;

use crate::faulty::{Fault, Faulty};
use crate::places;
use crate::workbench::Workbench;

/// Rows of numbers of which one is none, a text of which one is broken, and many numbers that are sound.
fn bench(models: &[(&str, &str)]) -> Workbench {
    let settings = r#"
name: rows
targets: { here: { storage: "file://./lake" } }
sources:
  numbers: { url: "file://./numbers.csv", columns: { n: bigint } }
  words: { url: "file://./words.csv" }
  sound: { url: "file://./sound.csv", columns: { n: bigint, x: double } }
"#;
    let (mut numbers, mut words, mut sound) = ("n\n".to_string(), "w\n".to_string(), "n,x\n".to_string());
    for n in 0..3_000 {
        writeln!(numbers, "{n}").unwrap();
        writeln!(words, "w{n}").unwrap();
        writeln!(sound, "{n},{}.5", n * 7 % 1000).unwrap();
    }
    numbers.push_str("oops\n");
    let files = [("trapiche.yml", settings), ("numbers.csv", &numbers), ("words.csv", &words), ("sound.csv", &sound)];
    let bench = Workbench::of(&[&files, models].concat());
    bench.run(&["raw.*"]);
    // A capture takes no such text, so it is broken where it lies.
    let landed = bench.lake_files().into_iter().find(|file| file.starts_with("raw/words/") && file.ends_with(".csv"));
    let landed = bench.path("lake").join(landed.unwrap());
    let text = std::fs::read_to_string(&landed).unwrap();
    let (start, _) = text.rsplit_once("w2999").unwrap();
    std::fs::write(landed, [start.as_bytes(), b"\xff2999\n"].concat()).unwrap();
    bench
}

/// The tasks of an exchange share an error. Who sees it first, and whether others still hold it, is chance.
#[test]
fn the_same_fault_has_the_same_words_each_time() {
    let bench = bench(&[]);
    let said = |sql: &str| {
        let answers = (0..50).map(|_| bench.trapiche(&["query", "--threads", "4", sql]));
        let said: BTreeSet<(i32, String)> = answers.map(|answer| (answer.code, answer.stderr)).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        said.into_iter().next().unwrap()
    };
    let (code, number) = said("SELECT n, count(*) FROM raw.numbers GROUP BY n");
    assert_eq!(code, 1, "{number}");
    assert!(number.contains("column `n`, row 3001: `oops` is not a bigint"), "{number}");
    assert!(number.contains("hint: leave the column out of `columns:`"), "{number}");
    let (code, word) = said("SELECT w, count(*) FROM raw.words GROUP BY w");
    assert_eq!(code, 1, "{word}");
    assert!(word.contains("raw/words/") && word.contains("invalid UTF-8"), "{word}");
}

#[test]
fn a_bad_value_in_the_input_of_a_model_comes_with_its_advice() {
    let model = |model: &str| model.replace("INPUT", "raw.numbers");
    let bench = bench(&[
        ("models/profile.yml", &model("describe: { input: INPUT }\n")),
        ("models/groups.yml", &model("kmeans: { input: INPUT, key: [n], features: [n], k: 2 }\n")),
    ]);
    for name in ["profile", "groups"] {
        let answer = bench.trapiche(&["run", name]);
        assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
        assert!(answer.stdout.contains("column `n`, row 3001: `oops` is not a bigint"), "{}", answer.stdout);
        assert!(answer.stdout.contains("(hint: leave the column out of `columns:`"), "{}", answer.stdout);
    }
}

#[test]
fn a_model_that_runs_out_of_memory_says_so() {
    let bench = bench(&[
        ("models/profile.yml", "describe: { input: raw.sound }\n"),
        ("models/groups.yml", "kmeans: { input: raw.sound, key: [n], features: [x], k: 2 }\n"),
    ]);
    let answer = bench.trapiche(&["run", "--memory", "100KB", "profile"]);
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("the memory limit was reached"), "{}", answer.stdout);
    assert!(answer.stdout.contains("(hint: give more with --memory"), "{}", answer.stdout);
    // The other keeps what it needs on disk.
    let answer = bench.trapiche(&["run", "--memory", "100KB", "groups"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
}

/// Exit code 3, whatever was being read when the store went away.
#[test]
fn a_store_that_is_lost_while_a_query_runs_is_a_lost_connection() {
    let bench = bench(&[("queries/trusted/sound.sql", "SELECT n, x FROM raw.sound")]);
    bench.run(&["trusted.sound"]);
    let project = project::load(bench.dir.path(), None, &|_| None).unwrap();
    let (url, store, _) = places::open(&format!("file://{}", bench.path("lake").display()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for table in ["raw.sound", "trusted.sound"] {
        let read = async |at: u64| -> Result<u64> {
            let faulty = Faulty::new(store.clone(), None, at, Fault::Lose);
            let lake = Lake::on(&url, Arc::new(faulty.clone()), None)?;
            let limits = Limits { memory_bytes: 1 << 30, threads: 4 };
            let session = pipeline::query(&project, &lake, &limits, "test").await?;
            let statement = sql::parse(&format!("SELECT n, sum(x) FROM {table} GROUP BY n")).unwrap().statement;
            let mut rows = session.execute(session.prepare(statement).await?).await?;
            while rows.next().await?.is_some() {}
            Ok(faulty.seen())
        };
        let operations = runtime.block_on(read(0)).unwrap();
        assert!(operations > 3, "{operations}");
        for at in 1..=operations {
            let error = runtime.block_on(read(at)).unwrap_err();
            assert_eq!(error.kind(), Kind::Connection, "{table}, operation {at}: {error}");
            assert!(error.to_string().contains("the object store cannot be reached"), "{error}");
        }
    }
}
