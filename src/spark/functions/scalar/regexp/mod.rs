//! Regular expressions: `rlike` looks, `regexp_replace` replaces every match, `regexp_extract[_all]` take a group, `split`
//! splits, `regexp_count`, `regexp_instr` and `regexp_substr` say how often, where and what.
//!
//! <https://spark.apache.org/docs/latest/api/sql/string-functions/>. The syntax is Java's.

mod engine;
mod java;

use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ScalarUDF};

use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs};
use crate::spark::types::list_of;
pub use engine::Regexes;
use engine::{Groups, JavaRegex};

/// Those whose pattern is their second argument.
const WITH_PATTERN: [&str; 7] =
    ["rlike", "split", "regexp_count", "regexp_instr", "regexp_substr", "regexp_extract", "regexp_extract_all"];

/// Whether a call may be an error for its pattern: one that is written and right is none.
pub fn may_fail(call: &ScalarFunction) -> bool {
    WITH_PATTERN.contains(&call.func.name())
        && match call.args.get(1) {
            Some(Expr::Literal(pattern, _)) => match pattern.try_as_str() {
                Some(Some(pattern)) => Regexes::default().get(pattern).is_err(),
                _ => false,
            },
            _ => true,
        }
}

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let grouped: Typing =
        |name, types| Ok((takes(name, types, 2, &[Takes::Text, Takes::Text, Takes::Int])?, DataType::Utf8));
    let listed: Typing =
        |name, types| Ok((takes(name, types, 2, &[Takes::Text, Takes::Text, Takes::Int])?, list_of(DataType::Utf8)));
    udfs([
        function(
            "rlike",
            |name, types| Ok((takes(name, types, 2, &[Takes::Text; 2])?, DataType::Boolean)),
            |call| {
                let mut known = Regexes::default();
                call.flags(|row| match (call.text(0, row), call.text(1, row)) {
                    (Some(text), Some(pattern)) => known.get(pattern)?.is_match(text).map(Some),
                    _ => Ok(None),
                })
            },
        )
        .known_as(&["regexp_like", "regexp"]),
        function(
            "regexp_replace",
            |name, types| {
                let all = [Takes::Text, Takes::Text, Takes::Text, Takes::Int];
                Ok((takes(name, types, 3, &all)?, DataType::Utf8))
            },
            replace,
        )
        .fallible(),
        function("regexp_extract", grouped, extract).fallible(),
        function("regexp_extract_all", listed, extract_all).fallible(),
        function("split", listed, split_all),
        function(
            "regexp_count",
            |name, types| Ok((takes(name, types, 2, &[Takes::Text; 2])?, DataType::Int32)),
            |call| {
                let mut known = Regexes::default();
                call.ints(|row| {
                    let (Some(text), Some(pattern)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
                    let mut count = 0;
                    known.get(pattern)?.each_match(text, |_| {
                        count += 1;
                        Ok(true)
                    })?;
                    Ok(Some(count))
                })
            },
        ),
        function(
            "regexp_instr",
            |name, types| Ok((takes(name, types, 2, &[Takes::Text, Takes::Text, Takes::Int])?, DataType::Int32)),
            |call| {
                let mut known = Regexes::default();
                call.ints(|row| {
                    if call.has(2) && call.is_null(2, row) {
                        return Ok(None);
                    }
                    let (Some(text), Some(pattern)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
                    let found = known.get(pattern)?.find_at(text, 0)?;
                    Ok(Some(found.map_or(0, |found| text[..found.start].chars().count() as i32 + 1)))
                })
            },
        ),
        function(
            "regexp_substr",
            |name, types| Ok((takes(name, types, 2, &[Takes::Text; 2])?, DataType::Utf8)),
            |call| {
                let mut known = Regexes::default();
                call.texts(|row| {
                    let (Some(text), Some(pattern)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
                    Ok(known.get(pattern)?.find_at(text, 0)?.map(|found| text[found].to_string()))
                })
            },
        ),
    ])
}

fn replace(call: &RowCall) -> Result<ArrayRef> {
    let mut known = Regexes::default();
    call.texts(|row| {
        let position = if call.has(3) { call.int(3, row) } else { Some(1) };
        let (Some(text), Some(pattern), Some(by), Some(position)) =
            (call.text(0, row), call.text(1, row), call.text(2, row), position)
        else {
            return Ok(None);
        };
        if position < 1 {
            return Err(fault(format!(
                "[INVALID_PARAMETER_VALUE] `regexp_replace` begins at a position from 1, not {position}"
            )));
        }
        let begin = text.char_indices().nth(position as usize - 1).map_or(text.len(), |(at, _)| at);
        let (kept, text) = text.split_at(begin);
        let mut written = kept.to_string();
        let mut from = 0;
        known.get(pattern)?.each_groups(text, |groups| {
            let whole = groups[0].clone().unwrap_or_default();
            written.push_str(&text[from..whole.start]);
            write_reference(&mut written, by, text, &groups)?;
            from = whole.end;
            Ok(true)
        })?;
        written.push_str(&text[from..]);
        Ok(Some(written))
    })
}

/// What a match is replaced by: `$1` and `${name}` are groups, and a backslash makes of the next character itself.
fn write_reference(written: &mut String, by: &str, text: &str, groups: &Groups) -> Result<()> {
    let refused = |why: &str| Err(fault(format!("[INVALID_REGEXP_REPLACE] `{by}`: {why}")));
    let mut chars = by.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(plain) => written.push(plain),
                None => return refused("a backslash ends it"),
            },
            '$' => {
                let Some(first) = chars.peek().and_then(|c| c.to_digit(10)) else {
                    return refused("a group is a number after a `$`; for a dollar write `\\$`");
                };
                chars.next();
                let mut group = first as usize;
                if group >= groups.len() {
                    return refused("there is no such group");
                }
                // As many digits as there are groups for.
                while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                    if group * 10 + digit as usize >= groups.len() {
                        break;
                    }
                    group = group * 10 + digit as usize;
                    chars.next();
                }
                if let Some(place) = &groups[group] {
                    written.push_str(&text[place.clone()]);
                }
            }
            c => written.push(c),
        }
    }
    Ok(())
}

/// Text, pattern and group of a row, if none is null; without a group it is the first.
fn asked<'a>(call: &'a RowCall, row: usize) -> Option<(&'a str, &'a str, i32)> {
    let group = if call.has(2) { call.int(2, row)? } else { 1 };
    Some((call.text(0, row)?, call.text(1, row)?, group))
}

/// An empty text for a group that is not in the match.
fn of_group<'t>(text: &'t str, pattern: &JavaRegex, groups: &Groups, group: i32) -> Result<&'t str> {
    match usize::try_from(group).ok().and_then(|group| groups.get(group)) {
        Some(place) => Ok(place.clone().map_or("", |place| &text[place])),
        None => Err(fault(format!(
            "[INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX] `{}` has groups 0 to {}, and no {group}",
            pattern.java(),
            groups.len() - 1
        ))),
    }
}

/// A group of the first match; an empty text where there is none.
fn extract(call: &RowCall) -> Result<ArrayRef> {
    let mut known = Regexes::default();
    call.texts(|row| {
        let Some((text, pattern, group)) = asked(call, row) else { return Ok(None) };
        let pattern = known.get(pattern)?;
        match pattern.groups_at(text, 0)? {
            Some(groups) => of_group(text, pattern, &groups, group).map(|found| Some(found.to_string())),
            None => Ok(Some(String::new())),
        }
    })
}

/// Lists of texts in the making.
fn lists() -> ListBuilder<StringBuilder> {
    ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true))
}

fn extract_all(call: &RowCall) -> Result<ArrayRef> {
    let mut known = Regexes::default();
    let mut extracted = lists();
    for row in 0..call.rows {
        let Some((text, pattern, group)) = asked(call, row) else {
            extracted.append(false);
            continue;
        };
        let pattern = known.get(pattern)?;
        pattern.each_groups(text, |groups| {
            extracted.values().append_value(of_group(text, pattern, &groups, group)?);
            Ok(true)
        })?;
        extracted.append(true);
    }
    Ok(Arc::new(extracted.finish()))
}

/// With a limit above 0 there are no more parts than that, and the last has the rest.
fn split_all(call: &RowCall) -> Result<ArrayRef> {
    let mut known = Regexes::default();
    let mut parts = lists();
    for row in 0..call.rows {
        let limit = if call.has(2) { call.int(2, row) } else { Some(-1) };
        let (Some(text), Some(pattern), Some(limit)) = (call.text(0, row), call.text(1, row), limit) else {
            parts.append(false);
            continue;
        };
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        split(text, known.get(pattern)?, limit, |part| parts.values().append_value(part))?;
        parts.append(true);
    }
    Ok(Arc::new(parts.finish()))
}

/// As `java.lang.String.split` does, and `UTF8String.split` of Spark for a pattern without characters.
fn split(text: &str, pattern: &JavaRegex, limit: usize, mut part: impl FnMut(&str)) -> Result<()> {
    let (mut begin, mut count) = (0, 1);
    let is_nothing = pattern.java().is_empty();
    pattern.each_match(text, |found| {
        if found.is_empty() && (found.end == 0 || (is_nothing && found.end == text.len())) {
            return Ok(true);
        }
        if count == limit {
            return Ok(false);
        }
        part(&text[begin..found.start]);
        begin = found.end;
        count += 1;
        Ok(true)
    })?;
    part(&text[begin..]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str) -> Regexes {
        let mut known = Regexes::default();
        known.get(pattern).unwrap();
        known
    }

    #[test]
    fn splits_as_java_does() {
        let split = |text: &str, pattern: &str, limit| {
            let mut parts = vec![];
            let mut known = regex(pattern);
            super::split(text, known.get(pattern).unwrap(), limit, |part| parts.push(part.to_string())).unwrap();
            parts
        };
        assert_eq!(split("oneAtwoBthreeC", "[ABC]", usize::MAX), ["one", "two", "three", ""]);
        assert_eq!(split("oneAtwoBthreeC", "[ABC]", 2), ["one", "twoBthreeC"]);
        assert_eq!(split("abc", "", usize::MAX), ["a", "b", "c"]);
        assert_eq!(split("", ",", usize::MAX), [""]);
        assert_eq!(split(",a,,", ",", usize::MAX), ["", "a", "", ""]);
        assert_eq!(split("a1b2", "(?=[0-9])", usize::MAX), ["a", "1b", "2"]);
    }

    #[test]
    fn a_last_line_end_is_behind_the_end() {
        // Asked of PySpark 4.3.
        let is_match = |text: &str, pattern: &str| regex(pattern).get(pattern).unwrap().is_match(text).unwrap();
        assert!(is_match("abc\n", "c$") && is_match("abc\r\n", "c$") && !is_match("abc\n\n", "c$"));
        assert!(!is_match("a\rb", "a.b") && is_match("a\rb", "(?s)a.b"));
        assert!(!is_match("\u{661}", r"\d"));
    }

    #[test]
    fn groups_are_named_as_in_java() {
        let replaced = |text: &str, pattern: &str, by: &str| {
            let mut known = regex(pattern);
            let groups = known.get(pattern).unwrap().groups_at(text, 0).unwrap().unwrap();
            let mut written = String::new();
            write_reference(&mut written, by, text, &groups).map(|()| written)
        };
        assert_eq!(replaced("ab", "(a)(b)", "<$2x$1>").unwrap(), "<bxa>");
        assert_eq!(replaced("ab", "(a)(b)", r"\$1 \\ $12").unwrap(), r"$1 \ a2");
        assert!(replaced("ab", "(a)(b)", "$").is_err());
        assert!(replaced("ab", "(a)(b)", "$3").is_err());
    }
}
