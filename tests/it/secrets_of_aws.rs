//! Secrets of AWS by their names: they come to whoever needs them, and are seen nowhere.

use std::fs;

use crate::aws::{Moto, Wire};
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

/// All that is sent to AWS's services, by whatever command: the key signs and does not travel, and no secret of a source lies in the
/// catalogue, the bucket, or what is said.
#[test]
fn nothing_that_goes_to_glue_athena_and_the_bucket_has_a_secret_in_it() {
    let Some(moto) = Moto::start() else { return };
    let wire = Wire::before(&moto);
    let web = Web::start(|_| Reply::json(r#"[{"id": 1, "part": "a"}, {"id": 2, "part": "b"}]"#));
    let settings = format!(
        "name: x\ntargets:\n  prod:\n    storage: \"s3://acme-lake/store\"\n    s3: {{ endpoint: \"{0}\", region: eu-west-1 }}\n    glue: {{ results: \"s3://acme-lake/answers/\" }}\n\
         connections: {{ api: {{ rest: \"{1}\", auth: {{ bearer: \"${{WORD}}\" }} }} }}\nsources: {{ t: {{ from: api, path: \"/t?token=${{WORD}}\" }} }}\n",
        wire.endpoint,
        web.url("")
    );
    let query =
        "/* trapiche\ndescription: of the API\npartition_by: [part]\nreads: atomic\n*/\nSELECT id, part FROM raw.t\n";
    let bench = Workbench::of(&[
        ("trapiche.yml", &settings),
        ("queries/trusted/atomic.sql", query),
        ("queries/trusted/folder.sql", &query.replace("reads: atomic\n", "")),
    ]);
    let mut environment = moto.environment(&[]);
    environment.retain(|(name, _)| name != "AWS_SECRET_ACCESS_KEY");
    for (name, value) in
        [("AWS_SECRET_ACCESS_KEY", "hush-4711-key"), ("AWS_SESSION_TOKEN", "hush-4711-token"), ("WORD", SECRET)]
    {
        environment.push((name.into(), value.into()));
    }
    for service in ["GLUE", "ATHENA", "S3"] {
        environment.push((format!("AWS_ENDPOINT_URL_{service}"), wire.endpoint.clone()));
    }
    let mut said = String::new();
    let commands: [(&[&str], i32); 10] = [
        (&["init", "--target", "prod"], 0),
        (&["doctor", "--fix", "-o", "json"], 0),
        (&["plan", "-o", "json"], 0),
        (&["run", "-o", "json"], 0),
        (&["run", "--full-refresh", "--log", "json"], 0),
        (&["publish", "-o", "json"], 0),
        (&["publish", "--ddl", "athena"], 0),
        // Moto counts no rows.
        (&["publish", "--verify"], -1),
        (&["vacuum", "--keep", "0s"], 0),
        (&["history"], 0),
    ];
    for (args, code) in commands {
        let answer = run(&bench, &environment, args);
        let is_expected = answer.code == code || (code < 0 && [1, 5].contains(&answer.code));
        assert!(is_expected, "{args:?}: {} {}{}", answer.code, answer.stdout, answer.stderr);
        said += &(answer.stdout + &answer.stderr);
    }
    let held = moto.python(
        "glue, s3, athena = client('glue'), client('s3'), client('athena')\n\
         tables = glue.get_tables(DatabaseName='trusted')['TableList']\n\
         parts = [glue.get_partitions(DatabaseName='trusted', TableName=table['Name']) for table in tables]\n\
         keys = [it['Key'] for it in s3.list_objects_v2(Bucket='acme-lake')['Contents']]\n\
         lake = [s3.get_object(Bucket='acme-lake', Key=key)['Body'].read().decode('latin-1') for key in keys]\n\
         asked = [athena.get_query_execution(QueryExecutionId=id) for id in athena.list_query_executions()['QueryExecutionIds']]\n\
         print(json.dumps([tables, parts, keys, lake, asked], default=str))",
    );
    assert!(held.contains("atomic__v2") && held.contains("SELECT count(*)"), "{held}");
    let sent = wire.sent();
    assert!(
        sent.contains("AWSGlue.BatchCreatePartition")
            && sent.contains("?lifecycle")
            && sent.contains("hush-4711-token")
    );
    // The token of a session goes with each request, and nowhere else.
    let sent = sent.replace("hush-4711-token", "");
    for (what, text) in [("said", &said), ("held", &held), ("sent", &sent)] {
        assert!(
            !text.contains("hush-4711"),
            "{what}: {}",
            text.split("hush-4711").next().unwrap().chars().rev().take(300).collect::<String>()
        );
    }
}
