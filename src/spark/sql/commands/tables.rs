//! Tables of a session, which are in memory: CREATE TABLE and INSERT.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-create-table-datasource.html>,
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-dml-insert-table.html>

use arrow::datatypes::{DataType, Field};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, ObjectName};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::words::CommandWords;
use super::{Command, CommandDraft};
use crate::spark::interval_units::UnitRange;
use crate::spark::sql::rewrite;
use crate::spark::sql_types;

#[derive(Debug, Clone)]
pub struct NewTable {
    pub name: ObjectName,
    /// None where the query says them.
    pub columns: Vec<TableColumn>,
    pub query: Option<Statement>,
    pub replaces: bool,
    pub if_not_exists: bool,
}

#[derive(Debug, Clone)]
pub struct TableColumn {
    pub field: Field,
    /// The type as it is written.
    pub spelled: String,
    pub length: Option<Length>,
    /// What it is where nothing is said.
    pub default: Option<Expr>,
    pub not_null: bool,
}

/// Of CHAR and VARCHAR: <https://spark.apache.org/docs/latest/sql-ref-datatypes.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Shorter texts get blanks.
    Exactly(usize),
    AtMost(usize),
}

#[derive(Debug, Clone)]
pub struct Insert {
    pub table: ObjectName,
    /// Those that are named.
    pub columns: Vec<String>,
    /// Columns with one value for all rows, or with a value of each row behind the others.
    pub partition: Vec<(String, Option<Expr>)>,
    pub overwrites: bool,
    pub by_name: bool,
    pub query: Statement,
}

/// An INSERT without its query.
pub struct InsertInto {
    table: ObjectName,
    columns: Vec<String>,
    partition: Vec<(String, Option<Expr>)>,
    overwrites: bool,
    by_name: bool,
}

impl InsertInto {
    pub fn with(self, query: Statement) -> Insert {
        let InsertInto { table, columns, partition, overwrites, by_name } = self;
        Insert { table, columns, partition, overwrites, by_name, query }
    }
}

pub fn create(words: &mut CommandWords, replaces: bool) -> Result<CommandDraft, ParserError> {
    let if_not_exists = words.skip(&["if", "not", "exists"]);
    let name = words.name()?;
    let mut columns = vec![];
    if words.is_open() && !words.word_is(1, "select") {
        words.must(&Token::LParen)?;
        loop {
            columns.push(column(words)?);
            if !words.is(&Token::Comma) {
                break;
            }
        }
        words.must(&Token::RParen)?;
    }
    loop {
        match words.next_is_one_of(&[
            "using",
            "partitioned",
            "clustered",
            "cluster",
            "options",
            "tblproperties",
            "comment",
            "location",
            "stored",
            "row",
            "default",
            "into",
            "sorted",
        ]) {
            Some("using" | "comment") => words.take(2),
            Some("partitioned") => {
                words.expect(&["partitioned", "by"])?;
                if !partitions(words, &mut columns)? {
                    words.skip_brackets()?;
                }
            }
            Some("clustered" | "cluster" | "sorted") => {
                words.take(2);
                words.skip_brackets()?;
            }
            Some("into") => words.take(3),
            Some("options" | "tblproperties") => {
                words.take(1);
                words.skip_brackets()?;
            }
            Some("stored") => {
                words.expect(&["stored", "as"])?;
                words.take(1);
            }
            Some("default") => {
                words.expect(&["default", "collation"])?;
                words.take(1);
            }
            Some(clause @ ("location" | "row")) => {
                let what = format!("CREATE TABLE … {}", clause.to_uppercase());
                words.rest();
                let hint = "a table of a session is in memory; make files a source of `trapiche.yml`";
                return Ok(CommandDraft::plain(Command::Refused { what, hint }));
            }
            _ => break,
        }
    }
    words.skip(&["as"]);
    let query = if words.is_done() { None } else { Some(words.query()?) };
    if query.is_none() && columns.is_empty() {
        let hint = "name its columns: CREATE TABLE t (a int), or say what is in it: CREATE TABLE t AS SELECT …";
        return Ok(CommandDraft::plain(Command::Refused { what: "CREATE TABLE without columns".into(), hint }));
    }
    Ok(CommandDraft::Table { table: Box::new(NewTable { name, columns, query: None, replaces, if_not_exists }), query })
}

/// `PARTITIONED BY (p int)` makes columns, too; whether it was so.
fn partitions(words: &mut CommandWords, columns: &mut Vec<TableColumn>) -> Result<bool, ParserError> {
    let is_typed = words.word(1).is_some() && words.word(2).is_some();
    if !is_typed {
        return Ok(false);
    }
    words.must(&Token::LParen)?;
    loop {
        columns.push(column(words)?);
        if !words.is(&Token::Comma) {
            break;
        }
    }
    words.must(&Token::RParen)?;
    Ok(true)
}

pub fn column(words: &mut CommandWords) -> Result<TableColumn, ParserError> {
    let name = words.column()?;
    words.is(&Token::Colon);
    let start = words.start();
    let mut spelled = if words.skip(&["interval"]) {
        words.take(1);
        if words.skip(&["to"]) {
            words.take(1);
        }
        words.since(start).to_lowercase()
    } else {
        words.data_type()?;
        words.since(start).to_lowercase()
    };
    spelled = compact(&spelled);
    let (data_type, length) = typed(&spelled).map_err(ParserError::ParserError)?;
    let mut column =
        TableColumn { field: field(&name, &spelled, data_type), spelled, length, default: None, not_null: false };
    loop {
        if words.skip(&["not", "null"]) {
            column.not_null = true;
        } else if words.skip(&["comment"]) || words.skip(&["collate"]) {
            words.take(1);
        } else if words.skip(&["null"]) {
            column.not_null = false;
        } else if words.skip(&["default"]) {
            let mut default = words.expression()?;
            rewrite::rewrite(&mut default).map_err(|refusal| ParserError::ParserError(refusal.message))?;
            column.default = Some(default);
        } else {
            return Ok(column);
        }
    }
}

/// Without blanks that say nothing.
fn compact(spelled: &str) -> String {
    let words: Vec<&str> = spelled.split_whitespace().collect();
    let mut text = words.join(" ");
    for mark in ["<", ">", "(", ")", ",", ":"] {
        text = text.replace(&format!(" {mark}"), mark).replace(&format!("{mark} "), mark);
    }
    text
}

fn typed(spelled: &str) -> Result<(DataType, Option<Length>), String> {
    let sized = |prefix: &str| {
        let size = spelled.strip_prefix(prefix)?.strip_prefix('(')?.strip_suffix(')')?;
        size.parse::<usize>().ok().filter(|size| *size > 0)
    };
    if let Some(size) = sized("varchar") {
        return Ok((DataType::Utf8, Some(Length::AtMost(size))));
    }
    if let Some(size) = sized("char").or_else(|| sized("character")) {
        return Ok((DataType::Utf8, Some(Length::Exactly(size))));
    }
    if let Some(units) = spelled.strip_prefix("interval ").and_then(UnitRange::named) {
        return Ok((units.data_type(), None));
    }
    Ok((sql_types::parse(spelled)?, None))
}

fn field(name: &str, spelled: &str, data_type: DataType) -> Field {
    match spelled.strip_prefix("interval ").and_then(UnitRange::named) {
        Some(units) => units.field(name),
        None => Field::new(name, data_type, true),
    }
}

pub fn insert(words: &mut CommandWords) -> Result<CommandDraft, ParserError> {
    words.expect(&["insert"])?;
    let overwrites = words.skip(&["overwrite"]);
    if !overwrites {
        words.skip(&["into"]);
    }
    words.skip(&["table"]);
    let table = words.name()?;
    let mut partition = vec![];
    if words.skip(&["partition"]) {
        words.must(&Token::LParen)?;
        loop {
            let name = words.column()?;
            let value = if words.is(&Token::Eq) { Some(words.expression()?) } else { None };
            partition.push((name, value));
            if !words.is(&Token::Comma) {
                break;
            }
        }
        words.must(&Token::RParen)?;
        words.skip(&["if", "not", "exists"]);
    }
    for (_, value) in &mut partition {
        if let Some(value) = value {
            rewrite::rewrite(value).map_err(|refusal| ParserError::ParserError(refusal.message))?;
        }
    }
    let by_name = words.skip(&["by", "name"]);
    let is_query = ["select", "values", "with", "from", "table"].iter().any(|word| words.word_is(1, word));
    let columns = if words.is_open() && !is_query { words.column_names()? } else { vec![] };
    let into = InsertInto { table, columns, partition, overwrites, by_name };
    Ok(CommandDraft::Insert { insert: Box::new(into), query: words.query()? })
}
