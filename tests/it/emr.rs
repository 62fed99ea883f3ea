//! The project on a cluster that is brought up for it: by a control plane that plays EMR and really starts what it is asked to start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cloud::{Cloud, HUSH, arguments, glibc, object, program, secrets, seen};
use crate::nodes::{Driver, Manner, Nodes, set_engine, wait};
use crate::other_project;
use crate::places::{KEY, SECRET};
use crate::web::{Reply, Web};
use crate::workbench::{Answer, Workbench, files_below, free_port};

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

    let mut driver = Driver::of(cloud.command(&bench, &cloud.submit(&["--run-id", "first-1", "-o", "json"])));
    // While it is at work: what the services hold for it, and what everyone on its machines sees.
    let (mut hidden, mut seen_by_all) = (BTreeSet::new(), BTreeSet::new());
    while driver.is_at_work() {
        if let Some((id, _)) = cloud.clusters().first() {
            if hidden.len() < 3 {
                hidden.extend(secrets(&cloud));
            }
            seen_by_all.extend(arguments(id));
        }
        wait(Duration::from_millis(100));
    }
    let (answer, _) = driver.ends();
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
    // The variable, the parameter (of the same text), the workers' token, and the key of the bucket.
    assert!(hidden.len() == 3 && hidden.contains(HUSH) && hidden.iter().any(|it| it.len() == 64), "{}", hidden.len());
    for kind in [" run --run-id ", " node worker ", " node process ", "bootstrap-1.sh "] {
        assert!(seen_by_all.iter().any(|it| it.contains(kind)), "{kind}: {seen_by_all:?}");
    }
    let words = format!("{said}\n{}", seen_by_all.into_iter().collect::<Vec<_>>().join("\n"));
    assert_eq!(seen(&cloud, &words, &hidden), Vec::<String>::new());
    // What is looked for would be found.
    let there = BTreeSet::from(["trusted.sales".to_string()]);
    assert!(seen(&cloud, &said, &there).iter().any(|it| it.ends_with("run.log")));
    // Each worker's log came while it was there, and with its last words.
    for n in 1..3 {
        let log = object(&cloud, &format!("whole/_trapiche/submissions/first-1/workers/node-{n}.log"));
        assert!(log.contains("SIGTERM ends it") && log.contains("stopping: what is begun is ended"), "{n}: {log}");
    }
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
    let web = Web::start(|_| Reply::file("ok"));
    let bench = cloud.demo("unready", "");
    let settings = fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    bench.write("trapiche.yml", &format!("{settings}alerts: {{ webhook: \"{}\" }}\n", web.url("/hook")));
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
    let submitted = |more: &[(&str, &str)]| {
        let mut command = cloud.command(&bench, &cloud.submit(&[]));
        command.env("NO_PROXY", "*").envs(more.iter().copied());
        Driver::of(command).ends().0
    };
    let answer = submitted(&[]);
    assert_eq!(answer.code, 3, "{}", answer.stderr);
    // Nobody on the cluster could tell of it, so the launcher does.
    let told = |n: usize| {
        let asked = web.asked();
        assert_eq!(asked.len(), n, "{asked:?}");
        asked.last().unwrap().split_once("\r\n\r\n").unwrap().1.to_string()
    };
    assert!(told(1).contains("\"event\":\"failure\"") && told(1).contains("did not say how it ended"), "{}", told(1));
    for words in ["did not say how it ended", "returned a non-zero return code", "bootstrap-actions"] {
        assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
    }
    cloud.until_ended();
    assert_eq!(cloud.clusters()[0].1, "TERMINATED_WITH_ERRORS");
    assert_eq!(cloud.moto.python("print(len(client('secretsmanager').list_secrets()['SecretList']))").trim(), "0");
    // The same when EMR is not there, and when the project cannot be run; what was typed wrongly is nobody else's matter.
    let away = submitted(&[("AWS_ENDPOINT_URL_EMR", "http://127.0.0.1:9")]);
    assert_eq!(away.code, 3, "{}", away.stderr);
    assert!(told(2).contains("EMR cannot be reached"), "{}", told(2));
    bench.write("queries/refined/broken.sql", "SELECT id FROM");
    assert_eq!(submitted(&[]).code, 2);
    assert!(told(3).contains("could not be run: queries/refined/broken.sql:1:"), "{}", told(3));
    fs::remove_file(bench.path("queries/refined/broken.sql")).unwrap();
    assert_eq!(cloud.trapiche(&bench, &cloud.submit(&["refined.nothing"])).code, 2);
    assert_eq!(web.asked().len(), 3);
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

    let listen = format!("127.0.0.1:{}", free_port());
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
    assert_eq!(seen(&cloud, &answer.stderr, &BTreeSet::from([HUSH.to_string()])), Vec::<String>::new());
    assert!(answer.stderr.contains("the primary node's alone"), "{}", answer.stderr);
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
        ", security_configuration: acme-nodes",
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
        let named = cloud.moto.python(&format!(
            "print(client('emr').describe_cluster(ClusterId='{cluster}')['Cluster'].get('SecurityConfiguration'))"
        ));
        assert_eq!(named.trim(), if preset.contains("security") { "acme-nodes" } else { "None" });
        let step = format!("{run}-step");
        let step =
            trapiche(&cloud.submit(&["--detach", "--cluster", cluster, "--run-id", &step, "--with", "spark-compat"]));
        assert_eq!(step.code, 0, "{}", step.stderr);
        let steps = cloud.moto.python(&format!("print(len(client('emr').list_steps(ClusterId='{cluster}')['Steps']))"));
        assert_eq!(steps.trim(), "3", "the run, and a run with Spark behind it");
        assert_eq!(trapiche(&["submit", "cancel", &run]).code, 0);
        let status = trapiche(&["submit", "status", &run, "-o", "json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        assert!(status["cluster_state"].as_str().unwrap().starts_with("TERMINAT"), "{status}");
        bench.write("trapiche.yml", &settings);
    }
}
