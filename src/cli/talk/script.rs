//! SQL as typed: run statement by statement, with faults shown in the text they lie in.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::sql::parser::Statement;

use crate::engine::conversation::{Conversation, StatementAnswer};
use crate::engine::faults::{Asked, Fault};
use crate::engine::{Session, faults};
use crate::error::{Error, Problem, Result, Span};
use crate::spark::sql::{self, Scripted, Typed};

use super::words::Words;
use crate::cli::options::Format;
use crate::cli::print::answers;
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
    pub async fn run(&self, conversation: &mut Conversation, format: Format, words: &Words) -> Result<()> {
        let statements =
            sql::parse_script(&self.text).map_err(|fault| self.problem(fault.span, fault.message, fault.hint))?;
        if statements.is_empty() {
            return Err(Error::config("there is no SQL statement to run"));
        }
        let mut printed = 0;
        for statement in statements {
            let answer = self.answer(conversation, statement).await?;
            if let Some(note) = note(conversation, &answer) {
                words.note(&note);
            }
            let StatementAnswer::Rows(rows) = answer else { continue };
            // JSON has one array per line; tables and CSV are told apart by an empty line.
            if printed > 0 && matches!(format, Format::Table | Format::Csv) && output::write("\n")? == Stdout::Gone {
                return Ok(());
            }
            if batches::print(rows, format, |note| words.note(note)).await? == Stdout::Gone {
                return Ok(());
            }
            printed += 1;
        }
        Ok(())
    }

    /// Prints one JSON object for each statement, whether it fails or not: what its columns are, and their values as Spark's
    /// own shell prints them. Statements are separated by NUL bytes, if there is one, so that none can spoil the next.
    pub async fn answer_each(&self, conversation: &mut Conversation) -> Result<()> {
        let is_parted = self.text.contains('\0');
        for part in self.text.strip_suffix('\0').unwrap_or(&self.text).split('\0') {
            let alone = Script::new(self.name.clone(), part);
            let statements = match sql::parse_script(&alone.text) {
                Ok(statements) if is_parted && statements.is_empty() => {
                    answers::done(None)?;
                    continue;
                }
                Ok(statements) if is_parted && statements.len() > 1 => {
                    answers::refused(&Error::config("there is more than one statement between NUL bytes"))?;
                    continue;
                }
                Ok(statements) => statements,
                Err(fault) => {
                    answers::refused(&alone.problem(fault.span, fault.message, fault.hint))?;
                    continue;
                }
            };
            for statement in statements {
                let printed = match alone.answer(conversation, statement).await {
                    Ok(answer) => {
                        let note = note(conversation, &answer);
                        match answer {
                            StatementAnswer::Rows(rows) => answers::rows(rows, note.as_deref()).await,
                            StatementAnswer::Done | StatementAnswer::NoEffect => answers::done(note.as_deref()),
                        }
                    }
                    Err(error) => Err(error),
                };
                match printed {
                    Ok(Stdout::Listening) => {}
                    Ok(Stdout::Gone) => return Ok(()),
                    Err(error) => answers::refused(&error).map(drop)?,
                }
            }
        }
        Ok(())
    }

    async fn answer(
        &self,
        conversation: &mut Conversation,
        Scripted { what, span }: Scripted,
    ) -> Result<StatementAnswer> {
        match what {
            Typed::Sql(parsed) => match conversation.prepare(parsed.statement.clone()).await {
                Ok(plan) => conversation.ask(plan).await,
                Err(error) => Err(self.placed(&conversation.session, &error, Some(parsed.statement), span).await),
            },
            Typed::Command(command) => {
                let query = command.query().cloned();
                match conversation.change(*command).await {
                    Ok(answer) => Ok(answer),
                    Err(error) => Err(self.placed(&conversation.session, &error, query, span).await),
                }
            }
        }
    }

    fn problem(&self, span: Span, message: String, hint: Option<String>) -> Error {
        Error::problems(vec![Problem { file: self.name.clone(), text: self.text.clone(), span, message, hint }])
    }

    /// Shows a fault of a statement in the text: at its place, or at the statement where that is not to be found. The kind
    /// of the error is the same.
    async fn placed(
        &self,
        session: &Session,
        error: &DataFusionError,
        statement: Option<Statement>,
        span: Span,
    ) -> Error {
        if let Some(of_ours) = faults::known(error) {
            return of_ours;
        }
        let Some(statement) = statement else { return self.problem(span, error.strip_backtrace(), None) };
        // One statement is mended at a time, so its first fault is enough.
        let faults = session.locate(error, &Asked::Statement(statement), &self.text).await;
        let Fault { message, span: place, hint, .. } = faults.into_iter().next().expect("one at least");
        self.problem(place.unwrap_or(span), message, hint)
    }
}

/// What has no effect is told, also where the answer looks as if it had one.
fn note(conversation: &mut Conversation, answer: &StatementAnswer) -> Option<String> {
    let ignored = conversation.take_ignored();
    match answer {
        StatementAnswer::NoEffect => Some("this statement has no meaning here, and had no effect".to_string()),
        _ => ignored.map(|key| format!("the setting `{key}` has no effect here")),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::{Diagnostic, Location};

    use super::*;
    use crate::config::Limits;
    use crate::engine::Engine;
    use crate::lake::Lake;
    use crate::spark::mode::SqlMode;

    /// The error that the script makes of what the engine says of its second statement.
    async fn placed(script: &Script, error: DataFusionError) -> Error {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::in_folder(folder.path()).unwrap();
        let limits = Limits { memory_bytes: 1 << 28, threads: 1 };
        let engine = Engine::local(&lake, &limits, &SqlMode::default()).unwrap();
        let second = sql::parse_all(&script.text).unwrap().remove(1);
        script.placed(&engine.session().unwrap(), &error, Some(second.statement), second.span).await
    }

    #[tokio::test]
    async fn a_fault_without_a_place_is_of_the_same_kind() {
        let script = Script::new("query", "select 1;\nselect a + b from x");
        let error = placed(&script, DataFusionError::Plan("these do not go together".into())).await;
        assert_eq!(error.kind().exit_code(), 2);
        assert_eq!(&script.text[error.found_problems()[0].span.clone()], "select a + b from x");
        let of_the_store = DataFusionError::External(Box::new(Error::connection("it does not answer")));
        assert_eq!(placed(&script, of_the_store).await.kind().exit_code(), 3);
    }

    #[tokio::test]
    async fn an_error_of_the_planner_is_shown_in_the_text() {
        let script = Script::new("query", "select 1;\nselect prise from x");
        let span = datafusion::common::Span::new(Location { line: 2, column: 8 }, Location { line: 2, column: 13 });
        let mut diagnostic = Diagnostic::new_error("column 'prise' not found", Some(span));
        diagnostic.add_note("did you mean 'price'?", None);
        let error = placed(&script, DataFusionError::Plan("long story".into()).with_diagnostic(diagnostic)).await;
        let problem = &error.found_problems()[0];
        assert_eq!(
            (&script.text[problem.span.clone()], problem.hint.as_deref()),
            ("prise", Some("did you mean 'price'?"))
        );
    }
}
