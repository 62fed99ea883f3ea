//! `trapiche doctor`: what it finds in order, and what it finds broken.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::places::{KEY, S3Server, SECRET};
use crate::web::{Reply, Web};
use crate::workbench::{Answer, Workbench, files_below};

fn bench(storage: &str, connections: &str, sources: &str) -> Workbench {
    let settings = format!(
        "name: x\ntargets: {{ here: {{ storage: {storage} }} }}\nconnections: {{ {connections} }}\nsources: {{ {sources} }}\n"
    );
    Workbench::of(&[("trapiche.yml", &settings), ("t.csv", "id\n1\n")])
}

/// Its exit code, and each finding by what was looked at and how.
fn examined(bench: &Workbench) -> (i32, BTreeMap<String, Value>) {
    let mut command = bench.command(&["doctor", "-o", "json"]);
    command.env("NO_PROXY", "*").env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
    let answer = Answer::from(command.env("TOKEN", "hush-4711").output().unwrap());
    assert!(!answer.stdout.contains("hush-4711"), "{}", answer.stdout);
    let findings: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{}", answer.stderr));
    let key =
        |finding: &Value| format!("{}: {}", finding["what"].as_str().unwrap(), finding["check"].as_str().unwrap());
    (answer.code, findings.into_iter().map(|finding| (key(&finding), finding)).collect())
}

fn health<'a>(findings: &'a BTreeMap<String, Value>, key: &str) -> &'a str {
    findings.get(key).unwrap_or_else(|| panic!("{key}: {findings:#?}"))["health"].as_str().unwrap()
}

const LAKE: [&str; 5] = ["list", "create, once only", "read", "clock", "remove"];

#[test]
fn what_is_in_order_is_said_to_be_and_nothing_stays() {
    let web = Web::start(|_| Reply::json(r#"[{"id": 1}]"#));
    let api = format!("api: {{ rest: \"{}\", auth: {{ bearer: \"${{TOKEN}}\" }} }}", web.url(""));
    let sources = "t: { url: \"file://./t.csv\" }, list: { from: api, path: /list }, each: { from: api, path: \"/of/{list.id}\", for_each: list }";
    let bench = bench("\"file://./lake\"", &api, sources);
    let (code, findings) = examined(&bench);
    assert_eq!(code, 0, "{findings:#?}");
    let server = format!("server {}", web.address);
    let of = |what: &str, check: &str| format!("{what}: {check}");
    let mut expected: Vec<String> = LAKE.iter().chain(&["room"]).map(|check| of("lake", check)).collect();
    expected.extend(["t", "list", "each"].map(|source| of(&format!("source {source}"), "read")));
    expected.extend([of(&server, "reach"), of(&server, "encryption")]);
    expected.sort();
    assert_eq!(findings.keys().cloned().collect::<Vec<_>>(), expected);
    assert!(findings.values().all(|finding| finding["health"] == "ok"), "{findings:#?}");
    assert_eq!(files_below(&bench.path("lake")), Vec::<String>::new());
}

#[test]
fn what_is_broken_is_found_with_the_rest() {
    let refusing = Web::start(|_| Reply::status("401 Unauthorized"));
    let connections = format!(
        "api: {{ rest: \"{}\", headers: {{ x: \"${{TOKEN}}\" }} }}, gone: {{ database: \"postgres://me:${{TOKEN}}@127.0.0.1:1/x\" }}, nameless: {{ files: \"http://nobody.invalid\" }}",
        refusing.url("")
    );
    let sources = "t: { url: \"file://./t.csv\" }, missing: { url: \"file://./none.csv\" }, refused: { from: api, path: /x }, \
                   gone: { from: gone, table: t }, nameless: { from: nameless, path: /a.csv }";
    let bench = bench("\"file://./lake\"", &connections, sources);
    bench.write(".env", "A=1\n");
    std::fs::set_permissions(bench.path(".env"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, findings) = examined(&bench);
    assert_eq!(code, 1);
    assert_eq!(health(&findings, ".env: secret"), "warn");
    for source in ["missing", "refused", "gone", "nameless"] {
        let key = format!("source {source}: read");
        assert_eq!(health(&findings, &key), "fail");
        assert!(findings[&key]["hint"].is_string(), "{:#?}", findings[&key]);
    }
    assert_eq!(health(&findings, "source t: read"), "ok");
    assert_eq!(health(&findings, "lake: list"), "ok");
    assert_eq!(health(&findings, "server nobody.invalid:80: reach"), "fail");
    let unresolved = findings["server nobody.invalid:80: reach"]["detail"].as_str().unwrap();
    assert!(unresolved.contains("does not resolve"), "{unresolved}");
    let table = Answer::from(bench.command(&["doctor"]).env("TOKEN", "x").output().unwrap());
    assert!(table.code == 1 && table.stdout.contains("does not resolve"), "{}", table.stdout);
}

#[test]
fn a_lake_that_cannot_be_written_to_is_found() {
    // As root any folder can be.
    let bench = bench("\"file://./t.csv/lake\"", "", "t: { url: \"file://./t.csv\" }");
    let (code, findings) = examined(&bench);
    assert_eq!(code, 1);
    assert_eq!(health(&findings, "lake: create, once only"), "fail");
}

#[test]
fn a_lake_on_s3_is_probed_like_a_folder() {
    let Some(server) = S3Server::start("minio").or_else(|| S3Server::start("s3s")) else { return };
    let storage = |endpoint: &str| format!("\"s3://lake/doctor\", s3: {{ endpoint: \"{endpoint}\" }}");
    let bench = bench(&storage(&server.endpoint), "", "t: { url: \"file://./t.csv\" }");
    let (code, findings) = examined(&bench);
    assert_eq!(code, 0, "{findings:#?}");
    assert!(LAKE.iter().all(|check| health(&findings, &format!("lake: {check}")) == "ok"), "{findings:#?}");
}
