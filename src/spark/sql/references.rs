//! What a statement reads: tables, the names by which columns are qualified, and whether it names its columns.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, Spanned, Visitor};

use super::places::bytes_of;
use super::visit;
use crate::error::Span;

/// A table that a statement reads: its name's parts, in lower case.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    pub parts: Vec<String>,
    pub span: Span,
}

/// The tables that a statement reads, each time it does. Names that a WITH defines are no tables.
pub fn references(statement: &Statement, text: &str) -> Vec<Reference> {
    let mut finder = References { text, scopes: vec![], found: vec![] };
    let _ = visit(statement, &mut finder);
    finder.found
}

/// Whether it only reads: a SELECT, WITH … SELECT or VALUES.
pub fn is_query(statement: &Statement) -> bool {
    matches!(statement, Statement::Statement(statement) if matches!(**statement, ast::Statement::Query(_)))
}

/// Whether a SELECT anywhere in the statement takes columns that it does not name: `*` or `t.*`.
pub fn has_wildcard(statement: &Statement) -> bool {
    struct Wildcards;
    impl Visitor for Wildcards {
        type Break = ();

        fn pre_visit_select(&mut self, select: &ast::Select) -> ControlFlow<()> {
            let is_wildcard = |item: &ast::SelectItem| {
                matches!(item, ast::SelectItem::Wildcard(_) | ast::SelectItem::QualifiedWildcard(..))
            };
            match select.projection.iter().any(is_wildcard) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    visit(statement, &mut Wildcards).is_break()
}

/// The names by which columns are qualified in it: of tables, or what it calls them, and those that a WITH defines.
pub fn table_names(statement: &Statement) -> BTreeSet<String> {
    #[derive(Default)]
    struct Names(BTreeSet<String>);
    impl Visitor for Names {
        type Break = ();

        fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
            let tables = query.with.iter().flat_map(|with| &with.cte_tables);
            self.0.extend(tables.map(|table| table.alias.name.value.clone()));
            ControlFlow::Continue(())
        }

        fn pre_visit_table_factor(&mut self, factor: &ast::TableFactor) -> ControlFlow<()> {
            let (alias, name) = match factor {
                ast::TableFactor::Table { alias, name, .. } => (alias, name.0.last().and_then(|part| part.as_ident())),
                ast::TableFactor::Derived { alias, .. } => (alias, None),
                _ => (&None, None),
            };
            let named = alias.as_ref().map(|alias| &alias.name).or(name);
            self.0.extend(named.map(|name| name.value.clone()));
            ControlFlow::Continue(())
        }
    }
    let mut names = Names::default();
    let _ = visit(statement, &mut names);
    names.0
}

struct References<'a> {
    text: &'a str,
    /// The names defined by the WITH of each query around the visited place.
    scopes: Vec<BTreeSet<String>>,
    found: Vec<Reference>,
}

impl Visitor for References<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.scopes.push(tables.map(|table| table.alias.name.value.clone()).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &ast::TableFactor) -> ControlFlow<()> {
        // With arguments it is a function: `range(10)`.
        if let ast::TableFactor::Table { name, args: None, .. } = factor {
            let parts: Vec<String> = name.0.iter().filter_map(|part| Some(part.as_ident()?.value.clone())).collect();
            let defined = matches!(parts.as_slice(), [one] if self.scopes.iter().any(|scope| scope.contains(one)));
            if !defined {
                let span = bytes_of(self.text, name.span()).unwrap_or_default();
                self.found.push(Reference { parts, span });
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn tables(text: &str) -> Vec<String> {
        references(&parse(text).unwrap().statement, text).iter().map(|table| table.parts.join(".")).collect()
    }

    #[test]
    fn finds_tables_but_not_what_with_defines() {
        let text = "WITH a AS (SELECT * FROM raw.x), b AS (SELECT * FROM a) \
                    SELECT * FROM b JOIN trusted.y ON (SELECT max(k) FROM Trusted.Z) > 1 WHERE k IN (SELECT k FROM plain)";
        assert_eq!(tables(text), ["raw.x", "trusted.y", "trusted.z", "plain"]);
        assert_eq!(tables("EXPLAIN SELECT * FROM raw.x"), ["raw.x"]);
        let text = "SELECT é FROM raw.x";
        let text = text.replace('é', "'é'");
        let found = references(&parse(&text).unwrap().statement, &text);
        assert_eq!(&text[found[0].span.clone()], "raw.x");
    }

    #[test]
    fn says_what_qualifies_a_column_and_whether_all_are_named() {
        let of = |text: &str| parse(text).unwrap().statement;
        let text = "WITH a AS (SELECT x FROM raw.t) SELECT u.x FROM a JOIN raw.u ON a.x = u.x";
        assert_eq!(table_names(&of(text)).into_iter().collect::<Vec<_>>(), ["a", "t", "u"]);
        assert!(!has_wildcard(&of(text)) && has_wildcard(&of("SELECT x FROM (SELECT t.* FROM t)")));
    }
}
