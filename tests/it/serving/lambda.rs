//! The same answers from within AWS Lambda, which `scripts/lambda_runtime.py` plays.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::SETTINGS;
use crate::places::{KEY, S3Server, SECRET};
use crate::plain_readers::python;
use crate::workbench::{Answer, Workbench};

/// A table of some megabytes, whose rows hardly shrink.
const LARGE: &str = "SELECT id, sha2(CAST(id AS string), 512) AS hash FROM range(50000)";

fn bench(serve: &str, storage: &str) -> Workbench {
    let settings = format!("name: results\ntargets: {{ here: {{ {storage} }} }}\nserve:\n  most_rows: 100000\n{serve}");
    let bench = Workbench::of(&[
        ("trapiche.yml", &settings),
        ("queries/refined/t.sql", "SELECT id, CAST(id AS string) AS note FROM range(5)"),
        ("queries/refined/large.sql", LARGE),
    ]);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_trapiche"), bench.path("bootstrap")).unwrap();
    bench
}

const HERE: &str = "storage: \"file://./lake\"";

/// By the gateway's authorizer.
const ROLE: &str = r#"{"iam": {"userArn": "arn:aws:iam::123456789012:user/ada"}}"#;
const TOKEN: &str = r#"{"jwt": {"claims": {"sub": "ada"}, "scopes": null}}"#;

/// The answers to events; `None` without a Python here.
fn answers(bench: &Workbench, args: &[&str], environment: &[(&str, &str)]) -> Option<Vec<Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/lambda_runtime.py");
    let mut command = Command::new(python()?);
    command.arg(script).arg(bench.path("bootstrap")).arg(bench.path("")).args(args).envs(environment.iter().copied());
    let output = command.output().unwrap();
    let answer = Answer::from(output);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    Some(answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or_else(|_| panic!("{answer}"))
}

#[test]
fn whom_the_gateway_lets_in_is_answered() {
    let bench = bench("", HERE);
    bench.run(&[]);
    let rows = "/tables/refined/t/rows?order=id.desc&limit=2&note.ne=4";
    let paths = [rows, "/tables/refined/t/rows?id=x", "/tables/refined/u/rows", "/health"];
    let args = |more: &'static [&'static str]| [&paths[..], more].concat();
    let Some(found) = answers(&bench, &args(&["--authorizer", ROLE]), &[]) else { return };
    let statuses: Vec<&Value> = found.iter().map(|answer| &answer["status"]).collect();
    assert_eq!(statuses, [200, 400, 404, 200]);
    assert_eq!(body(&found[0])["rows"], json!([{ "id": 3, "note": "3" }, { "id": 2, "note": "2" }]));
    assert_eq!(found[0]["headers"]["trapiche-rows"], "2");
    assert_eq!(body(&found[1])["parameter"], "id");

    // Under a stage of its own, and by a token.
    let staged = answers(&bench, &args(&["--stage", "prod", "--authorizer", TOKEN]), &[]).unwrap();
    assert_eq!(body(&staged[0])["rows"], body(&found[0])["rows"]);
    let csv = answers(&bench, &[rows, "--header", "accept: text/csv", "--authorizer", ROLE], &[]).unwrap();
    assert_eq!(csv[0]["body"], "id,note\n3,3\n2,2\n");
    let posted = ["/tables", "--method", "POST", "--body", "{}", "--authorizer", ROLE];
    assert_eq!(answers(&bench, &posted, &[]).unwrap()[0]["status"], 405);
}

#[test]
fn nobody_is_let_in_unasked() {
    let bench = bench("", HERE);
    bench.run(&[]);
    let paths = ["/tables/refined/t/rows", "/tables", "/openapi.json", "/runs"];
    let Some(found) = answers(&bench, &paths, &[]) else { return };
    assert!(found.iter().all(|answer| answer["status"] == 401), "{found:?}");
    assert!(body(&found[0])["hint"].as_str().unwrap().contains("authorizer"), "{found:?}");

    // A project's own key is asked for whoever the gateway knows.
    let made = bench.trapiche(&["serve", "key", "page"]);
    let line = made.stderr.lines().find(|line| line.contains("sha256:")).unwrap().trim();
    let settings = format!("{SETTINGS}serve:\n  keys:\n  {line}\n").replace("name: mixed", "name: results");
    bench.write("trapiche.yml", &settings);
    let key = format!("x-api-key: {}", made.stdout.trim());
    let status = |more: &[&str]| answers(&bench, &[&paths[..1], more].concat(), &[]).unwrap()[0]["status"].clone();
    assert_eq!(status(&["--header", &key]), 200);
    assert_eq!(status(&["--authorizer", ROLE]), 401);
    assert_eq!(status(&["--header", "x-api-key: wrong", "--authorizer", ROLE]), 401);
}

/// Lambda sends no more than 6 MB.
#[test]
fn a_large_answer_is_fetched_from_the_lake() {
    let large = "/tables/refined/large/rows?limit=100000&format=csv";
    let here = bench("", HERE);
    here.run(&[]);
    let Some(found) = answers(&here, &[large, "--authorizer", ROLE], &[]) else { return };
    assert_eq!(found[0]["status"], 413, "{}", found[0]);
    assert!(body(&found[0])["hint"].as_str().unwrap().contains("limit"));

    let Some(server) = S3Server::start("minio") else { return };
    let storage = format!("storage: \"s3://lake/of/results\", s3: {{ endpoint: \"{}\" }}", server.endpoint);
    let bench = bench("", &storage);
    let keys = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_REGION", "us-east-1")];
    let trapiche = |args: &[&str]| {
        let answer = Answer::from(bench.command(args).envs(keys).output().unwrap());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer
    };
    trapiche(&["run"]);
    let found = answers(&bench, &[large, "--authorizer", ROLE], &keys).unwrap();
    assert_eq!(found[0]["status"], 303, "{}", found[0]);
    let address = found[0]["headers"]["location"].as_str().unwrap();
    // Without credentials.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (kind, text) = runtime.block_on(async {
        let fetched = reqwest::get(address).await.unwrap().error_for_status().unwrap();
        (fetched.headers()["content-type"].to_str().unwrap().to_string(), fetched.text().await.unwrap())
    });
    assert_eq!(kind, "text/csv; charset=utf-8");
    assert_eq!((text.lines().next().unwrap(), text.lines().count()), ("id,hash", 50_001));
    // It is no table's, and goes once its address has run out.
    assert!(!trapiche(&["vacuum", "--dry-run", "-o", "json"]).stdout.contains("_trapiche/answers"));
}

#[test]
fn elsewhere_it_says_what_it_is_for() {
    let bench = bench("", HERE);
    let refused = bench.trapiche(&["lambda"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("this is not AWS Lambda"), "{}", refused.stderr);
}
