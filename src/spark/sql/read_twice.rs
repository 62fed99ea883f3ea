//! Queries of a WITH that are read at several places.
//!
//! The planner puts a copy of the query at each place, which is the same as long as each copy has the same rows.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Ident, Query, TableFactor, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::visit;

/// A name that WITH gives, and where it is read for the second time.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadTwice {
    pub name: String,
    pub place: Span,
}

/// Names are unique by now, but for those of queries that do not lie in one another.
pub fn read_twice(statement: &Statement) -> Vec<ReadTwice> {
    let mut found = Withs { twice: vec![] };
    let _ = visit(statement, &mut found);
    found.twice
}

struct Withs {
    twice: Vec<ReadTwice>,
}

impl Visitor for Withs {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let Some(with) = &query.with else { return ControlFlow::Continue(()) };
        for (nth, table) in with.cte_tables.iter().enumerate() {
            let mut readers = NamedReads { name: &table.alias.name, places: vec![] };
            for later in &with.cte_tables[nth + 1..] {
                let _ = later.query.visit(&mut readers);
            }
            let _ = query.body.visit(&mut readers);
            let _ = query.order_by.visit(&mut readers);
            if let Some(place) = readers.places.get(1) {
                self.twice.push(ReadTwice { name: table.alias.name.value.clone(), place: *place });
            }
        }
        ControlFlow::Continue(())
    }
}

struct NamedReads<'a> {
    name: &'a Ident,
    places: Vec<Span>,
}

impl Visitor for NamedReads<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: None, .. } = factor
            && let [part] = name.0.as_slice()
            && let Some(read) = part.as_ident()
            && read.value == self.name.value
        {
            self.places.push(read.span);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::read_twice;
    use crate::spark::sql::parse;

    #[test]
    fn the_second_place_is_found() {
        let names = |text: &str| {
            let found = read_twice(&parse(text).unwrap().statement);
            found.into_iter().map(|one| (one.name, one.place.start.column)).collect::<Vec<_>>()
        };
        let text = "WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT 1 AS y FROM b JOIN b AS c USING (x)";
        assert_eq!(names(text), [("b".to_string(), 77)]);
        let text = "WITH a AS (SELECT 1 AS x) SELECT (SELECT max(x) FROM a) AS y FROM a";
        assert_eq!(names(text), [("a".to_string(), 67)]);
        assert_eq!(names("WITH a AS (SELECT 1 AS x) SELECT x, x AS y FROM a"), []);
    }
}
