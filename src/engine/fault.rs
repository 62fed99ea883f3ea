//! The engine's errors in the user's words: what, where in the SQL, what to do.

use std::ops::Range;
use std::path::Path;

use datafusion::common::Span;
use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;

use super::wording::{self, message};
use crate::error::{Error, Kind};

const OUT_OF_MEMORY: &str = "the memory limit was reached and the operator could not spill";

/// As the operating system says it.
const DISK_FULL: &str = "No space left on device";

/// An error of a plan that runs.
pub fn explain(error: DataFusionError) -> Error {
    let error = match of_store(error) {
        Ok(store) => return store.into(),
        Err(error) => error,
    };
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => Error::failed(OUT_OF_MEMORY)
            .hint("give more with --memory (to each worker, if workers made it), or run fewer threads with --threads")
            .because(message(&error)),
        // Only spill files are written by the engine itself; the lake's errors are our own. Other machines' come as text.
        DataFusionError::IoError(_) | DataFusionError::ArrowError(..) if error.to_string().contains(DISK_FULL) => {
            Error::failed("there is no room left for what does not fit in memory")
                .hint("make room in the folder for temporary files (a node's: `--spill`), or give more with --memory")
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
        _ => {
            let (message, hint) = wording::of(&error);
            let failed = Error::failed(message);
            hint.into_iter().fold(failed, Error::hint)
        }
    }
}

/// The store's error, where it is one that came through the engine or through the reader of Parquet.
fn of_store(error: DataFusionError) -> std::result::Result<object_store::Error, DataFusionError> {
    if !matches!(error.find_root(), DataFusionError::ObjectStore(_) | DataFusionError::ParquetError(_)) {
        return Err(error);
    }
    match unwrap_context(error) {
        DataFusionError::ObjectStore(store) => Ok(*store),
        DataFusionError::ParquetError(error) => match *error {
            ParquetError::External(source) => match source.downcast() {
                Ok(store) => Ok(*store),
                Err(other) => Err(DataFusionError::ParquetError(Box::new(ParquetError::External(other)))),
            },
            other => Err(DataFusionError::ParquetError(Box::new(other))),
        },
        other => Err(other),
    }
}

/// Whether another plan, one that spills more, may do better.
pub(super) fn is_memory(error: &Error) -> bool {
    error.kind() == Kind::Failed && error.to_string().starts_with(OUT_OF_MEMORY)
}

/// Whether it tells of a machine that could not be reached, or not any longer.
pub(super) fn is_connection(error: &Error) -> bool {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    // Errors of other machines come as text.
    ["transport error", "cannot be reached", "connection closed", "broken pipe", "h2 protocol error"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// A fault of planning: what, at which bytes of the SQL where the engine knows that, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub message: String,
    pub span: Option<Range<usize>>,
    pub hint: Option<String>,
}

/// All faults that an error of planning tells of: one at least.
pub fn locate(error: &DataFusionError, sql: &str) -> Vec<Fault> {
    let one = |error: &DataFusionError| {
        let (message, hint) = wording::of(error);
        let span = error.diagnostic().and_then(|diagnostic| byte_range(sql, &diagnostic.span?));
        Fault { message, span, hint }
    };
    error.iter().map(one).collect()
}

/// An error of planning as one that a report can tell: the file, the line and the column come first.
pub fn placed(error: &DataFusionError, file: &Path, sql: &str) -> Error {
    let Fault { message, span, hint } = locate(error, sql).swap_remove(0);
    let place = span.map(|span| {
        let before = &sql[..span.start];
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        format!(":{}:{}", before.matches('\n').count() + 1, column + 1)
    });
    let fault = Error::failed(format!("{}{}: {message}", file.display(), place.unwrap_or_default()));
    hint.into_iter().fold(fault, Error::hint)
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

    #[test]
    fn errors_of_the_store_keep_their_kind_and_advice_on_their_way_through_the_engine() {
        let store = || {
            let own = Error::connection("there are no credentials").hint("set them");
            object_store::Error::Generic { store: "S3", source: Box::new(own) }
        };
        let by_parquet = ParquetError::External(Box::new(store()));
        for error in
            [DataFusionError::ObjectStore(Box::new(store())), DataFusionError::ParquetError(Box::new(by_parquet))]
        {
            let explained = explain(error.context("while a file was read"));
            assert_eq!((explained.kind(), explained.hint_text()), (Kind::Connection, Some("set them")));
        }
    }
}
