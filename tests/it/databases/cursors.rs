//! Sources with a cursor: after each capture SQL sees what the database holds, which is asked itself.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

use super::{Cell, trapiche, waited};
use crate::places::DatabaseServer;
use crate::workbench::{Workbench, files_below};

/// A database with a table `t`, whose rows are changed step by step.
pub(super) struct Base {
    pub url: String,
    /// The type of the cursor's column.
    declared: &'static str,
    /// What makes a text of it, with six digits of a second.
    text: &'static str,
    seed: u64,
    steps: u64,
    next_id: u64,
}

impl Base {
    fn sqlite(bench: &Workbench) -> Base {
        Base::new(format!("sqlite://{}", bench.path("base.sqlite").display()), "text", "updated_at")
    }

    fn postgres(server: &DatabaseServer) -> Base {
        let text = "to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')";
        Base::new(server.url.clone(), "timestamptz", text)
    }

    fn mariadb(server: &DatabaseServer) -> Base {
        Base::new(server.url.clone(), "datetime(6)", "date_format(updated_at, '%Y-%m-%d %H:%i:%s.%f')")
    }

    /// A database in which the caller makes its own table.
    pub fn bare(url: String) -> Base {
        Base { url, declared: "", text: "", seed: 7, steps: 0, next_id: 1 }
    }

    fn new(url: String, declared: &'static str, text: &'static str) -> Base {
        let base = Base { declared, text, ..Base::bare(url) };
        base.execute(&[
            "DROP TABLE IF EXISTS t".into(),
            format!("CREATE TABLE t (id bigint PRIMARY KEY, v bigint, note text, updated_at {declared})"),
            "CREATE INDEX t_updated_at ON t (updated_at)".into(),
        ]);
        base
    }

    pub fn execute(&self, statements: &[String]) {
        let sql = statements.join(";\n");
        waited(async {
            match self.url.split(':').next().unwrap() {
                "sqlite" => run_all(sqlite(&self.url).await, &sql).await,
                "postgres" => run_all(PgConnection::connect(&self.url).await.unwrap(), &sql).await,
                _ => run_all(MySqlConnection::connect(&self.url).await.unwrap(), &sql).await,
            }
        });
    }

    /// The rows of a question whose answers are texts.
    fn asked(&self, sql: &str) -> Vec<Vec<Cell>> {
        let sql = AssertSqlSafe(sql.to_string());
        macro_rules! cells {
            ($connection:expr) => {{
                let rows = sqlx::raw_sql(sql).fetch_all(&mut $connection).await.unwrap();
                let cells = |row: &_| {
                    let row: &_ = row;
                    (0..Row::len(row)).map(|place| Row::try_get_unchecked(row, place).unwrap()).collect()
                };
                rows.iter().map(cells).collect()
            }};
        }
        waited(async {
            match self.url.split(':').next().unwrap() {
                "sqlite" => cells!(sqlite(&self.url).await),
                "postgres" => cells!(PgConnection::connect(&self.url).await.unwrap()),
                _ => cells!(MySqlConnection::connect(&self.url).await.unwrap()),
            }
        })
    }

    /// Rows come: some with the time of the step before, some late, some without a time. Others change, with their time or
    /// without.
    fn change(&mut self, rows: u64) {
        let (now, last) = (instant(self.steps * 60), instant(self.steps.saturating_sub(1) * 60));
        let mut statements = vec![];
        let ids: Vec<u64> = (self.next_id..self.next_id + rows).collect();
        for ids in ids.chunks(1000) {
            let values: Vec<String> = ids
                .iter()
                .map(|id| {
                    let at = match self.chance(10) {
                        0 | 1 => last.clone(),
                        2 => instant((self.steps * 60).saturating_sub(self.chance(3000))),
                        3 if self.chance(50) == 0 => "NULL".to_string(),
                        _ => now.clone(),
                    };
                    format!("({id}, {}, 'note, \"{}\"', {at})", self.chance(1000), self.chance(10))
                })
                .collect();
            statements.push(format!("INSERT INTO t VALUES {}", values.join(", ")));
        }
        let (one, other) = (self.chance(40), self.chance(7));
        statements.push(format!("UPDATE t SET v = v + 1, updated_at = {now} WHERE id % 40 = {one}"));
        statements.push(format!("UPDATE t SET v = v + 1 WHERE updated_at = {last} AND id % 7 = {other}"));
        statements.push(format!("UPDATE t SET v = v + 1 WHERE updated_at IS NULL AND id % 7 = {other}"));
        self.execute(&statements);
        self.next_id += rows;
        self.steps += 1;
    }

    pub fn chance(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    /// All rows, in order.
    fn rows(&self) -> Vec<Vec<Cell>> {
        let text = |column: &str| match self.declared {
            "datetime(6)" => format!("CAST({column} AS char)"),
            _ => format!("CAST({column} AS text)"),
        };
        let sql = format!("SELECT {}, {}, note, {} FROM t ORDER BY t.id", text("id"), text("v"), self.text);
        self.asked(&sql)
    }

    /// Sums over all rows, in which each row counts with all that it has.
    fn sums(&self) -> Vec<Cell> {
        let kind = if self.declared == "datetime(6)" { "char" } else { "text" };
        let sums = SUMS.map(|sum| format!("CAST({sum} AS {kind})"));
        let mut asked = self.asked(&format!("SELECT {}, max({}) FROM t", sums.join(", "), self.text));
        asked.remove(0)
    }
}

const SUMS: [&str; 5] =
    ["count(*)", "count(updated_at)", "sum(id)", "sum((id % 1009) * (v % 1013))", "sum(length(note) * v)"];

async fn sqlite(url: &str) -> SqliteConnection {
    url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true).connect().await.unwrap()
}

async fn run_all<C>(mut connection: C, sql: &str)
where
    C: Connection,
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
{
    sqlx::raw_sql(AssertSqlSafe(sql.to_string())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// So many seconds after a new year, as a literal. Its last digit is no zero, so that none is left out where it is shown.
fn instant(seconds: u64) -> String {
    let at = chrono::DateTime::from_timestamp(1_767_225_600 + seconds as i64, 0).unwrap();
    format!("'{}.000007'", at.format("%Y-%m-%d %H:%M:%S"))
}

fn bench(settings: &str) -> Workbench {
    super::bench(&format!("table: t, {settings}"))
}

const CURSOR: &str = "cursor: { column: updated_at, lag: 1h }, key: [id]";

pub(super) fn run(bench: &Workbench, url: &str, args: &[&str]) -> Value {
    let answer = trapiche(bench, url, &[&["run", "-o", "json"], args].concat());
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

/// How a run ended for the first dataset, and why.
pub(super) fn outcome(report: &Value) -> (String, String) {
    let dataset = &report["datasets"][0];
    (dataset["status"].as_str().unwrap().into(), dataset["why"].as_str().unwrap_or_default().into())
}

fn query(bench: &Workbench, url: &str, sql: &str) -> Vec<Vec<Cell>> {
    let answer = trapiche(bench, url, &["query", "-o", "csv", sql]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let mut reader = csv_rows(&answer.stdout);
    reader.remove(0);
    reader
}

/// Rows of CSV in which an empty field is null. No field of ours has a line end.
fn csv_rows(text: &str) -> Vec<Vec<Cell>> {
    let row = |line: &str| {
        let (mut cells, mut cell, mut quoted, mut was_quoted) = (vec![], String::new(), false, false);
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
                '"' => (quoted, was_quoted) = (!quoted, true),
                ',' if !quoted => {
                    cells.push(Some(std::mem::take(&mut cell)).filter(|cell| was_quoted || !cell.is_empty()));
                    was_quoted = false;
                }
                c => cell.push(c),
            }
        }
        cells.push(Some(cell).filter(|cell| was_quoted || !cell.is_empty()));
        cells
    };
    text.lines().map(row).collect()
}

fn shown_rows(bench: &Workbench, url: &str) -> Vec<Vec<Cell>> {
    query(bench, url, "SELECT id, v, note, CAST(updated_at AS string) FROM raw.t ORDER BY id")
}

fn shown_sums(bench: &Workbench, url: &str) -> Vec<Cell> {
    query(bench, url, &format!("SELECT {}, CAST(max(updated_at) AS string) FROM raw.t", SUMS.join(", "))).remove(0)
}

/// Fifty increments, with ties, late rows and changed ones.
fn increments(base: &mut Base, rows_a_step: u64) {
    let bench = bench(CURSOR);
    let url = base.url.clone();
    for step in 0..50 {
        base.change(rows_a_step);
        let report = run(&bench, &url, &["raw.t"]);
        assert_eq!(outcome(&report).0, "made", "{report}");
        assert_eq!(shown_sums(&bench, &url), base.sums(), "step {step}");
        if step % 10 == 0 {
            let before = files_below(&bench.path("lake/raw"));
            let (status, why) = outcome(&run(&bench, &url, &["raw.t"]));
            assert_eq!(status, "unchanged", "{why}");
            assert!(why.contains("nothing new") || why.contains("same bytes"), "{why}");
            assert_eq!(files_below(&bench.path("lake/raw")), before);
        }
    }
    assert_eq!(shown_rows(&bench, &url), base.rows());
    let whole = super::bench("table: t");
    run(&whole, &url, &["raw.t"]);
    assert_eq!(shown_rows(&bench, &url), shown_rows(&whole, &url));
}

/// A quarter of a million rows where it is asked for; fewer take the same ways.
#[expect(clippy::disallowed_methods, reason = "how much is tried is said in the environment")]
fn rows_a_step() -> u64 {
    std::env::var("TRAPICHE_ROWS_A_STEP").map_or(200, |rows| rows.parse().unwrap())
}

#[test]
fn increments_are_what_the_database_holds() {
    let folder = Workbench::of(&[]);
    increments(&mut Base::sqlite(&folder), rows_a_step());
}

#[test]
fn increments_are_what_postgres_holds() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    increments(&mut Base::postgres(&server), rows_a_step());
}

#[test]
fn increments_are_what_mariadb_holds() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    increments(&mut Base::mariadb(&server), rows_a_step());
}

/// Killed a hundred times, at moments that a seed decides, and run again: all in one lake.
#[test]
fn killed_at_any_moment_each_row_is_there_once() {
    let folder = Workbench::of(&[]);
    let mut base = Base::sqlite(&folder);
    let bench = bench(&format!("{CURSOR}, deletes: detect"));
    let url = base.url.clone();
    base.change(40);
    let started = Instant::now();
    run(&bench, &url, &[]);
    let whole = started.elapsed();
    let (mut killed, mut moved) = (0, 0);
    for _ in 0..100 {
        base.change(5);
        let gone = base.chance(30);
        base.execute(&[format!("DELETE FROM t WHERE id % 30 = {gone}")]);
        let before = state(&bench);
        let mut child = bench.command(&["run"]);
        let mut child = child.env("DB", &url).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(whole.mul_f64(base.chance(1000) as f64 / 1000.0));
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let after = state(&bench);
        moved += u32::from(after["sequence"] != before["sequence"]);
        // What a killed capture has brought is all there, or nothing of it.
        let is_moved = after["cursor"]["reached"] != before["cursor"]["reached"];
        assert!(!is_moved || after["live"] != before["live"], "{before} {after}");

        run(&bench, &url, &[]);
        assert_eq!(shown_table(&bench), base.rows());
        let state = state(&bench);
        assert_eq!(state["cursor"]["reached"]["text"].as_str().map(String::from), base.sums().pop().unwrap());
        let live: Vec<&str> =
            state["live"].as_array().unwrap().iter().map(|landing| landing["folder"].as_str().unwrap()).collect();
        for folder in &live {
            assert!(bench.path("lake").join(folder).join("_landing.json").exists(), "{folder}");
        }
    }
    println!("{killed} of 100 runs were killed; {moved} of them had moved the cursor");
    assert!(killed > 50, "{killed}");
}

/// The newest state of the source, as it lies in the lake.
fn state(bench: &Workbench) -> Value {
    let folder = bench.path("lake/_trapiche/sources/t");
    // What a killed run was writing has not its name yet.
    let is_state = |file: &String| file.starts_with('s') && file.ends_with(".json");
    let newest = files_below(&folder).into_iter().rfind(is_state).unwrap();
    serde_json::from_str(&std::fs::read_to_string(folder.join(newest)).unwrap()).unwrap()
}

/// The rows of `trusted.t` as its files have them.
fn shown_table(bench: &Workbench) -> Vec<Vec<Cell>> {
    let rows = super::stored(bench).into_iter();
    rows.map(|(id, cells)| [vec![Some(id.to_string())], cells].concat()).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test's own thread may wait")]
fn sleep(time: Duration) {
    std::thread::sleep(time);
}
