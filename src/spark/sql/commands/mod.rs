//! Statements that change a session and nothing else: views, tables in memory, settings.
//!
//! | place | noun |
//! |---|---|
//! | `alter` | ALTER TABLE and ALTER VIEW |
//! | `functions` | CREATE FUNCTION |
//! | `tables` | CREATE TABLE, INSERT, and what a table's columns are |
//! | `variables` | DECLARE VARIABLE, SET VARIABLE |
//! | `words` | the words of a statement, read one by one |
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax.html>. The planner's own parser reads few of Spark's; queries within
//! them are read and rewritten as all are.

mod alter;
mod functions;
mod tables;
mod variables;
mod words;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Query, Statement as Sql};
use datafusion::sql::sqlparser::parser::ParserError;

use super::{Reader, SqlFault};
pub use functions::NewFunction;
pub use tables::{Insert, Length, NewTable, TableColumn};
pub use variables::{NewVariables, VariableValues};
use words::CommandWords;

/// What changes a session.
#[derive(Debug, Clone)]
pub enum Command {
    View(NewView),
    Table(NewTable),
    Insert(Insert),
    /// Takes all rows out of a table.
    Truncate(ObjectName),
    AddColumns {
        table: ObjectName,
        columns: Vec<TableColumn>,
    },
    SetDefault {
        table: ObjectName,
        column: String,
        default: Option<Expr>,
    },
    /// A table or a view.
    Rename {
        from: ObjectName,
        to: ObjectName,
    },
    Function(Box<NewFunction>),
    Declare(NewVariables),
    SetVariables {
        names: Vec<String>,
        values: VariableValues,
    },
    DropVariable {
        name: String,
        if_exists: bool,
    },
    Drop {
        kind: Dropped,
        name: ObjectName,
        if_exists: bool,
    },
    Set {
        key: String,
        value: String,
    },
    /// Asks for a setting, or for all.
    Setting(Option<String>),
    Reset(Option<String>),
    Database {
        name: ObjectName,
        if_not_exists: bool,
    },
    Use(ObjectName),
    /// Asks for the names of databases, of all or of those that are like a pattern.
    Databases(Option<String>),
    /// Says how to compute, or keeps something for later: it has no meaning here, and no effect.
    Nothing,
    /// What is no part of a session here, and why.
    Refused {
        what: String,
        hint: &'static str,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    View,
    Table,
    Database,
    Function,
}

/// `CREATE TEMPORARY VIEW v (a, b) AS …`
#[derive(Debug, Clone)]
pub struct NewView {
    pub name: ObjectName,
    pub columns: Vec<String>,
    pub query: Statement,
    pub replaces: bool,
    pub if_not_exists: bool,
    /// It says so itself. Another one reads no view that does.
    pub is_temporary: bool,
}

impl Command {
    /// The query in it, if there is one.
    pub fn query(&self) -> Option<&Statement> {
        match self {
            Command::View(view) => Some(&view.query),
            Command::Table(table) => table.query.as_ref(),
            Command::Insert(insert) => Some(&insert.query),
            _ => None,
        }
    }
}

/// The command that begins here; `None` if it is another statement.
pub(super) fn read(reader: &mut Reader) -> Result<Option<Command>, SqlFault> {
    let start = reader.start();
    let parsed = {
        let mut words = CommandWords::new(&mut reader.parser.parser, reader.excerpt.file);
        command(&mut words)
    };
    match parsed {
        Ok(None) => Ok(None),
        Ok(Some(draft)) => draft.finish(reader).map(Some),
        Err(error) => Err(reader.excerpt.not_parsed(start, &error.into())),
    }
}

/// A command whose query is as it was written.
enum CommandDraft {
    Plain(Box<Command>),
    View(Box<ViewDraft>),
    Table { table: Box<NewTable>, query: Option<Box<Query>> },
    Insert { insert: Box<tables::InsertInto>, query: Box<Query> },
    Variables { names: Vec<String>, query: Box<Query> },
}

struct ViewDraft {
    name: ObjectName,
    columns: Vec<String>,
    query: Box<Query>,
    replaces: bool,
    if_not_exists: bool,
    is_temporary: bool,
}

impl CommandDraft {
    fn plain(command: Command) -> CommandDraft {
        CommandDraft::Plain(Box::new(command))
    }

    fn finish(self, reader: &Reader) -> Result<Command, SqlFault> {
        let rewritten = |mut query: Box<Query>| {
            reader.rewrite(query.as_mut())?;
            Ok(Statement::Statement(Box::new(Sql::Query(query))))
        };
        Ok(match self {
            CommandDraft::Plain(command) => *command,
            CommandDraft::View(draft) => {
                let ViewDraft { name, columns, query, replaces, if_not_exists, is_temporary } = *draft;
                Command::View(NewView {
                    name,
                    columns,
                    query: rewritten(query)?,
                    replaces,
                    if_not_exists,
                    is_temporary,
                })
            }
            CommandDraft::Table { table, query } => {
                Command::Table(NewTable { query: query.map(rewritten).transpose()?, ..*table })
            }
            CommandDraft::Variables { names, mut query } => {
                reader.rewrite(query.as_mut())?;
                Command::SetVariables { names, values: VariableValues::Of(query) }
            }
            CommandDraft::Insert { insert, query } => Command::Insert(insert.with(rewritten(query)?)),
        })
    }
}

fn command(words: &mut CommandWords) -> Result<Option<CommandDraft>, ParserError> {
    let plain = |command| Ok(Some(CommandDraft::plain(command)));
    match words.next_is_one_of(&[
        "create", "drop", "insert", "set", "reset", "use", "truncate", "cache", "uncache", "clear", "refresh",
        "analyze", "alter", "execute", "declare", "delete", "update", "merge", "load", "add", "msck", "repair",
        "comment", "begin", "show",
    ]) {
        Some("create") => create(words),
        Some("drop") => drop(words),
        Some("insert") => tables::insert(words).map(Some),
        Some("set") => setting(words).map(Some),
        Some("reset") => {
            words.take(1);
            let key = words.rest();
            plain(Command::Reset((!key.is_empty()).then_some(key)))
        }
        Some("use") => {
            words.take(1);
            words.skip_one_of(&["database", "schema", "namespace"]);
            plain(Command::Use(words.name()?))
        }
        Some("truncate") => {
            words.expect(&["truncate", "table"])?;
            plain(Command::Truncate(words.name()?))
        }
        Some("cache") => cache(words).map(Some),
        Some("show") => show(words),
        Some("uncache" | "clear" | "refresh" | "analyze" | "msck" | "repair" | "comment") => {
            words.rest();
            plain(Command::Nothing)
        }
        Some("declare") => variables::declare(words).map(Some),
        Some("alter") if words.word_is(1, "view") => alter::view(words).map(Some),
        Some("alter") if words.word_is(1, "table") => alter::table(words).map(Some),
        Some(verb) => {
            let what = verb.to_uppercase();
            words.rest();
            let hint = match verb {
                "execute" => {
                    "a text that is put together when it runs cannot be checked before: write the statement itself"
                }
                "begin" => "scripts of SQL have no blocks here: write the statements one after another",
                _ => {
                    "tables of a session are made by CREATE TABLE and INSERT; the lake's by the files in queries/ and `trapiche run`"
                }
            };
            plain(Command::Refused { what, hint })
        }
        None => Ok(None),
    }
}

fn create(words: &mut CommandWords) -> Result<Option<CommandDraft>, ParserError> {
    let mut at = 1;
    let replaces = words.word_is(at, "or") && words.word_is(at + 1, "replace");
    at += if replaces { 2 } else { 0 };
    let is_global = words.word_is(at, "global");
    at += usize::from(is_global);
    let is_temporary = words.word_is(at, "temporary") || words.word_is(at, "temp");
    at += usize::from(is_temporary);
    let is_external = words.word_is(at, "external");
    at += usize::from(is_external);
    let Some(kind) = words.word(at) else { return Ok(None) };
    match kind.as_str() {
        "view" => {
            words.take(at + 1);
            view(words, replaces, is_temporary).map(Some)
        }
        "table" if is_external => {
            words.rest();
            let hint = "make it a source of `trapiche.yml`: then it has its landings and its types";
            Ok(Some(CommandDraft::plain(Command::Refused { what: "CREATE EXTERNAL TABLE".into(), hint })))
        }
        "table" => {
            words.take(at + 1);
            tables::create(words, replaces).map(Some)
        }
        "function" => {
            words.take(at + 1);
            functions::create(words, replaces, is_temporary).map(Some)
        }
        "database" | "schema" | "namespace" => {
            words.take(at + 1);
            let if_not_exists = words.skip(&["if", "not", "exists"]);
            let name = words.name()?;
            words.rest();
            Ok(Some(CommandDraft::plain(Command::Database { name, if_not_exists })))
        }
        other => {
            let what = format!("CREATE {}", other.to_uppercase());
            words.rest();
            let hint = "write its expression in the query, or in a WITH";
            Ok(Some(CommandDraft::plain(Command::Refused { what, hint })))
        }
    }
}

/// <https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-create-view.html>
fn view(words: &mut CommandWords, replaces: bool, is_temporary: bool) -> Result<CommandDraft, ParserError> {
    let if_not_exists = words.skip(&["if", "not", "exists"]);
    let name = words.name()?;
    let columns = if words.is_open() { words.column_names()? } else { vec![] };
    loop {
        if words.skip(&["comment"]) {
            words.take(1);
        } else if words.skip(&["tblproperties"]) {
            words.skip_brackets()?;
        } else if words.skip(&["with", "schema"]) {
            words.skip(&["type"]);
            words.take(1);
        } else {
            break;
        }
    }
    if words.word_is(0, "using") || words.word_is(0, "options") {
        words.rest();
        let hint = "make the file a source of `trapiche.yml`: then it has its landings and its types";
        return Ok(CommandDraft::plain(Command::Refused { what: "CREATE VIEW … USING".into(), hint }));
    }
    words.expect(&["as"])?;
    let query = words.query()?;
    Ok(CommandDraft::View(Box::new(ViewDraft { name, columns, query, replaces, if_not_exists, is_temporary })))
}

/// `CACHE TABLE v AS …` makes a view.
fn cache(words: &mut CommandWords) -> Result<CommandDraft, ParserError> {
    words.take(1);
    words.skip(&["lazy"]);
    words.expect(&["table"])?;
    let name = words.name()?;
    if words.skip(&["options"]) {
        words.skip_brackets()?;
    }
    words.skip(&["as"]);
    if words.is_done() {
        return Ok(CommandDraft::plain(Command::Nothing));
    }
    Ok(CommandDraft::View(Box::new(ViewDraft {
        name,
        columns: vec![],
        query: words.query()?,
        replaces: false,
        if_not_exists: false,
        is_temporary: true,
    })))
}

fn drop(words: &mut CommandWords) -> Result<Option<CommandDraft>, ParserError> {
    let at = 1 + usize::from(words.word_is(1, "temporary") || words.word_is(1, "temp"));
    if at == 2 && (words.word_is(at, "variable") || words.word_is(at, "var")) {
        words.take(at + 1);
        let if_exists = words.skip(&["if", "exists"]);
        let name = variables::name(words)?;
        return Ok(Some(CommandDraft::plain(Command::DropVariable { name, if_exists })));
    }
    let kind = match words.word(at).as_deref() {
        Some("view") => Dropped::View,
        Some("table") => Dropped::Table,
        Some("function") => Dropped::Function,
        Some("database" | "schema" | "namespace") => Dropped::Database,
        other => {
            let what = format!("DROP {}", other.unwrap_or_default().to_uppercase());
            words.rest();
            return Ok(Some(CommandDraft::plain(Command::Refused {
                what,
                hint: "views, tables, functions and databases are dropped",
            })));
        }
    };
    words.take(at + 1);
    let if_exists = words.skip(&["if", "exists"]);
    let name = words.name()?;
    words.skip_one_of(&["purge", "cascade", "restrict"]);
    Ok(Some(CommandDraft::plain(Command::Drop { kind, name, if_exists })))
}

/// What the planner does not show. <https://spark.apache.org/docs/latest/sql-ref-syntax-aux-show.html>
fn show(words: &mut CommandWords) -> Result<Option<CommandDraft>, ParserError> {
    let Some(what) = words.word(1) else { return Ok(None) };
    let hint = match what.as_str() {
        "databases" | "schemas" | "namespaces" => {
            words.take(2);
            if words.skip_one_of(&["from", "in"]) {
                words.name()?;
            }
            words.skip(&["like"]);
            let pattern = words.rest();
            let pattern = (!pattern.is_empty()).then(|| pattern.trim_matches(['\'', '"']).to_string());
            return Ok(Some(CommandDraft::plain(Command::Databases(pattern))));
        }
        "partitions" => "SELECT DISTINCT, of the columns by which the table is partitioned, lists them",
        "create" => "`trapiche schema` prints the columns of a project's table, and DESCRIBE those of any",
        "functions" | "user" | "system" | "all" => "docs/functions.md lists them",
        "views" => "SHOW TABLES lists views, too",
        "catalogs" | "tblproperties" | "table" => "SHOW TABLES and DESCRIBE tell what there is",
        _ => return Ok(None),
    };
    let what = format!("SHOW {}", what.to_uppercase());
    words.rest();
    Ok(Some(CommandDraft::plain(Command::Refused { what, hint })))
}

/// <https://spark.apache.org/docs/latest/sql-ref-syntax-aux-conf-mgmt-set.html>
fn setting(words: &mut CommandWords) -> Result<CommandDraft, ParserError> {
    words.take(1);
    if words.skip(&["time", "zone"]) {
        let value = words.rest().trim_matches(['\'', '"']).to_string();
        return Ok(CommandDraft::plain(Command::Set { key: "spark.sql.session.timeZone".into(), value }));
    }
    if words.skip(&["catalog"]) {
        words.rest();
        return Ok(CommandDraft::plain(Command::Nothing));
    }
    if words.word_is(0, "variable") || words.word_is(0, "var") {
        words.take(1);
        return variables::set(words);
    }
    let text = words.rest();
    let bare = |key: &str| key.trim().trim_matches('`').to_string();
    Ok(CommandDraft::plain(match text.split_once('=') {
        Some((key, value)) => Command::Set { key: bare(key), value: bare(value) },
        None if text.is_empty() || text == "-v" => Command::Setting(None),
        None => Command::Setting(Some(bare(&text))),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spark::sql::{Typed, parse_script};

    fn read(text: &str) -> Command {
        match parse_script(text).unwrap().remove(0).what {
            Typed::Command(command) => *command,
            Typed::Sql(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn views_have_columns_and_a_query() {
        let text = "CREATE OR REPLACE TEMPORARY VIEW V (A, b COMMENT 'x') AS SELECT 1, 2; SELECT 1";
        let Command::View(view) = read(text) else { panic!() };
        assert_eq!(
            (view.name.to_string().as_str(), view.columns.as_slice()),
            ("v", ["a", "b"].map(String::from).as_slice())
        );
        assert!(view.replaces && !view.if_not_exists);
        assert_eq!(parse_script(text).unwrap().len(), 2);
    }

    #[test]
    fn tables_have_columns_with_types() {
        let Command::Table(table) = read(
            "create table if not exists t (a int not null default 1 + 1, b array<struct<c: decimal(3, 1)>> comment 'x', d char(3)) \
             using parquet partitioned by (a) options (k 'v') tblproperties ('x' = 'y')",
        ) else {
            panic!()
        };
        let columns: Vec<String> =
            table.columns.iter().map(|column| format!("{} {}", column.field.name(), column.spelled)).collect();
        assert_eq!(columns, ["a int", "b array<struct<c:decimal(3,1)>>", "d char(3)"]);
        assert_eq!(table.columns[2].length, Some(Length::Exactly(3)));
        assert!(table.columns[0].default.is_some());
    }

    #[test]
    fn rows_go_into_columns() {
        let Command::Insert(insert) = read("INSERT OVERWRITE TABLE t PARTITION (p = 1, q) (a) VALUES (1)") else {
            panic!()
        };
        assert!(insert.overwrites);
        assert_eq!((insert.columns, insert.partition.len()), (vec!["a".to_string()], 2));
    }

    #[test]
    fn databases_are_shown_and_partitions_refused() {
        let Command::Databases(Some(pattern)) = read("SHOW SCHEMAS LIKE 'd*'") else { panic!() };
        assert_eq!(pattern, "d*");
        assert!(matches!(read("show databases"), Command::Databases(None)));
        let Command::Refused { what, .. } = read("SHOW PARTITIONS t PARTITION (p = 1)") else { panic!() };
        assert_eq!(what, "SHOW PARTITIONS");
    }

    #[test]
    fn settings_are_texts() {
        let Command::Set { key, value } = read("set spark.sql.ansi.enabled = false") else { panic!() };
        assert_eq!((key.as_str(), value.as_str()), ("spark.sql.ansi.enabled", "false"));
        let Command::Set { key, value } = read("SET TIME ZONE 'UTC'") else { panic!() };
        assert_eq!((key.as_str(), value.as_str()), ("spark.sql.session.timeZone", "UTC"));
    }
}
