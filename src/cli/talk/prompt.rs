//! `trapiche query` on a terminal: statements are typed, over several lines, until `;`.

use std::path::{Path, PathBuf};

use crate::config;
use crate::engine::conversation::Conversation;
use crate::error::{Error, Result};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Editor, Helper};

use super::script::Script;
use super::words::Words;
use crate::cli::options::Format;

/// Reads and runs statements until `\q` or Ctrl-D. A statement that fails does not end it.
pub async fn prompt(conversation: &mut Conversation, format: Format, words: &Words) -> Result<()> {
    let mut editor: Editor<Statements, FileHistory> = Editor::new().map_err(unusable)?;
    editor.set_helper(Some(Statements));
    let history = history_file();
    if let Some(path) = &history {
        // The first time there is none.
        editor.load_history(path).ok();
    }
    words.note("end a statement with `;`; `SHOW TABLES;` lists the tables, `\\q` leaves");
    loop {
        match editor.readline("trapiche> ") {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) if is_quit(&line) => break,
            Ok(line) => {
                editor.add_history_entry(&line).map_err(unusable)?;
                run(Script::new("query", line), conversation, format, words).await;
            }
            // Ctrl-C clears the line.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(unusable(error)),
        }
    }
    if let Some(path) = &history
        && let Err(error) = save(&mut editor, path)
    {
        words.note(&format!("the history is not kept: cannot write `{}`: {error}", path.display()));
    }
    Ok(())
}

/// Ctrl-C gives the statement up, not the prompt.
async fn run(script: Script, conversation: &mut Conversation, format: Format, words: &Words) {
    tokio::select! {
        outcome = script.run(conversation, format, words) => if let Err(error) = outcome {
            words.error(&error);
        },
        _ = tokio::signal::ctrl_c() => words.note("interrupted"),
    }
}

/// By the XDG base directory specification: history is state, in `~/.local/state` unless the user says otherwise.
/// <https://specifications.freedesktop.org/basedir-spec/latest/>
fn history_file() -> Option<PathBuf> {
    let set = |name| config::variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("trapiche/query_history"))
}

fn save(editor: &mut Editor<Statements, FileHistory>, path: &Path) -> Result<(), ReadlineError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    editor.save_history(path)
}

fn unusable(error: ReadlineError) -> Error {
    Error::failed("the prompt failed").because(error)
}

fn is_quit(line: &str) -> bool {
    matches!(line.trim().trim_end_matches(';'), "\\q" | "quit" | "exit")
}

/// Tells the editor when what is typed is complete.
struct Statements;

impl Validator for Statements {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let complete = is_complete(context.input());
        Ok(if complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Helper for Statements {}

impl Completer for Statements {
    type Candidate = String;
}

impl Highlighter for Statements {}

impl Hinter for Statements {
    type Hint = String;
}

fn is_complete(input: &str) -> bool {
    let text = input.trim();
    // A `;` inside of a text that is still open ends nothing.
    let in_text = text.matches('\'').count() % 2 == 1;
    text.is_empty() || is_quit(text) || (text.ends_with(';') && !in_text)
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn statements_end_with_a_semicolon() {
        for complete in ["", "  ", "\\q", "select 1;", "select\n 1 ; ", "select ';';"] {
            assert!(is_complete(complete), "{complete}");
        }
        for open in ["select 1", "select ';", "select 1; select 2"] {
            assert!(!is_complete(open), "{open}");
        }
    }
}
