//! SQL as typed: run statement by statement, with faults shown in the text they lie in.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::Session;
use crate::engine::fault::{self, Fault};
use crate::error::{Error, Problem, Result};
use crate::project::sql;
use datafusion::common::DataFusionError;

use super::args::Format;
use super::batches;
use super::output::{self, Reader};
use super::words::Words;

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
        for statement in statements {
            let rows = session.execute(statement).await.map_err(|error| self.locate(error))?;
            if rows.schema().fields().is_empty() {
                continue;
            }
            // JSON has one array per line; tables and CSV are told apart by an empty line.
            if printed > 0 && format != Format::Json && output::write("\n")? == Reader::Gone {
                return Ok(());
            }
            if batches::print(rows, format, words).await? == Reader::Gone {
                return Ok(());
            }
            printed += 1;
        }
        Ok(())
    }

    fn problem(&self, span: Range<usize>, message: String, hint: Option<String>) -> Error {
        Error::problems(vec![Problem { file: self.name.clone(), text: self.text.clone(), span, message, hint }])
    }

    /// Shows an error of the engine at its place in the text, when the engine has said where that is.
    fn locate(&self, error: DataFusionError) -> Error {
        // One statement is mended at a time, so its first fault is enough.
        match fault::locate(&error, &self.text).swap_remove(0) {
            Fault { message, span: Some(span), hint } => self.problem(span, message, hint),
            _ => fault::explain(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::{Diagnostic, Location};

    use super::*;

    #[test]
    fn an_error_of_the_planner_is_shown_in_the_text() {
        let script = Script::new("query", "select prise from x");
        let span = datafusion::common::Span::new(Location { line: 1, column: 8 }, Location { line: 1, column: 13 });
        let mut diagnostic = Diagnostic::new_error("column 'prise' not found", Some(span));
        diagnostic.add_note("did you mean 'price'?", None);
        let planner = DataFusionError::Plan("long story".into()).with_diagnostic(diagnostic);
        let error = script.locate(planner);
        let problem = &error.found_problems()[0];
        assert_eq!(
            (&script.text[problem.span.clone()], problem.hint.as_deref()),
            ("prise", Some("did you mean 'price'?"))
        );
    }
}
