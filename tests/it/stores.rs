//! What the lake asks of a store, asked of every store.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use trapiche::error::{Kind, Result};
use trapiche::lake::stage::{self, Staged};
use trapiche::lake::table::commit::{self, Replaces};
use trapiche::lake::table::data_file::DataFile;
use trapiche::lake::table::head::Head;
use trapiche::lake::table::tree::Node;
use trapiche::lake::table::version::{self, FileLayout, Version};
use trapiche::lake::{Lake, ObjectFormat, TableName, lock};

use crate::faulty::{Fault, Faulty};
use crate::places::{self, KEY, S3Server, SECRET};
use crate::workbench::{Answer, Workbench, answering};

#[test]
fn memory_keeps_the_contract() {
    keeps_the_contract("memory", true);
}

#[test]
fn a_folder_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    keeps_the_contract(&format!("file://{}", folder.path().join("not yet there").display()), true);
}

#[test]
fn s3s_keeps_the_contract() {
    an_s3_server_keeps_the_contract("s3s");
}

#[test]
fn minio_keeps_the_contract() {
    an_s3_server_keeps_the_contract("minio");
}

/// The program itself, with credentials from each of the places where AWS's own programs find them.
#[test]
fn the_program_runs_on_minio() {
    let Some(server) = S3Server::start("minio") else { return };
    let keys = format!("aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
    let json = format!("{{\"Version\": 1, \"AccessKeyId\": \"{KEY}\", \"SecretAccessKey\": \"{SECRET}\"}}");
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: s3\ntargets: { here: { storage: \"s3://lake/a/b\", s3: { endpoint: \"${ENDPOINT}\" } } }\nsources: { days: { url: \"file://./days.csv\" } }\n",
        ),
        ("days.csv", "day,n\nmon,1\n50% x=y:z,2\n,3\n"),
        (
            "queries/trusted/days.sql",
            "/* trapiche\npartition_by: [day]\n*/ SELECT n, nullif(day, '') AS day FROM raw.days",
        ),
        (".aws/credentials", &format!("[default]\n{keys}")),
        (".aws/config", "[profile made]\nregion = us-east-1\ncredential_process = cat made.json\n"),
        ("made.json", &json),
    ]);
    let container = role_of_a_container(&json.replace("\"Version\": 1, ", ""));
    // Without what this machine has of its own.
    let machines = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("AWS_"));
    let machines: Vec<_> = machines.collect();
    let trapiche = |args: &[&str], environment: &[(&str, &str)]| {
        let mut command = bench.command(args);
        for name in &machines {
            command.env_remove(name);
        }
        command.env("ENDPOINT", &server.endpoint).env("AWS_EC2_METADATA_DISABLED", "true");
        Answer::from(command.envs(environment.iter().copied()).output().unwrap())
    };
    let places: [(&str, &[(&str, &str)]); 4] = [
        ("environment", &[("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET), ("HOME", "/nowhere")]),
        ("default profile", &[("HOME", bench.dir.path().to_str().unwrap())]),
        ("named profile", &[("HOME", bench.dir.path().to_str().unwrap()), ("AWS_PROFILE", "made")]),
        ("container", &[("HOME", "/nowhere"), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container)]),
    ];
    for (place, environment) in places {
        let run = trapiche(&["run", "--full-refresh"], environment);
        assert_eq!(run.code, 0, "{place}: {}", run.stderr);
        let rows = trapiche(&["query", "-o", "csv", "SELECT day, n FROM trusted.days ORDER BY n"], environment);
        assert_eq!(rows.stdout, "day,n\nmon,1\n50% x=y:z,2\n,3\n", "{place}: {}", rows.stderr);
    }
    assert_eq!(server.open_uploads(), (0, 0));
    let refused = trapiche(&["run"], &[("HOME", "/nowhere")]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("there are no credentials for S3"), "{}", refused.stderr);
    assert!(refused.stderr.contains("or AWS_PROFILE"), "{}", refused.stderr);
}

/// With keys that are the bucket's and not the lake's, and of several objects only those that changed.
#[test]
fn files_of_a_bucket_on_minio_are_captured() {
    let Some(server) = S3Server::start("minio") else { return };
    let (_, store, _) = places::open(&format!("{}/exports", server.endpoint));
    let put = |key: &str, text: &'static str| {
        runtime().block_on(store.put(&Path::parse(key).unwrap(), text.into())).unwrap();
    };
    put("day=1/a b%20.csv", "id,town\n1,Bern\n");
    put("day=2/x.csv", "id,town\n2,Chur\n");
    put("day=2/.hidden.csv", "id,town\n9,x\n");
    put("day=2/x.txt", "x");
    let settings = "name: s3\ntargets: { here: { storage: \"file://./lake\" } }\nconnections:\n  exports:\n    files: \"s3://lake/exports\"\n    s3: { endpoint: \"${ENDPOINT}\", region: us-east-1, access_key_id: \"${KEY}\", secret_access_key: \"${SECRET}\" }\nsources: { towns: { from: exports, path: \"/*/*.csv\", columns: { id: bigint } } }\n";
    let bench = Workbench::of(&[("trapiche.yml", settings)]);
    let trapiche = |args: &[&str], secret: &str| {
        let keys = [("ENDPOINT", server.endpoint.as_str()), ("KEY", KEY), ("SECRET", secret)];
        Answer::from(bench.command(args).envs(keys).output().unwrap())
    };
    let rows = |expected: &str| {
        let run = trapiche(&["run"], SECRET);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let rows = trapiche(&["query", "-o", "csv", "SELECT id, town FROM raw.towns ORDER BY id"], SECRET);
        assert_eq!(rows.stdout, format!("id,town\n{expected}"), "{}", rows.stderr);
        run.stdout
    };
    rows("1,Bern\n2,Chur\n");
    assert!(rows("1,Bern\n2,Chur\n").contains("none of 2 files is modified"));
    put("day=3/x.csv", "id,town\n3,Thun\n");
    assert!(rows("1,Bern\n2,Chur\n3,Thun\n").contains("3 files"));
    let refused = trapiche(&["run"], "another");
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("may not be read") && !refused.stderr.contains("another"), "{}", refused.stderr);
}

/// The address at which credentials are given out, as in a container of ECS or EKS, as long as the tests run.
fn role_of_a_container(json: &str) -> String {
    let ends = (chrono::Utc::now() + chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%SZ");
    let json = json.replace('}', &format!(", \"Token\": \"\", \"Expiration\": \"{ends}\"}}"));
    format!("http://{}/role", answering("200 OK", &json))
}

fn an_s3_server_keeps_the_contract(kind: &str) {
    let Some(server) = S3Server::start(kind) else { return };
    keeps_the_contract(&server.place("contract"), kind != "s3s");
    assert_eq!(server.open_uploads(), (0, 0), "(open uploads, their parts)");
}

fn keeps_the_contract(place: &str, creates_atomically: bool) {
    runtime().block_on(async {
        let (url, store, uploads) = places::open(place);
        let lake = Lake::on(&url, store.clone(), uploads.clone()).unwrap();
        small_objects(&lake).await.unwrap();
        if creates_atomically {
            a_race_has_one_winner(&lake).await.unwrap();
        }
        staged_objects(&lake).await.unwrap();
        commits(&lake).await.unwrap();
        // A lake on a store at whose n-th operation something goes wrong, and how many there were.
        let faulty = |at, fault| {
            let faulty = Faulty::new(store.clone(), uploads.clone(), at, fault);
            let with_uploads = uploads.is_some().then(|| Arc::new(faulty.clone()) as _);
            (Lake::on(&url, Arc::new(faulty.clone()), with_uploads).unwrap(), faulty)
        };
        recovery(&lake, &faulty).await.unwrap();
        conflicts(&lake, &faulty).await.unwrap();
        locks(&lake).await.unwrap();
        assert_eq!(objects(&lake).await, BTreeSet::new(), "something was left");
    });
}

async fn small_objects(lake: &Lake) -> Result<()> {
    assert_eq!(lake.read("small/a").await?, None);
    assert_eq!(lake.list("small").await?, Vec::<String>::new());
    lake.delete("small/a").await?;
    assert!(lake.create("small/a", "1").await?);
    assert!(!lake.create("small/a", "2").await?, "a second creation must not win");
    assert_eq!(lake.read("small/a").await?.as_deref(), Some(&b"1"[..]));
    lake.write("small/a", "3").await?;
    assert_eq!(lake.read("small/a").await?.as_deref(), Some(&b"3"[..]));
    // Names as partitions have them.
    let odd = ["small/day=50%25 x%3Dy%3Az/ñ.json", "small/day=__HIVE_DEFAULT_PARTITION__/b"];
    for path in odd {
        lake.write(path, path).await?;
        assert_eq!(lake.read(path).await?.as_deref(), Some(path.as_bytes()));
    }
    assert_eq!(lake.list("small").await?, ["small/a", odd[0], odd[1]]);
    assert_eq!(lake.names("small").await?, ["a", "day=50%25 x%3Dy%3Az", "day=__HIVE_DEFAULT_PARTITION__"]);
    lake.delete_each(vec!["small/a".to_string(), "small/not there".to_string()]).await?;
    lake.delete_all("small").await
}

/// Of those that create an object at once, one does. s3s-fs looks first and writes then, so it is not asked this.
async fn a_race_has_one_winner(lake: &Lake) -> Result<()> {
    let created = futures::future::join_all((0..8).map(|i| lake.create("race", format!("{i}")))).await;
    assert_eq!(created.into_iter().filter(|created| *created.as_ref().unwrap()).count(), 1);
    lake.delete("race").await
}

/// One that is staged whole, and one that is more than a part long.
async fn staged_objects(lake: &Lake) -> Result<()> {
    for size in [0, 1_000, 9 << 20] {
        let path = "trusted/t/day=50%25 x%3Dy/file.parquet";
        let staged = stage(lake, path, size).await?;
        assert_eq!(staged.bytes, size as u64);
        assert_eq!(lake.list("trusted").await?, Vec::<String>::new(), "visible before it is published");
        stage::publish_all(lake, std::slice::from_ref(&staged)).await?;
        assert_eq!(lake.read(path).await?.unwrap().len(), size);
        // Once more is harmless.
        stage::publish(lake, &staged).await?;
        stage::discard(lake, &staged).await?;
        assert_eq!(lake.list("trusted").await?, Vec::<String>::new(), "visible after it was taken back");
        // What is never published is cleared away, finished or not.
        stage(lake, path, size).await?;
        let mut unfinished = stage::begin(lake, RUN, format!("{path}.2")).await?;
        unfinished.write(Bytes::from(vec![1; size])).await?;
        drop(unfinished);
        stage::clear(lake, RUN).await?;
        assert_eq!(objects(lake).await, BTreeSet::new());
    }
    Ok(())
}

async fn commits(lake: &Lake) -> Result<()> {
    for (number, replaces) in [(1, Replaces::Everything), (2, Replaces::Nothing), (3, Replaces::TouchedPartitions)] {
        commit_two(lake, &format!("run{number}"), replaces.clone()).await?;
        let now = version::latest(lake, &table()).await?.unwrap();
        assert_eq!(now.version, number);
        assert_eq!(paths(&version::files(lake, &now).await?), lake.list("trusted").await?, "{replaces:?}");
    }
    // The head that a commit gives can be followed without another look; one that was followed already cannot.
    let old = Head::look(lake, &table()).await?;
    let mut head = old.clone();
    for (number, replaces) in [(4, Replaces::Nothing), (5, Replaces::Nothing), (6, Replaces::Everything)] {
        head = commit_two_after(lake, &head, &format!("run{number}"), replaces).await?;
        assert_eq!(head.version, version::latest(lake, &table()).await?);
        assert_eq!(head.version.as_ref().unwrap().version, number);
    }
    let late = commit_two_after(lake, &old, "late", Replaces::Everything).await.unwrap_err();
    assert_eq!(late.kind(), Kind::Locked);
    stage::clear(lake, "late").await?;
    assert_eq!(head.version, version::latest(lake, &table()).await?);
    assert_eq!(paths(&version::files(lake, &head.version.unwrap()).await?), lake.list("trusted").await?);
    let first = version::read(lake, &table(), 1).await?.unwrap();
    assert!(!lake.create("_trapiche/tables/trusted/t/v00000001.json", "{}").await?);
    assert_eq!(first.run_id, "run1");
    lake.delete_all("").await
}

/// Whichever operation of a commit goes wrong: a reader sees the old or the new files, all there, and recovery leaves
/// just them.
async fn recovery(lake: &Lake, faulty: impl Fn(u64, Fault) -> (Lake, Faulty)) -> Result<()> {
    for fault in [Fault::Fail, Fault::LoseAnswer, Fault::CutShort] {
        for at in 1.. {
            commit_two(lake, "old", Replaces::Everything).await?;
            let (broken, store) = faulty(at, fault);
            let outcome = commit_two(&broken, "new", Replaces::Everything).await;
            let now = version::latest(lake, &table()).await?.unwrap();
            assert!(outcome.is_err() || now.run_id == "new", "{fault:?} at {at}");
            for file in &version::files(lake, &now).await? {
                assert!(lake.read(&file.path).await?.is_some(), "{fault:?} at {at}: a reader misses {}", file.path);
            }
            commit::recover(lake, &table(), "next").await?;
            for run in stage::runs(lake).await? {
                stage::clear(lake, &run).await?;
            }
            assert_eq!(version::latest(lake, &table()).await?.unwrap(), now, "{fault:?} at {at}");
            assert_eq!(lake.list("trusted").await?, paths(&version::files(lake, &now).await?), "{fault:?} at {at}");
            let hidden = lake.list("_trapiche").await?;
            assert!(
                hidden.iter().all(|path| path.contains("/v0000") || path.contains("/attic/")),
                "{fault:?} at {at}: {hidden:?}"
            );
            lake.delete_all("").await?;
            if store.seen() < at {
                assert!(at > 10, "only {at} operations?");
                break;
            }
        }
    }
    Ok(())
}

/// S3 refuses a creation with 409 while another one is under way, which may come to nothing: whichever object it is, the
/// commit goes on.
async fn conflicts(lake: &Lake, faulty: impl Fn(u64, Fault) -> (Lake, Faulty)) -> Result<()> {
    commit_two(lake, "old", Replaces::Everything).await?;
    for at in 1.. {
        let (conflicting, store) = faulty(at, Fault::Conflict);
        let run_id = format!("new{at}");
        commit_two(&conflicting, &run_id, Replaces::Everything).await.unwrap_or_else(|e| panic!("409 at {at}: {e}"));
        assert_eq!(version::latest(lake, &table()).await?.unwrap().run_id, run_id);
        if store.seen() < at {
            return lake.delete_all("").await;
        }
    }
    unreachable!("a commit ends")
}

async fn locks(lake: &Lake) -> Result<()> {
    let names = |names: &[&str]| names.iter().map(|name| TableName::parse(name).unwrap()).collect::<Vec<_>>();
    let first = lock::acquire(lake, "first", names(&["trusted.a", "trusted.b"])).await?;
    let refused = lock::acquire(lake, "second", names(&["trusted.b", "trusted.c"])).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Locked);
    assert!(refused.to_string().contains("`first`") && refused.to_string().contains("`trusted.b`"), "{refused}");
    let beside = lock::acquire(lake, "third", names(&["trusted.c"])).await?;
    // A live run's staged objects are not another's to clear away.
    let staged = stage(lake, "trusted/a/f", 10).await?;
    lake.write("_trapiche/staging/first/x", "x").await?;
    first.release().await?;
    let after = lock::acquire(lake, "fourth", names(&["trusted.a", "trusted.b"])).await?;
    assert_eq!(stage::runs(lake).await?, Vec::<String>::new(), "{staged:?}");
    beside.release().await?;
    after.release().await
}

const RUN: &str = "20260101T000000Z-000001";

async fn stage(lake: &Lake, path: &str, size: usize) -> Result<Staged> {
    stage_for(lake, RUN, path, size).await
}

async fn stage_for(lake: &Lake, run_id: &str, path: &str, size: usize) -> Result<Staged> {
    let mut object = stage::begin(lake, run_id, path.to_string()).await?;
    for chunk in vec![7u8; size].chunks(3 << 20) {
        object.write(Bytes::copy_from_slice(chunk)).await?;
    }
    object.finish().await
}

/// Commits a version of two partitions, staged by the run.
async fn commit_two(lake: &Lake, run_id: &str, replaces: Replaces) -> Result<Version> {
    let head = Head::look(lake, &table()).await?;
    commit_two_after(lake, &head, run_id, replaces).await.map(|head| head.version.unwrap())
}

async fn commit_two_after(lake: &Lake, head: &Head, run_id: &str, replaces: Replaces) -> Result<Head> {
    let day = Field::new("day", DataType::Utf8, true);
    let mut next = Version {
        format: ObjectFormat,
        table: table(),
        version: 0,
        run_id: run_id.to_string(),
        committed_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        fingerprint: run_id.to_string(),
        schema: Arc::new(Schema::new(vec![day])),
        timestamps: trapiche::spark::types::Timestamps::Micros,
        partition_by: vec!["day".to_string()],
        key: vec![],
        layout: FileLayout::default(),
        files: Node::default(),
        quarantine: Node::default(),
        empty: vec![],
        replaced: vec![],
    };
    let (mut staged, mut files) = (vec![], vec![]);
    for day in ["mon", "tue"] {
        let path = format!("trusted/t/day={day}/part-{run_id}.parquet");
        let object = stage_for(lake, run_id, &path, 100).await?;
        let partition = vec![Some(day.to_string())];
        files.push(DataFile {
            path,
            partition,
            rows: 1,
            bytes: object.bytes,
            columns: vec![],
            made_from: None,
            stands_for: None,
        });
        staged.push(object);
    }
    next.files = files.into();
    let committed = commit::commit(lake, head, next, staged, replaces).await?;
    stage::clear(lake, run_id).await?;
    Ok(committed)
}

fn table() -> TableName {
    TableName::parse("trusted.t").unwrap()
}

fn paths(files: &[DataFile]) -> Vec<String> {
    files.iter().map(|file| file.path.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

async fn objects(lake: &Lake) -> BTreeSet<String> {
    lake.list("").await.unwrap().into_iter().collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
