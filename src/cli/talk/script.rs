//! SQL as typed: run statement by statement, with faults shown in the text they lie in.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::faults::Fault;
use crate::engine::{Session, faults};
use crate::error::{Error, Problem, Result};
use crate::spark::sql;
use datafusion::common::DataFusionError;

use super::words::Words;
use crate::cli::options::Format;
use crate::cli::print::batches;
use crate::cli::print::output::{self, Stdout};

/// One or several statements, and how the place they come from is called.
pub struct Script {
    name: PathBuf,
    text: Arc<str>,
}

impl Script {
    pub fn new(name: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        Script { name: name.into(), text: text.into() }
    }

    /// Prints the result of each statement that has one. All are parsed before the first one runs.
    pub async fn run(&self, session: &Session, format: Format, words: &Words) -> Result<()> {
        let statements =
            sql::parse_all(&self.text).map_err(|fault| self.problem(fault.span, fault.message, fault.hint))?;
        if statements.is_empty() {
            return Err(Error::config("there is no SQL statement to run"));
        }
        let mut printed = 0;
        for (nth, statement) in statements.into_iter().enumerate() {
            let plan = session.prepare(statement).await.map_err(|error| self.locate(error, nth))?;
            let rows = session.execute(plan).await?;
            if rows.schema().fields().is_empty() {
                continue;
            }
            // JSON has one array per line; tables and CSV are told apart by an empty line.
            if printed > 0 && format != Format::Json && output::write("\n")? == Stdout::Gone {
                return Ok(());
            }
            if batches::print(rows, format, |note| words.note(note)).await? == Stdout::Gone {
                return Ok(());
            }
            printed += 1;
        }
        Ok(())
    }

    fn problem(&self, span: Range<usize>, message: String, hint: Option<String>) -> Error {
        Error::problems(vec![Problem { file: self.name.clone(), text: self.text.clone(), span, message, hint }])
    }

    /// Shows a fault of the `nth` statement in the text: at its place, or at the statement where the engine has not said
    /// where that is. The kind of the error is the same.
    fn locate(&self, error: DataFusionError, nth: usize) -> Error {
        if let Some(of_ours) = faults::known(&error) {
            return of_ours;
        }
        // One statement is mended at a time, so its first fault is enough.
        let Fault { message, span, hint, .. } = faults::locate(&error, &self.text).swap_remove(0);
        self.problem(span.unwrap_or_else(|| sql::start_of(&self.text, nth)), message, hint)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::{Diagnostic, Location};

    use super::*;

    #[test]
    fn a_fault_without_a_place_is_of_the_same_kind() {
        let script = Script::new("query", "select 1;\nselect a + b from x");
        let error = script.locate(DataFusionError::Plan("these do not go together".into()), 1);
        assert_eq!(error.kind().exit_code(), 2);
        assert_eq!(&script.text[error.found_problems()[0].span.clone()], "select a + b from x");
        let of_the_store = DataFusionError::External(Box::new(Error::connection("it does not answer")));
        assert_eq!(script.locate(of_the_store, 1).kind().exit_code(), 3);
    }

    #[test]
    fn an_error_of_the_planner_is_shown_in_the_text() {
        let script = Script::new("query", "select prise from x");
        let span = datafusion::common::Span::new(Location { line: 1, column: 8 }, Location { line: 1, column: 13 });
        let mut diagnostic = Diagnostic::new_error("column 'prise' not found", Some(span));
        diagnostic.add_note("did you mean 'price'?", None);
        let planner = DataFusionError::Plan("long story".into()).with_diagnostic(diagnostic);
        let error = script.locate(planner, 0);
        let problem = &error.found_problems()[0];
        assert_eq!(
            (&script.text[problem.span.clone()], problem.hint.as_deref()),
            ("prise", Some("did you mean 'price'?"))
        );
    }
}
