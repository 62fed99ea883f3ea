//! Nodes that will not do: each is told in clear words, with its exit code, soon, and no secret is in them.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::lost_nodes::RETRYING;
use crate::nodes::{Driver, Manner, Nodes, compute_here, compute_on, post, set_engine};
use crate::other_project::penguins;
use crate::places::{KEY, S3Server, SECRET};
use crate::workbench::{Answer, Workbench, answering, files_below, free_port};

const TOKEN: &str = "correct-horse-battery";
const ENGINE: &str = "wait: 2s";

/// The issue's limit, doubled: this binary is not optimised and its neighbours are at work.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_node_of_another_build_or_none_at_all() {
    let status = r#"{ "build": "0.0.1-elsewhere", "state": "ready", "generation": 1, "plans_port": 1, "memory_bytes": 1,
        "threads": 1, "resident_bytes": 1, "peak_bytes": 1, "cpu_seconds": 0.0, "spilled_bytes": 0 }"#;
    let other = answering("200 OK", status);
    let said = refused("another build", &other, ENGINE, 1);
    assert!(
        said.contains(&format!("the node `{other}` runs trapiche 0.0.1-elsewhere, and this is trapiche")),
        "{said}"
    );
    assert!(said.contains("install this one on the node"), "{said}");

    for answer in ["404 Not Found", "200 OK"] {
        let something = answering(answer, "<html>It works!</html>");
        let said = refused("something else", &something, ENGINE, 3);
        assert!(said.contains(&format!("what answers at `{something}` is no trapiche node")), "{said}");
    }

    let nobody = format!("127.0.0.1:{}", free_port());
    let said = refused("nobody", &nobody, ENGINE, 3);
    assert!(said.contains(&format!("0 of 1 workers are there after 2 s (`{nobody}`: no connection)")), "{said}");
}

#[test]
fn what_nests_too_deep_for_a_message() {
    let nodes = Nodes::start(2);
    let bench = penguins();
    bench.write(
        "queries/trusted/parts.sql",
        "/* trapiche\npartition_by: [k]\n*/\nSELECT x AS a, x % 4 AS k FROM range(99) t(x)",
    );
    let deep = format!("{}a{}", "abs(".repeat(80), ")".repeat(80));
    bench.write(
        "queries/refined/deep.sql",
        &format!("SELECT a % 3 AS b, sum({deep}) AS n FROM trusted.parts GROUP BY 1"),
    );
    bench.run(&["trusted.parts"]);
    compute_on(&bench, &nodes.list(), ENGINE);
    let (answer, _) = Driver::begin(&bench, &["run", "refined.deep"]).ends();
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.code, 1, "{said}");
    assert!(said.contains("an expression nests too deep to be sent to workers"), "{said}");
    compute_here(&bench);
    bench.run(&["refined.deep"]);
}

#[test]
fn only_who_knows_the_token() {
    let nodes = Nodes::with(1, &Manner { token: Some(TOKEN), ..Manner::default() });
    let address = &nodes.all[0].address;
    for engine in [ENGINE.to_string(), format!("{ENGINE}, token: not-that-one")] {
        let said = refused(&engine, address, &engine, 3);
        assert!(said.contains(&format!("the node `{address}` refused the token")), "{said}");
        assert!(said.contains("TRAPICHE_TOKEN"), "{said}");
    }

    let bench = penguins();
    compute_on(&bench, address, &format!("{ENGINE}, token: \"${{TRAPICHE_TOKEN}}\""));
    let mut run = bench.command(&["run"]);
    run.env("TRAPICHE_TOKEN", TOKEN);
    let (answer, _) = Driver::of(run).ends();
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert_no_secret(&bench, &answer, &nodes, TOKEN);

    // A node without the token cannot offer itself to a driver that has one.
    let listen = format!("127.0.0.1:{}", free_port());
    let stranger = Nodes::with(1, &Manner { more: vec!["--driver".into(), listen.clone()], ..Manner::default() });
    let bench = penguins();
    set_engine(&bench, &format!("{{ listen: \"{listen}\", token: {TOKEN}, local_below: \"0\", wait: 3s }}"));
    let (answer, _) = Driver::begin(&bench, &["run"]).ends();
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("0 of 1 workers are there after 3 s (none has registered)"), "{}", answer.stdout);
    assert_no_secret(&bench, &answer, &stranger, TOKEN);
}

/// A node works with the rights of its user, or with its machine's role: it opens what it was told, and nothing else.
#[test]
fn a_lake_that_the_node_does_not_serve() {
    let served = tempfile::tempdir().unwrap();
    let lakes =
        vec![format!("file://{}", served.path().display()), "s3://lake?endpoint=http://127.0.0.1:9".to_string()];
    let nodes = Nodes::with(1, &Manner { lakes, ..Manner::default() });
    let address = &nodes.all[0].address;
    let bench = penguins();
    compute_on(&bench, address, ENGINE);
    let (answer, took) = Driver::begin(&bench, &["run"]).ends();
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    let lake = format!("file://{}", bench.path("lake").display());
    let said = format!("the node `{address}`: the lake `{lake}` is not served here");
    assert!(answer.stdout.contains(&said), "{}", answer.stdout);
    assert!(answer.stdout.contains(&format!("--lake '{lake}'")), "{}", answer.stdout);
    assert!(took < SOON, "{took:?}");

    let lease = |lake: &str, endpoint: &str| {
        let body =
            format!(r#"{{ "holder": "me", "lake": {{ "url": "{lake}", "endpoint": {endpoint}, "region": null }} }}"#);
        post(address, "/v1/lease", &body)
    };
    let inside = format!("file://{}/team", served.path().display());
    assert_eq!(lease(&inside, "null").0, 200);
    for (lake, endpoint) in [
        ("file:///", "null"),
        ("file:///etc", "null"),
        (&format!("{inside}/../.."), "null"),
        (&format!("{inside}/%2e%2e%2f%2e%2e%2fetc"), "null"),
        ("s3://lake", "null"),
        ("s3://lake", "\"http://127.0.0.1:10\""),
        ("s3://other", "\"http://127.0.0.1:9\""),
    ] {
        let (code, words) = lease(lake, endpoint);
        assert!(code == 403 && words.contains(lake), "{lake} {endpoint}: {code} {words}");
    }
}

#[test]
fn beyond_this_machine_there_must_be_a_token() {
    let bench = penguins();
    let words = |command: &mut Command| {
        let answer = Answer::from(command.env_remove("TRAPICHE_TOKEN").output().unwrap());
        assert_eq!(answer.code, 2, "{}{}", answer.stdout, answer.stderr);
        assert!(
            answer.stderr.contains("there is no token") && answer.stderr.contains("TRAPICHE_TOKEN"),
            "{}",
            answer.stderr
        );
        answer.stderr
    };
    for what in ["worker", "process"] {
        let mut node = Command::new(env!("CARGO_BIN_EXE_trapiche"));
        node.args(["node", what, "--bind", "0.0.0.0", "--port", "0", "--lake", "file:///nowhere"]);
        assert!(words(&mut node).contains("can be reached from other machines"));
    }
    let listed = words(&mut bench.command(&["plan", "--workers", "127.0.0.1:7077,10.0.0.5:7077"]));
    assert!(listed.contains("`10.0.0.5:7077`"), "{listed}");
    for engine in ["{ workers: [\"db.example.org:7077\"] }", "{ listen: \"0.0.0.0:7070\" }"] {
        set_engine(&bench, engine);
        assert!(words(&mut bench.command(&["plan"])).contains("trapiche.yml:"));
    }
    set_engine(&bench, "{ listen: \"0.0.0.0:7070\", token: secret }");
    assert_eq!(bench.trapiche(&["validate"]).code, 0);
}

#[test]
fn a_node_that_was_told_no_lake() {
    let mut node = Command::new(env!("CARGO_BIN_EXE_trapiche"));
    let answer = Answer::from(node.args(["node", "worker", "--port", "0"]).output().unwrap());
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.stderr.contains("--lake <URL>"), "{}", answer.stderr);
}

#[test]
fn a_spill_folder_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let mut worker = Command::new(env!("CARGO_BIN_EXE_trapiche"));
    worker
        .args(["node", "worker", "--port", "0", "--lake", "file:///nowhere", "--spill"])
        .arg(&file)
        .env_remove("TRAPICHE_TOKEN");
    let (answer, took) = Driver::of(worker).ends();
    println!("a spill folder that is a file: {took:.1?}");
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.stderr.contains("cannot write to the spill folder"), "{}", answer.stderr);
    assert!(answer.stderr.contains("--spill DIR"), "{}", answer.stderr);
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_spill_disk_that_is_full() {
    let Some(disk) = TinyDisk::mount() else { return };
    let nodes = Nodes::with(
        2,
        &Manner { memory: "100MB", more: vec!["--spill".into(), disk.path.display().to_string()], ..Manner::default() },
    );
    let bench = crate::ledger::captured();
    // Wide rows: sorted by partition they need more memory than there is.
    let file = "queries/trusted/sales.sql";
    let sql = std::fs::read_to_string(bench.path(file)).unwrap();
    bench.write(file, &sql.replace("AS id, sku,", "AS id, sku, repeat(sku, 400) AS wide,"));
    compute_on(&bench, &nodes.list(), ENGINE);
    let (answer, took) = Driver::begin(&bench, &["run", "trusted.sales"]).ends();
    println!("a full spill disk: {took:.1?}");
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("there is no room left for what does not fit in memory"), "{}", answer.stdout);
    assert!(answer.stdout.contains("--spill"), "{}", answer.stdout);
    assert!(took < SOON, "{took:?}");
    assert_eq!(files_below(&bench.path("lake/trusted")), Vec::<String>::new());
    assert!(!answer.stderr.contains(RETRYING), "{}", answer.stderr);
}

#[test]
fn a_store_that_the_worker_cannot_reach() {
    let Some(server) = S3Server::start("s3s") else { return };
    let bench = crate::ledger::captured();
    let on = |endpoint: &str, nodes: Option<&Nodes>| {
        let storage = format!("storage: \"s3://lake/it\"\n    s3: {{ endpoint: \"{endpoint}\", region: us-east-1 }}");
        let engine = nodes.map_or_else(String::new, |nodes| {
            format!("\n    engine: {{ workers: [{}], local_below: \"0\", wait: 2s }}", nodes.list())
        });
        compute_here(&bench);
        let text = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
        // Set as another engine would be, so that it is taken out again.
        set_engine(&bench, "{}");
        bench.write("trapiche.yml", &text.replace("storage: \"file://./lake\"", &(storage + &engine)));
    };
    let run = |args: &[&str]| {
        let mut command = bench.command(args);
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
        Driver::of(command).ends()
    };
    on(&server.endpoint, None);
    let (answer, _) = run(&["run", "raw.*"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);

    // The driver's credentials do not travel: a worker has to have its own.
    let with_keys = |key: &str, secret: &str| {
        let keys = [("AWS_ACCESS_KEY_ID", key.to_string()), ("AWS_SECRET_ACCESS_KEY", secret.to_string())];
        let lakes = vec![format!("s3://lake?endpoint={}&region=us-east-1", server.endpoint)];
        Nodes::with(2, &Manner { environment: keys.into(), lakes, ..Manner::default() })
    };
    let wrong = with_keys(KEY, "not-the-secret");
    on(&server.endpoint, Some(&wrong));
    let (answer, took) = run(&["run", "trusted.sales"]);
    println!("a worker with wrong credentials: {took:.1?}");
    assert!([1, 3].contains(&answer.code), "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("the object store refused access"), "{}", answer.stdout);
    assert!(took < SOON, "{took:?}");
    assert_no_secret(&bench, &answer, &wrong, SECRET);

    let own = with_keys(KEY, SECRET);
    on(&server.endpoint, Some(&own));
    let (answer, _) = run(&["run", "trusted.sales"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert_no_secret(&bench, &answer, &own, SECRET);

    on(&format!("http://127.0.0.1:{}", free_port()), Some(&own));
    let (answer, took) = run(&["run", "trusted.sales"]);
    println!("no store: {took:.1?}");
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stderr.contains("the object store cannot be reached"), "{}", answer.stderr);
    assert!(took < SOON, "{took:?}");
}

/// Runs a project on that node; its words, when it ended with this code and soon.
fn refused(what: &str, node: &str, engine: &str, code: i32) -> String {
    let bench = penguins();
    compute_on(&bench, node, engine);
    let (answer, took) = Driver::begin(&bench, &["run"]).ends();
    let said = format!("{}{}", answer.stdout, answer.stderr);
    println!("{what}: {took:.1?}");
    assert_eq!(answer.code, code, "{what}: {said}");
    assert!(took < SOON, "{what}: {took:?}");
    for zone in ["trusted", "refined"] {
        assert_eq!(files_below(&bench.path(&format!("lake/{zone}"))), Vec::<String>::new(), "{what}");
    }
    said
}

/// Not in what anyone said, in a report, nor anywhere in the lake.
fn assert_no_secret(bench: &Workbench, answer: &Answer, nodes: &Nodes, secret: &str) {
    for (place, text) in [("stdout", &answer.stdout), ("stderr", &answer.stderr), ("nodes", &nodes.words())] {
        assert!(!text.contains(secret), "in {place}: {text}");
    }
    for file in bench.lake_files() {
        let bytes = std::fs::read(bench.path(&format!("lake/{file}"))).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "in {file}");
    }
}

/// A disk of one megabyte; gone when dropped.
struct TinyDisk {
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl TinyDisk {
    /// Nothing where a process may not mount any.
    fn mount() -> Option<TinyDisk> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&path).stderr(Stdio::null());
        if !mount.status().is_ok_and(|status| status.success()) {
            println!("skipped: no disk can be mounted here");
            return None;
        }
        Some(TinyDisk { path, _folder: folder })
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: a worker that is being killed may still have a file there.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
