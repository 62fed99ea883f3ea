//! Tables in Glue's Data Catalog: what a run commits is registered there, whatever happened before. Moto plays Glue; what it holds is
//! read by AWS's own library.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

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

/// Those of a table that is read through a view, and the name of what is behind it.
fn behind(moto: &Moto, table: &str) -> (String, BTreeMap<Vec<String>, Value>) {
    let (view, none) = known(moto, table);
    assert_eq!((view["TableType"].as_str(), none.len()), (Some("VIRTUAL_VIEW"), 0));
    let behind = view["Parameters"]["trapiche.table"].as_str().unwrap().to_string();
    let text = view["ViewOriginalText"].as_str().unwrap();
    let text = text.strip_prefix("/* Presto View: ").unwrap().strip_suffix(" */").unwrap();
    let view: Value = serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap();
    let sql = view["originalSql"].as_str().unwrap();
    assert!(sql.ends_with(&format!("FROM \"acme_trusted\".\"{behind}\"")), "{sql}");
    let (_, partitions) = known(moto, &behind);
    (behind, partitions)
}

/// The names of all entries.
fn entries(moto: &Moto) -> BTreeSet<String> {
    let told = moto.python(
        "tables = client('glue').get_tables(DatabaseName='acme_trusted')['TableList']\nprint(json.dumps([table['Name'] for table in tables]))",
    );
    serde_json::from_str(&told).unwrap()
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

#[test]
fn a_table_that_is_read_atomically_is_a_view_of_one_version() {
    let Some(moto) = Moto::start() else { return };
    let settings = SETTINGS.to_string() + "sources: { numbers: { url: \"file://./numbers.csv\" } }\n";
    let query = "/* trapiche\npartition_by: [part]\nreads: atomic\n*/\nSELECT number, part FROM raw.numbers\n";
    let rows = |rows: &[(&str, u32)]| {
        rows.iter().fold("part,number\n".to_string(), |text, (part, number)| format!("{text}{part},{number}\n"))
    };
    let bench = Workbench::of(&[
        ("trapiche.yml", &settings),
        ("queries/trusted/parts.sql", query),
        ("numbers.csv", &rows(&[("a b", 1), ("c", 1)])),
    ]);
    let lake = |storage: &Value| {
        let at = storage["Location"].as_str().unwrap();
        bench.path("lake").join(at.strip_prefix("s3://acme/lake/").unwrap())
    };
    made(&bench, &moto);
    let (first, old) = behind(&moto, "parts");
    assert_eq!((first.as_str(), old.len()), ("parts__v1", 2));
    assert!(old.values().all(|storage| lake(storage).read_dir().unwrap().count() == 1));
    // A reader of the folder finds nothing, and so nothing that is half done.
    assert!(!bench.path("lake/trusted/parts").exists());
    assert_eq!(columns(&known(&moto, "parts").0["StorageDescriptor"]), ["number string", "part string"]);

    // All of it is other: another entry, and what the one before names stays.
    bench.write("numbers.csv", &rows(&[("a b", 2), ("d", 2)]));
    made(&bench, &moto);
    let (second, new) = behind(&moto, "parts");
    assert_eq!(second, "parts__v2");
    assert_eq!(entries(&moto), BTreeSet::from(["parts", "parts__v1", "parts__v2"].map(String::from)));
    assert!(known(&moto, &first).1 == old && new != old);
    assert!(old.values().chain(new.values()).all(|storage| lake(storage).read_dir().unwrap().count() == 1));

    // Some of it: the places of these are changed in the entry that is there, and the others are not copied.
    bench.write("queries/trusted/parts.sql", &query.replace("reads:", "write: overwrite_partitions\nreads:"));
    bench.write("numbers.csv", &rows(&[("d", 3)]));
    made(&bench, &moto);
    let (third, newest) = behind(&moto, "parts");
    let part = |name: &str| vec![name.to_string()];
    assert_eq!((third, newest.len()), (second, 2));
    assert_eq!(newest[&part("a b")], new[&part("a b")]);
    assert_ne!(newest[&part("d")], new[&part("d")]);
    let rows = bench.query("SELECT part, number FROM trusted.parts ORDER BY part");
    assert_eq!(rows, [json!({ "part": "a b", "number": "2" }), json!({ "part": "d", "number": "3" })]);

    // Died between the commit and the view: the next run does what is missing.
    let stale = moto.python(
        "glue = client('glue')\n\
         keep = ['Name', 'TableType', 'Parameters', 'PartitionKeys', 'StorageDescriptor', 'ViewOriginalText', 'ViewExpandedText']\n\
         for name in ['parts', 'parts__v2']:\n\
         \x20   entry = glue.get_table(DatabaseName='acme_trusted', Name=name)['Table']\n\
         \x20   entry['Parameters']['trapiche.version'] = '2'\n\
         \x20   glue.update_table(DatabaseName='acme_trusted', TableInput={key: entry[key] for key in keep if key in entry})\n\
         glue.delete_partition(DatabaseName='acme_trusted', TableName='parts__v2', PartitionValues=['d'])",
    );
    assert_eq!(stale, "");
    made(&bench, &moto);
    assert_eq!(behind(&moto, "parts").1, newest);

    // What is not kept any longer goes, and its entry with it.
    let answer = trapiche(&bench, &moto, &["vacuum", "--keep", "0s", "-o", "csv"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stdout.contains("replaced,versions/trusted/parts/"), "{}", answer.stdout);
    assert!(newest.values().all(|storage| lake(storage).read_dir().unwrap().count() == 1));
    made(&bench, &moto);
    assert_eq!(entries(&moto), BTreeSet::from(["parts", "parts__v2"].map(String::from)));

    // From the folder again, it is one entry, and of the others nothing is left.
    bench.write("queries/trusted/parts.sql", &query.replace("reads: atomic\n", ""));
    made(&bench, &moto);
    let (table, partitions) = known(&moto, "parts");
    assert_eq!((table["TableType"].as_str(), partitions.len()), (Some("EXTERNAL_TABLE"), 1));
    assert_eq!((places(&partitions), entries(&moto)), (folders(&bench, "parts"), ["parts".to_string()].into()));
    // And back.
    bench.write("queries/trusted/parts.sql", query);
    made(&bench, &moto);
    assert_eq!(behind(&moto, "parts").1.len(), 1);
    assert_eq!(folders(&bench, "parts"), BTreeSet::new());
}

#[test]
fn what_cannot_be_read_atomically_is_refused() {
    let query =
        "/* trapiche\npartition_by: [part]\nwrite: append\nreads: atomic\n*/\nSELECT id, id AS part FROM range(3)\n";
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/trusted/parts.sql", query)]);
    let refused = |words: &str| {
        let answer = bench.trapiche(&["validate"]);
        assert_eq!(answer.code, 2, "{}", answer.stderr);
        assert!(answer.stderr.contains(words), "{}", answer.stderr);
    };
    refused("`reads: atomic` needs partitions that are replaced as a whole");
    bench.write("queries/trusted/parts.sql", &query.replace("append", "overwrite"));
    bench.write("trapiche.yml", &SETTINGS.replace("glue:", "keep: 0s, glue:"));
    refused("`reads: atomic` needs replaced files for readers who are at work");
    // Of a table whose old partitions stay elsewhere.
    bench.write("trapiche.yml", "name: p\ntargets: { here: { storage: \"file://./lake\" } }\n");
    bench.run(&[]);
    bench.write(
        "queries/trusted/parts.sql",
        "/* trapiche\npartition_by: [part]\nwrite: overwrite_partitions\n*/\nSELECT id, id AS part FROM range(1)\n",
    );
    let answer = bench.trapiche(&["plan"]);
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("keeps have their place in folders of runs"), "{}", answer.stdout);
}

#[test]
fn a_projection_is_told_to_athena_where_the_values_let_it() {
    let Some(moto) = Moto::start() else { return };
    let query = "/* trapiche\npartition_by: [day, n, town]\nprojection:\n  day: { from: 2024-01-01, to: now }\n  n: { from: -1, to: 9 }\n  \
                 town: { values: [AR, CL] }\n*/\nSELECT 1 AS id, DATE'2024-02-29' AS day, 3 AS n, 'AR' AS town\n";
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/trusted/towns.sql", query)]);
    made(&bench, &moto);
    let (table, partitions) = known(&moto, "towns");
    assert_eq!(partitions.len(), 0);
    let expected = [
        ("projection.enabled", "true"),
        ("projection.day.type", "date"),
        ("projection.day.range", "2024-01-01,NOW"),
        ("projection.day.format", "yyyy-MM-dd"),
        ("projection.day.interval", "1"),
        ("projection.day.interval.unit", "DAYS"),
        ("projection.n.type", "integer"),
        ("projection.n.range", "-1,9"),
        ("projection.town.type", "enum"),
        ("projection.town.values", "AR,CL"),
        ("storage.location.template", "s3://acme/lake/trusted/towns/day=${day}/n=${n}/town=${town}/"),
    ];
    let told = table["Parameters"].as_object().unwrap();
    let told: BTreeMap<&str, &str> = told.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
    for (key, value) in expected {
        assert_eq!(told.get(key), Some(&value), "{key}: {told:?}");
    }
    // What it does not reach would not be seen.
    bench.write("queries/trusted/towns.sql", &query.replace("'AR' AS town", "'UY' AS town"));
    let answer = trapiche(&bench, &moto, &["run"]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    assert!(answer.stdout.contains("the projection of `towns` does not reach `UY` of `town`"), "{}", answer.stdout);
    bench.write("queries/trusted/towns.sql", &query.replace("3 AS n", "cast(NULL AS int) AS n"));
    assert!(trapiche(&bench, &moto, &["run"]).stdout.contains("does not reach null of `n`"));
    // Without it the partitions are listed, and nothing of it stays.
    bench.write(
        "queries/trusted/towns.sql",
        &query
            .replace("projection:\n", "# ")
            .replace("\n  day:", "\n#")
            .replace("\n  n:", "\n#")
            .replace("\n  town:", "\n#"),
    );
    made(&bench, &moto);
    let (table, partitions) = known(&moto, "towns");
    assert!(partitions.len() == 1 && table["Parameters"].get("projection.enabled").is_none(), "{table}");

    for (written, words) in [
        ("day: { from: 1, to: 2 }", "Athena does not project `day`, of the type date, by these values"),
        ("day: { from: 2024-02-01, to: 2024-01-01 }", "this is no range of values that Athena can project"),
        ("day: { values: [\"a,b\"] }", "Athena cannot project `a,b`"),
        ("", "Athena projects all partition columns or none: `day` is missing"),
        ("day: { from: 2024-01-01, to: now }\n  other: { values: [a] }", "`other` is no column of `partition_by`"),
    ] {
        bench.write("queries/trusted/towns.sql", &query.replace("day: { from: 2024-01-01, to: now }", written));
        let answer = bench.trapiche(&["validate"]);
        assert!(answer.code == 2 && answer.stderr.contains(words), "{written}: {}", answer.stderr);
    }
}

/// Both are made from one description, and spelled twice.
#[test]
fn athena_s_statements_say_what_glue_has() {
    let Some(moto) = Moto::start() else { return };
    let types = "true AS flag, 1Y AS tiny, 1S AS small, 1 AS whole, 1L AS big, 1F AS thin, 1D AS ratio, 1.50BD AS price, 'x' AS note, \
                 X'1F' AS bytes, DATE'2024-02-29' AS on_day, TIMESTAMP'2024-02-29 10:20:30' AS at, array(1, 2) AS list, \
                 named_struct('a', 1, 'b', array('x')) AS nested, map('k', 1.5D) AS pairs";
    let query = many(350, types).replace("partition_by", "description: \"the owner's\"\npartition_by");
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/trusted/towns.sql", &query)]);
    made(&bench, &moto);
    let (table, partitions) = known(&moto, "towns");
    let told = trapiche(&bench, &moto, &["publish", "--ddl", "athena"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let create = told.stdout.split(";\n").find(|text| text.contains("CREATE EXTERNAL TABLE")).unwrap();
    let of_columns = |text: &str, between: &str| -> Vec<String> {
        text.split(between).map(|column| column.trim().replace('`', "")).collect()
    };
    let between = |from: &str, to: &str| create.split_once(from).unwrap().1.split_once(to).unwrap().0;
    assert_eq!(of_columns(between("`towns` (\n", "\n)\n"), ",\n"), columns(&table["StorageDescriptor"]));
    let keys = json!({ "Columns": table["PartitionKeys"] });
    assert_eq!(of_columns(between("PARTITIONED BY (", ")\n"), ", "), columns(&keys));
    assert_eq!(between("COMMENT '", "'\n").replace("\\'", "'"), table["Description"].as_str().unwrap());
    assert_eq!(between("LOCATION '", "'\n"), table["StorageDescriptor"]["Location"].as_str().unwrap());
    for property in between("TBLPROPERTIES (", ")").split(", ") {
        let (key, value) = property.split_once(" = ").unwrap();
        assert_eq!(table["Parameters"][key.trim_matches('\'')].as_str(), Some(value.trim_matches('\'')), "{property}");
    }
    // Hive's own words for what Glue spells out.
    assert!(create.contains("\nSTORED AS PARQUET\n"), "{create}");
    assert!(
        table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]
            .as_str()
            .unwrap()
            .ends_with(".ParquetHiveSerDe")
    );
    let mut stated = BTreeMap::new();
    for line in told.stdout.lines().filter(|line| line.starts_with("  PARTITION (")) {
        let (values, place) = line.trim_start_matches("  PARTITION (").split_once(") LOCATION '").unwrap();
        let value = |pair: &str| pair.split_once(" = '").unwrap().1.trim_end_matches('\'').replace("\\'", "'");
        let values: Vec<String> = values.split(", ").map(value).collect();
        stated.insert(values, place.trim_end_matches([';', '\'']).to_string());
    }
    let there: BTreeMap<Vec<String>, String> = partitions
        .into_iter()
        .map(|(values, storage)| (values, storage["Location"].as_str().unwrap().to_string()))
        .collect();
    assert_eq!((stated.len(), stated), (354, there));
}
