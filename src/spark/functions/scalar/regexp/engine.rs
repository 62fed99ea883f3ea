//! A pattern that is ready to be looked for, and how Java looks for it again and again.

use std::collections::HashMap;
use std::ops::Range;

use datafusion::common::{DataFusionError, Result};
use regex::Regex;

use super::super::row::fault;
use super::java;

/// Where a match and its groups are; the first is all of it.
pub type Groups = Vec<Option<Range<usize>>>;

#[derive(Debug)]
pub struct JavaRegex {
    java: String,
    usual: PatternEngine,
    /// For texts that end with a line end, before which `$` is, too.
    before_line_end: Option<PatternEngine>,
}

#[derive(Debug)]
enum PatternEngine {
    Plain(Regex),
    Fancy(Box<fancy_regex::Regex>),
}

impl PatternEngine {
    fn new(pattern: &str, is_fancy: bool) -> std::result::Result<PatternEngine, String> {
        match is_fancy {
            true => fancy_regex::Regex::new(pattern)
                .map(|regex| PatternEngine::Fancy(Box::new(regex)))
                .map_err(|error| error.to_string()),
            false => Regex::new(pattern).map(PatternEngine::Plain).map_err(|error| error.to_string()),
        }
    }
}

impl JavaRegex {
    fn new(java: &str) -> std::result::Result<JavaRegex, String> {
        let translated = java::translate(java)?;
        let usual = PatternEngine::new(&translated.pattern, translated.is_fancy)?;
        let before_line_end =
            translated.before_line_end.map(|pattern| PatternEngine::new(&pattern, true)).transpose()?;
        Ok(JavaRegex { java: java.to_string(), usual, before_line_end })
    }

    pub fn java(&self) -> &str {
        &self.java
    }

    fn engine(&self, text: &str) -> &PatternEngine {
        match &self.before_line_end {
            Some(engine) if text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) => engine,
            _ => &self.usual,
        }
    }

    pub fn is_match(&self, text: &str) -> Result<bool> {
        match self.engine(text) {
            PatternEngine::Plain(regex) => Ok(regex.is_match(text)),
            PatternEngine::Fancy(regex) => regex.is_match(text).map_err(|error| self.stopped(&error)),
        }
    }

    pub fn find_at(&self, text: &str, start: usize) -> Result<Option<Range<usize>>> {
        match self.engine(text) {
            PatternEngine::Plain(regex) => Ok(regex.find_at(text, start).map(|found| found.range())),
            PatternEngine::Fancy(regex) => {
                let found = regex.find_from_pos(text, start).map_err(|error| self.stopped(&error))?;
                Ok(found.map(|found| found.range()))
            }
        }
    }

    pub fn groups_at(&self, text: &str, start: usize) -> Result<Option<Groups>> {
        match self.engine(text) {
            PatternEngine::Plain(regex) => {
                let found = regex.captures_at(text, start);
                Ok(found.map(|found| found.iter().map(|group| group.map(|group| group.range())).collect()))
            }
            PatternEngine::Fancy(regex) => {
                let found = regex.captures_from_pos(text, start).map_err(|error| self.stopped(&error))?;
                Ok(found.map(|found| found.iter().map(|group| group.map(|group| group.range())).collect()))
            }
        }
    }

    /// Each match from a place on, as `Matcher.find` goes: behind an empty one by a character.
    pub fn each<T>(
        &self,
        text: &str,
        find: impl Fn(usize) -> Result<Option<T>>,
        range: impl Fn(&T) -> Range<usize>,
        mut found: impl FnMut(T) -> Result<bool>,
    ) -> Result<()> {
        let mut start = 0;
        while start <= text.len() {
            let Some(one) = find(start)? else { return Ok(()) };
            let place = range(&one);
            start = match place.is_empty() {
                true => place.end + text[place.end..].chars().next().map_or(1, char::len_utf8),
                false => place.end,
            };
            if !found(one)? {
                return Ok(());
            }
        }
        Ok(())
    }

    pub fn each_match(&self, text: &str, found: impl FnMut(Range<usize>) -> Result<bool>) -> Result<()> {
        self.each(text, |start| self.find_at(text, start), Range::clone, found)
    }

    pub fn each_groups(&self, text: &str, found: impl FnMut(Groups) -> Result<bool>) -> Result<()> {
        let whole = |groups: &Groups| groups[0].clone().unwrap_or_default();
        self.each(text, |start| self.groups_at(text, start), whole, found)
    }

    fn stopped(&self, error: &fancy_regex::Error) -> DataFusionError {
        fault(format!("looking for `{}` was given up: {error}", self.java))
    }
}

/// Each pattern of a batch, read once.
#[derive(Default)]
pub struct Regexes(HashMap<String, JavaRegex>);

impl Regexes {
    pub fn get(&mut self, pattern: &str) -> Result<&JavaRegex> {
        if !self.0.contains_key(pattern) {
            let compiled = JavaRegex::new(pattern)
                .map_err(|why| fault(format!("[INVALID_PARAMETER_VALUE.PATTERN] `{pattern}`: {why}")))?;
            self.0.insert(pattern.to_string(), compiled);
        }
        Ok(&self.0[pattern])
    }
}
