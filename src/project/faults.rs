//! Faults in the project's files: where they are and what would mend them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Problem, Span};

/// A file of the project, read: its path relative to the root, and its text.
#[derive(Debug, Clone)]
pub struct File {
    pub path: PathBuf,
    pub text: Arc<str>,
}

/// The faults found in one file.
#[derive(Debug)]
pub struct Faults {
    pub file: File,
    pub problems: Vec<Problem>,
}

impl Faults {
    pub fn of(file: File) -> Self {
        Faults { file, problems: vec![] }
    }

    /// Adds a fault; a hint can be given to what comes back.
    pub fn add(&mut self, span: &Span, message: impl Into<String>) -> &mut Problem {
        self.problems.push(self.problem(span, message));
        self.problems.last_mut().expect("one was just added")
    }

    /// What may turn out to be a fault when more is known.
    pub fn problem(&self, span: &Span, message: impl Into<String>) -> Problem {
        let File { path, text } = self.file.clone();
        Problem { file: path, text, span: span.clone(), message: message.into(), hint: None }
    }

    /// The fault of a name that may be no table of the project.
    pub fn unknown_table(&self, span: &Span, name: &str) -> Problem {
        let mut problem = self.problem(span, format!("the project makes no table `{name}`"));
        problem.hint("`trapiche plan` lists what it makes");
        problem
    }

    /// Puts what may be shown in place of texts that are secrets, where messages quote them.
    pub fn hide(&mut self, secrets: &[(String, String)]) {
        for (secret, shown) in secrets {
            let (secret, shown) = (format!("`{secret}`"), format!("`{shown}`"));
            for problem in &mut self.problems {
                problem.message = problem.message.replace(&secret, &shown);
                problem.hint = problem.hint.take().map(|hint| hint.replace(&secret, &shown));
            }
        }
    }

    /// Whether something within this place is faulty already; what follows from that need not be said.
    pub fn any_in(&self, span: &Span) -> bool {
        self.problems.iter().any(|problem| span.contains(&problem.span.start))
    }
}

impl Problem {
    pub(super) fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }
}
