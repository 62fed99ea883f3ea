//! Tables of edge values in a lake, and a session that is asked about them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use trapiche::config::Limits;
use trapiche::engine::faults::{Asked, Fault};
use trapiche::engine::write::store::{self, TableWrite};
use trapiche::engine::{Engine, Session};
use trapiche::lake::table::head::Head;
use trapiche::lake::{Lake, TableName, Zone};
use trapiche::project::WriteMode;
use trapiche::report::{Meter, RunStamp};
use trapiche::spark::mode::{self, SqlMode};
use trapiche::spark::{sql, sql_types, types};

use super::corpus::{Family, Table};
use super::text;

pub const LIMITS: Limits = Limits { memory_bytes: 1 << 30, threads: 1 };

/// What a question was answered with.
pub struct Answered {
    pub columns: Vec<(String, String)>,
    pub rows: Vec<Vec<String>>,
}

pub struct Refused {
    /// Found before anything ran, so it is the same for every row.
    pub while_planning: bool,
    pub message: String,
}

/// The name under which the lake has a family's table.
pub fn table_name(family: &Family, table: usize) -> TableName {
    TableName::new(Zone::Trusted, format!("{}_{table}", family.name))
}

/// Writes the family's tables: rows numbered by `nr`, with nulls in between, in two files.
pub async fn store(lake: &Lake, family: &Family) {
    let engine = Engine::local(lake, &LIMITS, &SqlMode::default()).unwrap();
    for (number, table) in family.tables.iter().enumerate().filter(|(_, table)| !table.columns.is_empty()) {
        let (name, batch) = (table_name(family, number), batch(table));
        let half = batch.num_rows() / 2;
        for (file, part) in [batch.slice(0, half), batch.slice(half, batch.num_rows() - half)].into_iter().enumerate() {
            let session = engine.session().unwrap();
            let at: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000 + file as i64, 0).unwrap();
            let write = TableWrite {
                table: &name,
                partition_by: &[],
                mode: WriteMode::Append,
                layout: trapiche::lake::table::version::FileLayout::default(),
                key: &[],
                checks: &[],
                dedupe: None,
                slices: None,
                head: &Head::look(lake, &name).await.unwrap(),
                fingerprint: "cases",
                stamp: &RunStamp { run_id: at.format("%Y%m%dT%H%M%SZ-000000").to_string(), at },
                meter: &Meter::default(),
            };
            store::store(&session, session.rows(part).unwrap(), write).await.unwrap();
        }
    }
}

fn batch(table: &Table) -> RecordBatch {
    let mut fields = vec![Field::new("nr", DataType::Int32, false)];
    fields.extend(table.named_types().iter().map(|(name, kind)| Field::new(name, types::parse(kind).unwrap(), true)));
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let between = table.null_row();
    let mut lines = String::new();
    for row in 0..table.rows.len() {
        for nr in [Some(row), between.filter(|between| *between != row)].into_iter().flatten() {
            let values = table.rows[nr].json.strip_prefix('{').unwrap();
            let comma = if values == "}" { "" } else { "," };
            lines += &format!("{{\"nr\":{nr}{comma}{values}\n");
        }
    }
    let mut decoder = ReaderBuilder::new(schema).with_batch_size(1000).build_decoder().unwrap();
    decoder.decode(lines.as_bytes()).unwrap();
    decoder.flush().unwrap().expect("rows")
}

/// The modes to ask in: `ansi: true` is Spark 4's meaning, `false` that of jobs written for Spark 3. Nothing is asked in
/// another time zone as long as there is none.
pub fn modes(family: &Family) -> Vec<SqlMode> {
    let mode = |ansi| {
        let mut mode = SqlMode::default();
        (mode.ansi, mode.time_zone) = (ansi, family.zone.clone());
        mode
    };
    [true, false].into_iter().filter(|_| family.zone == mode::UTC).map(mode).collect()
}

/// Lets a session see the family's tables.
pub async fn open(session: Session, family: &Family) -> Session {
    for (number, _) in family.tables.iter().enumerate().filter(|(_, table)| !table.columns.is_empty()) {
        assert!(session.open(&table_name(family, number)).await.unwrap());
    }
    session
}

/// How the message of a refusal begins that was none.
pub const PANIC: &str = "it panics";

/// Asks one statement.
pub async fn ask(session: &Session, statement: &str) -> Result<Answered, Refused> {
    let asked = AssertUnwindSafe(answer(session, statement)).catch_unwind().await;
    match asked {
        Ok(Err(refused)) if refused.message.contains("panicked") => {
            Err(Refused { message: format!("{PANIC}: {}", refused.message), ..refused })
        }
        Ok(answered) => {
            if let Err(refused) = &answered {
                assert_no_tree(statement, &refused.message);
            }
            answered
        }
        Err(_) => Err(Refused { while_planning: false, message: PANIC.into() }),
    }
}

/// What is refused is said in words for those who wrote it.
fn assert_no_tree(statement: &str, message: &str) {
    let signs = ["Value(", "Ident {", "Span(", "Unsupported ast", "Expr::", "ScalarFunction(", "internal error"];
    for sign in signs {
        assert!(!message.replace("Internal error", "internal error").contains(sign), "{statement}\n{message}");
    }
}

async fn answer(session: &Session, statement: &str) -> Result<Answered, Refused> {
    let planning = |message: String| Refused { while_planning: true, message };
    let running = |message: String| Refused { while_planning: false, message };
    let parsed = sql::parse(statement).map_err(|fault| planning(fault.message))?;
    let plan = match session.prepare(parsed.statement.clone()).await {
        Ok(plan) => plan,
        Err(error) => {
            let faults = session.locate(&error, &Asked::Statement(parsed.statement), statement).await;
            let said = |fault: Fault| format!("{} (hint: {})", fault.message, fault.hint.unwrap_or_default());
            return Err(planning(faults.into_iter().map(said).collect::<Vec<_>>().join("; ")));
        }
    };
    let mut stream = session.execute(plan).await.map_err(|error| running(error.to_string()))?;
    let schema = stream.schema();
    let columns =
        schema.fields().iter().map(|field| (field.name().clone(), sql_types::shown(field.data_type()))).collect();
    let mut rows = vec![];
    while let Some(batch) = stream.next().await.map_err(|error| running(error.to_string()))? {
        rows.extend(text::rows(&batch));
    }
    Ok(Answered { columns, rows })
}
