//! SQL as text: Spark's dialect, with identifiers that are case-insensitive as Spark's are.
//!
//! | place | noun |
//! |---|---|
//! | `dialect`, `raw`, `calls`, `intervals`, `omitted` | the words of a text |
//! | `depth` | how deep a text may be |
//! | `generators` | functions that make rows, by their names |
//! | `inline` | functions that are written in SQL |
//! | `names` | what columns are called that a query leaves unnamed |
//! | `rewrite` | Spark's clauses and operators in words that the planner knows |
//! | `commands` | statements that change a session: views, tables in memory, settings |
//! | `condition` | what a check asks, as a tree |
//! | `read_twice` | queries of a WITH that are read at several places |
//! | `references`, `portable` | what a statement reads, and what it calls that Spark does not have |
//! | `find` | where a name stands in what was parsed |
//! | `faults`, `places` | what is wrong, and where |
//!
//! Whatever reads SQL (queries, checks, `trapiche query`) comes through this door once, so that a name and an operator mean the
//! same everywhere. What comes out is a tree with the places of its parts; nobody writes it down to read it again.

mod calls;
pub mod commands;
pub mod condition;
mod depth;
pub mod dialect;
mod faults;
pub mod find;
pub mod generators;
pub mod inline;
mod intervals;
pub mod names;
pub mod omitted;
mod places;
mod portable;
mod raw;
mod read_twice;
mod references;
pub mod rewrite;

use std::ops::ControlFlow;

use datafusion::error::DataFusionError;
use datafusion::sql::parser::{DFParser, DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{DataType, Expr, Visit, VisitMut, Visitor};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;

use crate::error::Span;
pub use commands::Command;
pub use condition::Condition;
use depth::MOST_CALLS;
use dialect::SparkDialect;
use faults::Excerpt;
pub use faults::SqlFault;
pub use places::{bytes_between, bytes_of};
pub use read_twice::{ReadTwice, read_twice};
pub use references::{Reference, has_wildcard, is_query, references, table_names};

/// A statement as it is planned, and where it begins in its text: from its first word to the end of that line.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub statement: Statement,
    /// It as it is written, but for blanks, comments and letter case: what fingerprints are made of. How a statement is
    /// rewritten to be planned is not a part of it.
    pub written: String,
    /// Functions that it calls and that Spark does not have, with their places.
    pub foreign: Vec<(String, Span)>,
    pub span: Span,
}

/// Parses exactly one statement. Identifiers come out in lower case, also those between backticks.
pub fn parse(text: &str) -> Result<Parsed, SqlFault> {
    let mut statements = parse_all(text)?.into_iter();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => Ok(statement),
        (_, Some(second)) => Err(SqlFault {
            span: second.span,
            message: "there is more than one statement here".into(),
            hint: Some("one file is one SELECT; give it a file of its own".into()),
        }),
        (None, None) => Err(SqlFault {
            span: text.len()..text.len(),
            message: "there is no statement here".into(),
            hint: Some("write a SELECT".into()),
        }),
    }
}

/// Parses any number of statements, separated by semicolons.
pub fn parse_all(text: &str) -> Result<Vec<Parsed>, SqlFault> {
    let mut reader = Reader::of(text, text, |span| span)?;
    let mut statements = vec![];
    while reader.is_at_statement(statements.is_empty())? {
        statements.push(reader.statement(text)?);
    }
    Ok(statements)
}

/// A statement of a session.
#[derive(Debug, Clone)]
pub struct Scripted {
    pub what: Typed,
    pub span: Span,
}

/// What is typed: SQL that reads, or what changes the session.
#[derive(Debug, Clone)]
pub enum Typed {
    Sql(Box<Parsed>),
    Command(Box<Command>),
}

/// Parses the statements of a session, separated by semicolons.
pub fn parse_script(text: &str) -> Result<Vec<Scripted>, SqlFault> {
    let mut reader = Reader::of(text, text, |span| span)?;
    let mut statements = vec![];
    while reader.is_at_statement(statements.is_empty())? {
        let start = reader.start();
        let what = match commands::read(&mut reader)? {
            Some(command) => Typed::Command(Box::new(command)),
            None => Typed::Sql(Box::new(reader.statement(text)?)),
        };
        statements.push(Scripted { what, span: places::line_from(text, start) });
    }
    Ok(statements)
}

/// A type by its name.
pub fn data_type(name: &str) -> Option<DataType> {
    let tokens = dialect::tokenize(name).ok()?;
    let mut parser = Parser::new(&SparkDialect).with_tokens_with_locations(tokens);
    parser.parse_data_type().ok()
}

/// Parses one expression that is written within a file; `place` says where there each part of the text stands. As it is
/// written, and as it is planned.
fn parse_expr(text: &str, file: &str, place: impl Fn(Span) -> Span) -> Result<(Expr, Expr), SqlFault> {
    let mut reader = Reader::of(text, file, place)?;
    let start = reader.start();
    let parser = &mut reader.parser.parser;
    let parsed = parser.parse_expr().and_then(|expr| parser.expect_token(&Token::EOF).map(|_| expr));
    let written = parsed.map_err(|error| reader.excerpt.not_parsed(start, &DataFusionError::from(error)))?;
    let mut expr = written.clone();
    reader.rewrite(&mut expr)?;
    Ok((written, expr))
}

/// The parser's own part of a statement: what EXPLAIN explains is one, too.
fn rewritable(statement: &mut Statement) -> Option<&mut datafusion::sql::sqlparser::ast::Statement> {
    match statement {
        Statement::Statement(plain) => Some(plain),
        Statement::Explain(explain) => rewritable(&mut explain.statement),
        _ => None,
    }
}

/// Goes through a statement, also through one that is explained.
fn visit<V: Visitor>(statement: &Statement, visitor: &mut V) -> ControlFlow<V::Break> {
    match statement {
        Statement::Statement(plain) => plain.visit(visitor),
        Statement::Explain(explain) => visit(&explain.statement, visitor),
        _ => ControlFlow::Continue(()),
    }
}

/// A text on its way to a tree.
struct Reader<'a> {
    parser: DFParser<'static>,
    excerpt: Excerpt<'a>,
}

impl<'a> Reader<'a> {
    fn of(text: &str, file: &'a str, place: impl Fn(Span) -> Span) -> Result<Self, SqlFault> {
        let mut tokens = dialect::tokenize(text).map_err(|error| {
            let fault = Excerpt { file: text, part: 0..text.len() }.no_words(&error);
            SqlFault { span: place(fault.span), ..fault }
        })?;
        let excerpt = Excerpt { file, part: place(0..text.len()) };
        places::move_to_file(&mut tokens, text, file, place);
        depth::check(&tokens).map_err(|fault| excerpt.too_deep(fault))?;
        let builder = DFParserBuilder::new(tokens).with_dialect(&SparkDialect).with_recursion_limit(MOST_CALLS);
        let parser = builder.build().map_err(|error| excerpt.not_parsed(excerpt.part.start, &error))?;
        Ok(Reader { parser, excerpt })
    }

    /// The byte at which the next word stands.
    fn start(&self) -> usize {
        self.excerpt.byte_of(self.parser.parser.peek_token_ref().span.start)
    }

    /// The next statement.
    fn statement(&mut self, text: &str) -> Result<Parsed, SqlFault> {
        let start = self.start();
        let mut statement = self.parser.parse_statement().map_err(|error| self.excerpt.not_parsed(start, &error))?;
        let written = statement.to_string();
        let foreign = portable::foreign_calls(&statement, text);
        if let Some(plain) = rewritable(&mut statement) {
            self.rewrite(plain)?;
        }
        Ok(Parsed { statement, written, foreign, span: places::line_from(text, start) })
    }

    /// Goes past semicolons; whether there is a statement after them. Before all but the first there must be one.
    fn is_at_statement(&mut self, is_first: bool) -> Result<bool, SqlFault> {
        let parser = &mut self.parser.parser;
        let mut is_parted = is_first;
        while parser.consume_token(&Token::SemiColon) {
            is_parted = true;
        }
        let next = parser.peek_token();
        match next.token {
            Token::EOF => Ok(false),
            _ if is_parted => Ok(true),
            _ => match parser.expected("end of statement", next) {
                Ok(is_there) => Ok(is_there),
                Err(error) => Err(self.excerpt.not_parsed(self.start(), &DataFusionError::from(error))),
            },
        }
    }

    fn rewrite(&self, syntax: &mut impl VisitMut) -> Result<(), SqlFault> {
        rewrite::rewrite(syntax).map_err(|refusal| self.excerpt.refused(refusal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowers_every_identifier_and_no_text() {
        let text = r#"SELECT p.`Cost Total $` AS `Total`, Rating.Rate, "It's" x FROM raw.Products P WHERE c = 'Abc'"#;
        let lowered = r#"SELECT p.`cost total $` AS `total`, rating.rate AS `rate`, 'It''s' AS x FROM raw.products p WHERE c = 'Abc'"#;
        assert_eq!(parse(text).unwrap().statement.to_string(), lowered);
    }

    #[test]
    fn points_at_the_fault() {
        let text = "SELECT a\nFROM raw.x\nWHERE GROUP BY a";
        let fault = parse(text).unwrap_err();
        assert_eq!(text[..fault.span.start].lines().count(), 3);
        assert!(fault.message.starts_with("SQL syntax: expected"), "{}", fault.message);
        let text = "SELECT 'open FROM x";
        assert_eq!(parse(text).unwrap_err().span.start, 7);
        assert_eq!(parse("").unwrap_err().message, "there is no statement here");
        let text = "SELECT 1;\nSELECT 2";
        assert_eq!(&text[parse(text).unwrap_err().span], "SELECT 2");
        let text = "-- one; two\nSELECT 1 AS a; ;; /* ; */ SELECT ';' AS b\nFROM t";
        let starts: Vec<String> = parse_all(text).unwrap().into_iter().map(|one| text[one.span].to_string()).collect();
        assert_eq!(starts, ["SELECT 1 AS a; ;; /* ; */ SELECT ';' AS b", "SELECT ';' AS b"]);
        let text = "SELECT 1 AS a SELECT 2";
        let fault = parse_all(text).unwrap_err();
        assert_eq!(
            (&text[fault.span], fault.message.as_str()),
            ("SELECT", "SQL syntax: expected end of statement, found `select`")
        );
    }

    #[test]
    fn what_is_explained_is_rewritten_too() {
        let explained = parse("EXPLAIN SELECT a RLIKE 'x' FROM t").unwrap().statement.to_string();
        assert!(explained.contains("rlike(a, 'x')"), "{explained}");
    }

    #[tokio::test]
    async fn plans_odd_names_in_any_case() {
        let context = datafusion::prelude::SessionContext::new();
        let table = r#"CREATE VIEW t AS SELECT 1 AS "cost total $", 2 AS "beak length (mm)""#;
        context.sql(table).await.unwrap();
        let parsed =
            parse("SELECT T.`Cost Total $` AS `A b`, `BEAK length (mm)` FROM T WHERE `cost Total $` = 1").unwrap();
        let plan = context.state().statement_to_plan(parsed.statement).await.unwrap();
        let names: Vec<&String> = plan.schema().fields().iter().map(|field| field.name()).collect();
        assert_eq!(names, ["a b", "beak length (mm)"]);
    }
}
