//! Questions on a terminal.

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use crate::error::{Error, Kind, Result};

/// What is typed, or the default where nothing is.
pub fn ask(question: &str, default: &str) -> Result<String> {
    let unusable = |error| Error::failed("the prompt failed").because(error);
    let mut editor = DefaultEditor::new().map_err(unusable)?;
    match editor.readline(&format!("{question} [{default}]: ")) {
        Ok(line) if line.trim().is_empty() => Ok(default.to_string()),
        Ok(line) => Ok(line.trim().to_string()),
        Err(ReadlineError::Interrupted | ReadlineError::Eof) => {
            Err(Error::new(Kind::Interrupted, "nothing was written"))
        }
        Err(error) => Err(unusable(error)),
    }
}
