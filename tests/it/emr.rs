//! The project on a cluster that is brought up for it: by a control plane that plays EMR and really starts what it is asked to start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use serde_json::{Value, json};

use crate::aws::{self, Moto};
use crate::nodes::{Driver, Manner, Nodes, PATIENCE, set_engine, wait};
use crate::other_project;
use crate::places::{KEY, S3Server, SECRET};
use crate::workbench::{Answer, Workbench, files_below};

/// What a variable of the project holds.
const HUSH: &str = "hush-4711";

/// A cluster's places: bucket, control plane and the services beside it.
struct Cloud {
    server: S3Server,
    moto: Moto,
    plane: Child,
    endpoint: String,
    folder: tempfile::TempDir,
}

impl Cloud {
    /// `None` where MinIO or moto are not installed, with a word.
    fn start() -> Option<Cloud> {
        let server = S3Server::start("minio")?;
        let moto = Moto::start()?;
        moto.python(&format!("client('ssm').put_parameter(Name='/shop/word', Value='{HUSH}', Type='SecureString')"));
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/emr_control_plane.py");
        let mut command = Command::new(aws::python()?);
        command.arg(script).arg(folder.path()).args(["--s3", &server.endpoint, "--secrets", &moto.endpoint]);
        command.envs(aws::ACCOUNT).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut plane = command.spawn().unwrap();
        let mut endpoint = String::new();
        BufReader::new(plane.stdout.take().unwrap()).read_line(&mut endpoint).unwrap();
        assert!(endpoint.starts_with("http"), "the control plane does not start");
        Some(Cloud { server, moto, plane, endpoint: endpoint.trim().to_string(), folder })
    }

    /// The demo in a target on this cloud, with three nodes that have all the work.
    fn demo(&self, prefix: &str, more: &str) -> Workbench {
        let bench = Workbench::demo();
        let target = format!(
            "  emr:\n    storage: \"s3://lake/{prefix}\"\n    s3: {{ endpoint: \"{}\", region: eu-west-1 }}\n    demo: {{ scale: \"${{DEMO_SCALE:-1}}\" }}\n    engine: {{ cluster: emr, core: {{ count: 2 }}, local_below: \"0\", wait: 90s, glibc: \"{}\"{more} }}\n",
            self.server.endpoint,
            glibc()
        );
        let settings = fs::read_to_string(bench.path("trapiche.yml")).unwrap();
        // A header that the demo's own server does not look at, and nobody else may see.
        let settings = settings.replacen("\nconnections:\n", &format!("{target}\nconnections:\n"), 1).replace(
            "store: { rest: \"demo://api\" }",
            "store: { rest: \"demo://api\", headers: { x-word: \"${HUSH}\", x-more: \"ssm:/shop/word\" } }",
        );
        bench.write("trapiche.yml", &settings);
        bench
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let mut environment: BTreeMap<String, String> =
            self.moto.environment(&["SECRETS_MANAGER", "SSM"]).into_iter().collect();
        environment.insert("AWS_ENDPOINT_URL_EMR".into(), self.endpoint.clone());
        environment.insert("HUSH".into(), HUSH.into());
        environment.insert("AWS_ACCESS_KEY_ID".into(), KEY.into());
        environment.insert("AWS_SECRET_ACCESS_KEY".into(), SECRET.into());
        environment
    }

    fn command(&self, bench: &Workbench, args: &[&str]) -> Command {
        let mut command = bench.command(&[args, &["--target", "emr"]].concat());
        command.envs(self.environment());
        command
    }

    fn trapiche(&self, bench: &Workbench, args: &[&str]) -> Answer {
        let (answer, _) = Driver::of(self.command(bench, args)).ends();
        answer
    }

    /// `submit`, with the program that this test is of.
    fn submit<'a>(&self, args: &[&'a str]) -> Vec<&'a str> {
        [&["submit", "--every", "1s", "--program", program().to_str().unwrap()], args].concat()
    }

    fn asked(&self, path: &str) -> Value {
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let (code, body) = crate::nodes::get(address, path, None).expect("the control plane answers");
        assert_eq!(code, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// (id, state) of all clusters.
    fn clusters(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_string();
        self.asked("/nodes/").as_array().unwrap().iter().map(|it| (text(&it["id"]), text(&it["state"]))).collect()
    }

    fn until_ended(&self) {
        self.until("the clusters end", || self.clusters().iter().all(|(_, state)| state.starts_with("TERMINATED")));
    }

    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}", self.clusters());
            wait(std::time::Duration::from_millis(200));
        }
    }

    /// What was asked of EMR: operations and their requests.
    fn requests(&self) -> Vec<(String, Value)> {
        let text = fs::read_to_string(self.folder.path().join("requests.jsonl")).unwrap_or_default();
        let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        entries.map(|it| (it["operation"].as_str().unwrap().to_string(), it["request"].clone())).collect()
    }

    fn launches(&self) -> Vec<Value> {
        self.requests().into_iter().filter(|(name, _)| name == "RunJobFlow").map(|(_, request)| request).collect()
    }

    /// Rows of the lake's tables, as the program on this machine reads them.
    fn rows(&self, bench: &Workbench, sql: &str) -> String {
        let answer = self.trapiche(bench, &["query", "-o", "csv", sql]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // It ends what it has started.
        crate::nodes::signal("TERM", self.plane.id());
        let _ = self.plane.wait();
    }
}

/// The version of this machine's C library, which a program that was built here may need.
fn glibc() -> String {
    let answer = Command::new("ldd").arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    text.lines().next().unwrap().rsplit(' ').next().unwrap().to_string()
}

/// The program without what debuggers need: nodes fetch it several times.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PROGRAM.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trapiche");
        let made = Command::new("strip").arg("-o").arg(&path).arg(env!("CARGO_BIN_EXE_trapiche")).status();
        if !made.is_ok_and(|status| status.success()) {
            fs::copy(env!("CARGO_BIN_EXE_trapiche"), &path).unwrap();
        }
        (folder, path)
    });
    path
}

const TABLES: [&str; 5] =
    ["trusted.sales", "trusted.cart_items", "refined.revenue_by_month", "refined.category_prices", "refined.segments"];

fn content(rows: impl Fn(&str) -> String) -> BTreeMap<&'static str, BTreeSet<String>> {
    let sorted = |table: &str| rows(&format!("SELECT * FROM {table}")).lines().map(str::to_string).collect();
    TABLES.iter().map(|table| (*table, sorted(table))).collect()
}

#[test]
fn a_run_has_a_cluster_of_its_own_and_the_same_rows() {
    let Some(cloud) = Cloud::start() else { return };
    let local = Workbench::demo();
    local.run(&[]);
    let bench = cloud.demo("whole", ", tags: { team: data }");
    let printed = cloud.trapiche(&bench, &cloud.submit(&["--dry-run", "--run-id", "first-1"]));
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    let printed: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert!(cloud.requests().is_empty());

    let answer = cloud.trapiche(&bench, &cloud.submit(&["--run-id", "first-1", "-o", "json"]));
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.code, 0, "{said}");
    // The log came, and the report.
    for words in ["BOOTSTRAPPING", "RUNNING", "COMPLETED", "trusted.sales"] {
        assert!(answer.stderr.contains(words), "{words}: {said}");
    }
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((&report["status"], &report["exit_code"]), (&json!("ok"), &json!(0)));
    let on_workers =
        report["datasets"].as_array().unwrap().iter().filter_map(|it| it["on_workers"]["workers"].as_u64());
    assert_eq!(on_workers.max(), Some(2), "{report}");
    cloud.until_ended();
    assert_eq!(cloud.launches(), [printed], "what is printed is what is sent");
    let read = |table: &str| cloud.rows(&bench, table);
    let here = |sql: &str| local.trapiche(&["query", "-o", "csv", sql]).stdout;
    assert_eq!(content(read), content(here));
    // Nothing is left but the lake: no process, and no secret.
    let (id, state) = cloud.clusters().remove(0);
    assert_eq!(state, "TERMINATED");
    let nodes = cloud.asked(&format!("/nodes/{id}"));
    assert_eq!(nodes.as_array().unwrap().len(), 3);
    assert!(nodes.as_array().unwrap().iter().all(|node| node["processes"] == json!([])), "{nodes}");
    assert_eq!(cloud.moto.python("print(len(client('secretsmanager').list_secrets()['SecretList']))").trim(), "0");
    assert_eq!(seen(&cloud, &said), Vec::<String>::new());
    // The primary node has said that it is at work; the other two have had a worker, and no project.
    let files = files_below(cloud.folder.path());
    let of_node = |n: usize, end: &str| files.contains(&format!("{id}/node-{n}/{end}"));
    assert!(of_node(0, "emr/metricscollector/isbusy") && !of_node(0, "opt/trapiche/worker"), "{files:?}");
    assert!(
        (1..3).all(|n| of_node(n, "opt/trapiche/worker") && !of_node(n, "emr/metricscollector/isbusy")),
        "{files:?}"
    );

    // The same run again is that run; its status says how it ended, and its log is still there.
    let again = cloud.trapiche(&bench, &cloud.submit(&["--run-id", "first-1"]));
    assert_eq!((again.code, cloud.launches().len()), (0, 1), "{}", again.stderr);
    let status = cloud.trapiche(&bench, &["submit", "status", "first-1", "-o", "json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((&status["step_state"], &status["exit_code"]), (&json!("COMPLETED"), &json!(0)), "{status}");
    let logs = cloud.trapiche(&bench, &["submit", "logs", "first-1", "--every", "1s"]);
    assert!(logs.code == 0 && logs.stderr.contains("trusted.sales"), "{}", logs.stderr);
}

/// Where what nobody may see is seen: requests, logs and scripts of nodes, and the bucket.
fn seen(cloud: &Cloud, said: &str) -> Vec<String> {
    let mut places = vec![("words".to_string(), said.as_bytes().to_vec())];
    let folder = cloud.folder.path();
    for file in files_below(folder).into_iter().filter(|file| !file.ends_with("/trapiche") && !file.ends_with(".new")) {
        places.push((file.clone(), fs::read(folder.join(file)).unwrap_or_default()));
    }
    let script = format!(
        "import gzip\ns3 = boto3.client('s3', endpoint_url='{}', aws_access_key_id='{KEY}', aws_secret_access_key='{SECRET}')\nfound = []\n\
         for page in s3.get_paginator('list_objects_v2').paginate(Bucket='lake'):\n    for it in page.get('Contents', []):\n        if '/trapiche-' in it['Key']: continue\n\
         \x20       body = s3.get_object(Bucket='lake', Key=it['Key'])['Body'].read()\n        body = gzip.decompress(body) if it['Key'].endswith('.gz') else body\n\
         \x20       if b'{HUSH}' in body or b'\"TRAPICHE_TOKEN\"' in body: found.append(it['Key'])\nprint('\\n'.join(found))",
        cloud.server.endpoint
    );
    let mut found: Vec<String> =
        cloud.moto.python(&script).lines().filter(|line| !line.is_empty()).map(str::to_string).collect();
    let has = |content: &[u8]| content.windows(HUSH.len()).any(|part| part == HUSH.as_bytes());
    found.extend(places.into_iter().filter(|(_, content)| has(content)).map(|(place, _)| place));
    found
}

#[test]
fn a_query_that_fails_ends_the_cluster_with_the_runs_own_code() {
    let Some(cloud) = Cloud::start() else { return };
    // Groups of instances, as AWS Academy has them.
    let bench = cloud.demo("failing", ", preset: academy");
    bench.write("queries/refined/broken.sql", "SELECT CAST(name AS int) AS n FROM raw.products");
    let answer = cloud.trapiche(&bench, &cloud.submit(&["+refined.broken"]));
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("refined.broken"), "{}", answer.stderr);
    cloud.until_ended();
    assert_eq!(cloud.clusters()[0].1, "TERMINATED_WITH_ERRORS");

    // What is known before is told before, and costs no cluster.
    let before = cloud.launches().len();
    let unset =
        bench.command(&[&cloud.submit(&[])[..], &["--target", "emr"]].concat()).env_remove("HUSH").output().unwrap();
    let unset = Answer::from(unset);
    assert_eq!(unset.code, 2, "{}", unset.stderr);
    assert!(unset.stderr.contains("the variable `HUSH` is not set"), "{}", unset.stderr);
    let unknown = cloud.trapiche(&bench, &cloud.submit(&["refined.nothing"]));
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    let old = bench.path("trapiche.yml");
    let settings = fs::read_to_string(&old).unwrap().replace(&format!("glibc: \"{}\"", glibc()), "glibc: \"2.4\"");
    bench.write("trapiche.yml", &settings);
    let refused = cloud.trapiche(&bench, &cloud.submit(&[]));
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("needs glibc") && refused.stderr.contains("cargo zigbuild"), "{}", refused.stderr);
    assert_eq!(cloud.launches().len(), before);
}

#[test]
fn two_launches_of_a_run_make_one_cluster_and_a_launcher_that_dies_leaves_it_to_end() {
    let Some(cloud) = Cloud::start() else { return };
    let bench = cloud.demo("twice", "");
    let args = cloud.submit(&["--run-id", "nightly-7", "+refined.category_prices"]);
    // The answer to the first of them is lost on its way.
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    assert_eq!(crate::nodes::post(address, "/drop/RunJobFlow", "").0, 200);
    let both = [Driver::of(cloud.command(&bench, &args)), Driver::of(cloud.command(&bench, &args))];
    let answers = both.map(|driver| driver.ends().0);
    for answer in &answers {
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }
    assert_eq!(cloud.launches().len(), 1);

    // Killed as soon as the cluster is there.
    let args = cloud.submit(&["--run-id", "nightly-8", "--full-refresh", "+refined.category_prices"]);
    let mut driver = Driver::of(cloud.command(&bench, &args));
    cloud.until("the second cluster is there", || cloud.clusters().len() == 2);
    driver.kill();
    cloud.until_ended();
    assert!(cloud.clusters().iter().all(|(_, state)| state == "TERMINATED"), "{:?}", cloud.clusters());
    assert_eq!(cloud.moto.python("print(len(client('secretsmanager').list_secrets()['SecretList']))").trim(), "0");
    // Whoever asks by the run's name hears how it ended.
    let answer = cloud.trapiche(&bench, &args);
    assert_eq!((answer.code, cloud.launches().len()), (0, 2), "{}", answer.stderr);
    assert!(cloud.rows(&bench, "SELECT count(*) AS n FROM refined.category_prices").lines().count() == 2);
}

#[test]
fn a_lost_worker_is_no_end_and_a_cancelled_run_is() {
    let Some(cloud) = Cloud::start() else { return };
    let bench = cloud.demo("lost", "");
    let settings = fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    let fleets = "core: { count: 1 }, task: { types: [m5.xlarge, m5a.xlarge], count: 1 }, disk: 64, idle: 30m";
    bench.write("trapiche.yml", &settings.replace("core: { count: 2 }", fleets));
    let args = cloud.submit(&["--run-id", "lossy", "-o", "json", "+refined.customer_features"]);
    let mut command = cloud.command(&bench, &args);
    command.env("DEMO_SCALE", "6");
    let driver = Driver::of(command);
    cloud.until("the run is at work", || driver.words().contains("raw.orders"));
    let id = cloud.clusters()[0].0.clone();
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    assert_eq!(crate::nodes::post(address, &format!("/lose/{id}/1"), "").0, 200);
    let (answer, _) = driver.ends();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let used = |key: &str| -> Vec<u64> {
        report["datasets"].as_array().unwrap().iter().filter_map(|it| it["on_workers"][key].as_u64()).collect()
    };
    // It was there, and then it was not.
    let (workers, attempts) = (used("workers"), used("attempts"));
    assert!(workers.contains(&1) || attempts.iter().any(|it| *it > 1), "{workers:?} {attempts:?}\n{}", answer.stderr);
    cloud.until_ended();

    // Whoever stops to look leaves the run at work.
    let args = cloud.submit(&["--run-id", "unwanted", "--full-refresh", "+refined.customer_features"]);
    let driver = Driver::of(cloud.command(&bench, &args));
    cloud.until("the second cluster is there", || driver.words().contains("is submitted"));
    crate::nodes::signal("INT", driver.process.id());
    let (left, _) = driver.ends();
    assert_eq!(left.code, 130, "{}", left.stderr);
    assert!(left.stderr.contains("`unwanted` goes on"), "{}", left.stderr);
    let detached = cloud.trapiche(&bench, &[&args[..], &["--detach"]].concat());
    assert_eq!((detached.code, detached.stdout.trim()), (0, "unwanted"), "{}", detached.stderr);
    let cancelled = cloud.trapiche(&bench, &["submit", "cancel", "unwanted"]);
    assert_eq!(cancelled.code, 0, "{}", cancelled.stderr);
    cloud.until_ended();
    let followed = cloud.trapiche(&bench, &args);
    assert_eq!(followed.code, 3, "{}", followed.stderr);
    assert!(followed.stderr.contains("did not say how it ended"), "{}", followed.stderr);
    let nobody = cloud.trapiche(&bench, &["submit", "status", "never"]);
    assert_eq!(nobody.code, 2, "{}", nobody.stderr);
}

#[test]
fn a_node_that_cannot_be_made_ready_is_told() {
    let Some(cloud) = Cloud::start() else { return };
    let bench = cloud.demo("unready", "");
    let printed = cloud.trapiche(&bench, &cloud.submit(&["--dry-run"]));
    let request: Value = serde_json::from_str(&printed.stdout).unwrap();
    let place = request["BootstrapActions"][0]["ScriptBootstrapAction"]["Args"][1].as_str().unwrap();
    // Something else under the program's name, as long as it.
    cloud.moto.python(&format!(
        "s3 = boto3.client('s3', endpoint_url='{}', aws_access_key_id='{KEY}', aws_secret_access_key='{SECRET}')\ns3.put_object(Bucket='lake', Key='{}', Body=bytes({}))",
        cloud.server.endpoint,
        place.strip_prefix("s3://lake/").unwrap(),
        fs::metadata(program()).unwrap().len()
    ));
    let answer = cloud.trapiche(&bench, &cloud.submit(&[]));
    assert_eq!(answer.code, 3, "{}", answer.stderr);
    for words in ["did not say how it ended", "returned a non-zero return code", "bootstrap-actions"] {
        assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
    }
    cloud.until_ended();
    assert_eq!(cloud.clusters()[0].1, "TERMINATED_WITH_ERRORS");
    assert_eq!(cloud.moto.python("print(len(client('secretsmanager').list_secrets()['SecretList']))").trim(), "0");
}

#[test]
fn a_run_has_a_name_once_and_nodes_come_to_it() {
    let bench = other_project::penguins();
    let first = bench.run(&["--run-id", "ours.1"]);
    assert!(first["run_id"].as_str().unwrap().ends_with("-ours.1"), "{}", first["run_id"]);
    let again = bench.trapiche(&["run", "--run-id", "ours.1"]);
    assert_eq!(again.code, 4, "{}", again.stderr);
    assert!(again.stderr.contains("the run `ours.1` has been made"), "{}", again.stderr);
    assert_eq!(bench.run(&["--run-id", "1"])["exit_code"], 0);
    assert_eq!(bench.trapiche(&["run", "--run-id", "a/b"]).code, 2);

    let listen = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    set_engine(&bench, "{ workers: [\"127.0.0.1:9\", \"127.0.0.1:10\"], at_least: 2, wait: 30s, local_below: \"0\" }");
    let coming = Nodes::with(2, &Manner { more: vec!["--driver".into(), listen.clone()], ..Manner::default() });
    let report = bench.run(&["--listen", &listen, "--full-refresh"]);
    let workers = report["datasets"].as_array().unwrap().iter().filter_map(|it| it["on_workers"]["workers"].as_u64());
    assert_eq!(workers.max(), Some(2));
    drop(coming);
    // A cluster is no matter of this machine's.
    let refused = bench.trapiche(&["submit"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("names no cluster"), "{}", refused.stderr);
}

/// What a target says of its cluster is checked where it stands.
#[test]
fn a_cluster_that_cannot_be_is_told_at_its_place() {
    for (engine, words) in [
        ("cluster: emr, token: x", "`token` does not go with `cluster`"),
        ("cluster: emr, listen: \"0.0.0.0:1\"", "`listen` does not go with `cluster`"),
        ("cluster: emr, release: emr-seven", "`emr-seven` is no release of EMR"),
        ("cluster: emr, core: { types: [m7g.xlarge] }", "`m5.xlarge` is x86_64 and `m7g.xlarge` is aarch64"),
        ("cluster: emr, preset: academy, core: { count: 3 }", "AWS Academy starts 3 machines at most"),
        ("cluster: emr, preset: academy, primary: m5.4xlarge", "AWS Academy has no `m5.4xlarge`"),
        ("cluster: emr, preset: academy, task: { count: 1 }", "AWS Academy has no spot machines"),
        ("cluster: emr, secret: word", "this names no secret"),
        ("cluster: emr, idle: 10s", "`idle` must be one minute to seven days"),
        ("cluster: emr, logs: \"file:///x\"", "logs go to an address that starts with `s3://`"),
        ("cluster: emr, tags: { \"aws:x\": y }", "is a tag that is not yours to give"),
        ("listen: \"127.0.0.1:7070\", core: { count: 1 }", "`core` goes with `cluster: emr`"),
    ] {
        let settings = format!("name: x\ntargets: {{ t: {{ storage: \"s3://b/l\", engine: {{ {engine} }} }} }}\n");
        let answer = Workbench::of(&[("trapiche.yml", &settings)]).trapiche(&["submit", "--dry-run"]);
        assert_eq!(answer.code, 2, "{engine}: {}", answer.stderr);
        assert!(
            answer.stderr.contains(words) && answer.stderr.contains("trapiche.yml:2:"),
            "{engine}: {}",
            answer.stderr
        );
    }
    let settings = "name: x\ntargets: { t: { storage: \"s3://b/l\", engine: { cluster: emr, glibc: \"3.0\" } } }\nsources: { s: { url: \"file://./s.csv\" } }\n";
    let local = Workbench::of(&[("trapiche.yml", settings), ("s.csv", "a\n1\n")]).trapiche(&["submit", "--dry-run"]);
    assert!(local.code == 2 && local.stderr.contains("which no node of a cluster has"), "{}", local.stderr);
}

/// The program's own words for those who start clusters elsewhere, and what becomes of a run that they start twice.
#[test]
fn an_execution_that_is_delivered_twice_is_one_run() {
    let Some(cloud) = Cloud::start() else { return };
    let bench = cloud.demo("scheduled", "");
    let role = ["--role", "arn:aws:iam::123456789012:role/starts"];
    let emit = [
        &["schedule", "--emit", "eventbridge", "--program", program().to_str().unwrap(), "+refined.category_prices"],
        &role[..],
    ]
    .concat();
    let settings = fs::read_to_string(bench.path("trapiche.yml")).unwrap() + "schedule: \"*/30 6-8 * * mon-fri\"\n";
    bench.write("trapiche.yml", &settings);
    let refused = cloud.trapiche(&bench, &emit);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("HUSH, TRAPICHE_TOKEN"), "{}", refused.stderr);
    bench.write("trapiche.yml", &settings.replace("wait: 90s", "wait: 90s, secret: \"secretsmanager:acme/trapiche\""));
    cloud.moto.python(&format!(
        "client('secretsmanager').create_secret(Name='acme/trapiche', SecretString=json.dumps({{'HUSH': '{HUSH}', 'TRAPICHE_TOKEN': 'a' * 40}}))"
    ));
    let printed = cloud.trapiche(&bench, &emit);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    let schedule: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(schedule["ScheduleExpression"], "cron(0,30 6,7,8 ? * 2,3,4,5,6 *)");
    assert_eq!(schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 2);
    bench.write("schedule.json", &printed.stdout);
    cloud.moto.python(&format!(
        "schedule = json.load(open('{}'))\nclient('scheduler').create_schedule(**schedule)\n\
         request = json.loads(schedule['Target']['Input'].replace('<aws.scheduler.execution-id>', '0c3f-1'))\n\
         emr = boto3.client('emr', endpoint_url='{}')\nfor _ in range(2): emr.run_job_flow(**request)",
        bench.path("schedule.json").display(),
        cloud.endpoint
    ));
    cloud.until_ended();
    let mut states: Vec<String> = cloud.clusters().into_iter().map(|(_, state)| state).collect();
    states.sort();
    assert_eq!(states, ["TERMINATED", "TERMINATED_WITH_ERRORS"]);
    let history: Value = serde_json::from_str(&cloud.trapiche(&bench, &["history", "-o", "json"]).stdout).unwrap();
    let history = history.as_array().unwrap();
    assert!(history.len() == 1 && history[0]["run_id"].as_str().unwrap().ends_with("-0c3f-1"), "{history:?}");
    assert!(cloud.rows(&bench, "SELECT count(*) AS n FROM refined.category_prices").lines().count() == 2);
    let status = cloud.trapiche(&bench, &["submit", "status", "0c3f-1", "-o", "json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["exit_code"], 0, "{status}");

    let airflow = cloud.trapiche(&bench, &cloud.submit(&["--emit", "airflow"]));
    bench.write("dag.py", &airflow.stdout);
    let states = cloud.trapiche(&bench, &cloud.submit(&["--emit", "step-functions"]));
    let states: Value = serde_json::from_str(&states.stdout).unwrap();
    let name = &states["States"]["Begin"]["Parameters"]["Name.$"];
    assert_eq!(name, "States.Format('trapiche store {}', $$.Execution.Name)");
    let read = format!(
        "import ast\ntree = ast.parse(open('{}').read())\nrequest = next(it.value for it in tree.body if isinstance(it, ast.Assign))\nprint(json.dumps(ast.literal_eval(request)))",
        bench.path("dag.py").display()
    );
    let request: Value = serde_json::from_str(&cloud.moto.python(&read)).unwrap();
    assert_eq!(request["Name"], "trapiche store {{ ts_nodash }}");
    assert_eq!(request["Instances"]["KeepJobFlowAliveWhenNoSteps"], false);
}

/// A step on a cluster that is there, brought up by somebody else.
#[test]
fn a_step_on_a_cluster_that_is_there_leaves_it_there() {
    let Some(cloud) = Cloud::start() else { return };
    let bench = cloud.demo("step", "");
    let script = format!(
        "emr = boto3.client('emr', endpoint_url='{}')\nprint(emr.run_job_flow(Name='ours', LogUri='s3://lake/logs/', ReleaseLabel='emr-7.13.0', ServiceRole='a', JobFlowRole='b',\
         Instances={{'InstanceGroups': [{{'InstanceRole': 'MASTER', 'InstanceType': 'm5.xlarge', 'InstanceCount': 1}}], 'KeepJobFlowAliveWhenNoSteps': True}})['JobFlowId'])",
        cloud.endpoint
    );
    let id = cloud.moto.python(&script).trim().to_string();
    let answer =
        cloud.trapiche(&bench, &cloud.submit(&["--cluster", &id, "--run-id", "beside", "+refined.category_prices"]));
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(cloud.clusters(), [(id.clone(), "WAITING".to_string())]);
    assert!(cloud.rows(&bench, "SELECT count(*) AS n FROM refined.category_prices").lines().count() == 2);
    assert_eq!(seen(&cloud, &answer.stderr), Vec::<String>::new());
}

#[test]
fn moto_takes_the_requests() {
    let Some(cloud) = Cloud::start() else { return };
    let bench = cloud.demo("moto", "");
    let mut environment = cloud.environment();
    environment.insert("AWS_ENDPOINT_URL_EMR".into(), cloud.moto.endpoint.clone());
    let trapiche = |args: &[&str]| {
        let mut command = bench.command(&[args, &["--target", "emr"]].concat());
        Answer::from(command.envs(&environment).output().unwrap())
    };
    for preset in [
        "",
        ", preset: academy",
        ", task: { types: [m5.xlarge, m5a.xlarge], count: 3 }, disk: 200, subnets: [subnet-1, subnet-2], key: mine",
    ] {
        let settings = fs::read_to_string(bench.path("trapiche.yml")).unwrap();
        bench.write("trapiche.yml", &settings.replace("wait: 90s", &format!("wait: 90s{preset}")));
        let run = format!("moto-{}", preset.len());
        let answer = trapiche(&cloud.submit(&["--detach", "--run-id", &run]));
        assert_eq!(answer.code, 0, "{preset}: {}", answer.stderr);
        let status = trapiche(&["submit", "status", &run, "-o", "json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!(status["run"], run.as_str(), "{status}");
        let cluster = status["cluster"].as_str().unwrap();
        let step = trapiche(&cloud.submit(&["--detach", "--cluster", cluster, "--run-id", &format!("{run}-step")]));
        assert_eq!(step.code, 0, "{}", step.stderr);
        assert_eq!(trapiche(&["submit", "cancel", &run]).code, 0);
        let status = trapiche(&["submit", "status", &run, "-o", "json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        assert!(status["cluster_state"].as_str().unwrap().starts_with("TERMINAT"), "{status}");
        bench.write("trapiche.yml", &settings);
    }
}
