//! Faults in the project's files: where they are and what would mend them.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Problem;

/// A byte range of a file's text.
pub type Span = Range<usize>;

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
        let File { path, text } = self.file.clone();
        self.problems.push(Problem { file: path, text, span: span.clone(), message: message.into(), hint: None });
        self.problems.last_mut().expect("one was just added")
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

/// "did you mean `x`?" when a known word is near, else the known words.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none yet".to_string(),
        None => format!("known here: {}", listed(&known)),
    }
}

/// The known word that `word` was probably meant to be: at most a third of its letters differ.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&word, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= (word.chars().count() / 3).max(1))
        .min()
        .map(|(_, known)| known)
}

/// `` `a`, `b` and 3 more ``: a list that stays on one line.
pub fn listed(words: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = words.iter().take(SHOWN).map(|word| format!("`{word}`")).collect();
    match words.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_near_word_and_lists_otherwise() {
        assert_eq!(suggest("conections", ["connections", "sources"]), "did you mean `connections`?");
        assert_eq!(suggest("Storage", ["storage"]), "did you mean `storage`?");
        assert_eq!(suggest("zzz", ["storage", "s3"]), "known here: `storage`, `s3`");
    }
}
