//! Regular expressions: `rlike` looks, `regexp_replace` replaces every match, `regexp_extract[_all]` take a group, `split`
//! splits.
//!
//! <https://spark.apache.org/docs/latest/api/sql/string-functions/>. The syntax is that of the `regex` crate, which has no
//! look-around and no back references: a pattern with them is an error, not another answer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use regex::{Captures, Regex};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    [Extraction::Like, Extraction::Replace, Extraction::Extract, Extraction::ExtractAll, Extraction::Split]
        .map(function)
        .to_vec()
}

fn function(what: Extraction) -> Arc<ScalarUDF> {
    let aliases: &[&str] = if what == Extraction::Like { &["regexp_like", "regexp"] } else { &[] };
    let aliases = aliases.iter().map(ToString::to_string).collect();
    Arc::new(ScalarUDF::from(Regexp { what, aliases, signature: Signature::user_defined(Volatility::Immutable) }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Extraction {
    Like,
    Replace,
    Extract,
    ExtractAll,
    Split,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Regexp {
    what: Extraction,
    aliases: Vec<String>,
    signature: Signature,
}

impl ScalarUDFImpl for Regexp {
    fn name(&self) -> &str {
        match self.what {
            Extraction::Like => "rlike",
            Extraction::Replace => "regexp_replace",
            Extraction::Extract => "regexp_extract",
            Extraction::ExtractAll => "regexp_extract_all",
            Extraction::Split => "split",
        }
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let (least, third, fourth) = match self.what {
            Extraction::Like => (2, None, None),
            Extraction::Replace => (3, Some(DataType::Utf8), Some(DataType::Int64)),
            Extraction::Extract | Extraction::ExtractAll | Extraction::Split => (2, Some(DataType::Int64), None),
        };
        let two = [DataType::Utf8, DataType::Utf8];
        let all: Vec<DataType> = two.into_iter().chain(third).chain(fourth).collect();
        if types.len() < least || types.len() > all.len() {
            return plan_err!("`{}` takes {least} to {} arguments, not {}", self.name(), all.len(), types.len());
        }
        Ok(all[..types.len()].to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.what {
            Extraction::Like => DataType::Boolean,
            Extraction::Replace | Extraction::Extract => DataType::Utf8,
            Extraction::ExtractAll | Extraction::Split => DataType::List(element()),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (texts, patterns) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
        let numbers = |place: usize| arrays.get(place).map(|array| array.as_primitive::<Int64Type>());
        let result: ArrayRef = match self.what {
            Extraction::Like => Arc::new(like(texts, patterns)?),
            Extraction::Replace => Arc::new(replace(texts, patterns, arrays[2].as_string(), numbers(3))?),
            Extraction::Extract => Arc::new(extract(texts, patterns, numbers(2))?),
            Extraction::ExtractAll => extract_all(texts, patterns, numbers(2))?,
            Extraction::Split => split_all(texts, patterns, numbers(2))?,
        };
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)),
            false => Ok(ColumnarValue::Array(result)),
        }
    }
}

fn element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Utf8, true))
}

/// Each pattern of a batch, compiled once.
#[derive(Default)]
struct Regexes(HashMap<String, Regex>);

impl Regexes {
    fn get(&mut self, pattern: &str) -> Result<&Regex> {
        if !self.0.contains_key(pattern) {
            let compiled = Regex::new(&ascii_classes(pattern)).map_err(|error| {
                DataFusionError::Execution(format!("[INVALID_PARAMETER_VALUE.PATTERN] `{pattern}`: {error}"))
            })?;
            self.0.insert(pattern.to_string(), compiled);
        }
        Ok(&self.0[pattern])
    }
}

/// Java's `\d`, `\w` and `\s` are of ASCII:
/// <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html>
fn ascii_classes(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            written.push(c);
            continue;
        }
        match chars.next() {
            Some('d') => written.push_str("[0-9]"),
            Some('D') => written.push_str("[^0-9]"),
            Some('w') => written.push_str("[a-zA-Z_0-9]"),
            Some('W') => written.push_str("[^a-zA-Z_0-9]"),
            Some('s') => written.push_str(r"[ \t\n\x0B\f\r]"),
            Some('S') => written.push_str(r"[^ \t\n\x0B\f\r]"),
            other => {
                written.push('\\');
                written.extend(other);
            }
        }
    }
    written
}

fn like(texts: &StringArray, patterns: &StringArray) -> Result<BooleanArray> {
    let mut known = Regexes::default();
    let rows = texts.iter().zip(patterns);
    rows.map(|row| match row {
        (Some(text), Some(pattern)) => Ok(Some(known.get(pattern)?.is_match(text))),
        _ => Ok(None),
    })
    .collect()
}

fn replace(
    texts: &StringArray,
    patterns: &StringArray,
    by: &StringArray,
    from: Option<&Int64Array>,
) -> Result<StringArray> {
    let mut known = Regexes::default();
    let mut replaced = StringBuilder::new();
    for row in 0..texts.len() {
        let position = from.map_or(Some(1), |from| from.is_valid(row).then(|| from.value(row)));
        let (true, true, true, Some(position)) =
            (texts.is_valid(row), patterns.is_valid(row), by.is_valid(row), position)
        else {
            replaced.append_null();
            continue;
        };
        if position < 1 {
            return exec_err!("[INVALID_PARAMETER_VALUE] `regexp_replace` begins at a position from 1, not {position}");
        }
        let text = texts.value(row);
        let begin = text.char_indices().nth(position as usize - 1).map_or(text.len(), |(at, _)| at);
        let by = references(by.value(row));
        replaced.append_value(format!(
            "{}{}",
            &text[..begin],
            known.get(patterns.value(row))?.replace_all(&text[begin..], by.as_ref())
        ));
    }
    Ok(replaced.finish())
}

/// Java writes `$1x` where the crate wants `${1}x`, and `\$` for a dollar.
fn references(by: &str) -> Cow<'_, str> {
    if !by.contains(['$', '\\']) {
        return Cow::Borrowed(by);
    }
    let mut written = String::with_capacity(by.len() + 8);
    let mut chars = by.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('$') => written.push_str("$$"),
                Some(other) => written.push(other),
                None => written.push('\\'),
            },
            '$' if chars.peek().is_some_and(char::is_ascii_digit) => {
                written.push_str("${");
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    written.push(digit);
                }
                written.push('}');
            }
            c => written.push(c),
        }
    }
    Cow::Owned(written)
}

/// A group of the first match; an empty text where there is none.
fn extract(texts: &StringArray, patterns: &StringArray, groups: Option<&Int64Array>) -> Result<StringArray> {
    let mut known = Regexes::default();
    let mut extracted = StringBuilder::new();
    for row in 0..texts.len() {
        match asked(texts, patterns, groups, row) {
            None => extracted.append_null(),
            Some((text, pattern, group)) => {
                let pattern = checked(known.get(pattern)?, group)?;
                extracted.append_value(pattern.captures(text).map_or("", |found| of_group(&found, group)));
            }
        }
    }
    Ok(extracted.finish())
}

fn extract_all(texts: &StringArray, patterns: &StringArray, groups: Option<&Int64Array>) -> Result<ArrayRef> {
    let mut known = Regexes::default();
    let mut extracted = ListBuilder::new(StringBuilder::new()).with_field(element());
    for row in 0..texts.len() {
        match asked(texts, patterns, groups, row) {
            None => extracted.append(false),
            Some((text, pattern, group)) => {
                let pattern = checked(known.get(pattern)?, group)?;
                pattern.captures_iter(text).for_each(|found| extracted.values().append_value(of_group(&found, group)));
                extracted.append(true);
            }
        }
    }
    Ok(Arc::new(extracted.finish()))
}

/// With a limit above 0 there are no more parts than that, and the last has the rest.
fn split_all(texts: &StringArray, patterns: &StringArray, limits: Option<&Int64Array>) -> Result<ArrayRef> {
    let mut known = Regexes::default();
    let mut parts = ListBuilder::new(StringBuilder::new()).with_field(element());
    for row in 0..texts.len() {
        let limit = limits.map_or(Some(-1), |limits| limits.is_valid(row).then(|| limits.value(row)));
        let (true, true, Some(limit)) = (texts.is_valid(row), patterns.is_valid(row), limit) else {
            parts.append(false);
            continue;
        };
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let text = texts.value(row);
        split(text, known.get(patterns.value(row))?, limit, |part| parts.values().append_value(part));
        parts.append(true);
    }
    Ok(Arc::new(parts.finish()))
}

/// As `java.lang.String.split` does, and `UTF8String.split` of Spark for a pattern without characters.
fn split(text: &str, pattern: &Regex, limit: usize, mut part: impl FnMut(&str)) {
    let (mut begin, mut count) = (0, 1);
    for found in pattern.find_iter(text) {
        let is_empty = found.is_empty();
        if count == limit
            || (is_empty && (found.end() == 0 || (pattern.as_str().is_empty() && found.end() == text.len())))
        {
            continue;
        }
        part(&text[begin..found.start()]);
        begin = found.end();
        count += 1;
    }
    part(&text[begin..]);
}

/// Text, pattern and group of a row, if none is null; without a group it is the first.
fn asked<'a>(
    texts: &'a StringArray,
    patterns: &'a StringArray,
    groups: Option<&Int64Array>,
    row: usize,
) -> Option<(&'a str, &'a str, i64)> {
    let group = groups.map_or(Some(1), |groups| groups.is_valid(row).then(|| groups.value(row)))?;
    (texts.is_valid(row) && patterns.is_valid(row)).then(|| (texts.value(row), patterns.value(row), group))
}

fn checked(pattern: &Regex, group: i64) -> Result<&Regex> {
    let last = pattern.captures_len() as i64 - 1;
    if !(0..=last).contains(&group) {
        return exec_err!(
            "[INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX] `{pattern}` has groups 0 to {last}, and no {group}"
        );
    }
    Ok(pattern)
}

fn of_group<'a>(found: &Captures<'a>, group: i64) -> &'a str {
    found.get(group as usize).map_or("", |found| found.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_java_does() {
        let split = |text: &str, pattern: &str, limit| {
            let mut parts = vec![];
            super::split(text, &Regex::new(pattern).unwrap(), limit, |part| parts.push(part.to_string()));
            parts
        };
        assert_eq!(split("oneAtwoBthreeC", "[ABC]", usize::MAX), ["one", "two", "three", ""]);
        assert_eq!(split("oneAtwoBthreeC", "[ABC]", 2), ["one", "twoBthreeC"]);
        assert_eq!(split("abc", "", usize::MAX), ["a", "b", "c"]);
        assert_eq!(split("", ",", usize::MAX), [""]);
        assert_eq!(split(",a,,", ",", usize::MAX), ["", "a", "", ""]);
    }

    #[test]
    fn classes_are_of_ascii() {
        let digits = Regex::new(&ascii_classes(r"^[\d\s]+\\$")).unwrap();
        assert!(digits.is_match("1 2\\") && !digits.is_match("\u{661}\\"));
    }

    #[test]
    fn groups_are_named_as_in_java() {
        assert_eq!(references("<$1x>"), "<${1}x>");
        assert_eq!(references(r"\$1 \\"), r"$$1 \");
        assert_eq!(references("plain"), "plain");
    }
}
