//! `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in scalars; `$$` is a dollar.
//!
//! They are resolved in the parsed tree, so that a value can never change the file's structure. A scalar remembers where
//! values stand in it: they are secrets, and are never shown. A default is none, as it stands in the file.

use crate::project::faults::{Faults, File};

use crate::error::{Problem, Span};
use crate::project::yaml::{YamlKind, YamlNode};

/// How our own hint begins.
const SET_IT: &str = "set it";

/// Replaces all variables of the tree. A scalar whose variable is not set becomes [`YamlKind::Unset`], and
/// its fault is returned: whether it matters depends on what the chosen target uses.
pub fn resolve(node: &mut YamlNode, file: &File, env: &dyn Fn(&str) -> Option<String>) -> Vec<Problem> {
    let mut faults = Faults::of(file.clone());
    walk(node, &mut |text, span| {
        replace(text, env).map_err(|missing| {
            for Missing { written, message, hint } in missing {
                // In the file as it is written, unless an escape stands in it.
                let at = file.text[span.clone()].find(&written).map(|at| span.start + at);
                let place = at.map_or(span.clone(), |at| at..at + written.len());
                faults.add(&place, message).hint(hint);
            }
        })
    });
    faults.problems
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

fn walk(node: &mut YamlNode, replace: &mut dyn FnMut(&str, &Span) -> Result<Replaced, ()>) {
    match &mut node.kind {
        YamlKind::Scalar { text, .. } if text.contains('$') => {
            node.kind = match replace(text, &node.span) {
                // What a variable holds is untyped: it may become a number where one is asked for.
                Ok(Replaced { text, shown }) => YamlKind::Scalar { plain: !text.is_empty(), text, shown },
                Err(()) => YamlKind::Unset,
            };
        }
        YamlKind::Scalar { .. } | YamlKind::Unset => {}
        YamlKind::List(items) => items.iter_mut().for_each(|item| walk(item, replace)),
        YamlKind::Map(entries) => entries.iter_mut().for_each(|(_, value)| walk(value, replace)),
    }
}

#[derive(Debug, PartialEq)]
struct Missing {
    /// `${NAME}`, as it stands in the text.
    written: String,
    message: String,
    hint: String,
}

#[derive(Debug, PartialEq)]
struct Replaced {
    text: String,
    /// With `${NAME}` in place of each value; `None` if there is none.
    shown: Option<String>,
}

fn replace(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Replaced, Vec<Missing>> {
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
                });
                break;
            };
            match variable(&after[..end], env) {
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
    /// A variable's name and what it holds.
    Set(&'a str, String),
    Default(&'a str),
}

/// The value of what stands between the braces. As in a shell, `:-` and `:?` count an empty variable as not set.
fn variable<'a>(inside: &'a str, env: &dyn Fn(&str) -> Option<String>) -> Result<Value<'a>, Missing> {
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    let value = env(name);
    let written = format!("${{{inside}}}");
    match (name, rest) {
        ("", _) => {}
        (_, "") => {
            let hint = format!("{SET_IT}, or give a default: `${{{name}:-…}}`");
            return value.map(|value| Value::Set(name, value)).ok_or_else(|| Missing {
                written,
                message: format!("the variable `{name}` is not set"),
                hint,
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
                });
            }
        }
    }
    Err(Missing {
        message: format!("`{written}` is not a variable"),
        written,
        hint: "write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`; `$$` is a dollar".into(),
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

    #[test]
    fn replaces_as_a_shell_does() {
        let both = |text: &str| replace(text, &env).map(|replaced| (replaced.text, replaced.shown)).unwrap();
        let shown = Some("${A}/x/${EMPTY}/y".to_string());
        assert_eq!(both("${A}/${B:-x}/${EMPTY}/${EMPTY:-y}"), ("one/x//y".to_string(), shown));
        assert_eq!(both("$$5 and $x ${B:-x}"), ("$5 and $x x".to_string(), None));
        assert_eq!(both("${A:-x}"), ("one".to_string(), Some("${A}".to_string())));
    }

    #[test]
    fn names_every_variable_that_is_not_set() {
        let faults = replace("${B} ${C:?set C} ${}", &env).unwrap_err();
        assert_eq!(faults.len(), 3);
        assert_eq!(faults[0].message, "the variable `B` is not set");
        assert_eq!(faults[1].hint, "set C");
        assert!(replace("${A", &env).is_err());
    }
}
