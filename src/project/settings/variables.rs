//! `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${file:PATH}`, `${secretsmanager:NAME}` and `${ssm:NAME}` in scalars; `$$` is a
//! dollar. Where a secret may stand, `file:PATH` alone is the text of a file, and `secretsmanager:NAME` that of a secret, too.
//!
//! They are resolved in the parsed tree, so that a value can never change the file's structure. A scalar remembers where
//! values stand in it: they are secrets, and are never shown. A default is none, as it stands in the file.

use std::collections::BTreeSet;

use crate::aws::secrets;
use crate::error::{Problem, Span};
use crate::project::faults::{Faults, File};
use crate::project::yaml::{YamlKind, YamlNode};

/// How our own hint begins.
const SET_IT: &str = "set it";

/// How the name of a file begins.
const FILE: &str = "file:";

/// Where values come from that do not stand in the file.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file, or why there is none.
    pub file: &'a dyn Fn(&str) -> Result<String, String>,
    /// The secret of a reference.
    pub secret: &'a dyn Fn(&str) -> SecretText,
}

/// What is known of a secret.
pub enum SecretText {
    Had(String),
    /// Why it cannot be had.
    Refused(String),
    /// Nobody was asked for it: that takes time and rights, and is worth it only where it is used.
    NotAsked,
}

/// What no value was found for, with its place: whether it matters depends on what the chosen target uses.
#[derive(Default)]
pub struct Unresolved {
    pub missing: Vec<Problem>,
    /// References to secrets that were not asked for.
    pub unasked: Vec<(Span, String)>,
}

/// Replaces all variables, files and secrets of the tree. A scalar without its value becomes [`YamlKind::Unset`].
pub fn resolve(node: &mut YamlNode, file: &File, outside: Outside) -> Unresolved {
    let mut faults = Faults::of(file.clone());
    let mut unasked = vec![];
    walk(node, &mut vec![], &mut |text, path, span| {
        let replaced = replace(text, outside).and_then(|found| match holds_secret(path) {
            true => whole(found, outside).map_err(|missing| vec![missing]),
            false => Ok(found),
        });
        replaced.map_err(|missing| {
            for Missing { written, message, hint, unasked: reference } in missing {
                if let Some(reference) = reference {
                    unasked.push((span.clone(), reference));
                    continue;
                }
                // In the file as it is written, unless an escape stands in it.
                let at = file.text[span.clone()].find(&written).map(|at| span.start + at);
                let place = at.map_or(span.clone(), |at| at..at + written.len());
                faults.add(&place, message).hint(hint);
            }
        })
    });
    Unresolved { missing: faults.problems, unasked }
}

/// The names of variables that stand in a part of the file.
pub fn named_in(text: &str) -> BTreeSet<String> {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let names = text.split("${").skip(1).map(|after| &after[..after.find(ends).unwrap_or(after.len())]);
    names
        .filter(|name| !name.is_empty() && !matches!(*name, "file" | "ssm" | "secretsmanager"))
        .map(str::to_string)
        .collect()
}

/// The faults of each variable as one, which names all its places: it has to be set once.
pub fn once_each(missing: Vec<Problem>) -> Vec<Problem> {
    let mut once: Vec<(Problem, Vec<String>)> = vec![];
    for problem in missing {
        match once.iter_mut().find(|(first, _)| first.message == problem.message) {
            Some((first, places)) => {
                places.push(place(&problem));
                // What the user wrote says more than what we would.
                if first.hint.as_deref().is_some_and(|hint| hint.starts_with(SET_IT)) {
                    first.hint = problem.hint;
                }
            }
            None => once.push((problem, vec![])),
        }
    }
    let told = once.into_iter().map(|(first, places)| match places.as_slice() {
        [] => first,
        [others @ .., last] => {
            let others = if others.is_empty() { String::new() } else { format!("{} and ", others.join(", ")) };
            Problem { message: format!("{}; it also stands at {others}{last}", first.message), ..first }
        }
    });
    told.collect()
}

/// Its line and column, from 1.
fn place(problem: &Problem) -> String {
    let before = &problem.text[..problem.span.start];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{}:{column}", before.matches('\n').count() + 1)
}

/// Texts with variables' values and what may be shown in their place, for faults that quote such a text.
pub fn secrets(node: &YamlNode) -> Vec<(String, String)> {
    match &node.kind {
        YamlKind::Scalar { text, shown, .. } => shown.iter().map(|shown| (text.clone(), shown.clone())).collect(),
        YamlKind::Unset => vec![],
        YamlKind::List(items) => items.iter().flat_map(secrets).collect(),
        YamlKind::Map(entries) => entries.iter().flat_map(|(_, value)| secrets(value)).collect(),
    }
}

type Replace<'r> = dyn FnMut(&str, &[&str], &Span) -> Result<Replaced, ()> + 'r;

/// `path` are the keys that lead to the node.
fn walk<'a>(node: &'a mut YamlNode, path: &mut Vec<&'a str>, replace: &mut Replace) {
    let YamlNode { span, kind } = node;
    let replaced = match kind {
        YamlKind::Scalar { text, .. } if text.contains('$') || is_name_of_secret(text) && holds_secret(path) => {
            Some(replace(text, path, span))
        }
        _ => None,
    };
    match (replaced, kind) {
        // What a variable holds is untyped: it may become a number where one is asked for.
        (Some(Ok(Replaced { text, shown })), kind) => *kind = YamlKind::Scalar { plain: !text.is_empty(), text, shown },
        (Some(Err(())), kind) => *kind = YamlKind::Unset,
        (None, YamlKind::List(items)) => items.iter_mut().for_each(|item| walk(item, path, replace)),
        (None, YamlKind::Map(entries)) => {
            for (key, value) in entries {
                path.push(&key.text);
                walk(value, path, replace);
                path.pop();
            }
        }
        (None, YamlKind::Scalar { .. } | YamlKind::Unset) => {}
    }
}

/// Whether it names a file whose text stands in its place. An address of a file has two slashes.
fn is_file(text: &str) -> bool {
    text.starts_with(FILE) && !text.starts_with("file://")
}

fn is_name_of_secret(text: &str) -> bool {
    is_file(text) || secrets::is_reference(text)
}

/// Whether a secret may stand there: an address, a header, a password, a token.
fn holds_secret(path: &[&str]) -> bool {
    match path {
        ["connections", _, of_connection @ ..] | ["targets", _, "connections", _, of_connection @ ..] => {
            matches!(of_connection, ["rest" | "database" | "files"] | ["headers", _] | ["auth", ..])
        }
        ["targets", _, "engine", "token"] | ["sources", _, "url"] | ["sources", _, "params", _] => true,
        ["alerts", "webhook"] => true,
        _ => false,
    }
}

/// A value that is nothing but the name of a file or of a secret.
fn whole(found: Replaced, outside: Outside) -> Result<Replaced, Missing> {
    if secrets::is_reference(&found.text) {
        let shown = found.shown.clone().unwrap_or_else(|| found.text.clone());
        let text = secret(&found.text, shown.clone(), &shown, outside)?;
        return Ok(Replaced { text, shown: Some(shown) });
    }
    let Some(path) = found.text.strip_prefix(FILE).filter(|_| is_file(&found.text)) else { return Ok(found) };
    let shown = found.shown.clone().unwrap_or_else(|| found.text.clone());
    let text = (outside.file)(path).map_err(|why| no_file(shown.clone(), &shown, &why))?;
    Ok(Replaced { text, shown: Some(shown) })
}

fn no_file(written: String, shown: &str, why: &str) -> Missing {
    let message = format!("`{shown}` can't be read: {why}");
    let hint = "the file holds the secret and nothing else, and its path starts from the project's folder, if not with `/`; \
                the address of a file begins with `file://`";
    Missing { written, message, hint: hint.to_string(), unasked: None }
}

/// The secret of a reference that is shown as `shown`.
fn secret(reference: &str, written: String, shown: &str, outside: Outside) -> Result<String, Missing> {
    let (message, unasked) = match (outside.secret)(reference) {
        SecretText::Had(text) => return Ok(text),
        SecretText::Refused(why) => (format!("`{shown}` can't be had: {why}"), None),
        SecretText::NotAsked => (String::new(), Some(reference.to_string())),
    };
    let hint = "`secretsmanager:NAME`, `secretsmanager:NAME#KEY` of a JSON object, or `ssm:NAME`; whoever runs here must be allowed to read it";
    Err(Missing { written, message, hint: hint.to_string(), unasked })
}

#[derive(Debug, PartialEq)]
struct Missing {
    /// `${NAME}`, as it stands in the text.
    written: String,
    message: String,
    hint: String,
    /// A reference to a secret that was not asked for, which is no fault.
    unasked: Option<String>,
}

#[derive(Debug, PartialEq)]
struct Replaced {
    text: String,
    /// With `${NAME}` in place of each value; `None` if there is none.
    shown: Option<String>,
}

fn replace(text: &str, outside: Outside) -> Result<Replaced, Vec<Missing>> {
    let (mut out, mut faults, mut rest) = (String::new(), vec![], text);
    let (mut shown, mut is_secret) = (String::new(), false);
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        shown.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            shown.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let Some(end) = after.find('}') else {
                faults.push(Missing {
                    written: format!("${rest}"),
                    message: "`${` is not closed".into(),
                    hint: "close it with `}`, or write `$$` for a dollar".into(),
                    unasked: None,
                });
                break;
            };
            match variable(&after[..end], outside) {
                Ok(Value::Default(text)) => {
                    out.push_str(text);
                    shown.push_str(text);
                }
                Ok(Value::Set(name, value)) => {
                    is_secret |= !value.is_empty();
                    out.push_str(&value);
                    shown.push_str(&format!("${{{name}}}"));
                }
                Err(fault) => faults.push(fault),
            }
            rest = &after[end + 1..];
        } else {
            out.push('$');
            shown.push('$');
        }
    }
    out.push_str(rest);
    shown.push_str(rest);
    if faults.is_empty() { Ok(Replaced { text: out, shown: is_secret.then_some(shown) }) } else { Err(faults) }
}

enum Value<'a> {
    /// A variable's name, a file's, or a secret's, and what it holds.
    Set(&'a str, String),
    Default(&'a str),
}

/// The value of what stands between the braces. As in a shell, `:-` and `:?` count an empty variable as not set.
fn variable<'a>(inside: &'a str, outside: Outside) -> Result<Value<'a>, Missing> {
    if let Some(path) = inside.strip_prefix(FILE) {
        let text = (outside.file)(path).map_err(|why| no_file(format!("${{{inside}}}"), inside, &why))?;
        return Ok(Value::Set(inside, text));
    }
    if secrets::is_reference(inside) {
        return secret(inside, format!("${{{inside}}}"), inside, outside).map(|text| Value::Set(inside, text));
    }
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    let value = (outside.variable)(name);
    let written = format!("${{{inside}}}");
    match (name, rest) {
        ("", _) => {}
        (_, "") => {
            let hint = format!("{SET_IT}, or give a default: `${{{name}:-…}}`");
            return value.map(|value| Value::Set(name, value)).ok_or_else(|| Missing {
                written,
                message: format!("the variable `{name}` is not set"),
                hint,
                unasked: None,
            });
        }
        _ => {
            let value = value.filter(|value| !value.is_empty());
            if let Some(default) = rest.strip_prefix(":-") {
                return Ok(value.map_or(Value::Default(default), |value| Value::Set(name, value)));
            } else if let Some(hint) = rest.strip_prefix(":?") {
                return value.map(|value| Value::Set(name, value)).ok_or_else(|| Missing {
                    written,
                    message: format!("the variable `{name}` is not set"),
                    hint: hint.to_string(),
                    unasked: None,
                });
            }
        }
    }
    Err(Missing {
        message: format!("`{written}` is not a variable"),
        written,
        hint: "write `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${file:PATH}`, `${secretsmanager:NAME}` or `${ssm:NAME}`; `$$` is a dollar".into(),
        unasked: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "A" => Some("one".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn file(path: &str) -> Result<String, String> {
        if path == "/run/db" { Ok("hush".into()) } else { Err("there is no such file".into()) }
    }

    fn told(reference: &str) -> SecretText {
        match reference {
            "ssm:/shop/word" => SecretText::Had("hush".into()),
            "ssm:/later" => SecretText::NotAsked,
            _ => SecretText::Refused("Systems Manager has none of that name".into()),
        }
    }

    const OUTSIDE: Outside = Outside { variable: &env, file: &file, secret: &told };

    #[test]
    fn a_reference_stands_for_its_secret_and_is_shown_by_its_name() {
        let found = replace("me:${ssm:/shop/word}@h", OUTSIDE).unwrap();
        assert_eq!((found.text.as_str(), found.shown.as_deref()), ("me:hush@h", Some("me:${ssm:/shop/word}@h")));
        let found = whole(replace("ssm:/shop/word", OUTSIDE).unwrap(), OUTSIDE).unwrap();
        assert_eq!((found.text.as_str(), found.shown.as_deref()), ("hush", Some("ssm:/shop/word")));
        let missing = whole(replace("ssm:/shop/${A}", OUTSIDE).unwrap(), OUTSIDE).unwrap_err();
        assert_eq!(missing.message, "`ssm:/shop/${A}` can't be had: Systems Manager has none of that name");
        assert_eq!(replace("${ssm:/later}", OUTSIDE).unwrap_err()[0].unasked.as_deref(), Some("ssm:/later"));
    }

    #[test]
    fn the_names_in_a_text_are_those_of_variables() {
        let text = "a: ${A:-1}${B:?set B} ${file:x} $$ ${ssm:/x} ${";
        assert_eq!(named_in(text).into_iter().collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn replaces_as_a_shell_does() {
        let both = |text: &str| replace(text, OUTSIDE).map(|replaced| (replaced.text, replaced.shown)).unwrap();
        let shown = Some("${A}/x/${EMPTY}/y".to_string());
        assert_eq!(both("${A}/${B:-x}/${EMPTY}/${EMPTY:-y}"), ("one/x//y".to_string(), shown));
        assert_eq!(both("$$5 and $x ${B:-x}"), ("$5 and $x x".to_string(), None));
        assert_eq!(both("${A:-x}"), ("one".to_string(), Some("${A}".to_string())));
    }

    #[test]
    fn names_every_variable_that_is_not_set() {
        let faults = replace("${B} ${C:?set C} ${}", OUTSIDE).unwrap_err();
        assert_eq!(faults.len(), 3);
        assert_eq!(faults[0].message, "the variable `B` is not set");
        assert_eq!(faults[1].hint, "set C");
        assert!(replace("${A", OUTSIDE).is_err());
    }
    #[test]
    fn a_file_stands_for_its_text_and_is_shown_by_its_name() {
        let found = replace("me:${file:/run/db}@h", OUTSIDE).unwrap();
        assert_eq!((found.text.as_str(), found.shown.as_deref()), ("me:hush@h", Some("me:${file:/run/db}@h")));
        let found = whole(replace("file:/run/db", OUTSIDE).unwrap(), OUTSIDE).unwrap();
        assert_eq!((found.text.as_str(), found.shown.as_deref()), ("hush", Some("file:/run/db")));
        let address = whole(replace("file:///run/db", OUTSIDE).unwrap(), OUTSIDE).unwrap();
        assert_eq!((address.text.as_str(), address.shown), ("file:///run/db", None));
        // What a variable says of the path is not shown either.
        let missing = whole(replace("file:/${A}", OUTSIDE).unwrap(), OUTSIDE).unwrap_err();
        assert_eq!(missing.message, "`file:/${A}` can't be read: there is no such file");
        assert!(holds_secret(&["targets", "prod", "connections", "shop", "auth", "basic", "password"]));
        assert!(!holds_secret(&["sources", "a", "description"]) && !holds_secret(&["targets", "prod", "storage"]));
    }
}
