//! ALTER TABLE, and ALTER VIEW.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-alter-table.html>

use datafusion::sql::sqlparser::ast::ObjectName;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::words::CommandWords;
use super::{Command, CommandDraft, ViewDraft, functions, tables};

pub fn table(words: &mut CommandWords) -> Result<CommandDraft, ParserError> {
    words.expect(&["alter", "table"])?;
    let name = words.name()?;
    if words.skip(&["rename", "to"]) {
        let to = words.name()?;
        return Ok(CommandDraft::plain(Command::Rename { from: name, to }));
    }
    if words.skip(&["add", "columns"]) || words.skip(&["add", "column"]) {
        let mut columns = vec![];
        let is_list = words.is(&Token::LParen);
        loop {
            columns.push(tables::column(words)?);
            // Where it is among the others is of no table of files.
            if words.skip(&["after"]) {
                words.take(1);
            } else {
                words.skip(&["first"]);
            }
            if !words.is(&Token::Comma) {
                break;
            }
        }
        if is_list {
            words.must(&Token::RParen)?;
        }
        return Ok(CommandDraft::plain(Command::AddColumns { table: name, columns }));
    }
    if words.skip(&["set", "tblproperties"]) || words.skip(&["unset", "tblproperties"]) {
        words.rest();
        return Ok(CommandDraft::plain(Command::Nothing));
    }
    if words.skip_one_of(&["alter", "change"]) {
        return column(words, name);
    }
    let what = format!(
        "ALTER TABLE … {}",
        words.rest().split_whitespace().take(2).collect::<Vec<_>>().join(" ").to_uppercase()
    );
    let hint = "create the table again, as a query of this one";
    Ok(CommandDraft::plain(Command::Refused { what, hint }))
}

/// `ALTER COLUMN a SET DEFAULT 1`, and comments, which are none here.
fn column(words: &mut CommandWords, table: ObjectName) -> Result<CommandDraft, ParserError> {
    words.skip(&["column"]);
    let column = words.column()?;
    if words.skip(&["comment"]) {
        words.take(1);
        return Ok(CommandDraft::plain(Command::Nothing));
    }
    if words.skip(&["drop", "default"]) {
        return Ok(CommandDraft::plain(Command::SetDefault { table, column, default: None }));
    }
    if words.skip(&["set", "default"]) {
        let default = Some(functions::written(words)?);
        return Ok(CommandDraft::plain(Command::SetDefault { table, column, default }));
    }
    words.rest();
    let hint = "create the table again, as a query of this one: the type of a column stays";
    Ok(CommandDraft::plain(Command::Refused { what: "ALTER TABLE … ALTER COLUMN".into(), hint }))
}

/// `ALTER VIEW v AS …`, and its name.
pub fn view(words: &mut CommandWords) -> Result<CommandDraft, ParserError> {
    words.expect(&["alter", "view"])?;
    let name = words.name()?;
    if words.skip(&["rename", "to"]) {
        let to = words.name()?;
        return Ok(CommandDraft::plain(Command::Rename { from: name, to }));
    }
    if words.skip(&["as"]) {
        let query = words.query()?;
        return Ok(CommandDraft::View(Box::new(ViewDraft {
            name,
            columns: vec![],
            query,
            replaces: true,
            if_not_exists: false,
            is_temporary: true,
        })));
    }
    words.rest();
    Ok(CommandDraft::plain(Command::Refused { what: "ALTER VIEW".into(), hint: "create the view again" }))
}
