//! The fields of a record, as uniVocity's parser tells them apart with the settings that Spark gives it.

use std::collections::HashMap;

use datafusion::common::{Result, exec_err};

/// How records are written: the options of `from_csv`, `to_csv` and `schema_of_csv` that all of them have.
#[derive(Debug, Clone)]
pub struct CsvForm {
    pub separator: String,
    pub quote: char,
    pub escape: char,
    /// What stands for a null.
    pub null: String,
    /// What stands for a text without characters, where it is said.
    pub empty: Option<String>,
    /// Whether blanks are left out around a value; where it is not said, reading keeps them and writing does not.
    pub trims: (Option<bool>, Option<bool>),
    /// The others, which not all have.
    pub others: Vec<(String, String)>,
}

impl Default for CsvForm {
    fn default() -> CsvForm {
        let (separator, null) = (",".to_string(), String::new());
        CsvForm { separator, quote: '"', escape: '\\', null, empty: None, trims: (None, None), others: vec![] }
    }
}

impl CsvForm {
    pub fn of(function: &str, options: &HashMap<String, String>) -> Result<CsvForm> {
        let mut form = CsvForm::default();
        for (name, value) in options {
            let one = || match value.chars().collect::<Vec<_>>().as_slice() {
                [one] => Ok(*one),
                _ => exec_err!("[INVALID_OPTIONS] the option `{name}` of `{function}` is one character"),
            };
            let flag = || match value.to_ascii_lowercase().as_str() {
                "true" => Ok(Some(true)),
                "false" => Ok(Some(false)),
                _ => exec_err!("[INVALID_OPTIONS] the option `{name}` of `{function}` is true or false"),
            };
            match name.as_str() {
                "sep" | "delimiter" if value.is_empty() || value.contains('\\') => {
                    return exec_err!(
                        "[INVALID_DELIMITER_VALUE] `{value}` as `{name}` of `{function}` is not there yet"
                    );
                }
                "sep" | "delimiter" => form.separator = value.clone(),
                "quote" => form.quote = one()?,
                "escape" => form.escape = one()?,
                "nullvalue" => form.null = value.clone(),
                "emptyvalue" => form.empty = Some(value.clone()),
                "ignoreleadingwhitespace" => form.trims.0 = flag()?,
                "ignoretrailingwhitespace" => form.trims.1 = flag()?,
                _ => form.others.push((name.clone(), value.clone())),
            }
        }
        Ok(form)
    }

    pub fn not_there(function: &str, option: &str) -> Result<()> {
        exec_err!("the option `{option}` of `{function}` is not there yet")
    }
}

/// The fields of a text; null where nothing stands, or what stands for it. None of a text without characters.
pub fn fields(text: &str, form: &CsvForm) -> Option<Vec<Option<String>>> {
    if text.is_empty() {
        return None;
    }
    let mut found = vec![];
    let mut rest = text;
    loop {
        let (field, after) = field(rest, form);
        found.push(field);
        match after {
            Some(after) => rest = after,
            None => return Some(found),
        }
    }
}

/// The first field of a text, and what comes behind its separator if there is one.
fn field<'t>(text: &'t str, form: &CsvForm) -> (Option<String>, Option<&'t str>) {
    let (leads, trails) = (form.trims.0 == Some(true), form.trims.1 == Some(true));
    let start = if leads { text.trim_start_matches(is_blank) } else { text };
    if let Some(quoted) = start.strip_prefix(form.quote)
        && let Some((value, after)) = quoted_field(quoted, form)
    {
        let value = if value.is_empty() { form.empty.clone().unwrap_or_default() } else { value };
        return (Some(value).filter(|value| *value != form.null), after);
    }
    let (value, after) = match start.split_once(form.separator.as_str()) {
        Some((value, after)) => (value, Some(after)),
        None => (start, None),
    };
    let value = if trails { value.trim_end_matches(is_blank) } else { value };
    (Some(value).filter(|value| !value.is_empty() && *value != form.null).map(str::to_string), after)
}

/// A value behind its quote, to the quote that a separator or the end follows. None where a quote stands within it that is
/// not escaped: then the value is taken as it stands, with its quotes.
fn quoted_field<'t>(text: &'t str, form: &CsvForm) -> Option<(String, Option<&'t str>)> {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        if c == form.escape && (next == Some(form.quote) || (next == Some(form.escape) && c != form.quote)) {
            value.extend(next);
            chars.next();
        } else if c == form.quote {
            let after = text[at + c.len_utf8()..].trim_start_matches(|c| is_blank(c) && !form.separator.contains(c));
            return match after.strip_prefix(form.separator.as_str()) {
                Some(after) => Some((value, Some(after))),
                None if after.is_empty() => Some((value, None)),
                None => None,
            };
        } else {
            value.push(c);
        }
    }
    // Nothing closes it.
    Some((value, None))
}

pub fn is_blank(c: char) -> bool {
    c <= ' '
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_that_univocity_finds() {
        let found = |text: &str| {
            let found = fields(text, &CsvForm::default()).unwrap();
            found.into_iter().map(|field| field.unwrap_or("-".into())).collect::<Vec<_>>().join("|")
        };
        for (text, expected) in [
            ("1,x", "1|x"),
            (",", "-|-"),
            ("1,\"a, b\",", "1|a, b|-"),
            (r#""say \"hi\"","2""#, r#"say "hi"|2"#),
            (r#"1,"a"b,2"#, r#"1|"a"b|2"#),
            (r#"1,"say ""hi""",2"#, r#"1|"say ""hi"""|2"#),
            ("1,\"open,2", "1|open,2"),
            (r#"1, "a" ,2"#, r#"1| "a" |2"#),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        assert_eq!(fields("", &CsvForm::default()), None);
    }
}
