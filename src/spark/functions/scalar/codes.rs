//! Texts as bytes and back, in base64, hexadecimals and character sets; numbers in other bases.
//!
//! <https://spark.apache.org/docs/latest/api/sql/string-functions/>

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let to_binary: Typing = |name, types| Ok((takes(name, types, 1, &[Takes::Text; 2])?, DataType::Binary));
    let one_number: Typing = |name, types| Ok((takes(name, types, 1, &[Takes::Long])?, DataType::Utf8));
    udfs([
        function("chr", one_number, |call| call.texts(|row| Ok(call.long(0, row).map(chr)))).known_as(&["char"]),
        function(
            "base64",
            |name, types| Ok((takes(name, types, 1, &[Takes::Bytes])?, DataType::Utf8)),
            |call| call.texts(|row| Ok(call.bytes(0, row).map(to_base64))),
        ),
        function(
            "unbase64",
            |name, types| Ok((takes(name, types, 1, &[Takes::Text])?, DataType::Binary)),
            |call| {
                call.binaries(|row| {
                    let Some(text) = call.text(0, row) else { return Ok(None) };
                    of_base64(text, true).map(Some).ok_or_else(|| not_in(text, "BASE64"))
                })
            },
        )
        .fallible(),
        function("to_binary", to_binary, |call| binaries(call, false)).fallible(),
        function("try_to_binary", to_binary, |call| binaries(call, true)),
        function(
            "encode",
            |name, types| Ok((takes(name, types, 2, &[Takes::Text; 2])?, DataType::Binary)),
            |call| {
                call.binaries(|row| {
                    let (Some(text), Some(charset)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
                    Charset::named(charset)?.encode(text).map(Some)
                })
            },
        )
        .fallible(),
        function("decode", decoded_types, |call| {
            call.texts(|row| {
                let (Some(bytes), Some(charset)) = (call.bytes(0, row), call.text(1, row)) else { return Ok(None) };
                Charset::named(charset)?.decode(bytes).map(Some)
            })
        })
        .fallible(),
        function(
            "conv",
            |name, types| Ok((takes(name, types, 3, &[Takes::Text, Takes::Int, Takes::Int])?, DataType::Utf8)),
            |call| {
                call.texts(|row| {
                    let (Some(text), Some(from), Some(to)) = (call.text(0, row), call.int(1, row), call.int(2, row))
                    else {
                        return Ok(None);
                    };
                    converted(text.trim(), from, to, call.ansi)
                })
            },
        )
        .fallible(),
    ])
}

fn decoded_types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    if types.len() != 2 {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a binary and a character set here");
    }
    Ok((takes(name, types, 2, &[Takes::Binary, Takes::Text])?, DataType::Utf8))
}

/// Of a number beyond 255 the lowest byte; of one below zero nothing.
fn chr(number: i64) -> String {
    if number < 0 { String::new() } else { char::from((number & 0xff) as u8).to_string() }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| three.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = BASE64[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// `None` for what is not so. A lenient reader goes past what is no letter of it, as Java's for mails does; a strict one past
/// blanks alone.
pub fn of_base64(text: &str, is_lenient: bool) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut letters, mut padding) = (Vec::with_capacity(text.len()), 0_u32, 0, 0);
    for byte in text.bytes() {
        match BASE64.iter().position(|letter| *letter == byte) {
            Some(_) if padding > 0 => return None,
            Some(value) => {
                bits = bits << 6 | value as u32;
                letters += 1;
                if letters % 4 == 0 {
                    bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
                    bits = 0;
                }
            }
            None if byte == b'=' => padding += 1,
            None if is_lenient || byte.is_ascii_whitespace() => {}
            None => return None,
        }
    }
    let rest = letters % 4;
    let is_padded = padding == 0 || padding == (4 - rest) % 4;
    match rest {
        1 => return None,
        2 => bytes.push((bits >> 4) as u8),
        3 => bytes.extend([(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {}
    }
    is_padded.then_some(bytes)
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<Vec<_>>>()?;
    // The first of an odd number stands alone.
    let (first, rest) = digits.split_at(digits.len() % 2);
    Some(first.iter().copied().chain(rest.chunks(2).map(|two| two[0] << 4 | two[1])).collect())
}

fn not_in(text: &str, format: &str) -> datafusion::common::DataFusionError {
    fault(format!(
        "[CONVERSION_INVALID_INPUT] `{text}` is not {format}; where that is to be null, write `try_to_binary(…, '{format}')`"
    ))
}

fn binaries(call: &RowCall, tries: bool) -> Result<ArrayRef> {
    call.binaries(|row| {
        let format = if call.has(1) { call.text(1, row) } else { Some("hex") };
        let (Some(text), Some(format)) = (call.text(0, row), format) else { return Ok(None) };
        let bytes = match format.to_ascii_lowercase().as_str() {
            "hex" => of_hex(text),
            "base64" => of_base64(text, false),
            "utf-8" | "utf8" => Some(text.as_bytes().to_vec()),
            _ => {
                return Err(fault(format!(
                    "[DATATYPE_MISMATCH.INVALID_ARG_VALUE] `{format}` is not one of hex, base64 and utf-8"
                )));
            }
        };
        match bytes {
            None if !tries => Err(not_in(text, &format.to_uppercase())),
            bytes => Ok(bytes),
        }
    })
}

#[derive(Debug, Clone, Copy)]
enum Charset {
    /// Of bytes up to this one.
    Single(u32),
    Utf8,
    Utf16 {
        big: bool,
        marked: bool,
    },
    Utf32,
}

impl Charset {
    fn named(name: &str) -> Result<Charset> {
        Ok(match name.to_uppercase().as_str() {
            "US-ASCII" => Charset::Single(0x7f),
            "ISO-8859-1" => Charset::Single(0xff),
            "UTF-8" => Charset::Utf8,
            "UTF-16" => Charset::Utf16 { big: true, marked: true },
            "UTF-16BE" => Charset::Utf16 { big: true, marked: false },
            "UTF-16LE" => Charset::Utf16 { big: false, marked: false },
            "UTF-32" => Charset::Utf32,
            _ => {
                return Err(fault(format!(
                    "[INVALID_PARAMETER_VALUE.CHARSET] `{name}` is not one of US-ASCII, ISO-8859-1, UTF-8, UTF-16, \
                     UTF-16BE, UTF-16LE and UTF-32"
                )));
            }
        })
    }

    fn encode(self, text: &str) -> Result<Vec<u8>> {
        Ok(match self {
            Charset::Single(last) => {
                let byte = |c: char| if u32::from(c) <= last { Ok(c as u8) } else { Err(self.malformed()) };
                text.chars().map(byte).collect::<Result<_>>()?
            }
            Charset::Utf8 => text.as_bytes().to_vec(),
            Charset::Utf16 { big, marked } => {
                let mark = Some(0xfeff_u16).filter(|_| marked && !text.is_empty());
                let units = mark.into_iter().chain(text.encode_utf16());
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
            }
            Charset::Utf32 => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        })
    }

    fn decode(self, bytes: &[u8]) -> Result<String> {
        let text = match self {
            Charset::Single(last) => {
                let character = |byte: &u8| Some(char::from(*byte)).filter(|c| u32::from(*c) <= last);
                bytes.iter().map(character).collect::<Option<String>>()
            }
            Charset::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_string),
            Charset::Utf16 { big, marked } => {
                let (big, bytes) = match bytes {
                    [0xfe, 0xff, rest @ ..] if marked => (true, rest),
                    [0xff, 0xfe, rest @ ..] if marked => (false, rest),
                    bytes => (big, bytes),
                };
                let unit = |two: &[u8]| {
                    if big { u16::from_be_bytes([two[0], two[1]]) } else { u16::from_le_bytes([two[0], two[1]]) }
                };
                let units: Vec<u16> = bytes.chunks_exact(2).map(unit).collect();
                String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
            }
            Charset::Utf32 => {
                let character = |four: &[u8]| char::from_u32(u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
                let text = bytes.chunks_exact(4).map(character).collect::<Option<String>>();
                text.filter(|_| bytes.len().is_multiple_of(4))
            }
        };
        text.ok_or_else(|| self.malformed())
    }

    fn malformed(self) -> datafusion::common::DataFusionError {
        fault(format!("[MALFORMED_CHARACTER_CODING] the value has what {self:?} does not"))
    }
}

/// `NumberConverter` in Spark: as an unsigned number of 64 bits, up to what is no digit; with a negative base as a signed one.
fn converted(text: &str, from: i32, to: i32, ansi: bool) -> Result<Option<String>> {
    if !(2..=36).contains(&from) || !(2..=36).contains(&to.abs()) || text.is_empty() {
        return Ok(None);
    }
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut value = 0_u64;
    for digit in digits.chars().map_while(|c| c.to_digit(from as u32)) {
        match value.checked_mul(from as u64).and_then(|value| value.checked_add(digit.into())) {
            Some(more) => value = more,
            None if ansi => {
                return Err(fault(format!("[ARITHMETIC_OVERFLOW] `{text}` has more than 64 bits, in `conv`")));
            }
            None => {
                value = u64::MAX;
                break;
            }
        }
    }
    let mut is_negative = is_negative;
    if is_negative && to > 0 {
        // The bits of the negative number are taken for an unsigned one.
        value = if (value as i64) < 0 { u64::MAX } else { value.wrapping_neg() };
        is_negative = false;
    }
    if to < 0 && (value as i64) < 0 {
        value = value.wrapping_neg();
        is_negative = true;
    }
    let mut written = vec![];
    loop {
        let digit = (value % u64::from(to.unsigned_abs())) as u32;
        written.push(char::from_digit(digit, to.unsigned_abs()).unwrap_or('0').to_ascii_uppercase());
        value /= u64::from(to.unsigned_abs());
        if value == 0 {
            break;
        }
    }
    written.extend(is_negative.then_some('-'));
    Ok(Some(written.into_iter().rev().collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_is_read_as_java_does() {
        assert_eq!(of_base64("ñandú", true), Some(vec![0x6a, 0x77]));
        assert_eq!(of_base64("ñandú", false), None);
        assert_eq!(of_base64("YWJj ZA==", false), Some(b"abcd".to_vec()));
        assert_eq!(of_base64("a", true), None);
    }

    #[test]
    fn numbers_have_64_bits() {
        // Asked of PySpark 4.3: `conv(text, from, to)`.
        for (text, from, to, found) in [
            ("-10", 10, 16, Some("FFFFFFFFFFFFFFF6")),
            ("zz", 36, 10, Some("1295")),
            ("ñ", 16, 10, Some("0")),
            ("", 16, 10, None),
        ] {
            assert_eq!(converted(text, from, to, true).unwrap().as_deref(), found, "{text}");
        }
    }

    proptest! {
        #[test]
        fn base64_reads_back(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(of_base64(&to_base64(&bytes), false), Some(bytes.clone()));
            prop_assert_eq!(of_base64(&to_base64(&bytes), true), Some(bytes));
        }
    }
}
