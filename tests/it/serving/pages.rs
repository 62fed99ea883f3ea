//! Pages against DuckDB, which reads the table's files by itself.

use std::path::Path;
use std::process::Command;

use super::server::Server;
use super::{SETTINGS, mixed};
use crate::plain_readers::python;
use crate::workbench::{Answer, Workbench};

/// `TRAPICHE_REQUESTS=1000` asks more, from seed `TRAPICHE_SEED` on.
#[test]
fn random_questions_are_answered_as_duckdb_answers_them() {
    let Some(python) = python() else { return };
    let bench = mixed();
    let server = Server::start(&bench, &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/serve_check.py");
    let asked = |requests: &str, folder: &str| {
        let mut command = Command::new(&python);
        command.arg(&script).arg(format!("http://{}", server.address)).arg(bench.path(folder)).arg("refined/mixed");
        command.args(["--requests", requests, "--seed", &variable("TRAPICHE_SEED", "1")]);
        Answer::from(command.output().unwrap())
    };
    let requests = variable("TRAPICHE_REQUESTS", "60");
    let answer = asked(&requests, "lake/refined/mixed");
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.stdout, format!("ok {requests} requests\n"));

    // A judge that always nods is none.
    std::fs::remove_dir_all(bench.path("lake/refined/mixed/town=Bern")).unwrap();
    let answer = asked("30", "lake/refined/mixed");
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
}

/// How much is asked: `TRAPICHE_REQUESTS=1000 TRAPICHE_SEED=7`.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says so in the environment")]
fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or(default.into())
}

/// A file that is asked for again is answered from memory, and the answers are the same as before.
#[test]
fn rows_that_are_kept_are_the_rows_of_the_files() {
    let bench = mixed();
    let server = Server::start(&bench, &[]);
    let kept = || -> u64 {
        let metrics = server.get("/metrics");
        let line = metrics.text().lines().find(|line| line.starts_with("trapiche_kept_files ")).unwrap().to_string();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    };
    // Each is another question, so that no answer is one that was there.
    let rows =
        |id: u64, limit: u64| server.json(&format!("/tables/refined/mixed/rows?id={id}&limit={limit}"))["rows"].clone();
    let first: Vec<_> = (0..20).map(|id| rows(id * 70, 50)).collect();
    let files =
        (0..200).find_map(|round| Some(kept()).filter(|files| *files == 5).or_else(|| (rows(round, 51), None).1));
    assert_eq!(files, Some(5), "of five partitions");
    let again: Vec<_> = (0..20).map(|id| rows(id * 70, 52)).collect();
    assert_eq!(first, again);
    assert!(first.iter().any(|rows| rows.as_array().unwrap().len() > 1));
}

/// Of a thousand partitions one is read.
#[test]
fn a_filter_on_a_partition_reads_its_file_alone() {
    let query = "/* trapiche\npartition_by: [key]\n*/\nSELECT id, CAST(id % 1000 AS int) AS key FROM range(5000)";
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/refined/t.sql", query)]);
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    let answer = server.get("/tables/refined/t/rows?key=17&order=id&select=id");
    assert_eq!(answer.header("trapiche-files"), Some("1 of 1000"));
    let ids: Vec<i64> =
        answer.json()["rows"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [17, 1017, 2017, 3017, 4017]);
    let answer = server.get("/tables/refined/t/rows?key.in=1,2,3&count=estimated");
    assert_eq!((answer.header("trapiche-files"), answer.json()["count"].as_u64()), (Some("3 of 1000"), Some(15)));
}
