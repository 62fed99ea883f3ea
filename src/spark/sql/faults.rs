//! Faults of syntax: at their places, and with what was probably meant.

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Location, TokenizerError};

use super::depth::{MOST_DEEP, MOST_GUESSED, MOST_NESTED, TooDeep};
use super::places::{byte_or_end, bytes_of, word_at};
use super::rewrite::RewriteRefusal;
use crate::error::Span;
use crate::hints::nearest;

/// A fault in a SQL text, at a byte range of the file that it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlFault {
    pub span: Span,
    pub message: String,
    pub hint: Option<String>,
}

/// A SQL text where it is written: all of a file, or a part of one.
pub(super) struct Excerpt<'a> {
    pub file: &'a str,
    pub part: Span,
}

impl Excerpt<'_> {
    /// What is no word of SQL.
    pub(super) fn no_words(&self, error: &TokenizerError) -> SqlFault {
        SqlFault {
            span: self.word(self.byte_of(error.location)),
            message: format!("SQL syntax: {}", lowered(&error.message)),
            hint: Some("is a quote or a comment not closed?".into()),
        }
    }

    /// What is written well, and means nothing here.
    pub(super) fn refused(&self, RewriteRefusal { place, message, hint }: RewriteRefusal) -> SqlFault {
        let span = bytes_of(self.file, place).unwrap_or_else(|| self.part.clone());
        SqlFault { span, message, hint: Some(hint) }
    }

    pub(super) fn too_deep(&self, fault: TooDeep) -> SqlFault {
        let (at, message, hint) = match fault {
            TooDeep::Operators(at) => (
                at,
                format!("this expression is more than {MOST_DEEP} operators deep"),
                "compare one column with many values by `IN (…)`, and split the rest into several queries",
            ),
            TooDeep::Guesses(at) => (
                at,
                format!("lambdas and intervals nest more than {MOST_GUESSED} deep here"),
                "name the inner ones in a subquery",
            ),
            TooDeep::Brackets(at) => (
                at,
                format!("brackets, CASEs and subqueries nest more than {MOST_NESTED} deep here"),
                "name the inner queries in a WITH, or make tables of them",
            ),
        };
        SqlFault { span: self.word(self.byte_of(at)), message, hint: Some(hint.into()) }
    }

    /// What the parser says of a statement or condition that starts at a byte.
    pub(super) fn not_parsed(&self, start: usize, error: &DataFusionError) -> SqlFault {
        let message = match error.find_root() {
            DataFusionError::SQL(error, _) => match error.as_ref() {
                ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.clone(),
                ParserError::RecursionLimitExceeded => {
                    return SqlFault {
                        span: self.word(start),
                        message: "this statement nests too deep for the parser".into(),
                        hint: Some("are there hundreds of NOTs or signs in a row?".into()),
                    };
                }
            },
            other => other.strip_backtrace(),
        };
        // The parser has the place at the end of its words: "Expected: …, found: x at Line: 3, Column: 7".
        let (message, place) = match message.rsplit_once(" at Line: ") {
            Some((message, place)) => (message.to_string(), place.split_once(", Column: ")),
            None => (message, None),
        };
        let place =
            place.and_then(|(line, column)| Some(Location { line: line.parse().ok()?, column: column.parse().ok()? }));
        let at = self.byte_of(place.unwrap_or(Location { line: 0, column: 0 }));
        let found = message.rsplit_once("found: ").map_or("", |(_, found)| found);
        let at = self.place_of(found, at);
        let message = lowered(&message).replacen("expected: ", "expected ", 1).replacen(", found: ", ", found ", 1);
        let message = match found {
            "EOF" => message.replacen("found EOF", "found the end", 1),
            "" => message,
            found => format!("{}`{found}`", message.strip_suffix(found).unwrap_or(&message)),
        };
        let hint = self.hint(&message, at);
        SqlFault { span: self.word(at), message: format!("SQL syntax: {message}"), hint: Some(hint) }
    }

    /// The byte of a place; the end of the text for the parser's "nowhere".
    pub(super) fn byte_of(&self, place: Location) -> usize {
        byte_or_end(&self.file[..self.part.end], place)
    }

    /// Some of the parser's faults are placed a word behind the one that they name.
    fn place_of(&self, found: &str, at: usize) -> usize {
        let is_found =
            |at: &usize| self.file[*at..].get(..found.len()).is_some_and(|word| word.eq_ignore_ascii_case(found));
        if found.is_empty() || found == "EOF" || is_found(&at) {
            return at;
        }
        let before = self.before(at).char_indices().rev().map(|(before, _)| self.part.start.min(at) + before);
        before.take_while(|before| at - before <= found.len() + 80).find(is_found).unwrap_or(at)
    }

    /// The word that starts at a byte, unless the text ends there.
    fn word(&self, at: usize) -> Span {
        if at < self.part.end { word_at(self.file, at) } else { at..at }
    }

    fn before(&self, at: usize) -> &str {
        &self.file[self.part.start.min(at)..at]
    }

    /// What is probably meant: a keyword is misspelt, or a comma or a bracket is too many or too few.
    fn hint(&self, message: &str, at: usize) -> String {
        const KEYWORDS: [&str; 20] = [
            "SELECT",
            "DISTINCT",
            "FROM",
            "WHERE",
            "GROUP",
            "BY",
            "HAVING",
            "ORDER",
            "LIMIT",
            "JOIN",
            "LEFT",
            "RIGHT",
            "INNER",
            "OUTER",
            "CROSS",
            "UNION",
            "EXCEPT",
            "WITH",
            "PARTITION",
            "OVER",
        ];
        let before = self.before(at).trim_end();
        let last = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let meant = |word: &str| {
            let is_keyword = KEYWORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
            nearest(word, KEYWORDS).filter(|_| word.len() > 3 && !is_keyword)
        };
        match [last, &self.file[self.word(at)]].into_iter().find_map(meant) {
            Some(keyword) => format!("did you mean `{keyword}`?"),
            None if before.ends_with(',') || self.file[at..].starts_with(',') => {
                "is there a comma too many?".to_string()
            }
            None if message.starts_with("expected )") => "is a bracket not closed, or a comma missing?".to_string(),
            None => "look at what stands just before this place".to_string(),
        }
    }
}

/// Messages start in lower case, as all of ours do.
fn lowered(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
