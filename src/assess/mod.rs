//! `trapiche assess`: which statements of a project that runs on Spark run here, and what of the others is refused.
//!
//! | place | noun |
//! |---|---|
//! | `texts` | the SQL in a file: `.sql`, and the strings given to `spark.sql(…)` in `.py` and notebooks |
//! | `split` | the statements of a text |
//! | `verdict` | what becomes of a statement, without data |
//! | `page` | all of it as one page |
//!
//! Nothing is read but these files, and nothing is written but the page. A statement over tables that nobody knows here is judged as far as
//! it can be without their columns: by its syntax and its functions.

mod page;
mod split;
mod texts;
mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::memory::InMemory;
use serde::Serialize;

use crate::config::Limits;
use crate::engine::Engine;
use crate::engine::conversation::Conversation;
use crate::error::Result;
use crate::lake::Lake;
use crate::spark::mode::SqlMode;

pub use page::page;

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub struct Assessment {
    pub statements: Vec<Assessed>,
    /// How often each function or construct is refused.
    pub causes: Vec<RefusalCause>,
    /// Calls of `sql(…)` whose text is put together when they run, and files that cannot be read.
    pub unread: Vec<Unread>,
    pub runs: usize,
    pub refused: usize,
    /// Those over tables that nobody knows here.
    pub without_columns: usize,
}

#[derive(Debug, Serialize)]
pub struct Assessed {
    pub file: PathBuf,
    pub line: usize,
    pub sql: String,
    #[serde(flatten)]
    pub verdict: StatementVerdict,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum StatementVerdict {
    Runs,
    /// Its syntax and its functions are known; its tables are not.
    WithoutColumns,
    Refused {
        /// A function or a construct.
        what: String,
        why: String,
    },
}

#[derive(Debug, Serialize)]
pub struct RefusalCause {
    pub what: String,
    pub statements: usize,
    pub example: String,
}

#[derive(Debug, Serialize)]
pub struct Unread {
    pub file: PathBuf,
    pub line: usize,
    pub why: String,
}

/// Judges all files at these places, folders with what is in them.
pub async fn assess(paths: &[PathBuf], limits: &Limits) -> Result<Assessment> {
    let mut all = Assessment::default();
    for file in texts::files(paths)? {
        let found = match texts::of(&file) {
            Ok(found) => found,
            Err(error) => {
                all.unread.push(Unread { file, line: 1, why: error.to_string() });
                continue;
            }
        };
        all.unread.extend(found.unread);
        if found.texts.is_empty() {
            continue;
        }
        // What a file makes, later statements of it read.
        let lake = Lake::on("memory://assess", Arc::new(InMemory::new()), None)?;
        let session = Engine::local(&lake, limits, &SqlMode::default())?.session()?;
        let mut conversation = Conversation::new(session);
        for text in found.texts {
            for (at, sql) in split::statements(&text.sql) {
                let line = text.line + text.sql[..at].matches('\n').count();
                let verdict = verdict::of(&mut conversation, sql).await;
                all.statements.push(Assessed { file: file.clone(), line, sql: sql.trim().to_string(), verdict });
            }
        }
    }
    let mut causes: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for one in &all.statements {
        match &one.verdict {
            StatementVerdict::Runs => all.runs += 1,
            StatementVerdict::WithoutColumns => all.without_columns += 1,
            StatementVerdict::Refused { what, why } => {
                all.refused += 1;
                causes.entry(what.clone()).or_insert_with(|| (0, why.clone())).0 += 1;
            }
        }
    }
    all.causes =
        causes.into_iter().map(|(what, (statements, example))| RefusalCause { what, statements, example }).collect();
    all.causes.sort_by_key(|cause| std::cmp::Reverse(cause.statements));
    Ok(all)
}
