//! `alerts:`: who is told of a run that failed and of one that is well again, with what, and what happens when nobody listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::aws::Moto;
use crate::web::{Reply, Web};
use crate::workbench::{Answer, Workbench};

const SECRET: &str = "hush-4711";

fn bench(alerts: &str, query: &str) -> Workbench {
    let settings = format!(
        "name: store\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nalerts: {alerts}\nsources: {{ t: {{ url: \"file://./t.csv\" }}, u: {{ url: \"file://./u.csv\" }} }}\n"
    );
    Workbench::of(&[("trapiche.yml", &settings), ("u.csv", "id\n1\n"), ("queries/trusted/t.sql", query)])
}

fn run(bench: &Workbench, hook: &str, args: &[&str]) -> Answer {
    let answer = Answer::from(bench.command(args).env("HOOK", hook).env("NO_PROXY", "*").output().unwrap());
    assert!(!answer.stderr.contains(SECRET) && !answer.stdout.contains(SECRET), "{}", answer.stderr);
    answer
}

/// The bodies that a server was sent, as JSON.
fn sent(web: &Web) -> Vec<Value> {
    let body = |request: &String| serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    web.asked().iter().map(body).collect()
}

#[test]
fn a_failure_is_told_each_time_and_a_recovery_once() {
    // As chats answer.
    let web = Web::start(|_| Reply::file("ok").with("Content-Type", "text/html"));
    let hook = web.url(&format!("/hooks/{SECRET}"));
    let bench = bench("{ webhook: \"${HOOK}\", command: \"cat >> told.ndjson\" }", "SELECT id FROM raw.t");
    for _ in 0..2 {
        assert_eq!(run(&bench, &hook, &["run"]).code, 1);
    }
    // A run of something else says nothing of it.
    assert_eq!(run(&bench, &hook, &["run", "raw.u"]).code, 0);
    bench.write("t.csv", "id\n1\n");
    for _ in 0..2 {
        assert_eq!(run(&bench, &hook, &["run"]).code, 0);
    }
    let told = sent(&web);
    let events: Vec<&str> = told.iter().map(|alert| alert["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["failure", "failure", "recovery"]);
    let (failure, recovery) = (&told[1], &told[2]);
    assert_eq!((&failure["project"], &failure["target"]), (&"store".into(), &"here".into()));
    assert_eq!(failure["failed"].as_array().unwrap().len(), 1);
    assert_eq!(failure["failed"][0]["dataset"], "raw.t");
    assert!(failure["failed"][0]["message"].as_str().unwrap().contains("there is no file"), "{failure}");
    assert!(failure["text"].as_str().unwrap().contains("raw.t: "), "{failure}");
    assert_eq!(recovery["recovered"], serde_json::json!(["raw.t"]));
    // The report is where it says.
    for alert in [failure, recovery] {
        let report = alert["report"].as_str().unwrap().strip_prefix("file://").unwrap();
        let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
        assert_eq!(report["run_id"], alert["run_id"]);
    }
    let by_command = std::fs::read_to_string(bench.path("told.ndjson")).unwrap();
    let by_command: Vec<Value> = by_command.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(by_command, told);
}

#[test]
fn only_what_is_wanted_is_told_and_what_somebody_typed_wrongly_is_not() {
    let web = Web::start(|_| Reply::status("204 No Content"));
    let hook = web.url("/");
    let bench = bench("{ webhook: \"${HOOK:-}\", on: [failure] }", "SELECT nonsense FROM raw.u");
    bench.write("t.csv", "id\n1\n");
    assert_eq!(run(&bench, &hook, &["run", "raw.tt"]).code, 2);
    assert_eq!(run(&bench, &hook, &["run", "raw.u", "raw.t"]).code, 0);
    assert_eq!(sent(&web).len(), 0);
    // A fault that only the columns show.
    assert_eq!(run(&bench, &hook, &["run"]).code, 1);
    assert_eq!(sent(&web).len(), 1);
    // One of the text, with which nothing is run.
    bench.write("queries/trusted/t.sql", "SELECT nonsense(id) FROM raw.u");
    assert_eq!(run(&bench, &hook, &["run"]).code, 2);
    let told = sent(&web);
    let last = told.last().unwrap();
    assert!(last["text"].as_str().unwrap().contains("could not be run: queries/trusted/t.sql:1:8"), "{last}");
    assert!(last["failed"][0].get("dataset").is_none() && last.get("report").is_none(), "{last}");
    // One that nothing can be planned of.
    bench.write("queries/trusted/t.sql", "SELECT id FROM");
    assert_eq!(run(&bench, &hook, &["run"]).code, 2);
    assert_eq!(sent(&web).len(), 3);
    bench.write("queries/trusted/t.sql", "SELECT id FROM raw.u");
    assert_eq!(run(&bench, &hook, &["run"]).code, 0);
    assert_eq!(sent(&web).len(), 3);
    // Without an address nobody is told.
    bench.write("queries/trusted/t.sql", "SELECT nonsense FROM raw.u");
    assert_eq!(run(&bench, "", &["run"]).code, 1);
}

#[test]
fn an_alert_that_nobody_takes_is_a_warning() {
    let takes = Arc::new(AtomicBool::new(false));
    let shared = takes.clone();
    let web = Web::start(move |_| match shared.load(Ordering::SeqCst) {
        true => Reply::file("ok"),
        false => Reply::status("403 Forbidden"),
    });
    let hook = web.url(&format!("/{SECRET}"));
    let bench =
        bench("{ webhook: \"${HOOK}\", command: \"echo no such channel >&2; exit 3\" }", "SELECT id FROM raw.t");
    let answer = run(&bench, &hook, &["run"]);
    assert_eq!(answer.code, 1);
    for words in [
        "warning: an alert could not be delivered",
        "`${HOOK}` answered 403",
        "ended with exit status: 3",
        "no such channel",
    ] {
        assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
    }
    bench.write("t.csv", "id\n1\n");
    let recovered = run(&bench, &hook, &["run"]);
    assert!(recovered.code == 0 && recovered.stderr.contains("warning:"), "{}", recovered.stderr);

    let tried = run(&bench, &hook, &["doctor", "--alert"]);
    assert!(tried.code == 1 && tried.stderr.contains("answered 403"), "{}", tried.stderr);
    takes.store(true, Ordering::SeqCst);
    let settings = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    bench.write("trapiche.yml", &settings.replace("exit 3", "exit 0"));
    let tried = run(&bench, &hook, &["doctor", "--alert"]);
    assert!(tried.code == 0 && tried.stderr.contains("the alert was taken"), "{}", tried.stderr);
    assert!(web.asked().last().unwrap().contains("\"event\":\"test\""));
}

#[test]
fn alerts_that_reach_nobody_are_told_at_their_place() {
    for (alerts, words) in [
        ("{}", "neither a `webhook` nor a `command`"),
        ("{ webhook: \"ftp://host\" }", "`ftp://` can't be used here"),
        ("{ sns: alerts }", "this is no topic of SNS"),
        ("{ webhook: \"http://host\", on: [failures] }", "did you mean `failure`?"),
        ("{ webhook: \"${NOWHERE_AT_ALL}\" }", "the variable `NOWHERE_AT_ALL` is not set"),
    ] {
        let answer = run(&bench(alerts, "SELECT id FROM raw.t"), "", &["validate"]);
        assert_eq!(answer.code, 2, "{alerts}: {}", answer.stderr);
        assert!(answer.stderr.contains(words) && answer.stderr.contains("trapiche.yml:3:"), "{}", answer.stderr);
    }
    let without = Workbench::of(&[("trapiche.yml", "name: x\ntargets: { here: { storage: \"file://./lake\" } }\n")]);
    let answer = run(&without, "", &["doctor", "--alert"]);
    assert!(answer.code == 2 && answer.stderr.contains("has no `alerts`"), "{}", answer.stderr);
}

/// Topics as moto plays them, with queues that hear of what is published.
#[test]
fn subscribers_of_a_topic_are_told() {
    let Some(moto) = Moto::start() else { return };
    let made = moto.python(
        "for name in ('alerts', 'alerts.fifo'):\n    \
            more = {'FifoTopic': 'true'} if name.endswith('fifo') else {}\n    \
            topic = client('sns').create_topic(Name=name, Attributes=more)['TopicArn']\n    \
            more = {'FifoQueue': 'true'} if name.endswith('fifo') else {}\n    \
            queue = client('sqs').create_queue(QueueName=name, Attributes=more)['QueueUrl']\n    \
            arn = client('sqs').get_queue_attributes(QueueUrl=queue, AttributeNames=['QueueArn'])['Attributes']['QueueArn']\n    \
            client('sns').subscribe(TopicArn=topic, Protocol='sqs', Endpoint=arn)\n    \
            print(topic)",
    );
    let topics: Vec<&str> = made.lines().collect();
    let heard = |queue: &str| -> Vec<Value> {
        let said = moto.python(&format!(
            "queue = client('sqs').get_queue_url(QueueName='{queue}')['QueueUrl']\n\
             for it in client('sqs').receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get('Messages', []):\n    \
                 print(json.dumps(json.loads(it['Body'])))\n    client('sqs').delete_message(QueueUrl=queue, ReceiptHandle=it['ReceiptHandle'])"
        ));
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let run = |bench: &Workbench, args: &[&str]| {
        let mut command = bench.command(args);
        command.envs(moto.environment(&["SNS"])).env("NO_PROXY", "*").env("HOOK", topics[0]);
        Answer::from(command.output().unwrap())
    };
    for (topic, queue) in topics.iter().zip(["alerts", "alerts.fifo"]) {
        let bench = bench(&format!("{{ sns: \"{topic}\" }}"), "SELECT id FROM raw.t");
        assert_eq!(run(&bench, &["run"]).code, 1);
        let [heard] = &heard(queue)[..] else { panic!("one message in {queue}") };
        assert!(heard["Subject"].as_str().unwrap().starts_with("trapiche: 1 dataset of `store` failed"), "{heard}");
        assert_eq!(heard["MessageAttributes"]["event"]["Value"], "failure", "{heard}");
        let alert: Value = serde_json::from_str(heard["Message"].as_str().unwrap()).unwrap();
        assert_eq!((&alert["event"], &alert["failed"][0]["dataset"]), (&"failure".into(), &"raw.t".into()));
    }
    // By a variable, and to one that is not there.
    let other = topics[0].replace("alerts", "nobody");
    let bench = bench("{ sns: \"${HOOK}\" }", "SELECT id FROM raw.t");
    let tried = run(&bench, &["doctor", "--alert"]);
    assert!(tried.code == 0 && tried.stderr.contains("the alert was taken"), "{}", tried.stderr);
    assert_eq!(heard("alerts").len(), 1);
    let settings = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    bench.write("trapiche.yml", &settings.replace("${HOOK}", &other));
    let refused = run(&bench, &["doctor", "--alert"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("SNS has no such topic") && refused.stderr.contains(&other), "{}", refused.stderr);
}
