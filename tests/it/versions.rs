//! Older versions of tables: how long they can be read, what is removed when, and what changes nothing but files.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::workbench::Workbench;

/// A table `trusted.days` of the file `days.csv`, with what the target and the query say more.
fn days(target: &str, header: &str) -> Workbench {
    Workbench::of(&[
        (
            "trapiche.yml",
            &format!(
                "name: days\ntargets: {{ here: {{ storage: \"file://./lake\"{target} }} }}\nsources: {{ days: {{ url: \"file://./days.csv\", columns: {{ n: bigint }} }} }}\n"
            ),
        ),
        ("days.csv", "day,n\nmon,1\ntue,2\n"),
        ("queries/trusted/days.sql", &format!("/* trapiche\n{header}\n*/ SELECT n, day FROM raw.days")),
    ])
}

fn run_id(report: &Value) -> String {
    report["run_id"].as_str().unwrap().to_string()
}

fn rows_as_of(bench: &Workbench, run: &str, sql: &str) -> Value {
    let answer = bench.trapiche(&["query", "-o", "json", "--as-of", run, sql]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

/// All files of the lake but the reports of runs.
fn objects(bench: &Workbench) -> BTreeSet<String> {
    bench.lake_files().into_iter().filter(|file| !file.starts_with("_runs")).collect()
}

const ALL_DAYS: &str = "SELECT day, n FROM trusted.days ORDER BY day";

#[test]
fn a_table_can_be_read_as_an_earlier_run_left_it() {
    let bench = days("", "partition_by: [day]");
    let first = run_id(&bench.run(&[]));
    bench.write("days.csv", "day,n\ntue,3\nwed,4\n");
    let second = run_id(&bench.run(&[]));
    let (old, new) = (
        json!([{"day": "mon", "n": 1}, {"day": "tue", "n": 2}]),
        json!([{"day": "tue", "n": 3}, {"day": "wed", "n": 4}]),
    );
    assert_eq!(rows_as_of(&bench, &first, ALL_DAYS), old);
    assert_eq!(rows_as_of(&bench, &second, ALL_DAYS), new);
    assert_eq!(rows_as_of(&bench, &first, "SELECT day, n FROM raw.days ORDER BY day"), old);
    assert_eq!(bench.hive_rows("trusted/days"), ["n=3 day=tue", "n=4 day=wed"]);

    let nobody = bench.trapiche(&["query", "--as-of", "20200101T000000Z-000000", "SELECT 1"]);
    assert_eq!(nobody.code, 2, "{}", nobody.stderr);
    let vacuumed = bench.trapiche(&["vacuum", "--keep", "0s", "-o", "json"]);
    assert_eq!(vacuumed.code, 0, "{}", vacuumed.stderr);
    let gone = bench.trapiche(&["query", "--as-of", &first, ALL_DAYS]);
    assert_eq!(gone.code, 1, "{}", gone.stdout);
    assert!(gone.stderr.contains("is not kept any longer") && gone.stderr.contains("keep: 7d"), "{}", gone.stderr);
    assert_eq!(rows_as_of(&bench, &first, "SELECT count(*) AS n FROM raw.days"), json!([{"n": 2}]));
    assert_eq!(rows_as_of(&bench, &second, ALL_DAYS), new);
}

#[test]
fn with_nothing_to_keep_a_run_leaves_the_newest_version_only() {
    let bench = days(", keep: 0s", "partition_by: [day]");
    bench.run(&[]);
    bench.write("days.csv", "day,n\ntue,3\nwed,4\n");
    bench.run(&[]);
    assert!(!bench.lake_files().iter().any(|file| file.contains("attic")), "{:?}", bench.lake_files());
    // The number of the version before stays taken for a day, and nobody reads it.
    let versions: Vec<String> = objects(&bench).into_iter().filter(|file| file.contains("/tables/")).collect();
    let folder = "_trapiche/tables/trusted/days";
    assert_eq!(versions, ["oldest-00000002", "v00000001", "v00000002"].map(|name| format!("{folder}/{name}.json")));
    let gone = bench.trapiche(&["diff", "days", "--from", "1"]);
    assert!(gone.code == 1 && gone.stderr.contains("has no version at `1`"), "{}", gone.stderr);
    let yesterday = SystemTime::now() - Duration::from_secs(25 * 3600);
    for version in ["v00000001", "v00000002"] {
        let file = fs::File::options().write(true).open(bench.path(&format!("lake/{folder}/{version}.json"))).unwrap();
        file.set_modified(yesterday).unwrap();
    }
    bench.run(&[]);
    assert!(!objects(&bench).contains(&format!("{folder}/v00000001.json")), "{:?}", objects(&bench));
}

#[test]
fn a_reader_that_began_before_an_overwrite_ends_right() {
    // More rows than pipes and the reader's own buffers hold, so that it still has files to open when the run is over.
    let bench = days("", "partition_by: [day]");
    let mut csv = String::from("day,n\n");
    for day in 0..8 {
        (0..40_000).for_each(|n| csv.push_str(&format!("day{day},{n}\n")));
    }
    bench.write("days.csv", &csv);
    bench.run(&[]);
    let mut reader = bench
        .command(&["query", "-o", "csv", "--threads", "1", "SELECT n, day FROM trusted.days"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut rows = BufReader::new(reader.stdout.take().unwrap());
    let mut header = String::new();
    rows.read_line(&mut header).unwrap();
    assert_eq!(header, "n,day\n");

    bench.write("days.csv", "day,n\nmon,1\n");
    bench.run(&[]);
    assert_eq!(bench.hive_rows("trusted/days"), ["n=1 day=mon"]);
    let mut rest = String::new();
    rows.read_to_string(&mut rest).unwrap();
    assert!(reader.wait().unwrap().success());
    assert_eq!(rest.lines().count(), 320_000);
}

#[test]
fn vacuum_removes_what_no_version_has_and_nothing_else() {
    let bench = days("", "partition_by: [day]");
    bench.run(&[]);
    bench.write("days.csv", "day,n\ntue,3\nwed,4\n");
    bench.run(&[]);
    let before = objects(&bench);
    let stray = |name: &str, age: Duration| {
        bench.write(&format!("lake/{name}"), "no one's");
        let file = fs::File::options().write(true).open(bench.path(&format!("lake/{name}"))).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    let hours = |n: u64| Duration::from_secs(n * 3600);
    stray("trusted/days/day=tue/part-stray.parquet", hours(2));
    stray("trusted/days/day=tue/part-young.parquet", hours(0));
    stray("trusted/days/_SUCCESS", hours(2));
    // What a capture wrote that had slept while it was taken back.
    let late = "raw/days/ingest_date=2026-11-01/run=late";
    stray(&format!("{late}/part-0001.csv"), hours(2));
    stray(&format!("{late}r/part-0001.csv"), hours(0));
    let planted = objects(&bench);

    let vacuum = |args: &[&str]| -> Vec<(String, String)> {
        let answer = bench.trapiche(&[&["vacuum", "-o", "json"], args].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let found: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_string();
        found.iter().map(|garbage| (text(&garbage["what"]), text(&garbage["path"]))).collect()
    };
    let strays = [format!("{late}/part-0001.csv"), "trusted/days/day=tue/part-stray.parquet".to_string()];
    let expected = strays.map(|stray| ("stray".to_string(), stray));
    assert_eq!(vacuum(&["--dry-run"]), expected);
    assert_eq!(objects(&bench), planted);
    assert_eq!(vacuum(&[]), expected);
    let kept: BTreeSet<String> =
        planted.into_iter().filter(|file| !expected.iter().any(|(_, path)| path == file)).collect();
    assert_eq!(objects(&bench), kept);
    assert!(before.is_subset(&kept));

    let gone: BTreeSet<String> = vacuum(&["--keep", "0s"]).into_iter().map(|(_, path)| path).collect();
    assert_eq!(gone, before.iter().filter(|file| file.contains("attic")).cloned().collect());
    assert_eq!(gone.len(), 2);
    assert_eq!(vacuum(&["--keep", "0s"]), []);
}

#[test]
fn vacuum_stays_within_the_lake_and_within_its_claim() {
    let bench = days("", "partition_by: [day]");
    bench.run(&[]);
    // Another project's table of the same lake, with a stray of its own.
    bench.write("other/trapiche.yml", "name: other\ntargets: { here: { storage: \"file://../lake\" } }\nsources: { nights: { url: \"file://../days.csv\" } }\n");
    bench.write("other/queries/trusted/nights.sql", "SELECT * FROM raw.nights");
    bench.run(&["-C", "other"]);
    let mut kept = BTreeSet::new();
    let mut plant = |name: &str, is_kept: bool| {
        bench.write(name, "no one's");
        let file = fs::File::options().write(true).open(bench.path(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(2 * 3600)).unwrap();
        if is_kept {
            kept.insert(bench.path(name));
        }
    };
    plant("outside/precious.parquet", true);
    plant("lake/trusted/nights/part-stray.parquet", true);
    plant("lake/trusted/days/_delta_log/0.parquet", true);
    plant("lake/trusted/days/day=mon/.hidden/part.parquet", true);
    plant("lake/trusted/days/day=tue/part-stray.parquet", false);
    plant("lake/trusted/days/day=a\u{7}b/part-\u{1b}.parquet", true);
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(bench.path(to), bench.path(name)).unwrap();
    link("outside", "lake/trusted/days/day=link");
    link("outside/precious.parquet", "lake/trusted/days/day=mon/precious.parquet");
    link("lake/trusted/days", "lake/trusted/days/day=loop");
    fs::create_dir_all(bench.path("lake/_trapiche/attic/trusted")).unwrap();
    link("outside", "lake/_trapiche/attic/trusted/days");
    fs::create_dir_all(bench.path("lake/_trapiche/staging")).unwrap();
    link("outside", "lake/_trapiche/staging/20200101T000000Z-000000");

    let answer = bench.trapiche(&["vacuum", "--keep", "0s", "-o", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let found: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap();
    let paths: Vec<&str> = found.iter().map(|garbage| garbage["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["trusted/days/day=tue/part-stray.parquet"]);
    assert!(answer.stderr.contains("left alone: `trusted.nights`"), "{}", answer.stderr);
    for file in kept {
        assert!(file.exists(), "{} is gone", file.display());
    }
    assert!(bench.path("lake/trusted/days/day=mon/precious.parquet").is_symlink());
    assert_eq!(bench.query("SELECT count(*) AS n FROM trusted.days"), [json!({"n": 2})]);
}

#[test]
fn a_damaged_version_concerns_only_those_who_ask_for_its_table() {
    let bench = days("", "");
    bench.write("queries/refined/total.sql", "SELECT sum(n) AS n FROM trusted.days");
    bench.run(&[]);
    bench.write("days.csv", "day,n\nmon,5\n");
    bench.run(&[]);
    let newest = bench.path("lake/_trapiche/tables/trusted/days/v00000002.json");
    let whole = fs::read(&newest).unwrap();

    fs::write(&newest, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(bench.query("SELECT 1 AS one"), [json!({"one": 1})]);
    assert_eq!(bench.query("SELECT n FROM refined.total"), [json!({"n": 5})]);
    let asked = bench.trapiche(&["query", ALL_DAYS]);
    assert_eq!(asked.code, 1, "{}", asked.stderr);
    assert!(asked.stderr.contains("v00000002.json` is damaged: it ends in the middle"), "{}", asked.stderr);
    assert!(!asked.stderr.contains("newer trapiche"), "{}", asked.stderr);

    // An empty one was never made: a machine lost power before its bytes were on the disk.
    fs::write(&newest, "").unwrap();
    assert_eq!(bench.query("SELECT 1 AS one"), [json!({"one": 1})]);
    assert_eq!(bench.query("SELECT n FROM refined.total"), [json!({"n": 5})]);
    assert_eq!(bench.query(ALL_DAYS), [json!({"day": "mon", "n": 1}), json!({"day": "tue", "n": 2})]);
    bench.run(&[]);
    assert_eq!(bench.query(ALL_DAYS), [json!({"day": "mon", "n": 5})]);
}

#[test]
fn compact_keeps_the_rows_in_fewer_files() {
    let bench = days("", "partition_by: [day]\nwrite: append");
    bench.write("queries/refined/total.sql", "SELECT sum(n) AS n FROM trusted.days");
    for n in 1..=4 {
        bench.write("days.csv", &format!("day,n\nmon,{n}\ntue,{n}\nday{n},{n}\n"));
        bench.run(&[]);
    }
    let rows = bench.hive_rows("trusted/days");
    let files = || bench.lake_files().iter().filter(|file| file.starts_with("trusted/days")).count();
    assert_eq!((rows.len(), files()), (12, 12));
    let answer = bench.trapiche(&["compact", "days", "-o", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let compacted: Value = serde_json::from_str(&answer.stdout).unwrap();
    let counts = ["partitions", "rows", "files_before", "files_after"].map(|key| compacted[0][key].as_u64().unwrap());
    assert_eq!(counts, [2, 8, 8, 2]);
    assert_eq!((bench.hive_rows("trusted/days"), files()), (rows, 6));

    // Neither the table nor what reads it has to be made again, and a second time there is nothing to gain.
    let report = bench.run(&[]);
    let statuses: Vec<&Value> =
        report["datasets"].as_array().unwrap().iter().map(|dataset| &dataset["status"]).collect();
    assert_eq!(statuses, ["unchanged", "unchanged", "unchanged"]);
    let again: Value =
        serde_json::from_str(&bench.trapiche(&["compact", "trusted.days", "-o", "json"]).stdout).unwrap();
    assert_eq!(again[0]["files_before"], 0);

    let diff = bench.trapiche(&["diff", "days", "--from", "4", "--to", "v5", "--rows", "--fail", "-o", "json"]);
    assert_eq!(diff.code, 0, "{}", diff.stdout);
    let diff: Value = serde_json::from_str(&diff.stdout).unwrap();
    assert_eq!(diff["rows"], json!({"only_from": 0, "only_to": 0}));
}

#[test]
fn diff_names_columns_partitions_and_rows() {
    let bench = days("", "partition_by: [day]");
    bench.write("days.csv", "day,n\nmon,1\nmon,1\ntue,2\nwed,7\n");
    let first = run_id(&bench.run(&[]));
    bench.write("days.csv", "day,n\nmon,1\ntue,3\nthu,5\nthu,5\n");
    bench.write(
        "queries/trusted/days.sql",
        "/* trapiche\npartition_by: [day]\n*/ SELECT n, 'x' AS more, day FROM raw.days",
    );
    let second = run_id(&bench.run(&[]));
    let answer = bench.trapiche(&["diff", "days", "--from", &first, "--to", &second, "--rows"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    insta::assert_snapshot!(answer.stdout, @r"
    what       name     change   from    to      files added  files removed
    ─────────  ───────  ───────  ──────  ──────  ───────────  ─────────────
    column     more     added            string
    partition  day=mon  changed  2 rows  1 row             1              1
    partition  day=thu  added    0 rows  2 rows            1              0
    partition  day=tue  changed  1 row   1 row             1              1
    partition  day=wed  removed  1 row   0 rows            0              1
    ");
    assert!(answer.stderr.contains("3 rows only before, 3 rows only after"), "{}", answer.stderr);
    assert_eq!(bench.trapiche(&["diff", "days", "--from", &first, "--fail"]).code, 5);
    assert_eq!(bench.trapiche(&["diff", "days", "--from", &second, "--fail"]).code, 0);
    let never = bench.trapiche(&["diff", "days", "--from", "99"]);
    assert_eq!(never.code, 1);
    assert!(never.stderr.contains("has no version at `99`"), "{}", never.stderr);
}
