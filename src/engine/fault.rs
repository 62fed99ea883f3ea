//! The engine's errors in the user's words: what, where in the SQL, what to do.

use std::ops::Range;

use datafusion::common::Span;
use datafusion::error::DataFusionError;

use crate::error::Error;

/// An error of a plan that runs.
pub fn explain(error: DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => {
            Error::failed("the memory limit was reached and the operator could not spill")
                .hint("give more with --memory, or run fewer threads with --threads")
                .because(message(&error))
        }
        // Our own error, on its way through the engine.
        DataFusionError::External(inner) if inner.is::<Error>() => {
            let DataFusionError::External(inner) = unwrap_context(error) else {
                return Error::failed("the engine failed");
            };
            match inner.downcast::<Error>() {
                Ok(own) => *own,
                Err(other) => Error::failed("the engine failed").because(other),
            }
        }
        _ => Error::failed(message(&error)),
    }
}

/// An error of planning: its message, its byte range in `sql` where the engine knows it, and a hint.
pub fn locate(error: &DataFusionError, sql: &str) -> (String, Option<Range<usize>>, Option<String>) {
    let Some(diagnostic) = error.diagnostic() else { return (message(error), None, None) };
    let span = diagnostic.span.and_then(|span| byte_range(sql, &span));
    let help = diagnostic.helps.first().map(|help| help.message.clone());
    let note = diagnostic.notes.first().map(|note| note.message.clone());
    (diagnostic.message.clone(), span, help.or(note))
}

/// The text of an error without the engine's own labels.
pub fn message(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    const LABELS: [&str; 7] = [
        "Error during planning: ",
        "Schema error: ",
        "Execution error: ",
        "External error: ",
        "Arrow error: ",
        "This feature is not implemented: ",
        "type_coercion\ncaused by\n",
    ];
    let mut rest = text.as_str();
    while let Some(shorter) = LABELS.iter().find_map(|label| rest.strip_prefix(label)) {
        rest = shorter;
    }
    rest.trim_end_matches('.').to_string()
}

fn unwrap_context(error: DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => unwrap_context(*inner),
        DataFusionError::Collection(mut errors) if !errors.is_empty() => unwrap_context(errors.swap_remove(0)),
        DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
            Ok(inner) => unwrap_context(inner),
            Err(shared) => DataFusionError::Execution(message(&shared)),
        },
        error => error,
    }
}

/// Lines and columns count characters from 1.
fn byte_range(sql: &str, span: &Span) -> Option<Range<usize>> {
    let offset = |line: u64, column: u64| -> Option<usize> {
        let (line, column) =
            (usize::try_from(line).ok()?.checked_sub(1)?, usize::try_from(column).ok()?.checked_sub(1)?);
        let start: usize = sql.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = sql.get(start..)?;
        Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
    };
    let start = offset(span.start.line, span.start.column)?;
    Some(start..offset(span.end.line, span.end.column)?.max(start))
}

#[cfg(test)]
mod tests {
    use datafusion::common::Location;

    use super::*;

    #[test]
    fn spans_count_characters_and_ranges_count_bytes() {
        let sql = "SELECT 'ñ',\n  ñu, nope";
        let at = |line, column| Location { line, column };
        let range = byte_range(sql, &Span { start: at(2, 7), end: at(2, 11) });
        assert_eq!(range.map(|range| &sql[range]), Some("nope"));
    }
}
