//! Spark's type names ⇄ Arrow types: how `columns:`, landings and the PySpark path write a schema.
//!
//! The names are those of Spark SQL's DDL (`bigint`, `array<struct<a:int>>`), because that is what Athena,
//! Glue and PySpark read: <https://spark.apache.org/docs/latest/sql-ref-datatypes.html>. Every field is nullable.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};
use serde::{Deserialize, Serialize};

/// How finely tables keep timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Timestamps {
    /// As Spark does.
    Micros,
    /// As finely as Athena shows them.
    Millis,
}

impl Timestamps {
    pub fn unit(self) -> TimeUnit {
        match self {
            Timestamps::Micros => TimeUnit::Microsecond,
            Timestamps::Millis => TimeUnit::Millisecond,
        }
    }

    /// Of versions that do not say it.
    pub fn of_old() -> Self {
        Timestamps::Millis
    }
}

/// Whether there are timestamps in it, at any depth.
pub fn has_timestamps(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(..) => true,
        DataType::Struct(fields) => fields.iter().any(|field| has_timestamps(field.data_type())),
        DataType::List(item) | DataType::Map(item, _) => has_timestamps(item.data_type()),
        _ => false,
    }
}

/// Reads a Spark type name, in any letter case. The error is a phrase that names what was not understood.
pub fn parse(text: &str) -> Result<DataType, String> {
    let mut parser = Parser { text, rest: text, depth: 0 };
    let data_type = parser.data_type()?;
    parser.skip_space();
    if parser.rest.is_empty() { Ok(data_type) } else { Err(parser.fault("the end of the type")) }
}

/// The Spark name of an Arrow type; types that Spark does not have take the name of the nearest that holds them.
pub fn name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "void".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Int8 => "tinyint".into(),
        DataType::Int16 | DataType::UInt8 => "smallint".into(),
        DataType::Int32 | DataType::UInt16 => "int".into(),
        DataType::Int64 | DataType::UInt32 => "bigint".into(),
        DataType::UInt64 => "decimal(20,0)".into(),
        DataType::Float16 | DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date".into(),
        DataType::Timestamp(_, Some(_)) => "timestamp".into(),
        DataType::Timestamp(_, None) => "timestamp_ntz".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary".into()
        }
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => format!("array<{}>", name(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|field| format!("{}:{}", quoted(field.name()), name(field.data_type()))).collect();
            format!("struct<{}>", fields.join(","))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) if pair.len() == 2 => {
                format!("map<{},{}>", name(pair[0].data_type()), name(pair[1].data_type()))
            }
            _ => "map<string,string>".into(),
        },
        DataType::Interval(IntervalUnit::YearMonth) => "interval year to month".into(),
        DataType::Interval(_) => "interval".into(),
        // That of two dates has days alone.
        DataType::Duration(TimeUnit::Second) => "interval day".into(),
        DataType::Duration(_) => "interval day to second".into(),
        DataType::Dictionary(_, value) => name(value),
        DataType::RunEndEncoded(_, values) => name(values.data_type()),
        _ => "string".into(),
    }
}

/// The list of `{name, type}` by which a landing records its schema.
pub mod schema_as_fields {
    use std::sync::Arc;

    use arrow::datatypes::{Field, Schema, SchemaRef};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct NamedType {
        name: String,
        #[serde(rename = "type")]
        spark_type: String,
    }

    pub fn serialize<S: Serializer>(schema: &SchemaRef, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            schema
                .fields()
                .iter()
                .map(|field| NamedType { name: field.name().clone(), spark_type: super::name(field.data_type()) }),
        )
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SchemaRef, D::Error> {
        let fields = Vec::<NamedType>::deserialize(deserializer)?
            .into_iter()
            .map(|column| {
                Ok(Field::new(column.name, super::parse(&column.spark_type).map_err(D::Error::custom)?, true))
            })
            .collect::<Result<Vec<_>, D::Error>>()?;
        Ok(Arc::new(Schema::new(fields)))
    }
}

/// A list type as this program makes them: a nullable child called `element`, as Spark and Parquet name it.
pub fn list_of(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("element", element, true)))
}

fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { name.into() } else { format!("`{}`", name.replace('`', "``")) }
}

/// A map type as this program makes them.
pub fn map_of(key: DataType, value: DataType) -> DataType {
    let pair = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(pair), false)), false)
}

/// Rows of JSON have at most 128 levels.
const MOST_DEEP: usize = 200;

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn data_type(&mut self) -> Result<DataType, String> {
        if self.depth == MOST_DEEP {
            return Err(format!("more than {MOST_DEEP} types are within one another"));
        }
        self.depth += 1;
        let data_type = self.data_type_here();
        self.depth -= 1;
        data_type
    }

    fn data_type_here(&mut self) -> Result<DataType, String> {
        let word = self.word().to_ascii_lowercase();
        Ok(match word.as_str() {
            "boolean" => DataType::Boolean,
            "tinyint" | "byte" => DataType::Int8,
            "smallint" | "short" => DataType::Int16,
            "int" | "integer" => DataType::Int32,
            "bigint" | "long" => DataType::Int64,
            "float" | "real" => DataType::Float32,
            "double" => DataType::Float64,
            "decimal" | "dec" | "numeric" => self.decimal()?,
            "string" => DataType::Utf8,
            "binary" => DataType::Binary,
            "date" => DataType::Date32,
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "void" => DataType::Null,
            "array" => {
                self.expect('<')?;
                let element = self.data_type()?;
                self.expect('>')?;
                list_of(element)
            }
            "map" => {
                self.expect('<')?;
                let key = self.data_type()?;
                self.expect(',')?;
                let value = self.data_type()?;
                self.expect('>')?;
                map_of(key, value)
            }
            "struct" => DataType::Struct(self.fields()?),
            "" => return Err(self.fault("a type")),
            _ => return Err(format!("`{word}` is not a type")),
        })
    }

    /// `(precision,scale)`; Spark's default is (10,0).
    fn decimal(&mut self) -> Result<DataType, String> {
        if !self.eat('(') {
            return Ok(DataType::Decimal128(10, 0));
        }
        let precision = self.number()?;
        let scale = if self.eat(',') { self.number()? } else { 0 };
        self.expect(')')?;
        if precision == 0 || precision > 38 || scale > precision {
            return Err(format!(
                "decimal({precision},{scale}) does not exist: precision is 1 to 38, scale 0 to the precision"
            ));
        }
        Ok(DataType::Decimal128(precision, scale as i8))
    }

    fn fields(&mut self) -> Result<Fields, String> {
        self.expect('<')?;
        let mut fields: Vec<FieldRef> = vec![];
        if self.eat('>') {
            return Ok(Fields::empty());
        }
        loop {
            let name = self.field_name()?;
            // As a table has its columns, without it: `a int`.
            self.eat(':');
            fields.push(Arc::new(Field::new(name, self.data_type()?, true)));
            self.skip_not_null();
            if self.eat('>') {
                return Ok(fields.into());
            }
            self.expect(',')?;
        }
    }

    /// Every field is nullable.
    fn skip_not_null(&mut self) {
        let before = self.rest;
        if !(self.word().eq_ignore_ascii_case("not") && self.word().eq_ignore_ascii_case("null")) {
            self.rest = before;
        }
    }

    fn field_name(&mut self) -> Result<String, String> {
        if !self.eat('`') {
            let word = self.word();
            return if word.is_empty() { Err(self.fault("a field name")) } else { Ok(word.into()) };
        }
        let mut name = String::new();
        loop {
            let end = self.rest.find('`').ok_or_else(|| self.fault("a closing backtick"))?;
            name.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            if !self.rest.starts_with('`') {
                return Ok(name);
            }
            name.push('`');
            self.rest = &self.rest[1..];
        }
    }

    fn word(&mut self) -> &'a str {
        self.skip_space();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn number(&mut self) -> Result<u8, String> {
        self.word().parse().map_err(|_| self.fault("a number from 0 to 38"))
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.eat(wanted) { Ok(()) } else { Err(self.fault(&format!("`{wanted}`"))) }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn fault(&self, wanted: &str) -> String {
        let at = self.text.len() - self.rest.len();
        format!("expected {wanted} at character {} of the type `{}`", at + 1, self.text)
    }
}

/// The names that a type can begin with.
pub const NAMES: [&str; 16] = [
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "decimal(10,2)",
    "string",
    "binary",
    "date",
    "timestamp",
    "timestamp_ntz",
    "array<int>",
    "struct<name:string>",
    "map<string,int>",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_type() -> impl Strategy<Value = DataType> {
        let leaf = prop_oneof![
            Just(DataType::Boolean),
            Just(DataType::Int8),
            Just(DataType::Int16),
            Just(DataType::Int32),
            Just(DataType::Int64),
            Just(DataType::Float32),
            Just(DataType::Float64),
            Just(DataType::Utf8),
            Just(DataType::Binary),
            Just(DataType::Date32),
            Just(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            Just(DataType::Timestamp(TimeUnit::Microsecond, None)),
            (1u8..=38).prop_flat_map(|p| (Just(p), 0..=p)).prop_map(|(p, s)| DataType::Decimal128(p, s as i8)),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(list_of),
                (inner.clone(), inner.clone()).prop_map(|(key, value)| map_of(key, value)),
                prop::collection::vec(("\\PC{1,8}", inner), 0..4).prop_map(|fields| DataType::Struct(
                    fields.into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_name_reads_back_as_its_type(data_type in any_type()) {
            prop_assert_eq!(parse(&name(&data_type)), Ok(data_type));
        }
    }

    #[test]
    fn letter_case_and_spaces_do_not_matter() {
        let text = " Struct< A : INT , `odd ``name` : Array<Decimal( 12 , 2 )> > ";
        assert_eq!(name(&parse(text).unwrap()), "struct<A:int,`odd ``name`:array<decimal(12,2)>>");
    }

    #[test]
    fn faults_say_what_and_where() {
        assert!(parse("integr").unwrap_err().starts_with("`integr` is not a type"));
        assert_eq!(parse("array<int").unwrap_err(), "expected `>` at character 10 of the type `array<int`");
        assert!(parse("decimal(40,2)").unwrap_err().contains("precision is 1 to 38"));
        let deep = |levels: usize| parse(&("array<".repeat(levels) + "int" + &">".repeat(levels)));
        assert!(deep(MOST_DEEP - 1).is_ok());
        assert_eq!(deep(1_000_000).unwrap_err(), "more than 200 types are within one another");
        assert!(parse("int int").unwrap_err().starts_with("expected the end of the type"));
    }
}
