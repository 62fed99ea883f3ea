//! The names that Spark gives to columns that a query leaves unnamed: `count(1)`, `(a + 1)`, `CASE WHEN (a = 1) THEN x END`.
//!
//! They are those of `toPrettySQL` in Spark's `sql/catalyst/…/util/package.scala`: operators in brackets, texts without quotes,
//! columns without their tables, and functions with all arguments that they have by default.
//!
//! | place | noun |
//! |---|---|
//! | `mod` | which columns get a name |
//! | `expression` | the name of an expression |
//! | `function` | that of a function: what its arguments are by default, how its class calls itself |
//! | `literal` | that of a value |
//! | `repeated` | columns of one name in one list |

mod expression;
mod function;
pub mod literal;
mod repeated;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, NamedWindowDefinition, ObjectName, Query, Select, SelectItem, TableFactor, Visit, VisitMut, Visitor,
    VisitorMut,
};

use super::generators;
pub use expression::of;
pub use repeated::{number, shown};

/// Names all columns that have none, of each select. Has to see a statement as it was written.
pub(super) fn give(syntax: &mut impl VisitMut) {
    let mut namer = Namer::default();
    let _ = syntax.visit(&mut namer);
    if !namer.given.is_empty() {
        let _ = syntax.visit(&mut Meant(namer.given));
    }
}

#[derive(Default)]
struct Namer {
    /// By what columns can be qualified in the selects around what is visited, inner ones last.
    tables: Vec<BTreeSet<Vec<String>>>,
    /// The names given that have capital letters, by what they are in small ones.
    given: BTreeMap<String, String>,
}

impl VisitorMut for Namer {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.tables.push(tables(select));
        let windows = select.named_window.clone();
        for item in &mut select.projection {
            let SelectItem::UnnamedExpr(expr) = item else { continue };
            if let Some(name) = self.name_of(expr, &windows) {
                let lower = name.to_lowercase();
                if lower != name {
                    self.given.insert(lower, name.clone());
                }
                let expr = std::mem::replace(expr, Expr::Identifier(Ident::new("")));
                *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('`', name) };
            }
        }
        number(&mut select.projection);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<()> {
        self.tables.pop();
        ControlFlow::Continue(())
    }
}

impl Namer {
    /// `None` where the planner names it as Spark does: a column of a table.
    fn name_of(&self, expr: &Expr, windows: &[NamedWindowDefinition]) -> Option<String> {
        match expr {
            // Made of the grouping later.
            Expr::Identifier(name) if name.value == "grouping__id" => Some(name.value.clone()),
            Expr::Identifier(_) | Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => None,
            Expr::CompoundIdentifier(parts) if fields(&self.tables, parts).len() == 1 => None,
            Expr::Nested(inner) => match inner.as_ref() {
                Expr::Identifier(_) => None,
                inner => self.name_of(inner, windows),
            },
            // Such a function makes columns of its own.
            Expr::Function(function) if generators::names_its_columns(&function.name) => None,
            _ => Some(expression::of_column(expr, windows, &self.tables)),
        }
    }
}

/// What stands in brackets.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        expr => expr,
    }
}

/// A name that is being written.
struct Naming<'a> {
    text: String,
    windows: &'a [NamedWindowDefinition],
    tables: &'a Qualifiers,
    /// The parameters of the lambdas around.
    variables: Vec<String>,
}

/// By what columns can be qualified in each of some selects.
type Qualifiers = [BTreeSet<Vec<String>>];

/// A column and the fields in it, without the table that it is qualified by.
fn fields<'a>(tables: &Qualifiers, parts: &'a [Ident]) -> &'a [Ident] {
    let is_table = |length: &usize| {
        let table: Vec<String> = parts[..*length].iter().map(|part| part.value.clone()).collect();
        tables.iter().flatten().any(|known| known.ends_with(&table))
    };
    let table = (1..parts.len()).rev().find(is_table);
    &parts[table.unwrap_or(0)..]
}

/// By what a select's columns can be qualified: its tables, or what it calls them.
pub fn tables(select: &Select) -> BTreeSet<Vec<String>> {
    let mut tables = TablesOfFrom::default();
    for from in &select.from {
        let _ = Visit::visit(from, &mut tables);
    }
    let views = select.lateral_views.iter().map(|view| path(&view.lateral_view_name));
    tables.found.into_iter().chain(views).collect()
}

/// The tables of a FROM, and not those of the queries in it.
#[derive(Default)]
struct TablesOfFrom {
    found: BTreeSet<Vec<String>>,
    depth: usize,
}

impl Visitor for TablesOfFrom {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        let (alias, name) = match factor {
            TableFactor::Table { alias, name, .. } => (alias.as_ref(), Some(path(name))),
            TableFactor::Derived { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::NestedJoin { alias, .. }
            | TableFactor::Pivot { alias, .. }
            | TableFactor::Unpivot { alias, .. } => (alias.as_ref(), None),
            _ => (None, None),
        };
        self.found.extend(alias.map(|alias| vec![alias.name.value.clone()]).or(name));
        ControlFlow::Continue(())
    }
}

fn path(name: &ObjectName) -> Vec<String> {
    name.0.iter().filter_map(|part| Some(part.as_ident()?.value.clone())).collect()
}

/// Names are known in any letter case: what is written in small letters means the name that was given.
struct Meant(BTreeMap<String, String>);

impl VisitorMut for Meant {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let name = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(parts) => parts.last_mut(),
            _ => None,
        };
        if let Some(name) = name
            && let Some(given) = self.0.get(&name.value)
        {
            name.value.clone_from(given);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{SelectItem, SetExpr, Statement};

    use crate::spark::sql::parse;

    /// The names of a query's columns.
    fn names(text: &str) -> Vec<String> {
        let datafusion::sql::parser::Statement::Statement(statement) = parse(text).unwrap().statement else { panic!() };
        let Statement::Query(query) = *statement else { panic!() };
        let SetExpr::Select(select) = *query.body else { panic!() };
        let name = |item: &SelectItem| match item {
            SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
            other => other.to_string(),
        };
        select.projection.iter().map(name).collect()
    }

    #[test]
    fn a_column_of_a_table_keeps_its_name() {
        let text = "SELECT a, (b), t.c, raw.t.d, t.s.f, s.g, m.n.o FROM raw.t, u";
        assert_eq!(names(text), ["a", "(b)", "t.c", "raw.t.d", "f", "g", "o"]);
    }

    /// PySpark 4.3 called them so.
    #[test]
    fn the_others_are_called_as_in_spark() {
        let cases = [
            ("count(*)", "count(1)"),
            ("count(DISTINCT t.a, b)", "count(DISTINCT a, b)"),
            ("a + b * 2 - 3 / 4", "((a + (b * 2)) - (3 / 4))"),
            ("(a + b) * 2", "((a + b) * 2)"),
            ("a <> 1 AND NOT b IS NULL", "((NOT (a = 1)) AND (NOT (b IS NULL)))"),
            ("a NOT IN (1, 2)", "(NOT (a IN (1, 2)))"),
            ("a BETWEEN 1 AND 2", "between(a, 1, 2)"),
            ("b NOT LIKE 'x%'", "(NOT b LIKE x%)"),
            ("b RLIKE 'x'", "RLIKE(b, x)"),
            ("CASE a WHEN 1 THEN 'one' ELSE 'x' END", "CASE WHEN (a = 1) THEN one ELSE x END"),
            ("CAST(t.a AS string)", "a"),
            ("CAST(a + 1 AS decimal)", "CAST((a + 1) AS DECIMAL(10,0))"),
            ("-a", "(- a)"),
            ("- 5", "-5"),
            ("a || 'X'", "concat(a, X)"),
            ("1e3", "1000.0"),
            ("1e10", "1.0E10"),
            ("00.5", "0.5"),
            ("DATE'2020-1-1'", "DATE '2020-01-01'"),
            ("substring(b, 2)", "substring(b, 2, 2147483647)"),
            ("s['f'] + l[0]", "(s[f] + l[0])"),
            ("if(a = 1, 'x', NULL)", "(IF((a = 1), x, NULL))"),
            ("filter(l, x -> x > a)", "filter(l, lambdafunction((namedlambdavariable() > a), namedlambdavariable()))"),
            ("(SELECT max(x) FROM u)", "scalarsubquery()"),
            (
                "sum(a) OVER (PARTITION BY b ORDER BY a DESC)",
                "sum(a) OVER (PARTITION BY b ORDER BY a DESC NULLS LAST RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
            ),
        ];
        for (expression, name) in cases {
            assert_eq!(names(&format!("SELECT {expression} FROM t")), [name], "{expression}");
        }
    }

    #[test]
    fn names_are_known_in_any_letter_case() {
        let text = "SELECT `case when (a = 1) then 2 end` FROM (SELECT CASE WHEN a = 1 THEN 2 END FROM t) AS x";
        let statement = parse(text).unwrap().statement.to_string();
        assert!(statement.starts_with("SELECT `CASE WHEN (a = 1) THEN 2 END` FROM"), "{statement}");
    }
}
