//! Sources that look for deleted rows: after each capture SQL sees the rows that the database has, and no other.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cursors::{Base, outcome, run};
use super::trapiche;
use crate::places::DatabaseServer;
use crate::workbench::{Workbench, files_below};

/// Rows by their key, of a number and a text, and what else they have.
type Rows = BTreeMap<(u64, String), (u64, u64)>;

/// Keys that are written in one way and may be read in another.
const ODD: [&str; 16] = [
    "",
    "NULL",
    "\\N",
    "\\x00",
    "'",
    "\"",
    "\"\"",
    ",",
    ";",
    "\\",
    " a",
    "A",
    "a",
    "é",
    "e\u{301}",
    "one\nother, \"line\" 💡",
];

/// A table `t` and the rows that it is to have.
struct Keyed {
    base: Base,
    rows: Rows,
    /// The value of the cursor for what changes now.
    step: u64,
}

impl Keyed {
    fn new(base: Base, text: &str) -> Keyed {
        base.execute(&[
            "DROP TABLE IF EXISTS t".into(),
            format!("CREATE TABLE t (a bigint NOT NULL, b {text} NOT NULL, v bigint, step bigint, PRIMARY KEY (a, b))"),
        ]);
        Keyed { base, rows: Rows::new(), step: 0 }
    }

    fn literal(&self, text: &str) -> String {
        let text = text.replace('\'', "''");
        // There a backslash begins an escape.
        let is_mysql = self.base.url.starts_with("mysql") || self.base.url.starts_with("mariadb");
        format!("'{}'", if is_mysql { text.replace('\\', "\\\\") } else { text })
    }

    fn put(&mut self, key: (u64, &str), row: (u64, u64)) {
        let (text, (v, step)) = (self.literal(key.1), row);
        let gone = format!("DELETE FROM t WHERE a = {} AND b = {text}", key.0);
        self.base.execute(&[gone, format!("INSERT INTO t VALUES ({}, {text}, {v}, {step})", key.0)]);
        self.rows.insert((key.0, key.1.to_string()), row);
    }

    fn delete(&mut self, key: (u64, &str)) {
        let text = self.literal(key.1);
        self.base.execute(&[format!("DELETE FROM t WHERE a = {} AND b = {text}", key.0)]);
        self.rows.remove(&(key.0, key.1.to_string()));
    }

    fn delete_all(&mut self) {
        self.base.execute(&["DELETE FROM t".into()]);
        self.rows.clear();
    }

    /// Some rows come, some change and some go.
    fn change(&mut self) {
        self.step += 1;
        for _ in 0..6 {
            let key = (self.base.chance(2), ODD[self.base.chance(ODD.len() as u64) as usize]);
            match self.base.chance(5) {
                0 | 1 => self.delete(key),
                _ => {
                    let v = self.base.chance(100);
                    self.put(key, (v, self.step));
                }
            }
        }
    }

    /// What SQL sees in the lake, and what it is to see.
    fn assert_shown(&self, bench: &Workbench) {
        let sql = "SELECT a, b, v, step FROM raw.t";
        let answer = trapiche(bench, &self.base.url, &["query", "-o", "json", sql]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let rows: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap();
        let number = |row: &Value, name: &str| row[name].as_u64().unwrap();
        let shown = rows.iter().map(|row| {
            let key = (number(row, "a"), row["b"].as_str().unwrap().to_string());
            (key, (number(row, "v"), number(row, "step")))
        });
        assert_eq!(shown.clone().count(), self.rows.len(), "each once: {rows:?}");
        assert_eq!(shown.collect::<Rows>(), self.rows, "step {}", self.step);
    }
}

const SOURCE: &str = "table: t, cursor: step, key: [a, b], deletes: detect";

fn disappear(mut keyed: Keyed) {
    let bench = super::bench(SOURCE);
    let url = keyed.base.url.clone();
    keyed.step = 1;
    ODD.iter().for_each(|text| keyed.put((0, text), (7, 1)));
    run(&bench, &url, &["raw.t"]);
    keyed.assert_shown(&bench);

    // One that is gone leaves a landing without rows, and one that comes again as it was is there again.
    keyed.delete((0, "A"));
    let report = run(&bench, &url, &["raw.t"]);
    assert_eq!(outcome(&report).0, "made", "{report}");
    assert!(outcome(&report).1.contains("rows that the source has no longer: 1"), "{report}");
    keyed.assert_shown(&bench);
    keyed.put((0, "A"), (7, 1));
    run(&bench, &url, &["raw.t"]);
    keyed.assert_shown(&bench);

    let before = files_below(&bench.path("lake/raw"));
    let (status, why) = outcome(&run(&bench, &url, &["raw.t"]));
    assert_eq!(status, "unchanged", "{why}");
    assert_eq!(files_below(&bench.path("lake/raw")), before);

    for step in 0..12 {
        keyed.change();
        if step == 6 {
            keyed.delete_all();
        }
        run(&bench, &url, &["raw.t"]);
        keyed.assert_shown(&bench);
    }
    let whole = run(&bench, &url, &["raw.t", "--full-refresh"]);
    assert_eq!(outcome(&whole).0, "made");
    keyed.assert_shown(&bench);
    let left: Vec<String> =
        files_below(&bench.path("lake/raw")).into_iter().filter(|file| file.contains("/keys-")).collect();
    assert_eq!(left, Vec::<String>::new(), "what was only looked at");
}

#[test]
fn rows_that_sqlite_has_no_longer_disappear() {
    let folder = Workbench::of(&[]);
    disappear(Keyed::new(Base::bare(format!("sqlite://{}", folder.path("base.sqlite").display())), "text"));
}

#[test]
fn rows_that_postgres_has_no_longer_disappear() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    disappear(Keyed::new(Base::bare(server.url.clone()), "text"));
}

#[test]
fn rows_that_mariadb_has_no_longer_disappear() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    let text = "varchar(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin";
    disappear(Keyed::new(Base::bare(server.url.clone()), text));
}

#[test]
fn plans_and_states_tell_of_deleted_rows() {
    let folder = Workbench::of(&[]);
    let base = Base::bare(format!("sqlite://{}", folder.path("base.sqlite").display()));
    let mut keyed = Keyed::new(base, "text");
    let (bench, url) = (super::bench(SOURCE), keyed.base.url.clone());
    keyed.put((1, "x"), (1, 1));
    keyed.put((2, "y"), (1, 1));
    run(&bench, &url, &[]);
    let planned: Vec<Value> = serde_json::from_str(&trapiche(&bench, &url, &["plan", "-o", "json"]).stdout).unwrap();
    assert_eq!(planned[0]["why"], "asks for what is new: `step` has reached 1, and for all keys");
    keyed.delete((2, "y"));
    run(&bench, &url, &[]);
    let state: Value =
        serde_json::from_str(&trapiche(&bench, &url, &["state", "show", "t", "-o", "json"]).stdout).unwrap();
    let gone: Vec<&Value> = state["live"].as_array().unwrap().iter().map(|landing| &landing["gone"]).collect();
    assert_eq!(gone, [&json!(0), &json!(1)]);
    let shown = trapiche(&bench, &url, &["state", "show", "t"]).stdout;
    assert!(shown.contains("0 rows, 0 B, from 1 on; 1 row gone"), "{shown}");
    // Tables that are made of it are made again.
    assert_eq!(bench.hive_rows("trusted/t"), ["a=1 b=x v=1 step=1"]);
}

#[test]
fn a_row_without_its_key_is_refused() {
    let folder = Workbench::of(&[]);
    let base = Base::bare(format!("sqlite://{}", folder.path("base.sqlite").display()));
    base.execute(&[
        "CREATE TABLE t (a bigint, b text, step bigint)".into(),
        "INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2)".into(),
    ]);
    let (bench, url) = (super::bench(SOURCE), base.url.clone());
    run(&bench, &url, &["raw.t"]);
    base.execute(&["UPDATE t SET b = NULL WHERE a = 1".into()]);
    let before = files_below(&bench.path("lake/raw"));
    let answer = trapiche(&bench, &url, &["run", "raw.t"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let words = format!("{}{}", answer.stdout, answer.stderr);
    assert!(words.contains("1 rows have no `a`, `b`, by which deleted rows are found"), "{words}");
    assert_eq!(files_below(&bench.path("lake/raw")), before);
}
