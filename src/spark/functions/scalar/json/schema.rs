//! `schema_of_json`: the type that a JSON has, in the words of a schema.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#schema_of_json>

use super::value::JsonValue;

#[derive(Debug, Clone, PartialEq)]
enum Inferred {
    Null,
    Flag,
    Long,
    /// Of so many digits.
    Decimal(usize),
    Double,
    Text,
    List(Box<Inferred>),
    Object(Vec<(String, Inferred)>),
}

pub fn of(value: &JsonValue) -> String {
    let mut text = String::new();
    inferred(value).write(&mut text);
    text
}

fn inferred(value: &JsonValue) -> Inferred {
    match value {
        JsonValue::Null => Inferred::Null,
        JsonValue::Flag(_) => Inferred::Flag,
        JsonValue::Text(_) => Inferred::Text,
        JsonValue::Number(number) if number.contains(['.', 'e', 'E', 'N', 'I']) => Inferred::Double,
        JsonValue::Number(number) if number.parse::<i64>().is_ok() => Inferred::Long,
        JsonValue::Number(number) => match number.trim_start_matches('-').len() {
            digits @ ..=38 => Inferred::Decimal(digits),
            _ => Inferred::Double,
        },
        JsonValue::List(values) => {
            Inferred::List(Box::new(values.iter().map(inferred).reduce(merged).unwrap_or(Inferred::Null)))
        }
        JsonValue::Object(fields) => {
            let own = fields.iter().map(|(name, value)| (name.clone(), inferred(value)));
            Inferred::Object(by_name(own.collect()))
        }
    }
}

fn by_name(mut fields: Vec<(String, Inferred)>) -> Vec<(String, Inferred)> {
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut all: Vec<(String, Inferred)> = vec![];
    for (name, kind) in fields {
        match all.last_mut() {
            Some((last, known)) if *last == name => *known = merged(known.clone(), kind),
            _ => all.push((name, kind)),
        }
    }
    all
}

/// What holds both.
fn merged(one: Inferred, other: Inferred) -> Inferred {
    match (one, other) {
        (one, other) if one == other => one,
        (Inferred::Null, kind) | (kind, Inferred::Null) => kind,
        (Inferred::Double, Inferred::Long | Inferred::Decimal(_))
        | (Inferred::Long | Inferred::Decimal(_), Inferred::Double) => Inferred::Double,
        (Inferred::Decimal(digits), Inferred::Long) | (Inferred::Long, Inferred::Decimal(digits)) => {
            Inferred::Decimal(digits.max(20))
        }
        (Inferred::Decimal(one), Inferred::Decimal(other)) => Inferred::Decimal(one.max(other)),
        (Inferred::List(one), Inferred::List(other)) => Inferred::List(Box::new(merged(*one, *other))),
        (Inferred::Object(one), Inferred::Object(other)) => {
            Inferred::Object(by_name(one.into_iter().chain(other).collect()))
        }
        _ => Inferred::Text,
    }
}

impl Inferred {
    fn write(&self, text: &mut String) {
        match self {
            Inferred::Null | Inferred::Text => text.push_str("STRING"),
            Inferred::Flag => text.push_str("BOOLEAN"),
            Inferred::Long => text.push_str("BIGINT"),
            Inferred::Decimal(digits) => text.push_str(&format!("DECIMAL({digits},0)")),
            Inferred::Double => text.push_str("DOUBLE"),
            Inferred::List(item) => {
                text.push_str("ARRAY<");
                item.write(text);
                text.push('>');
            }
            Inferred::Object(fields) => {
                text.push_str("STRUCT<");
                for (at, (name, kind)) in fields.iter().enumerate() {
                    text.push_str(if at > 0 { ", " } else { "" });
                    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                    match is_plain {
                        true => text.push_str(name),
                        false => text.push_str(&format!("`{}`", name.replace('`', "``"))),
                    }
                    text.push_str(": ");
                    kind.write(text);
                }
                text.push('>');
            }
        }
    }
}
