//! Secrets of AWS by their names: they come to whoever needs them, and are seen nowhere.

use std::fs;

use crate::aws::Moto;
use crate::web::{Reply, Web};
use crate::workbench::{Answer, Workbench, files_below};

const SECRET: &str = "hush-4711";

/// Keeps the word in both services, and beside variables.
fn keep(moto: &Moto) {
    moto.python(&format!(
        "client('secretsmanager').create_secret(Name='shop/word', SecretString=json.dumps({{'word': '{SECRET}', 'port': 1}}))\n\
         client('secretsmanager').create_secret(Name='shop/run', SecretString=json.dumps({{'WORD': '{SECRET}'}}))\n\
         client('ssm').put_parameter(Name='/shop/word', Value='{SECRET}', Type='SecureString')\n"
    ));
}

fn bench(web: &Web, connection: &str) -> Workbench {
    let settings = format!(
        "name: x\ntargets:\n  here: {{ default: true, storage: \"file://./lake\" }}\n  there:\n    storage: \"file://./there\"\n    connections: {{ api: {{ rest: \"secretsmanager:shop/none\" }} }}\n\
         connections: {{ api: {{ rest: \"{}\", {connection} }} }}\nsources: {{ t: {{ from: api, path: /t }} }}\n",
        web.url("")
    );
    Workbench::of(&[("trapiche.yml", &settings)])
}

fn run(bench: &Workbench, environment: &[(String, String)], args: &[&str]) -> Answer {
    let mut command = bench.command(args);
    Answer::from(command.envs(environment.iter().cloned()).env("NO_PROXY", "*").output().unwrap())
}

#[test]
fn a_reference_is_the_secret_to_the_server_and_its_name_to_everyone_else() {
    let Some(moto) = Moto::start() else { return };
    keep(&moto);
    let services = moto.environment(&["SECRETS_MANAGER", "SSM"]);
    let of_run = [services.clone(), vec![("TRAPICHE_SECRET".into(), "secretsmanager:shop/run".into())]].concat();
    for (connection, environment, header) in [
        ("auth: { bearer: \"secretsmanager:shop/word#word\" }", &services, "authorization: Bearer hush-4711"),
        ("headers: { x-word: \"is ${ssm:/shop/word}\" }", &services, "x-word: is hush-4711"),
        ("headers: { x-word: \"ssm:/shop/word\", x-port: \"secretsmanager:shop/word#port\" }", &services, "x-port: 1"),
        ("headers: { x-word: \"${WORD}\" }", &of_run, "x-word: hush-4711"),
    ] {
        let web = Web::start(|_| Reply::json(r#"[{"id": 1}]"#));
        let bench = bench(&web, connection);
        let answer = run(&bench, environment, &["run"]);
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.code, 0, "{connection}: {said}");
        let asked = web.asked().concat();
        assert!(asked.contains(&format!("{header}\r\n")), "{connection}: {asked}");
        let lake = bench.path("lake");
        let is_there = files_below(&lake).iter().any(|file| {
            let content = fs::read(lake.join(file)).unwrap();
            content.windows(SECRET.len()).any(|part| part == SECRET.as_bytes())
        });
        assert!(!said.contains(SECRET) && !is_there, "{connection}: {said}");
    }
}

#[test]
fn a_secret_that_cannot_be_had_is_told_with_its_place() {
    let Some(moto) = Moto::start() else { return };
    keep(&moto);
    let services = moto.environment(&["SECRETS_MANAGER", "SSM"]);
    let web = Web::start(|_| Reply::json("[]"));
    for (reference, words) in [
        ("secretsmanager:shop/none", "can't be had: Secrets Manager has no `shop/none` in eu-west-1"),
        ("secretsmanager:shop/word#user", "can't be had: it has no key `user`"),
        ("ssm:/shop/none", "can't be had: Systems Manager has no `/shop/none` in eu-west-1"),
        ("ssm:/shop word", "a reference is `secretsmanager:NAME`"),
    ] {
        let bench = bench(&web, &format!("headers: {{ x-word: \"{reference}\" }}"));
        let answer = run(&bench, &services, &["run"]);
        assert_eq!(answer.code, 2, "{}", answer.stderr);
        for words in [words, "trapiche.yml:7:", reference] {
            assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
        }
        assert!(!answer.stderr.contains(SECRET), "{}", answer.stderr);
    }
    // Nobody there is another matter than a fault in the file.
    let nobody: Vec<_> = services
        .iter()
        .cloned()
        .map(|(name, value)| (name, value.replace(&moto.endpoint, "http://127.0.0.1:9")))
        .collect();
    let bench = bench(&web, "headers: { x-word: \"ssm:/shop/word\" }");
    let answer = run(&bench, &nobody, &["run"]);
    assert_eq!(answer.code, 3, "{}", answer.stderr);
    assert!(answer.stderr.contains("Systems Manager cannot be reached"), "{}", answer.stderr);
    assert!(web.asked().is_empty());
}
