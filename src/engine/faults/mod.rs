//! The engine's errors in the user's words: what, where in the SQL, what to do.

mod place;
mod wording;

use std::error::Error as StdError;
use std::io;
use std::path::Path;
use std::sync::Arc;

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use crate::error::{Error, Kind, Problem, Span};
pub use place::Asked;
use wording::message;

/// As the operating system says it. What another machine says of its disk has lost its kind on the way.
const DISK_FULL: &str = "No space left on device";

pub const OUT_OF_MEMORY: &str = "the memory limit was reached and the operator could not spill";

/// The one door: what a plan that runs has to say becomes ours by `?`.
impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        explain(error)
    }
}

/// An error of a plan that runs. It is only looked at, never taken apart: tasks share theirs, and what is said must not
/// depend on who has let go of it first.
pub fn explain(error: DataFusionError) -> Error {
    known(&error).unwrap_or_else(|| {
        let (message, hint) = wording::of(&error);
        hint.into_iter().fold(Error::failed(message), Error::hint)
    })
}

/// The first of the causes that has a kind of its own.
pub fn known(error: &DataFusionError) -> Option<Error> {
    let whole: &(dyn StdError + 'static) = error;
    let mut causes = std::iter::successors(Some(whole), |error| StdError::source(*error));
    causes.find_map(|cause| told(cause, error))
}

/// What one of the causes of an error says, by its type.
fn told(cause: &(dyn StdError + 'static), whole: &DataFusionError) -> Option<Error> {
    if let Some(own) = cause.downcast_ref::<Error>() {
        return Some(own.clone());
    }
    if let Some(store) = cause.downcast_ref::<object_store::Error>() {
        return Some(store.into());
    }
    // These two name the source of what they carry as their own.
    if let Some(shared) = cause.downcast_ref::<Arc<DataFusionError>>() {
        return told(shared.as_ref(), whole);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        let carried = error.get_ref().and_then(|carried| told(carried, whole));
        let is_full = error.kind() == io::ErrorKind::StorageFull || error.to_string().contains(DISK_FULL);
        // The lake's errors are our own: only spill files are written by the engine itself.
        let full = || {
            Error::failed("there is no room left for what does not fit in memory")
                .hint("make room in the folder for temporary files (a node's: `--spill`), or give more with --memory")
                .because(message(whole))
        };
        return carried.or_else(|| is_full.then(full));
    }
    match cause.downcast_ref::<DataFusionError>()? {
        DataFusionError::ResourcesExhausted(_) => Some(
            Error::failed(OUT_OF_MEMORY)
                .hint(
                    "give more with --memory (to each worker, if workers made it), or run fewer threads with --threads",
                )
                .because(message(whole)),
        ),
        _ => None,
    }
}

/// Whether another plan, one that spills more, may do better.
pub(super) fn is_memory(error: &Error) -> bool {
    error.kind() == Kind::Failed && error.to_string().starts_with(OUT_OF_MEMORY)
}

/// The same, where a join by a hash holds some of the memory: what does is named.
pub(super) fn is_memory_of_joins(error: &Error) -> bool {
    is_memory(error) && with_causes(error).contains("HashJoinInput")
}

/// Whether it tells of a machine that could not be reached, or not any longer.
pub(super) fn is_connection(error: &Error) -> bool {
    let text = with_causes(error);
    // Errors of other machines come as text.
    ["transport error", "cannot be reached", "connection closed", "broken pipe", "h2 protocol error"]
        .iter()
        .any(|sign| text.contains(sign))
}

fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = StdError::source(error);
    while let Some(cause) = source {
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A fault of planning: what, at which bytes of the SQL where the engine knows that, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub message: String,
    pub span: Option<Span>,
    pub hint: Option<String>,
    pub about: About,
}

/// What a fault of planning is about, where that says on what it depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// There is no such function, or none that takes so many arguments. No table has a part in it.
    Function,
    /// A function does not take these arguments, perhaps for their types.
    Arguments {
        function: String,
        count: usize,
    },
    /// One of this name. The names of columns count for it, and not their types.
    UnknownColumn(String),
    AmbiguousColumn,
    Other,
}

impl About {
    fn of(error: &DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::SchemaError(fault, _) => match fault.as_ref() {
                fault if wording::is_repeated(fault) => About::AmbiguousColumn,
                SchemaError::FieldNotFound { field, .. } => About::UnknownColumn(field.name.clone()),
                SchemaError::AmbiguousReference { .. } => About::AmbiguousColumn,
                SchemaError::DuplicateQualifiedField { .. } | SchemaError::DuplicateUnqualifiedField { .. } => {
                    About::Other
                }
            },
            _ if wording::is_unknown_function(error) => About::Function,
            _ => match wording::refused_call(error) {
                Some((function, count)) => About::Arguments { function, count },
                None => About::Other,
            },
        }
    }
}

impl Fault {
    /// It as one of a file: at its place, or else at that of all that was asked.
    pub fn in_file(self, file: &Path, text: &Arc<str>, whole: &Span) -> Problem {
        let Fault { message, span, hint, .. } = self;
        let span = span.unwrap_or_else(|| whole.clone());
        Problem { file: file.to_path_buf(), text: text.clone(), span, message, hint }
    }
}

#[cfg(test)]
mod tests {
    use arrow::error::ArrowError;
    use parquet::errors::ParquetError;

    use super::*;

    /// All the ways on which an error of ours comes through the engine.
    fn wrapped(own: impl Fn() -> Box<dyn StdError + Send + Sync>) -> Vec<DataFusionError> {
        let external = || DataFusionError::External(own());
        vec![
            external(),
            external().context("while a file was read"),
            DataFusionError::Collection(vec![external()]),
            DataFusionError::Shared(Arc::new(external())),
            DataFusionError::External(Box::new(Arc::new(external()))),
            DataFusionError::from(ArrowError::ExternalError(own())),
            DataFusionError::from(ArrowError::from(external())),
            DataFusionError::from(ParquetError::External(own())),
            DataFusionError::from(ParquetError::from(ArrowError::from(external()))),
            DataFusionError::from(io::Error::other(own())),
            DataFusionError::from(io::Error::other(DataFusionError::Shared(Arc::new(external())))),
        ]
    }

    #[test]
    fn errors_keep_their_kind_and_advice_on_every_way_through_the_engine() {
        let own = || Error::connection("there are no credentials").hint("set them");
        let of_store = || object_store::Error::Generic { store: "S3", source: Box::new(own()) };
        let all = wrapped(|| Box::new(own())).into_iter().chain(wrapped(|| Box::new(of_store())));
        for error in all.chain([DataFusionError::ObjectStore(Box::new(of_store()))]) {
            let shown = format!("{error:?}");
            let explained = Error::from(error);
            let all = (explained.kind(), explained.to_string(), explained.hint_text());
            assert_eq!(all, (Kind::Connection, "there are no credentials".into(), Some("set them")), "{shown}");
        }
        for error in wrapped(|| Box::new(DataFusionError::ResourcesExhausted("no more".into()))) {
            let shown = format!("{error:?}");
            assert!(is_memory(&Error::from(error)), "{shown}");
        }
    }

    /// Tasks share an error: what is said of it must not depend on whether another still holds it.
    #[test]
    fn a_shared_error_says_the_same_to_all() {
        let shared = Arc::new(DataFusionError::External(Box::new(Error::failed("row 7 is bad").hint("mend it"))));
        let held = Error::from(DataFusionError::Shared(shared.clone()));
        let alone = Error::from(DataFusionError::Shared(shared));
        for error in [held, alone] {
            assert_eq!((error.to_string().as_str(), error.hint_text()), ("row 7 is bad", Some("mend it")));
        }
    }
}
