//! Parts of texts: places count characters, from 1, and from the end where they are negative.
//!
//! <https://spark.apache.org/docs/latest/api/sql/string-functions/>

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let one: Typing = |name, types| Ok((takes(name, types, 1, &[Takes::Text])?, DataType::Utf8));
    let one_or_two: Typing = |name, types| Ok((takes(name, types, 1, &[Takes::Text; 2])?, DataType::Utf8));
    let and_number: Typing = |name, types| Ok((takes(name, types, 2, &[Takes::Text, Takes::Int])?, DataType::Utf8));
    let two_asked: Typing = |name, types| Ok((takes(name, types, 2, &[Takes::Text; 2])?, DataType::Boolean));
    let placed: Typing =
        |name, types| Ok((takes(name, types, 2, &[Takes::Text, Takes::Text, Takes::Int])?, DataType::Int32));
    let measured: Typing = |name, types| Ok((takes(name, types, 1, &[Takes::Bytes])?, DataType::Int32));
    udfs([
        function("upper", one, |call| call.texts(|row| Ok(call.text(0, row).map(str::to_uppercase))))
            .known_as(&["ucase"]),
        function("lower", one, |call| call.texts(|row| Ok(call.text(0, row).map(str::to_lowercase))))
            .known_as(&["lcase"]),
        function("initcap", one, |call| call.texts(|row| Ok(call.text(0, row).map(initcap)))),
        function("btrim", one_or_two, |call| trimmed(call, 0, 1, [true, true])).known_as(&["trim"]),
        // What is trimmed comes first where it is said.
        function("ltrim", one_or_two, |call| trimmed(call, usize::from(call.has(1)), 0, [true, false])),
        function("rtrim", one_or_two, |call| trimmed(call, usize::from(call.has(1)), 0, [false, true])),
        function(
            "substring",
            |name, types| {
                let taken = takes(name, types, 2, &[text_or_binary(types), Takes::Int, Takes::Int])?;
                Ok((taken.clone(), taken[0].clone()))
            },
            substrings,
        )
        .known_as(&["substr"]),
        function(
            "left",
            |name, types| {
                let taken = takes(name, types, 2, &[text_or_binary(types), Takes::Int])?;
                Ok((taken.clone(), taken[0].clone()))
            },
            left,
        ),
        function("octet_length", measured, |call| {
            call.ints(|row| Ok(call.bytes(0, row).map(|bytes| bytes.len() as i32)))
        }),
        function("bit_length", measured, |call| {
            call.ints(|row| Ok(call.bytes(0, row).map(|bytes| bytes.len() as i32 * 8)))
        }),
        function("right", and_number, |call| {
            of_two(
                call,
                |text, number| if number <= 0 { String::new() } else { part(text, -number, number).to_string() },
            )
        }),
        function(
            "overlay",
            |name, types| {
                let all = [Takes::Text, Takes::Text, Takes::Int, Takes::Int];
                Ok((takes(name, types, 3, &all)?, DataType::Utf8))
            },
            overlaid,
        ),
        function("locate", placed, located).known_as(&["position"]),
        function("startswith", two_asked, |call| asked(call, |text, part| text.starts_with(part))),
        function("endswith", two_asked, |call| asked(call, |text, part| text.ends_with(part))),
        function("contains", two_asked, |call| asked(call, |text, part| text.contains(part))),
        function("replace", |name, types| Ok((takes(name, types, 2, &[Takes::Text; 3])?, DataType::Utf8)), replaced),
        function(
            "split_part",
            |name, types| Ok((takes(name, types, 3, &[Takes::Text, Takes::Text, Takes::Int])?, DataType::Utf8)),
            split_part,
        )
        .fallible(),
        function(
            "space",
            |name, types| Ok((takes(name, types, 1, &[Takes::Int])?, DataType::Utf8)),
            |call| call.texts(|row| Ok(call.int(0, row).map(|number| " ".repeat(number.max(0) as usize)))),
        ),
        function("levenshtein", placed, levenshtein),
        function("validate_utf8", read_as_text, |call| {
            call.texts(|row| match call.bytes(0, row).map(std::str::from_utf8) {
                Some(Ok(text)) => Ok(Some(text)),
                Some(Err(_)) => Err(fault("[INVALID_UTF8_STRING] `validate_utf8` was given bytes that are no text")),
                None => Ok(None),
            })
        })
        .fallible(),
        function("try_validate_utf8", read_as_text, |call| {
            call.texts(|row| Ok(call.bytes(0, row).and_then(|bytes| std::str::from_utf8(bytes).ok())))
        }),
        function("mask", |name, types| Ok((takes(name, types, 1, &[Takes::Text; 5])?, DataType::Utf8)), masked)
            .fallible(),
        function("collation", one, |call| {
            let name = ScalarValue::from("SYSTEM.BUILTIN.UTF8_BINARY");
            name.to_array_of_size(call.rows)
        }),
    ])
}

/// Of a binary they count bytes.
fn text_or_binary(types: &[DataType]) -> Takes {
    if types.first() == Some(&DataType::Binary) { Takes::Bytes } else { Takes::Text }
}

fn read_as_text(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes(name, types, 1, &[text_or_binary(types)])?, DataType::Utf8))
}

fn left(call: &RowCall) -> Result<ArrayRef> {
    if *call.gives == DataType::Binary {
        return call.binaries(|row| {
            let parts = call.bytes(0, row).zip(call.int(1, row));
            Ok(parts.map(|(bytes, number)| bytes[..bytes.len().min(number.max(0) as usize)].to_vec()))
        });
    }
    of_two(call, |text, number| part(text, 1, number.max(0)).to_string())
}

/// Words are parted by blanks alone.
fn initcap(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins {
            words.extend(c.to_uppercase());
        } else {
            words.extend(c.to_lowercase());
        }
        begins = c == ' ';
    }
    words
}

fn trimmed(call: &RowCall, text: usize, what: usize, [start, end]: [bool; 2]) -> Result<ArrayRef> {
    call.texts(|row| {
        let what = if call.has(1) { call.text(what, row) } else { Some(" ") };
        Ok(call.text(text, row).zip(what).map(|(mut text, what)| {
            let is_such = |c: char| what.contains(c);
            if start {
                text = text.trim_start_matches(is_such);
            }
            if end {
                text = text.trim_end_matches(is_such);
            }
            text
        }))
    })
}

/// `UTF8String.substringSQL`: a place before the text's start takes up length.
pub fn part(text: &str, place: i32, length: i32) -> &str {
    let characters = || text.chars().count() as i64;
    let start = match i64::from(place) {
        place if place > 0 => place - 1,
        place if place < 0 => characters() + place,
        _ => 0,
    };
    let end = if length == i32::MAX { i64::MAX } else { start + i64::from(length) };
    if end <= start.max(0) {
        return "";
    }
    let byte_of = |character: i64| match usize::try_from(character) {
        Ok(character) => text.char_indices().nth(character).map_or(text.len(), |(at, _)| at),
        Err(_) => 0,
    };
    let end = if end == i64::MAX { text.len() } else { byte_of(end) };
    &text[byte_of(start).min(end)..end]
}

fn substrings(call: &RowCall) -> Result<ArrayRef> {
    let length = |row: usize| if call.has(2) { call.int(2, row) } else { Some(i32::MAX) };
    if *call.args[0].data_type() == DataType::Binary {
        return call.binaries(|row| {
            let (Some(bytes), Some(place), Some(length)) = (call.bytes(0, row), call.int(1, row), length(row)) else {
                return Ok(None);
            };
            let all = bytes.len() as i64;
            let start = match i64::from(place) {
                place if place > 0 => place - 1,
                place if place < 0 => all + place,
                _ => 0,
            };
            let (start, end) = (start.clamp(0, all), (start + i64::from(length)).clamp(0, all));
            Ok(Some(bytes.get(start as usize..end as usize).unwrap_or_default().to_vec()))
        });
    }
    call.texts(|row| match (call.text(0, row), call.int(1, row), length(row)) {
        (Some(text), Some(place), Some(length)) => Ok(Some(part(text, place, length))),
        _ => Ok(None),
    })
}

fn of_two(call: &RowCall, of_row: impl Fn(&str, i32) -> String) -> Result<ArrayRef> {
    call.texts(|row| Ok(call.text(0, row).zip(call.int(1, row)).map(|(text, number)| of_row(text, number))))
}

fn asked(call: &RowCall, of_row: impl Fn(&str, &str) -> bool) -> Result<ArrayRef> {
    call.flags(|row| Ok(call.text(0, row).zip(call.text(1, row)).map(|(text, part)| of_row(text, part))))
}

fn overlaid(call: &RowCall) -> Result<ArrayRef> {
    call.texts(|row| {
        let (Some(text), Some(new), Some(place)) = (call.text(0, row), call.text(1, row), call.int(2, row)) else {
            return Ok(None);
        };
        let length = if call.has(3) { call.int(3, row) } else { Some(-1) };
        let Some(length) = length else { return Ok(None) };
        let length = if length < 0 { new.chars().count() as i32 } else { length };
        let after = part(text, place.saturating_add(length), i32::MAX);
        Ok(Some(format!("{}{new}{after}", part(text, 1, place - 1))))
    })
}

/// Of what, in what, from where; 0 where it is not.
fn located(call: &RowCall) -> Result<ArrayRef> {
    call.ints(|row| {
        let from = if call.has(2) { call.int(2, row) } else { Some(1) };
        // Without a place to begin at it is nowhere.
        let Some(from) = from else { return Ok(Some(0)) };
        let (Some(wanted), Some(text)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
        if from < 1 {
            return Ok(Some(0));
        }
        if wanted.is_empty() {
            return Ok(Some(1));
        }
        let start = text.char_indices().nth(from as usize - 1).map_or(text.len(), |(at, _)| at);
        let found = text[start..].find(wanted);
        Ok(Some(found.map_or(0, |at| text[..start + at].chars().count() as i32 + 1)))
    })
}

fn replaced(call: &RowCall) -> Result<ArrayRef> {
    call.texts(|row| {
        let new = if call.has(2) { call.text(2, row) } else { Some("") };
        let (Some(text), Some(old), Some(new)) = (call.text(0, row), call.text(1, row), new) else { return Ok(None) };
        Ok(Some(if old.is_empty() { text.to_string() } else { text.replace(old, new) }))
    })
}

fn split_part(call: &RowCall) -> Result<ArrayRef> {
    call.texts(|row| {
        let (Some(text), Some(by), Some(place)) = (call.text(0, row), call.text(1, row), call.int(2, row)) else {
            return Ok(None);
        };
        if place == 0 {
            return Err(fault("[INVALID_INDEX_OF_ZERO] parts count from 1, and from -1 at the end"));
        }
        let parts: Vec<&str> = if by.is_empty() { vec![text] } else { text.split(by).collect() };
        let at = if place > 0 { i64::from(place) - 1 } else { parts.len() as i64 + i64::from(place) };
        Ok(Some(usize::try_from(at).ok().and_then(|at| parts.get(at).copied()).unwrap_or_default()))
    })
}

/// How many characters are to be changed; -1 where they are more than the third argument says.
fn levenshtein(call: &RowCall) -> Result<ArrayRef> {
    call.ints(|row| {
        // A null in a column is 0, as in Spark.
        let most = if call.has(2) { call.int(2, row).unwrap_or(0) } else { i32::MAX };
        let (Some(one), Some(other)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
        let distance = strsim::levenshtein(one, other) as i32;
        Ok(Some(if distance > most { -1 } else { distance }))
    })
}

/// Letters and digits become others, what is null stays.
fn masked(call: &RowCall) -> Result<ArrayRef> {
    let mask = |place: usize, row: usize, usual: Option<char>| -> Result<Option<char>> {
        if !call.has(place) {
            return Ok(usual);
        }
        let Some(mask) = call.text(place, row) else { return Ok(None) };
        let mut chars = mask.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Some(c)),
            _ => Err(fault(format!("[DATATYPE_MISMATCH.INPUT_SIZE_NOT_ONE] a mask is one character, not `{mask}`"))),
        }
    };
    call.texts(|row| {
        let Some(text) = call.text(0, row) else { return Ok(None) };
        let (upper, lower) = (mask(1, row, Some('X'))?, mask(2, row, Some('x'))?);
        let (digit, other) = (mask(3, row, Some('n'))?, mask(4, row, None)?);
        let masked = |c: char| {
            let mask = match c {
                c if c.is_uppercase() => upper,
                c if c.is_lowercase() => lower,
                c if c.is_numeric() => digit,
                _ => other,
            };
            mask.unwrap_or(c)
        };
        Ok(Some(text.chars().map(masked).collect::<String>()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_before_the_start_take_up_length() {
        // Asked of PySpark 4.3: `substring(s, n, m)`.
        for (place, length, found) in
            [(1, 3, "Spa"), (0, 2, "Sp"), (-3, 2, "ar"), (-7, 4, "Sp"), (2, -1, ""), (9, 2, ""), (-100, 99, "Spar")]
        {
            assert_eq!(part("Spark", place, length), found, "{place} {length}");
        }
        assert_eq!(part("ñ🙂d", 2, 1), "🙂");
    }
}
