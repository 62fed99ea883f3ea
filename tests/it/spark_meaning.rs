//! What statements mean, judged by Spark: `spark-compat/cases/*.tsv` has what PySpark answered to each.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::workbench::Workbench;

#[test]
fn everyday_statements_answer_as_spark_does() {
    let settings = "name: cases\ntargets: { local: { default: true, storage: \"file://./lake\" } }\n";
    let bench = Workbench::of(&[("trapiche.yml", settings)]);
    let cases: Vec<(&str, &str)> = include_str!("../../spark-compat/cases/everyday.tsv")
        .lines()
        .map(|line| line.split_once('\t').expect("an answer and a statement"))
        .collect();
    assert!(cases.len() > 100, "the cases were not found");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((answer, statement)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let got = ask(&bench, statement);
                    if got != *answer {
                        wrong.lock().unwrap().push(format!("{statement}\n  Spark: {answer}\n  here:  {got}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The one value of a statement's one row, as Spark's answers are written.
fn ask(bench: &Workbench, statement: &str) -> String {
    let answer = bench.trapiche(&["query", "-o", "json", statement]);
    if answer.code != 0 {
        assert!(!answer.stderr.contains("panicked"), "{statement}: {}", answer.stderr);
        return "ERROR".to_string();
    }
    let rows: Value = serde_json::from_str(&answer.stdout).unwrap();
    match &rows[0]["v"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
