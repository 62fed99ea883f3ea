//! What is read: the columns of a table or a query with their types, and how each is asked for.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, TimeUnit};
use serde::{Deserialize, Serialize};
use sqlx::mysql::{MySql, MySqlTypeInfo};
use sqlx::{AssertSqlSafe, Column as _, Executor, SqlSafeStr, Statement, Type, TypeInfo};

use super::session::{MysqlSession, identifier, literal, told};
use crate::error::{Error, Result};
use crate::formats::number::Number;
use crate::ingest::cursor::{self, CursorAsk};
use crate::ingest::database::guard::LandedColumn;
use crate::ingest::database::window::{SqlWindow, WindowSummary, WrittenSql};
use crate::ingest::database::{listed, refuse_twins, selected, server};
use crate::project::{SqlRead, Written};

/// All that there is to read.
#[derive(Debug)]
pub struct MysqlReading<'c> {
    pub columns: Vec<LandedColumn>,
    /// How the values of each column are written down.
    pub forms: Vec<Form>,
    /// With a window, each row begins with whether it comes again.
    pub select: String,
    /// Whether the select has a condition that a reader's range is put beside.
    pub has_condition: bool,
    pub notes: Vec<String>,
    pub window: Option<(SqlWindow<'c>, WindowSummary)>,
    pub keys: Option<MysqlKeys>,
}

/// The columns of a key, of all rows.
#[derive(Debug)]
pub struct MysqlKeys {
    pub columns: Vec<LandedColumn>,
    pub forms: Vec<Form>,
    pub select: String,
}

const WRITTEN: WrittenSql =
    WrittenSql { identifier, literal: typed_literal, text: |expression| expression.to_string() };

#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    Text,
    Bytes,
    /// Of a decimal, of which the server does not tell how many it has.
    Digits(DigitCount),
}

/// The digits that a column's numbers have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DigitCount {
    before: usize,
    after: usize,
}

impl DigitCount {
    pub fn add(&mut self, number: &[u8]) {
        let number = number.strip_prefix(b"-").unwrap_or(number);
        let point = number.iter().position(|byte| *byte == b'.').unwrap_or(number.len());
        self.before = self.before.max(point);
        self.after = self.after.max((number.len() - point).saturating_sub(1));
    }

    /// The widest decimal with so many after the point; `None` if that does not hold them.
    pub fn data_type(&self) -> Option<DataType> {
        let scale = i8::try_from(self.after).ok()?;
        (self.before + self.after <= 38).then_some(DataType::Decimal128(38, scale))
    }
}

/// A column and how it is asked for.
struct Described {
    name: String,
    data_type: DataType,
    form: Form,
    asked: MysqlExpression,
    note: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum MysqlExpression {
    Itself,
    /// A `float`, with all its digits.
    Double,
    /// A `bit`.
    Number,
}

pub async fn plan<'c>(session: &mut MysqlSession<'_>, cursor: Option<&'c CursorAsk<'c>>) -> Result<MysqlReading<'c>> {
    let (from, described) = match session.asked.query {
        SqlRead::Table(table) => {
            let (from, all) = table_columns(session, table).await?;
            (from, selected(all, session.asked.select, |column| &column.name)?)
        }
        SqlRead::Query(query) => {
            let query = query.expose().trim().trim_end_matches(';').trim_end();
            let described = query_columns(session, query).await?;
            // The query may end with a comment.
            (format!("(\n{query}\n) AS query"), described)
        }
    };
    refuse_twins(described.iter().map(|column| &column.name))?;
    if described.is_empty() {
        return Err(Error::failed("it has no columns"));
    }
    let mut reading = MysqlReading {
        columns: vec![],
        forms: vec![],
        select: String::new(),
        has_condition: false,
        notes: vec![],
        window: None,
        keys: None,
    };
    let mut expressions = vec![];
    let is_plain = described.iter().all(|column| column.asked == MysqlExpression::Itself);
    for Described { name, data_type, form, asked, note } in described {
        let quoted = identifier(&name);
        expressions.push(match asked {
            MysqlExpression::Itself => quoted,
            MysqlExpression::Double => format!("({quoted} + 0E0) AS {quoted}"),
            MysqlExpression::Number => format!("CAST({quoted} AS unsigned) AS {quoted}"),
        });
        reading.notes.extend(note.map(|note| format!("`{name}` {note}")));
        reading.forms.push(form);
        reading.columns.push(LandedColumn { name, data_type });
    }
    let Some(ask) = cursor else {
        reading.select = match session.asked.query {
            // As it is, so that the server need not keep its rows before it gives them.
            SqlRead::Query(query) if is_plain => query.expose().to_string(),
            _ => format!("SELECT {} FROM {from}", expressions.join(", ")),
        };
        return Ok(reading);
    };
    learn(&reading.columns, &mut reading.forms, ask.told_by.as_ref());
    let compared = reading.columns.iter().zip(&reading.forms).map(|(column, form)| match form {
        // What it lands as is told by its digits, and what it is by the server.
        Form::Digits(_) => LandedColumn { data_type: DataType::Decimal128(38, 0), ..column.clone() },
        Form::Text | Form::Bytes => column.clone(),
    });
    let window = SqlWindow::of(ask, &compared.collect::<Vec<_>>(), WRITTEN)?;
    reading.keys = window.wanted_keys(&reading.columns).map(|places| MysqlKeys {
        columns: places.iter().map(|place| reading.columns[*place].clone()).collect(),
        forms: places.iter().map(|place| reading.forms[*place].clone()).collect(),
        select: {
            let of_key: Vec<&str> = places.iter().map(|place| expressions[*place].as_str()).collect();
            format!("SELECT {} FROM {from}", of_key.join(", "))
        },
    });
    let answer = session.answer(window.question(&from)?).await?;
    let summary = window.summary(&answer)?;
    let condition = window.condition()?.map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
    reading.has_condition = !condition.is_empty();
    let comes_again = window.comes_again(&summary)?;
    reading.select = format!("SELECT {comes_again} AS comes_again, {} FROM {from}{condition}", expressions.join(", "));
    reading.window = Some((window, summary));
    Ok(reading)
}

/// A value as a literal of its column's type: a number that is compared as a text would be a double.
fn typed_literal(value: &str, data_type: &DataType) -> Result<String> {
    let is_number = |value: &str| Number::parse(value).is_some_and(|number| !number.has_exponent());
    match data_type {
        // One that the server cannot read would be null to it, and nothing is more than that.
        DataType::Date32 | DataType::Timestamp(..) => Ok(format!("CAST('{}' AS datetime(6))", cursor::utc(value)?)),
        DataType::Utf8 => Ok(literal(value)),
        _ if is_number(value) => Ok(value.to_string()),
        _ => Err(Error::failed(format!("`{value}` is no number, as the values of the cursor are"))),
    }
}

/// How many digits the decimals of all landings have, for the next one; `None` without decimals of that kind.
pub fn told_by(columns: &[LandedColumn], forms: &[Form]) -> Option<serde_json::Value> {
    let digits = columns.iter().zip(forms).filter_map(|(column, form)| match form {
        Form::Digits(digits) => Some((&column.name, digits)),
        _ => None,
    });
    let digits: BTreeMap<&String, &DigitCount> = digits.collect();
    if digits.is_empty() { None } else { serde_json::to_value(digits).ok() }
}

/// Goes on from the digits that the landings before had.
fn learn(columns: &[LandedColumn], forms: &mut [Form], told_by: Option<&serde_json::Value>) {
    for (column, form) in columns.iter().zip(forms) {
        let before = told_by.and_then(|told_by| DigitCount::deserialize(told_by.get(&column.name)?).ok());
        if let (Form::Digits(digits), Some(before)) = (form, before) {
            *digits = before;
        }
    }
}

async fn table_columns(session: &mut MysqlSession<'_>, written: &Written) -> Result<(String, Vec<Described>)> {
    let (schema, name) = match written.expose().split_once('.') {
        Some((schema, name)) => (literal(schema), name),
        None => ("DATABASE()".to_string(), written.expose()),
    };
    let found = session
        .rows(format!(
            "SELECT c.table_schema, c.column_name, c.data_type, c.column_type, c.numeric_precision, c.numeric_scale, c.extra \
             FROM information_schema.columns c WHERE c.table_schema = {schema} AND c.table_name = {} \
             ORDER BY c.ordinal_position",
            literal(name)
        ))
        .await?;
    let Some(first) = found.first() else { return Err(no_such_table(session, written, &schema).await?) };
    let from = format!("{}.{}", identifier(&first[0]), identifier(name));
    let visible = found.iter().filter(|column| !column[6].to_uppercase().contains("INVISIBLE"));
    let described = visible.map(|column| {
        let number = |place: usize| column[place].parse().unwrap_or(0);
        of_table(&column[1], &column[2].to_lowercase(), &column[3].to_lowercase(), number(4), number(5))
    });
    Ok((from, described.collect()))
}

async fn no_such_table(session: &mut MysqlSession<'_>, written: &Written, schema: &str) -> Result<Error> {
    let known = session
        .rows(format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = {schema} ORDER BY table_name"
        ))
        .await?
        .concat();
    let hint = match known.as_slice() {
        [] if schema == "DATABASE()" && session.asked.database.url().path().len() < 2 => {
            "the address names no database: write mysql://…/database, or `table: database.table`".to_string()
        }
        [] => "there are no tables that this user sees".to_string(),
        known => format!("it has {}", listed(known)),
    };
    Ok(Error::failed(format!("there is no table `{written}`")).hint(hint))
}

/// What becomes of a table's column.
fn of_table(name: &str, data_type: &str, column_type: &str, precision: u8, scale: u8) -> Described {
    let is_unsigned = column_type.contains("unsigned");
    let mut described = Described {
        name: name.to_string(),
        data_type: DataType::Utf8,
        form: Form::Text,
        asked: MysqlExpression::Itself,
        note: None,
    };
    described.data_type = match data_type {
        "decimal" if precision <= 38 => DataType::Decimal128(precision, scale as i8),
        "decimal" => {
            described.note = Some("is a decimal of more than 38 digits, and lands as text");
            DataType::Utf8
        }
        "float" => {
            described.asked = MysqlExpression::Double;
            DataType::Float32
        }
        "bit" => {
            described.asked = MysqlExpression::Number;
            if column_type == "bit(64)" { DataType::Decimal128(20, 0) } else { DataType::Int64 }
        }
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry" | "point"
        | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection"
        | "geomcollection" | "vector" => {
            described.form = Form::Bytes;
            DataType::Binary
        }
        other => plain(other, is_unsigned).unwrap_or(DataType::Utf8),
    };
    described
}

/// The types that are told by their name alone.
fn plain(data_type: &str, is_unsigned: bool) -> Option<DataType> {
    Some(match (data_type, is_unsigned) {
        ("tinyint", false) => DataType::Int8,
        ("tinyint", true) | ("smallint", false) => DataType::Int16,
        ("smallint", true) | ("mediumint", _) | ("int", false) | ("year", _) => DataType::Int32,
        ("int", true) | ("bigint", false) => DataType::Int64,
        ("bigint", true) => DataType::Decimal128(20, 0),
        ("double", _) => DataType::Float64,
        ("date", _) => DataType::Date32,
        ("datetime", _) => DataType::Timestamp(TimeUnit::Microsecond, None),
        ("timestamp", _) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => return None,
    })
}

/// The columns of a query. The server tells their types, but not how many digits a decimal has.
async fn query_columns(session: &mut MysqlSession<'_>, query: &str) -> Result<Vec<Described>> {
    let waiting = (&mut session.connection).prepare(AssertSqlSafe(query).into_sql_str());
    let statement = server::answered(session.asked, told, waiting).await?;
    let columns = statement.columns().iter().map(|column| of_query(column.name(), column.type_info()));
    Ok(columns.collect())
}

fn of_query(name: &str, type_info: &MySqlTypeInfo) -> Described {
    let told = type_info.name().to_lowercase();
    let kind = told.trim_end_matches(" unsigned");
    // A `tinyint(1)` is called so, signed or not.
    let kind = if kind == "boolean" { "tinyint" } else { kind };
    let is_unsigned = told.ends_with(" unsigned") || <u64 as Type<MySql>>::compatible(type_info) && kind == "tinyint";
    let mut described = of_table(name, kind, if is_unsigned { "unsigned" } else { "" }, 0, 0);
    match kind {
        "decimal" => {
            described.data_type = DataType::Utf8;
            described.form = Form::Digits(DigitCount::default());
        }
        // Of up to 64.
        "bit" => described.data_type = DataType::Decimal128(20, 0),
        _ if described.form == Form::Bytes && <str as Type<MySql>>::compatible(type_info) => {
            described.data_type = DataType::Utf8;
            described.form = Form::Text;
        }
        _ => {}
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_hold_all_that_the_servers_do() {
        let of = |data_type: &str, column_type: &str| of_table("c", data_type, column_type, 65, 2).data_type;
        assert_eq!(of("tinyint", "tinyint(1)"), DataType::Int8);
        assert_eq!(of("tinyint", "tinyint(3) unsigned"), DataType::Int16);
        assert_eq!(of("int", "int(10) unsigned zerofill"), DataType::Int64);
        assert_eq!(of("bigint", "bigint unsigned"), DataType::Decimal128(20, 0));
        assert_eq!(of("decimal", "decimal(65,2)"), DataType::Utf8);
        assert_eq!(of("bit", "bit(63)"), DataType::Int64);
        assert_eq!(of("bit", "bit(64)"), DataType::Decimal128(20, 0));
        assert_eq!(of("set", "set('a','b')"), DataType::Utf8);
        assert_eq!(of("varbinary", "varbinary(3)"), DataType::Binary);
    }

    #[test]
    fn digits_are_learned_from_the_numbers() {
        let mut digits = DigitCount::default();
        assert_eq!(digits.data_type(), Some(DataType::Decimal128(38, 0)));
        digits.add(b"-12.50");
        digits.add(b"0.00");
        assert_eq!(digits.data_type(), Some(DataType::Decimal128(38, 2)));
        digits.add("9".repeat(37).as_bytes());
        assert_eq!(digits.data_type(), None);
    }
}
