//! Where something stands in what was parsed, for faults of which the planner says what and not where.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, Select, SelectItem, SetExpr, Spanned, Statement as Plain, TableFactor, TableWithJoins, Value,
    Visit, VisitMut, Visitor, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::{Condition, names, rewritable, visit};

/// What expressions can be looked for in, taken out of and put into.
pub trait Tree: Clone {
    fn visit<V: Visitor>(&self, visitor: &mut V);
    fn visit_mut<V: VisitorMut>(&mut self, visitor: &mut V);
}

impl Tree for Statement {
    fn visit<V: Visitor>(&self, visitor: &mut V) {
        let _ = visit(self, visitor);
    }

    fn visit_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        if let Some(plain) = rewritable(self) {
            let _ = VisitMut::visit(plain, visitor);
        }
    }
}

impl Tree for Condition {
    fn visit<V: Visitor>(&self, visitor: &mut V) {
        let _ = Visit::visit(&self.expr, visitor);
    }

    fn visit_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        let _ = VisitMut::visit(&mut self.expr, visitor);
    }
}

/// How expressions lie in one another. Each has a number, and those within it have the numbers after it.
#[derive(Debug, Default)]
pub struct Outline {
    all: Vec<Lies>,
    /// The numbers of those around what is looked at, and whether a subquery has begun since.
    around: Vec<(usize, bool)>,
}

#[derive(Debug)]
struct Lies {
    /// The number after those of all that is within it.
    end: usize,
    /// Whether a subquery lies between it and what it is in.
    in_subquery: bool,
}

impl Outline {
    pub fn of(syntax: &impl Tree) -> Outline {
        let mut outline = Outline::default();
        syntax.visit(&mut outline);
        outline
    }

    /// Those that lie in no other.
    pub fn outermost(&self) -> Vec<usize> {
        self.between(0, self.all.len())
    }

    /// Those that lie in this one, and in no other within it.
    pub fn within(&self, number: usize) -> Vec<usize> {
        self.between(number + 1, self.all[number].end)
    }

    /// Whether it is part of a query of its own within what it lies in.
    pub fn is_in_subquery(&self, number: usize) -> bool {
        self.all[number].in_subquery
    }

    fn between(&self, start: usize, end: usize) -> Vec<usize> {
        let next = |number: &usize| Some(self.all[*number].end).filter(|number| *number < end);
        std::iter::successors(Some(start).filter(|start| *start < end), next).collect()
    }

    /// The same syntax with nulls in place of some expressions, none of which lies in another.
    pub fn without<S: Tree>(&self, syntax: &S, numbers: &[usize]) -> S {
        struct Without<'a> {
            outline: &'a Outline,
            numbers: &'a [usize],
            next: usize,
        }
        impl VisitorMut for Without<'_> {
            type Break = ();

            fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
                let number = self.next;
                self.next += 1;
                if self.numbers.contains(&number) {
                    *expr = Expr::Value(Value::Null.with_empty_span());
                    self.next = self.outline.all[number].end;
                }
                ControlFlow::Continue(())
            }
        }
        let mut without = syntax.clone();
        without.visit_mut(&mut Without { outline: self, numbers, next: 0 });
        without
    }

    /// The same syntax with one expression in place of that around it.
    pub fn with_inner<S: Tree>(&self, syntax: &S, outer: usize, inner: usize) -> S {
        struct Replaced {
            number: usize,
            by: Option<Expr>,
            next: usize,
        }
        impl VisitorMut for Replaced {
            type Break = ();

            fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
                self.next += 1;
                match self.by.take_if(|_| self.next == self.number + 1) {
                    Some(other) => {
                        *expr = other;
                        ControlFlow::Break(())
                    }
                    None => ControlFlow::Continue(()),
                }
            }
        }
        let mut with = syntax.clone();
        with.visit_mut(&mut Replaced { number: outer, by: expression(syntax, inner), next: 0 });
        with
    }
}

impl Visitor for Outline {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.around.last_mut().into_iter().for_each(|(_, in_subquery)| *in_subquery = true);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.around.last_mut().into_iter().for_each(|(_, in_subquery)| *in_subquery = false);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        let in_subquery = self.around.last().is_some_and(|(_, in_subquery)| *in_subquery);
        self.around.push((self.all.len(), false));
        self.all.push(Lies { end: 0, in_subquery });
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        if let Some((number, _)) = self.around.pop() {
            self.all[number].end = self.all.len();
        }
        ControlFlow::Continue(())
    }
}

/// Where the expression of a number stands; `None` if nothing of it has a place.
pub fn place(syntax: &impl Tree, number: usize) -> Option<Span> {
    expression(syntax, number).and_then(|expr| known(expr.span()))
}

fn expression(syntax: &impl Tree, number: usize) -> Option<Expr> {
    struct Nth {
        left: usize,
        found: Option<Expr>,
    }
    impl Visitor for Nth {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match self.left.checked_sub(1) {
                Some(left) => {
                    self.left = left;
                    ControlFlow::Continue(())
                }
                None => {
                    self.found = Some(expr.clone());
                    ControlFlow::Break(())
                }
            }
        }
    }
    let mut nth = Nth { left: number, found: None };
    syntax.visit(&mut nth);
    nth.found
}

/// The second column of a name in a select list: the first one that is one too many.
pub fn repeated(syntax: &impl Tree, name: &str) -> Option<Span> {
    struct Repeated<'a> {
        name: &'a str,
        found: Option<Span>,
    }
    impl Visitor for Repeated<'_> {
        type Break = ();

        fn post_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            let named = select
                .projection
                .iter()
                .filter(|item| name_of(item).is_some_and(|it| names::shown(&it.value) == self.name));
            self.found = named.skip(1).find_map(place_of);
            if self.found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    let mut repeated = Repeated { name, found: None };
    syntax.visit(&mut repeated);
    repeated.found
}

/// Where the query says what a column of its result is: the one at a place of that result, by its name.
pub fn result_column(statement: &Statement, nth: usize, name: &str) -> Option<Span> {
    let Statement::Statement(plain) = statement else { return None };
    let Plain::Query(query) = plain.as_ref() else { return None };
    let mut body = query.body.as_ref();
    let items = loop {
        match body {
            SetExpr::Select(select) => match scoped_in(select) {
                Some(query) => body = &query.body,
                None => break &select.projection,
            },
            SetExpr::Query(query) => body = &query.body,
            // The first side gives the names.
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    };
    let is_one = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    let by_name = || items.iter().find(|item| name_of(item).is_some_and(|it| names::shown(&it.value) == name));
    let by_place = || items.get(nth).filter(|_| items.iter().take(nth + 1).all(is_one));
    // Else a `*` has it.
    by_place().or_else(by_name).or_else(|| items.iter().find(|item| !is_one(item))).and_then(place_of)
}

/// The select that is planned once its FROM's columns are known, where this one stands for it.
fn scoped_in(select: &Select) -> Option<&Query> {
    match select.from.as_slice() {
        [TableWithJoins { relation: TableFactor::TableFunction { expr: Expr::Subquery(query), .. }, .. }] => {
            Some(query)
        }
        _ => None,
    }
}

/// The name by which a select item is known, if it has one.
fn name_of(item: &SelectItem) -> Option<&Ident> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last(),
        _ => None,
    }
}

fn place_of(item: &SelectItem) -> Option<Span> {
    known(item.span())
}

fn known(place: Span) -> Option<Span> {
    (place.start.line > 0).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::super::{bytes_of, parse};
    use super::*;

    const TEXT: &str = "SELECT a + f(b), (SELECT max(c) FROM u WHERE d) AS e FROM t WHERE NOT g";

    fn shown(text: &str, place: Option<Span>) -> &str {
        place.and_then(|place| bytes_of(text, place)).map_or("", |bytes| &text[bytes])
    }

    #[test]
    fn an_outline_says_what_lies_in_what() {
        let statement = parse(TEXT).unwrap().statement;
        let outline = Outline::of(&statement);
        let texts = |numbers: Vec<usize>| {
            numbers.into_iter().map(|number| expression(&statement, number).unwrap().to_string()).collect::<Vec<_>>()
        };
        let outermost = outline.outermost();
        assert_eq!(texts(outermost.clone()), ["a + f(b)", "(SELECT max(c) AS `max(c)` FROM u WHERE d)", "NOT g"]);
        assert_eq!(texts(outline.within(outermost[0])), ["a", "f(b)"]);
        let inner = outline.within(outermost[1]);
        assert_eq!(texts(inner.clone()), ["max(c)", "d"]);
        assert!(outline.is_in_subquery(inner[0]) && !outline.is_in_subquery(outline.within(outermost[0])[1]));
        assert_eq!(shown(TEXT, place(&statement, outline.within(outermost[0])[1])), "f(b");

        let without = outline.without(&statement, &outermost[1..]).to_string();
        assert_eq!(without, "SELECT a + f(b) AS `(a + f(b))`, NULL AS e FROM t WHERE NULL");
        let inner = outline.within(outermost[0])[1];
        let with_inner = outline.with_inner(&statement, outermost[0], inner).to_string();
        assert!(with_inner.starts_with("SELECT f(b) AS `(a + f(b))`, (SELECT max(c)"), "{with_inner}");
    }

    #[test]
    fn columns_of_the_result_are_found_by_place_or_name() {
        let found = |text: &str, nth, name: &str| {
            let statement = parse(text).unwrap().statement;
            shown(text, result_column(&statement, nth, name)).to_string()
        };
        assert_eq!(found(TEXT, 1, "e"), &TEXT[18..TEXT.find(" FROM t").unwrap()]);
        assert_eq!(found("SELECT a + 1 FROM t UNION SELECT b FROM t", 0, "(t.a + 1)"), "a + 1");
        assert_eq!(found("SELECT a, t.*, t.x AS y, z FROM t", 3, "y"), "t.x AS y");
        assert_eq!(found("SELECT a, t.* FROM t", 3, "w"), "t.*");
        let text = "SELECT x FROM (SELECT a, b.a, 1 AS c, 2 AS c FROM t)";
        let statement = parse(text).unwrap().statement;
        assert_eq!(shown(text, repeated(&statement, "a")), "b.a");
        assert_eq!(shown(text, repeated(&statement, "c")), "2");
        assert_eq!(repeated(&statement, "x"), None);
    }
}
