//! Tables in Glue's Data Catalog: what a run commits is registered there, whatever happened before. Moto plays Glue; what it holds is
//! read by AWS's own library.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::Moto;
use crate::workbench::{Answer, Workbench};

const SETTINGS: &str = "name: p\ntargets: { here: { storage: \"file://./lake\", glue: { prefix: acme_, location: \"s3://acme/lake\" } } }\n";

/// As many partitions as are asked for, beside the odd ones, and a column of many types.
fn many(partitions: usize, columns: &str) -> String {
    format!(
        "/* trapiche\npartition_by: [town, day]\n*/\nSELECT {columns}, town, DATE'2024-01-01' AS day FROM (\n\
         SELECT concat('t', id) AS town FROM range({partitions})\nUNION ALL SELECT * FROM VALUES ('men\\'s'), ('a/b'), (NULL), ('ñ 50%'))\n"
    )
}

fn trapiche(bench: &Workbench, moto: &Moto, args: &[&str]) -> Answer {
    Answer::from(bench.command(args).envs(moto.environment(&["GLUE"])).output().unwrap())
}

fn made(bench: &Workbench, moto: &Moto) {
    let answer = trapiche(bench, moto, &["run"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
}

/// A table as Glue has it, with its partitions: values, and where they are.
fn known(moto: &Moto, table: &str) -> (Value, BTreeMap<Vec<String>, Value>) {
    let told = moto.python(&format!(
        "glue = client('glue')\n\
         of = dict(DatabaseName='acme_trusted')\n\
         table = glue.get_table(Name='{table}', **of)['Table']\n\
         pages = glue.get_paginator('get_partitions').paginate(TableName='{table}', **of)\n\
         found = [p for page in pages for p in page['Partitions']]\n\
         print(json.dumps([table, found], default=str))"
    ));
    let told: Value = serde_json::from_str(&told).unwrap();
    let partitions = told[1].as_array().unwrap().iter();
    let values = |partition: &Value| {
        partition["Values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_string()).collect()
    };
    (told[0].clone(), partitions.map(|it| (values(it), it["StorageDescriptor"].clone())).collect())
}

/// The folders that have files, as Glue should have them.
fn folders(bench: &Workbench, table: &str) -> BTreeSet<String> {
    let files = bench.lake_files().into_iter().filter(|file| file.starts_with(&format!("trusted/{table}/")));
    files.map(|file| format!("s3://acme/lake/{}/", file.rsplit_once('/').unwrap().0)).collect()
}

fn places(partitions: &BTreeMap<Vec<String>, Value>) -> BTreeSet<String> {
    partitions.values().map(|storage| storage["Location"].as_str().unwrap().to_string()).collect()
}

fn columns(storage: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    storage["Columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}", text(&it["Name"]), text(&it["Type"])))
        .collect()
}

#[test]
fn what_a_run_commits_is_what_glue_has() {
    let Some(moto) = Moto::start() else { return };
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/trusted/towns.sql", &many(350, "1 AS n"))]);
    made(&bench, &moto);
    let (table, partitions) = known(&moto, "towns");
    assert_eq!(partitions.len(), 354);
    assert_eq!(places(&partitions), folders(&bench, "towns"));
    for (town, folder) in
        [("men's", "men%27s"), ("a/b", "a%2Fb"), ("__HIVE_DEFAULT_PARTITION__", "__HIVE_DEFAULT_PARTITION__")]
    {
        let storage = &partitions[&vec![town.to_string(), "2024-01-01".to_string()]];
        assert_eq!(storage["Location"], format!("s3://acme/lake/trusted/towns/town={folder}/day=2024-01-01/"));
    }
    assert_eq!(table["TableType"], "EXTERNAL_TABLE");
    assert_eq!(table["StorageDescriptor"]["Location"], "s3://acme/lake/trusted/towns/");
    assert_eq!(columns(&table["StorageDescriptor"]), ["n int"]);
    let keys: Vec<&str> =
        table["PartitionKeys"].as_array().unwrap().iter().map(|key| key["Type"].as_str().unwrap()).collect();
    assert_eq!(keys, ["string", "date"]);

    // Fewer partitions, and a column more: in the table and in each partition.
    bench.write("queries/trusted/towns.sql", &many(120, "1 AS n, array(1.5) AS more"));
    made(&bench, &moto);
    let (table, partitions) = known(&moto, "towns");
    assert_eq!(partitions.len(), 124);
    assert_eq!(places(&partitions), folders(&bench, "towns"));
    assert_eq!(columns(&table["StorageDescriptor"]), ["n int", "more array<decimal(2,1)>"]);
    assert!(partitions.values().all(|storage| columns(storage).len() == 2));

    // By another column: nothing of the old partitions stays.
    bench.write("queries/trusted/towns.sql", &many(120, "1 AS n, array(1.5) AS more").replace("[town, day]", "[day]"));
    made(&bench, &moto);
    let (table, partitions) = known(&moto, "towns");
    assert_eq!((partitions.len(), table["PartitionKeys"].as_array().unwrap().len()), (1, 1));
    assert_eq!(places(&partitions), folders(&bench, "towns"));
    assert_eq!(columns(&table["StorageDescriptor"]), ["n int", "more array<decimal(2,1)>", "town string"]);

    // Nothing has changed, and nothing is changed.
    let told = trapiche(&bench, &moto, &["publish", "-o", "json"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&told[0]["table"], &told[0]["status"]), (&"acme_trusted.towns".into(), &"unchanged".into()));
    assert_eq!(known(&moto, "towns").0["VersionId"], table["VersionId"]);
}

#[test]
fn a_run_that_could_not_register_fails_and_the_next_one_does() {
    let Some(moto) = Moto::start() else { return };
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/trusted/towns.sql", &many(3, "1 AS n"))]);
    let nowhere = [("AWS_ENDPOINT_URL_GLUE", "http://127.0.0.1:9")];
    let mut command = bench.command(&["run", "-o", "json"]);
    let answer = Answer::from(command.envs(moto.environment(&[])).envs(nowhere).output().unwrap());
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let why = report["datasets"][0]["why"].as_str().unwrap();
    assert!(why.starts_with("the table is made, but Glue does not know it"), "{why}");
    let made_then = bench.lake_files();
    // As after a crash between the commit and the registration: the table is as it should be, and Glue has never heard of it.
    let answer = trapiche(&bench, &moto, &["run", "-o", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(report["datasets"][0]["status"], "unchanged", "{report}");
    let data = |files: Vec<String>| files.into_iter().filter(|file| file.starts_with("trusted/")).collect::<Vec<_>>();
    assert_eq!(data(bench.lake_files()), data(made_then));
    let (_, partitions) = known(&moto, "towns");
    assert_eq!(places(&partitions), folders(&bench, "towns"));

    // One that broke off within: some partitions are gone, one is elsewhere, and the entry is of another version.
    moto.python(
        "glue = client('glue')\n\
         of = dict(DatabaseName='acme_trusted', TableName='towns')\n\
         glue.delete_partition(PartitionValues=['t1', '2024-01-01'], **of)\n\
         at = glue.get_partition(PartitionValues=['t2', '2024-01-01'], **of)['Partition']\n\
         at['StorageDescriptor']['Location'] = 's3://acme/other/'\n\
         keep = {key: at[key] for key in ['Values', 'StorageDescriptor']}\n\
         glue.update_partition(PartitionValueList=['t2', '2024-01-01'], PartitionInput=keep, **of)\n\
         keep['Values'] = ['gone', '2020-01-01']\n\
         glue.create_partition(PartitionInput=keep, **of)\n\
         table = glue.get_table(DatabaseName='acme_trusted', Name='towns')['Table']\n\
         table['Parameters']['trapiche.version'] = '0'\n\
         keep = ['Name', 'TableType', 'Parameters', 'PartitionKeys', 'StorageDescriptor']\n\
         glue.update_table(DatabaseName='acme_trusted', TableInput={key: table[key] for key in keep})\n",
    );
    let told = trapiche(&bench, &moto, &["publish", "towns", "-o", "csv"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert_eq!(told.stdout.lines().nth(1), Some("acme_trusted.towns,registered,1,1,1"));
    assert_eq!(places(&known(&moto, "towns").1), folders(&bench, "towns"));
}

#[test]
fn athena_counts_what_the_lake_has() {
    let Some(moto) = Moto::start() else { return };
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/trusted/towns.sql", &many(3, "1 AS n"))]);
    made(&bench, &moto);
    // Moto answers what it was given, in this order.
    moto.python(&format!(
        "import urllib.request\n\
         row = lambda text: dict(Data=[dict(VarCharValue=text)])\n\
         answer = lambda n: dict(rows=[row('_col0'), row(n)], column_info=[])\n\
         body = json.dumps(dict(region='eu-west-1', results=[answer('7'), answer('6')])).encode()\n\
         urllib.request.urlopen(urllib.request.Request('{}/moto-api/static/athena/query-results', body))",
        moto.endpoint
    ));
    let verify = || {
        let mut command = bench.command(&["publish", "--verify", "-o", "csv"]);
        Answer::from(command.envs(moto.environment(&["GLUE", "ATHENA"])).output().unwrap())
    };
    let answer = verify();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(answer.stdout.lines().nth(1), Some("acme_trusted.towns,1,7,7"));
    let answer = verify();
    assert_eq!(answer.code, 5, "{}", answer.stderr);
    assert!(answer.stderr.contains("Athena has other rows than the lake: `acme_trusted.towns`"), "{}", answer.stderr);
}

#[test]
fn a_table_of_somebody_else_is_left_alone() {
    let Some(moto) = Moto::start() else { return };
    moto.python(
        "glue = client('glue')\n\
         glue.create_database(DatabaseInput={'Name': 'acme_trusted'})\n\
         glue.create_table(DatabaseName='acme_trusted', TableInput={'Name': 'towns', 'Parameters': {'owner': 'other'}})\n",
    );
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/trusted/towns.sql", &many(1, "1 AS n"))]);
    let answer = trapiche(&bench, &moto, &["run"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let words = answer.stdout + &answer.stderr;
    assert!(
        words.contains("Glue has a table `acme_trusted.towns` that was not registered from a lake of ours"),
        "{words}"
    );
    assert_eq!(known(&moto, "towns").0["Parameters"]["owner"], "other");
}

#[test]
fn without_a_catalogue_there_is_nothing_to_register() {
    let bench = Workbench::of(&[
        ("trapiche.yml", "name: p\ntargets: { here: { storage: \"file://./lake\" } }\n"),
        ("queries/trusted/one.sql", "SELECT 1 AS id"),
    ]);
    bench.run(&[]);
    let answer = bench.trapiche(&["publish"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.stderr.contains("the target `here` has no `glue:`"), "{}", answer.stderr);
    // Athena reads S3 alone.
    bench.write("trapiche.yml", "name: p\ntargets: { here: { storage: \"file://./lake\", glue: {} } }\n");
    let answer = bench.trapiche(&["validate"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("`glue` needs a storage that starts with `s3://`, or a `location`"),
        "{}",
        answer.stderr
    );
}
