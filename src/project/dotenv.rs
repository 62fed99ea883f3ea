//! `.env` beside `trapiche.yml`: variables for those that are not set in the environment.
//!
//! `NAME=value`, one a line, as shells and Docker read it. Nothing is put into a value: where other programs would do that, it
//! is refused. A fault shows its line's number and nothing of the line, which may hold a secret.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::faults::{Faults, File};
use crate::error::Problem;

pub const DOTENV: &str = ".env";

/// What stands in a fault for a line.
const HIDDEN: &str = "***";

/// The variables of the file; none without one.
#[derive(Default)]
pub struct DotEnv(BTreeMap<String, String>);

impl DotEnv {
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

/// Reads the file of a project, with all its faults.
pub fn read(root: &Path, problems: &mut Vec<Problem>) -> DotEnv {
    let path = root.join(DOTENV);
    let text = match std::fs::read(&path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| "this file is not UTF-8 text".to_string()),
        // A folder of that name is Python's.
        Err(error) if error.kind() == ErrorKind::NotFound || path.is_dir() => return DotEnv::default(),
        Err(error) => Err(format!("this file can't be read: {}", error.kind())),
    };
    match text {
        Ok(text) => parse(&text, problems),
        Err(message) => {
            let mut faults = Faults::of(File { path: PathBuf::from(DOTENV), text: "".into() });
            faults.add(&(0..0), message).hint("check its permissions and its encoding, or remove it");
            problems.append(&mut faults.problems);
            DotEnv::default()
        }
    }
}

fn parse(text: &str, problems: &mut Vec<Problem>) -> DotEnv {
    let mut found: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, line) in text.lines().enumerate() {
        let fault = match entry(line) {
            Ok(None) => continue,
            Ok(Some((name, value))) => match found.get(name) {
                None => {
                    found.insert(name.to_string(), (value, at));
                    continue;
                }
                Some((_, first)) => {
                    let message = format!("`{name}` is set a second time, after line {}", first + 1);
                    (message, "take one of the two lines out")
                }
            },
            Err((message, hint)) => (message.to_string(), hint),
        };
        // So many lines stand before it as in the file.
        let hidden = "\n".repeat(at) + HIDDEN;
        let span = at..hidden.len();
        let mut faults = Faults::of(File { path: PathBuf::from(DOTENV), text: hidden.into() });
        faults.add(&span, fault.0).hint(fault.1);
        problems.append(&mut faults.problems);
    }
    DotEnv(found.into_iter().map(|(name, (value, _))| (name, value)).collect())
}

type LineFault = (&'static str, &'static str);

/// The name and the value of a line; `None` of one that is empty or a comment.
fn entry(line: &str) -> Result<Option<(&str, String)>, LineFault> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let assignment = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line);
    let Some((name, value)) = assignment.split_once('=') else {
        return Err(("this line sets no variable", "write `NAME=value`, and `#` before a comment"));
    };
    let name = name.trim();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(("what stands before the `=` is no name of a variable", "names are letters, digits and `_`"));
    }
    Ok(Some((name, value_of(value.trim())?)))
}

fn value_of(text: &str) -> Result<String, LineFault> {
    const QUOTES: LineFault = (
        "the quotes around this value are not those of one value on one line",
        "close them at the end of the line; in double quotes `\\n` is a line end, and `\\\"` and `\\\\` are what they show",
    );
    const EXPANDED: LineFault = (
        "`${` stands in this value, which other programs would take for a variable and this one does not",
        "put the value in single quotes to keep it as it is",
    );
    let Some(quote) = text.chars().next().filter(|first| matches!(first, '\'' | '"')) else {
        let comment = text.find(" #").or_else(|| text.find("\t#"));
        let value = if text.starts_with('#') { "" } else { text[..comment.unwrap_or(text.len())].trim_end() };
        return if value.contains("${") { Err(EXPANDED) } else { Ok(value.to_string()) };
    };
    let mut value = String::new();
    let mut rest = text[1..].chars();
    loop {
        match rest.next().ok_or(QUOTES)? {
            end if end == quote => break,
            '\\' if quote == '"' => match rest.next().ok_or(QUOTES)? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                mark if matches!(mark, '"' | '\\' | '$') => value.push(mark),
                other => value.extend(['\\', other]),
            },
            '$' if quote == '"' && rest.as_str().starts_with('{') => return Err(EXPANDED),
            other => value.push(other),
        }
    }
    let behind = rest.as_str().trim_start();
    if behind.is_empty() || behind.starts_with('#') { Ok(value) } else { Err(QUOTES) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_shells_and_docker_read_them() {
        let mut problems = vec![];
        let text = "\u{feff}# a comment\r\nA=one\r\nexport B = 'two # $x ${y}' # said\nC=\"a\\\"b\\n\\d\"\nD=a#b c # d\nE=\nF=#x\n\nG=p$w\n";
        let read = parse(text, &mut problems);
        let expected = [
            ("A", "one"),
            ("B", "two # $x ${y}"),
            ("C", "a\"b\n\\d"),
            ("D", "a#b c"),
            ("E", ""),
            ("F", ""),
            ("G", "p$w"),
        ];
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(read.0.len(), expected.len());
        for (name, value) in expected {
            assert_eq!(read.get(name).as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn a_fault_tells_its_line_and_nothing_of_it() {
        let mut problems = vec![];
        let text = "A=1\nhush\n\nHU SH=2\nB='hush\nC=\"hush\" hush\nD=${A}hush\nE=\"${A}hush\"\nA=hush\nF='ok'";
        let read = parse(text, &mut problems);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let lines: Vec<&str> = told.iter().filter_map(|told| told.split(':').nth(1)).collect();
        assert_eq!(lines, ["2", "4", "5", "6", "7", "8", "9"], "{told:#?}");
        assert!(!format!("{problems:?}").contains("hush"), "{problems:?}");
        assert_eq!((read.get("A").as_deref(), read.get("F").as_deref()), (Some("1"), Some("ok")));
    }
}
