//! Names that a WITH within another gives again: the inner one hides the outer one.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-cte.html>. The planner takes a name once, so the inner one gets
//! a name of its own.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Ident, ObjectName, Query, TableAlias, TableFactor, VisitMut, VisitorMut};

/// Stands in names that nobody writes.
const MARK: char = '\u{2063}';

pub fn rewrite(syntax: &mut impl VisitMut) {
    let _ = syntax.visit(&mut WithNames { around: vec![], given: 0 });
}

struct WithNames {
    /// Those that each of the queries around gives.
    around: Vec<Vec<String>>,
    given: usize,
}

impl VisitorMut for WithNames {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.around.push(tables.map(|table| table.alias.name.value.clone()).collect());
        ControlFlow::Continue(())
    }

    /// What lies within has its names by now.
    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.around.pop();
        let Some(with) = &mut query.with else { return ControlFlow::Continue(()) };
        let count = with.cte_tables.len();
        for nth in 0..count {
            let known = with.cte_tables[nth].alias.name.value.clone();
            if !self.around.iter().flatten().any(|name| *name == known) {
                continue;
            }
            let own = format!("{known}{MARK}{}", self.given);
            self.given += 1;
            with.cte_tables[nth].alias.name = Ident::with_quote('`', &own);
            let mut renamed = Renamed { known, own };
            // It sees itself in a recursion only.
            let first = if with.recursive { nth } else { nth + 1 };
            for table in &mut with.cte_tables[first..] {
                let _ = VisitMut::visit(table.query.as_mut(), &mut renamed);
            }
            let _ = VisitMut::visit(query.body.as_mut(), &mut renamed);
            if let Some(order_by) = &mut query.order_by {
                let _ = VisitMut::visit(order_by, &mut renamed);
            }
        }
        ControlFlow::Continue(())
    }
}

/// Tables of a name are those of another, and columns keep being qualified by the first.
struct Renamed {
    known: String,
    own: String,
}

impl VisitorMut for Renamed {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, args: None, .. } = factor
            && let [part] = name.0.as_slice()
            && part.as_ident().is_some_and(|ident| ident.value == self.known)
        {
            *name = ObjectName::from(vec![Ident::with_quote('`', &self.own)]);
            let known =
                || TableAlias { explicit: true, name: Ident::with_quote('`', &self.known), columns: vec![], at: None };
            alias.get_or_insert_with(known);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use crate::spark::sql::parse;

    #[test]
    fn an_inner_name_hides_an_outer_one() {
        let text = "WITH a AS (SELECT 1 AS x), b AS (WITH a AS (SELECT x FROM a) SELECT a.x FROM a) SELECT a.x AS p, b.x AS q FROM a, b";
        let written = parse(text).unwrap().statement.to_string().replace('\u{2063}', "~");
        let expected = "WITH a AS (SELECT 1 AS x), b AS (WITH `a~0` AS (SELECT x FROM a) SELECT a.x FROM `a~0` AS `a`) \
                        SELECT a.x AS p, b.x AS q FROM a, b";
        assert_eq!(written.replace(" AS `x`", ""), expected);
    }
}
