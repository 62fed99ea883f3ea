//! `get_json_object(json, '$.a[0].b')`: paths, and how Spark walks them.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#get_json_object>. With `[*]` several matches are a list, and one is
//! itself; `null` at the end of a name is no match; the first match of a name counts.

use super::value::{JsonValue, write_text};

#[derive(Debug, Clone, PartialEq)]
pub enum PathStep {
    Name(String),
    Index(usize),
    AnyIndex,
    /// Of a name: nothing has it.
    AnyName,
}

/// `None` for what is no path.
pub fn parse(text: &str) -> Option<Vec<PathStep>> {
    let mut steps = vec![];
    let mut rest = text.trim_start().strip_prefix('$')?;
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("['") {
            let end = after.find("']")?;
            let name = after[..end].trim_start();
            if name.is_empty() || name.contains(['\'', '?']) {
                return None;
            }
            steps.push(if name == "*" { PathStep::AnyName } else { PathStep::Name(name.to_string()) });
            rest = &after[end + 2..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']')?;
            steps.push(match after[..end].trim() {
                "*" => PathStep::AnyIndex,
                number if number.bytes().all(|byte| byte.is_ascii_digit()) => PathStep::Index(number.parse().ok()?),
                _ => return None,
            });
            rest = &after[end + 1..];
        } else {
            let after = rest.strip_prefix('.')?.trim_start();
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            if name.is_empty() {
                return None;
            }
            steps.push(if name == "*" { PathStep::AnyName } else { PathStep::Name(name.to_string()) });
            rest = &after[end..];
        }
    }
    Some(steps)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    /// A text is written without quotes.
    Raw,
    Quoted,
    /// Lists are written as if their values stood where they do.
    Flat,
}

/// The values that match, as text; `None` where none does.
pub fn get(value: &JsonValue, path: &[PathStep]) -> Option<String> {
    let mut found = PathMatches::default();
    walk(value, path, Style::Raw, &mut found).then_some(found.text)
}

/// What is written, with commas where it is within a list.
#[derive(Default)]
struct PathMatches {
    text: String,
    /// Of each list around: whether it has a value already.
    lists: Vec<bool>,
}

impl PathMatches {
    fn push(&mut self, value: &str) {
        if let Some(has_value) = self.lists.last_mut()
            && std::mem::replace(has_value, true)
        {
            self.text.push(',');
        }
        self.text.push_str(value);
    }

    fn open(&mut self) {
        self.push("[");
        self.lists.push(false);
    }

    fn close(&mut self) {
        self.text.push(']');
        self.lists.pop();
    }
}

/// `evaluatePath` in Spark's `GetJsonObjectEvaluator`; whether something was written.
fn walk(value: &JsonValue, path: &[PathStep], style: Style, found: &mut PathMatches) -> bool {
    match (value, path) {
        (JsonValue::Text(text), []) if style == Style::Raw => {
            found.push(text);
            true
        }
        (JsonValue::List(values), []) if style == Style::Flat => any(values, &[], style, found),
        (value, []) => {
            let mut text = String::new();
            match value {
                JsonValue::Text(plain) => write_text(&mut text, plain),
                value => value.write(&mut text),
            }
            found.push(&text);
            true
        }
        (JsonValue::Object(fields), [PathStep::Name(name), rest @ ..]) => fields
            .iter()
            .any(|(field, value)| field == name && *value != JsonValue::Null && walk(value, rest, style, found)),
        (JsonValue::List(values), [PathStep::AnyIndex, PathStep::AnyIndex, rest @ ..]) => {
            found.open();
            let is_found = any(values, rest, Style::Flat, found);
            found.close();
            is_found
        }
        (JsonValue::List(values), [PathStep::AnyIndex, rest @ ..]) if style != Style::Quoted => {
            let next = if style == Style::Raw { Style::Quoted } else { style };
            let mut within = PathMatches::default();
            within.open();
            let matches = values.iter().filter(|value| walk(value, rest, next, &mut within)).count();
            within.close();
            match matches {
                0 => return false,
                1 => found.push(&within.text[1..within.text.len() - 1]),
                _ => found.push(&within.text),
            }
            true
        }
        (JsonValue::List(values), [PathStep::AnyIndex, rest @ ..]) => {
            found.open();
            let is_found = any(values, rest, Style::Quoted, found);
            found.close();
            is_found
        }
        (JsonValue::List(values), [PathStep::Index(index), rest @ ..]) => {
            let style = if rest.first() == Some(&PathStep::AnyIndex) { Style::Quoted } else { style };
            values.get(*index).is_some_and(|value| walk(value, rest, style, found))
        }
        _ => false,
    }
}

/// All of them are walked, whatever the first has.
fn any(values: &[JsonValue], path: &[PathStep], style: Style, found: &mut PathMatches) -> bool {
    let matches = values.iter().filter(|value| walk(value, path, style, found));
    matches.count() > 0
}

#[cfg(test)]
mod tests {
    use super::super::value::{self, Leniency};
    use super::*;

    #[test]
    fn paths_are_walked_as_spark_does() {
        let json = r#"{"a":[{"b":1,"c":[1,[2]]},{"b":"x","c":[3]},{"d":null}],"e f":{"g":null},"h":"t"}"#;
        let value = value::parse(json, Leniency::Strict).unwrap();
        // Asked of PySpark 4.3.
        let cases = [
            ("$.h", Some("t")),
            ("$.a[0].b", Some("1")),
            ("$.a[*].b", Some("[1,\"x\"]")),
            ("$.a[1].b", Some("x")),
            ("$['e f']", Some("{\"g\":null}")),
            ("$.e f.g", None),
            ("$.a[*].d", None),
            ("$.a[9]", None),
            ("$.*", None),
            ("h", None),
            ("$.", None),
        ];
        for (path, found) in cases {
            assert_eq!(parse(path).and_then(|path| get(&value, &path)).as_deref(), found, "{path}");
        }
    }
}
