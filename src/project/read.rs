//! From a YAML tree to typed values with serde, finding every fault instead of the first.
//!
//! Three things make that work: [`De`] checks a mapping's keys before serde sees them and leaves unknown ones
//! out; an error is written down where it happens; and [`At`] swallows the error of its value, so that
//! what stands around it is still read.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::value::SeqDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

use super::draft::Name;
use super::faults::Faults;

use crate::error::Span;

use super::written::WRITTEN;
use super::yaml::{YamlKey, YamlKind, YamlNode};
use crate::hints::{listed, nearest, suggest};

/// A value with its place. `value` is missing when it could not be read, which has been reported.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// Where its key stands; its own place when it has none.
    pub key: Span,
    pub span: Span,
    pub value: Option<T>,
}

/// What an optional key holds; the outer `None` when that could not be read.
pub fn given<T: Clone>(at: &Option<At<T>>) -> Option<Option<T>> {
    at.as_ref().map_or(Some(None), |at| at.value.clone().map(Some))
}

/// What an optional key holds, else its default; `None` when it could not be read.
pub fn given_or<T: Clone>(at: &Option<At<T>>, default: T) -> Option<T> {
    given(at).map(|value| value.unwrap_or(default))
}

/// Reports a number that is not in its range: one that is meant well lies far inside.
pub fn within<T: Copy + PartialOrd + fmt::Display>(
    name: &str,
    at: &At<T>,
    range: RangeInclusive<T>,
    faults: &mut Faults,
) {
    if at.value.is_some_and(|value| !range.contains(&value)) {
        faults.add(&at.span, format!("`{name}` must be {} to {}", range.start(), range.end()));
    }
}

/// Reads a whole tree; `None` when too little of it could be read.
pub fn read<T: for<'de> Deserialize<'de>>(node: &YamlNode, faults: &mut Faults) -> Option<T> {
    let faults = RefCell::new(faults);
    De { node, key: None, faults: &faults }.value(PhantomData).ok()
}

/// Why a value could not be read. Serde's visitors make the first, which has no place yet.
#[derive(Debug)]
enum ReadFault {
    Unplaced {
        message: String,
        hint: Option<String>,
    },
    /// This key is not there.
    Missing(&'static str),
    Reported,
}

#[derive(Clone, Copy)]
struct De<'a> {
    node: &'a YamlNode,
    key: Option<&'a Span>,
    faults: &'a RefCell<&'a mut Faults>,
}

impl<'a> De<'a> {
    /// Reads the value and reports its fault here, unless something within has done so.
    fn value<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ReadFault> {
        seed.deserialize(self).map_err(|fault| {
            let (message, hint) = match fault {
                ReadFault::Unplaced { message, hint } => (message, hint),
                ReadFault::Missing(key) => (format!("`{key}` is missing"), Some(format!("add `{key}:`"))),
                ReadFault::Reported => return ReadFault::Reported,
            };
            let place = self.place();
            self.faults.borrow_mut().add(&place, message).hint = hint;
            ReadFault::Reported
        })
    }

    /// Where to point: a scalar itself, but only the key of something long.
    fn place(self) -> Span {
        match (&self.node.kind, self.key) {
            (YamlKind::List(_) | YamlKind::Map(_), Some(key)) => key.clone(),
            (YamlKind::List(_) | YamlKind::Map(_), None) => {
                let text = &self.faults.borrow().file.text[self.node.span.clone()];
                self.node.span.start..self.node.span.start + text.lines().next().unwrap_or_default().len()
            }
            (_, Some(key)) if self.node.span.is_empty() => key.clone(),
            _ => self.node.span.clone(),
        }
    }

    fn expected(self, what: &str) -> ReadFault {
        let found = match &self.node.kind {
            YamlKind::Unset => return ReadFault::Reported,
            _ if self.node.is_null() => "nothing".to_string(),
            YamlKind::Scalar { text, shown, .. } => format!("`{}`", shown.as_ref().unwrap_or(text)),
            YamlKind::List(_) => "a list".to_string(),
            YamlKind::Map(_) => "a mapping".to_string(),
        };
        ReadFault::Unplaced { message: format!("expected {what}, found {found}"), hint: None }
    }

    /// The scalar as a number or truth value, when it may be one.
    fn parsed<T: std::str::FromStr>(self, what: &str) -> Result<T, ReadFault> {
        match &self.node.kind {
            YamlKind::Scalar { text, plain: true, .. } => text.parse().map_err(|_| self.expected(what)),
            YamlKind::Scalar { text, plain: false, .. } => Err(ReadFault::Unplaced {
                message: format!("expected {what}, found the text `{text}`"),
                hint: text.parse::<T>().is_ok().then(|| "leave the quotes out".to_string()),
            }),
            _ => Err(self.expected(what)),
        }
    }

    fn text(self, what: &str) -> Result<&'a str, ReadFault> {
        match &self.node.kind {
            YamlKind::Scalar { text, .. } if !self.node.is_null() => Ok(text),
            _ => Err(self.expected(what)),
        }
    }

    fn entries(self) -> Result<&'a [(YamlKey, YamlNode)], ReadFault> {
        match &self.node.kind {
            YamlKind::Map(entries) => Ok(entries),
            _ if self.node.is_null() => Ok(&[]),
            _ => Err(self.expected("a mapping")),
        }
    }

    fn with(self, node: &'a YamlNode, key: Option<&'a Span>) -> Self {
        De { node, key, ..self }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty, $what:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
            visitor.$visit(self.parsed::<$type>($what)?)
        })*
    };
}

impl<'de> Deserializer<'de> for De<'_> {
    type Error = ReadFault;

    numbers! {
        deserialize_bool visit_bool bool, "true or false";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u32 visit_u32 u32, "a whole number from 0 to 4294967295";
        deserialize_u64 visit_u64 u64, "a whole number, 0 or more";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match &self.node.kind {
            YamlKind::Scalar { .. } if self.node.is_null() => visitor.visit_unit(),
            YamlKind::Scalar { text, plain: true, .. } => match (text.parse(), text.parse(), text.parse::<f64>()) {
                (Ok(truth), _, _) => visitor.visit_bool(truth),
                (_, Ok(whole), _) => visitor.visit_i64(whole),
                (_, _, Ok(number)) if has_digits(text) => match kept(text, number) {
                    true => visitor.visit_f64(number),
                    false => Err(ReadFault::Unplaced {
                        message: format!("`{text}` has more digits than a number of 64 bits keeps"),
                        hint: Some("write fewer of them, or put it in quotes".into()),
                    }),
                },
                _ => visitor.visit_str(text),
            },
            YamlKind::Scalar { text, .. } => visitor.visit_str(text),
            YamlKind::List(_) => self.deserialize_seq(visitor),
            YamlKind::Map(_) => self.deserialize_map(visitor),
            YamlKind::Unset => Err(ReadFault::Reported),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_str(self.text("text")?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        match name {
            AT => visitor.visit_seq(AtParts { de: self, next: 0 }),
            ONE_OR_MORE => match &self.node.kind {
                YamlKind::List(items) => visitor.visit_seq(Items { de: self, items: items.iter() }),
                _ => visitor.visit_seq(Items { de: self, items: std::slice::from_ref(self.node).iter() }),
            },
            WRITTEN => {
                let text = self.text("text")?.to_string();
                let shown = if let YamlKind::Scalar { shown, .. } = &self.node.kind { shown.clone() } else { None };
                visitor.visit_seq(SeqDeserializer::new(std::iter::once(text).chain(shown)))
            }
            SHORT => match &self.node.kind {
                YamlKind::Scalar { .. } => visitor.visit_str(self.text("text")?),
                _ => visitor.visit_newtype_struct(self),
            },
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        let what = format!("one of {}", listed(variants));
        visitor.visit_enum(self.text(&what)?.into_deserializer())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match &self.node.kind {
            YamlKind::List(items) => visitor.visit_seq(Items { de: self, items: items.iter() }),
            _ => Err(self.expected("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        let entries = self.entries()?.iter().collect();
        visitor.visit_map(MapEntries { de: self, entries, next: 0 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        let (known, unknown): (Vec<_>, Vec<_>) =
            self.entries()?.iter().partition(|(key, _)| fields.contains(&key.text.as_str()));
        for (key, _) in &unknown {
            let mut faults = self.faults.borrow_mut();
            faults
                .add(&key.span, format!("unknown key `{}`", key.text))
                .hint(suggest(&key.text, fields.iter().copied()));
        }
        let is_misspelt = |field: &str| unknown.iter().any(|(key, _)| nearest(&key.text, [field]).is_some());
        match visitor.visit_map(MapEntries { de: self, entries: known, next: 0 }) {
            Err(ReadFault::Missing(field)) if is_misspelt(field) => Err(ReadFault::Reported),
            read => read,
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u16 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// Rust reads `nan` and `inf` as numbers, YAML as words.
fn has_digits(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

/// Whether the number is what was written, to the last digit.
fn kept(text: &str, number: f64) -> bool {
    let digits = |text: &str| {
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_string()
    };
    number.is_finite() && digits(text) == digits(&format!("{number:e}"))
}

struct Items<'a> {
    de: De<'a>,
    items: std::slice::Iter<'a, YamlNode>,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = ReadFault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadFault> {
        self.items.next().map(|item| self.de.with(item, None).value(seed)).transpose()
    }
}

struct MapEntries<'a> {
    de: De<'a>,
    entries: Vec<&'a (YamlKey, YamlNode)>,
    next: usize,
}

impl<'de> de::MapAccess<'de> for MapEntries<'_> {
    type Error = ReadFault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadFault> {
        self.entries.get(self.next).map(|(key, _)| seed.deserialize(key.text.as_str().into_deserializer())).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadFault> {
        let (key, value) = self.entries[self.next];
        self.next += 1;
        self.de.with(value, Some(&key.span)).value(seed)
    }
}

/// The name by which a value that is a word or a mapping asks [`De`] for either.
pub const SHORT: &str = "trapiche::Short";

/// The name by which a value that may also be a list of values asks [`De`] for the list.
pub const ONE_OR_MORE: &str = "trapiche::OneOrMore";

/// The name by which [`At`] asks [`De`] for its place.
const AT: &str = "trapiche::At";

/// What `De` hands to an [`At`]: start and end of the key, start and end of the value, the value.
struct AtParts<'a> {
    de: De<'a>,
    next: usize,
}

impl<'de> de::SeqAccess<'de> for AtParts<'_> {
    type Error = ReadFault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadFault> {
        let span = self.de.place();
        let key = self.de.key.unwrap_or(&span);
        let value = &self.de.node.span;
        let places = [key.start, key.end, value.start, value.end];
        self.next += 1;
        match places.get(self.next - 1) {
            Some(place) => seed.deserialize((*place as u64).into_deserializer()).map(Some),
            None => self.de.value(seed).map(Some),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
            type Value = At<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut parts: A) -> Result<At<T>, A::Error> {
                let mut place = || Ok(parts.next_element::<usize>()?.unwrap_or_default());
                let (key, span) = (place()?..place()?, place()?..place()?);
                Ok(At { key, span, value: parts.next_element().ok().flatten() })
            }
        }

        deserializer.deserialize_newtype_struct(AT, Parts(PhantomData))
    }
}

/// As `T`; and where `T` is a number or a truth value, also text with a `${VARIABLE}`.
impl<T: schemars::JsonSchema> schemars::JsonSchema for At<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let inner = generator.subschema_for::<T>();
        match inner.get("type").and_then(|kind| kind.as_str()) {
            Some("boolean" | "integer" | "number") => {
                schemars::json_schema!({ "anyOf": [inner, { "type": "string", "pattern": r"\$\{.+\}" }] })
            }
            _ => inner,
        }
    }
}

impl de::Error for ReadFault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        ReadFault::Unplaced { message: message.to_string(), hint: None }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let hint = Some(suggest(variant, expected.iter().copied()));
        ReadFault::Unplaced { message: format!("unknown value `{variant}`"), hint }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let hint = Some(suggest(field, expected.iter().copied()));
        ReadFault::Unplaced { message: format!("unknown key `{field}`"), hint }
    }

    fn missing_field(field: &'static str) -> Self {
        ReadFault::Missing(field)
    }
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadFault::Unplaced { message, .. } => f.write_str(message),
            ReadFault::Missing(key) => write!(f, "`{key}` is missing"),
            ReadFault::Reported => f.write_str("reported where it happened"),
        }
    }
}

impl std::error::Error for ReadFault {}

/// The words of an optional list; `None` when one is broken.
pub fn words(list: &Option<At<Vec<At<String>>>>) -> Option<Vec<String>> {
    let Some(list) = list else { return Some(vec![]) };
    list.value.as_ref()?.iter().map(|word| word.value.clone()).collect()
}

/// Names of columns, in lower case as everywhere; a repeated one is a fault.
pub fn names(list: &Option<At<Vec<At<String>>>>, faults: &mut Faults) -> Option<Vec<String>> {
    let Some(list) = list else { return Some(vec![]) };
    names_of(list.value.as_ref()?, faults)
}

/// The same of a list that is there.
pub fn names_of(list: &[At<String>], faults: &mut Faults) -> Option<Vec<String>> {
    let mut names: Vec<String> = vec![];
    for at in list {
        let name = at.value.as_ref()?.to_lowercase();
        if names.contains(&name) {
            faults.add(&at.span, format!("`{name}` is given twice")).hint("name each column once");
        }
        names.push(name);
    }
    Some(names)
}

/// Names of columns with their places.
pub fn places(list: Option<&At<Vec<At<String>>>>) -> Vec<Name> {
    list.iter().filter_map(|list| list.value.as_ref()).flat_map(|list| places_of(list)).collect()
}

/// The same of a list that is there.
pub fn places_of(list: &[At<String>]) -> Vec<Name> {
    list.iter().filter_map(|at| Some((at.value.as_ref()?.to_lowercase(), at.span.clone()))).collect()
}
