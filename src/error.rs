//! What can go wrong, by what the user must do about it.
//!
//! There are few kinds. Whoever knows the dataset, path or row adds it with [`Error::context`]; the
//! source error is kept and printed below the message. [`Problem`] is a fault in a file of the
//! project, with its place: all of them are collected and reported in one pass.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Which of the documented exit codes a failure ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A dataset or a check failed; the others may have been made.
    Failed,
    /// Usage or configuration; nothing ran.
    Config,
    /// A server could not be reached or did not let us in.
    Connection,
    /// Another run is at work on the same dataset.
    Locked,
    /// Two things that should be the same are not.
    Drift,
    /// Stopped by the user; nothing half-made is visible.
    Interrupted,
}

impl Kind {
    /// The process exit code, as documented in `docs/cli.md`.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Config => 2,
            Kind::Connection => 3,
            Kind::Locked => 4,
            Kind::Drift => 5,
            Kind::Interrupted => 130,
        }
    }
}

/// A failure: what happened, what to do, and what caused it. It can be cloned, because all tasks of a plan get the same.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    message: String,
    hint: Option<String>,
    about: Option<String>,
    problems: Vec<Problem>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            about: None,
            problems: vec![],
            source: None,
        }))
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    pub fn connection(message: impl Into<String>) -> Self {
        Self::new(Kind::Connection, message)
    }

    /// All faults found in the project's files, as one error, in the order of the files and their lines.
    pub fn problems(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| (&a.file, a.span.start).cmp(&(&b.file, b.span.start)));
        let count = problems.len();
        let plural = if count == 1 { "" } else { "s" };
        let mut error = Self::config(format!("{count} error{plural} in the project; nothing was run"));
        error.0.problems = problems;
        error
    }

    /// What the user can do about it; printed as a `hint:` line.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Which column or table it is about, so that it can be shown where the user's files name that.
    pub fn about(mut self, name: impl Into<String>) -> Self {
        self.0.about = Some(name.into());
        self
    }

    /// The error that caused this one.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Says where it happened, ahead of the message: "`trusted.sales`: …".
    pub fn context(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{place}: {}", self.0.message);
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    pub fn subject(&self) -> Option<&str> {
        self.0.about.as_deref()
    }

    pub fn found_problems(&self) -> &[Problem] {
        &self.0.problems
    }
}

impl fmt::Display for Problem {
    /// On one line: `queries/trusted/sales.sql:2:3: there is no column `prize``. Lines and columns count from 1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = line_and_column(&self.text, self.span.start);
        write!(f, "{}:{line}:{column}: {}", self.file.display(), self.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        no_room(&error).unwrap_or_else(|| Error::failed("input/output failed").because(error))
    }
}

/// An error and what caused it, from the outermost inwards.
pub fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// Where a byte of a text lies, in lines and characters that count from 1.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// A disk that takes no more, whatever the store made of its answer.
fn no_room(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let answer = chain(error).find_map(|cause| {
        let answer = cause.downcast_ref::<std::io::Error>()?;
        matches!(answer.kind(), StorageFull | QuotaExceeded | FileTooLarge).then(|| answer.to_string())
    })?;
    let hint = "make room on that disk, or raise its limit, and run again; what was there before is as it was";
    Some(Error::failed("the disk takes no more").hint(hint).because(answer))
}

/// What an error said, and its causes: for one that is only lent.
#[derive(Debug)]
pub struct Said {
    text: String,
    source: Option<Box<Said>>,
}

impl Said {
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Said {
        Said { text: error.to_string(), source: error.source().map(|source| Box::new(Said::of(source))) }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Said {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        Error::from(&error)
    }
}

impl From<&object_store::Error> for Error {
    fn from(error: &object_store::Error) -> Self {
        use object_store::Error as Store;
        let told = match error {
            Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => {
                Error::connection("the object store refused access")
                    .hint("check the credentials (environment, profile or role) and the bucket's policy")
            }
            Store::Generic { source, .. } if is_unreachable(source.as_ref()) => {
                Error::connection("the object store cannot be reached")
                    .hint("check the target's storage, its `s3.endpoint`, and this machine's network")
            }
            // What we told the store comes back as it was.
            Store::Generic { source, .. } if source.is::<Error>() => {
                return source.downcast_ref::<Error>().expect("just looked").clone();
            }
            error => match no_room(error) {
                Some(told) => return told,
                None => Error::failed("the object store failed"),
            },
        };
        told.because(Said::of(error))
    }
}

/// Whether there was no answer, or not to its end, however often it was tried.
fn is_unreachable(error: &(dyn std::error::Error + 'static)) -> bool {
    use object_store::client::{HttpError, HttpErrorKind};
    chain(error).find_map(|cause| cause.downcast_ref::<HttpError>()).is_some_and(|http| {
        use HttpErrorKind::{Connect, Interrupted, Request, Timeout};
        matches!(http.kind(), Connect | Request | Timeout | Interrupted)
    })
}

impl From<object_store::path::Error> for Error {
    fn from(error: object_store::path::Error) -> Self {
        Error::failed("a name cannot be an object's path").because(error)
    }
}

/// A byte range of a text.
pub type Span = Range<usize>;

/// A fault in one of the project's files: the place is one of `text`, the whole file.
#[derive(Debug, Clone)]
pub struct Problem {
    pub file: PathBuf,
    pub text: Arc<str>,
    pub span: Span,
    pub message: String,
    pub hint: Option<String>,
}
