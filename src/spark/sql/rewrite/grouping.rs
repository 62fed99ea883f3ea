//! Groupings: `WITH ROLLUP`, `WITH CUBE`, `GROUPING SETS (…)` behind the columns or in their place, `ROLLUP (…)` and `CUBE (…)`
//! beside columns and within one another, all in the one form that the planner knows: a list of sets.
//!
//! `grouping(x)` and `grouping_id()` are that planner's `grouping`, of one column or of all.
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-groupby.html>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, GroupByExpr, GroupByWithModifier, OrderBy, Query, Select, SelectItem, SetExpr,
    Spanned, Value,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::RewriteRefusal;
use super::build::{arguments, binary, call, cast, count_all, number};
use super::own::visit_own;

/// As many as Spark's own limit allows columns to stand in a grouping: `2^n` sets of a CUBE are no grouping any more.
const MOST_SETS: usize = 4096;

/// Rewrites the groupings of a query's own selects.
pub fn rewrite(query: &mut Query) -> Result<(), RewriteRefusal> {
    let Query { body, order_by, .. } = query;
    match body.as_mut() {
        SetExpr::Select(select) => rewrite_select(select, order_by.as_mut()),
        other => rewrite_sides(other),
    }
}

/// The selects of a set operation. Queries in brackets are looked at by themselves.
fn rewrite_sides(body: &mut SetExpr) -> Result<(), RewriteRefusal> {
    match body {
        SetExpr::Select(select) => rewrite_select(select, None),
        SetExpr::SetOperation { left, right, .. } => {
            rewrite_sides(left)?;
            rewrite_sides(right)
        }
        _ => Ok(()),
    }
}

fn rewrite_select(select: &mut Select, order_by: Option<&mut OrderBy>) -> Result<(), RewriteRefusal> {
    let grouping = Grouping::of(select)?;
    if let Some(grouping) = &grouping {
        select.group_by = GroupByExpr::Expressions(vec![Expr::GroupingSets(grouping.sets.clone())], vec![]);
        if grouping.sets.len() > 1 && grouping.sets.iter().any(Vec::is_empty) {
            // Of no rows the planner has a total. Spark has none, unless the total is all that is asked for.
            let any = binary(count_all(), BinaryOperator::Gt, number(0));
            select.having = Some(match select.having.take() {
                Some(having) => binary(Expr::Nested(Box::new(having)), BinaryOperator::And, any),
                None => any,
            });
        }
    }
    let columns = grouping.as_ref().map(|grouping| grouping.columns.as_slice());
    match visit_own(select, order_by, |expr| {
        replace(expr, columns).map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }) {
        ControlFlow::Break(refusal) => Err(refusal),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// What a GROUP BY with sets groups by.
struct Grouping {
    /// Each column once, in the order in which they are written.
    columns: Vec<Expr>,
    sets: Vec<Vec<Expr>>,
}

impl Grouping {
    /// `None` for a GROUP BY of plain columns.
    fn of(select: &Select) -> Result<Option<Grouping>, RewriteRefusal> {
        let GroupByExpr::Expressions(items, modifiers) = &select.group_by else {
            return match &select.group_by {
                GroupByExpr::All(modifiers) if !modifiers.is_empty() => Err(RewriteRefusal::new(
                    select.group_by.span(),
                    "GROUP BY ALL cannot be combined with ROLLUP, CUBE or GROUPING SETS",
                    "name the columns to group by",
                )),
                _ => Ok(None),
            };
        };
        let items: Vec<Expr> = items.iter().map(|item| at_place(item, &select.projection)).collect();
        let place = select.group_by.span();
        let singles = || items.iter().map(|item| vec![item.clone()]).collect::<Vec<_>>();
        let parts = match modifiers.as_slice() {
            [] if !items.iter().any(is_grouping) => return Ok(None),
            [] => items.clone(),
            [GroupByWithModifier::Rollup] => vec![Expr::Rollup(singles())],
            [GroupByWithModifier::Cube] => vec![Expr::Cube(singles())],
            [GroupByWithModifier::GroupingSets(sets)] => vec![sets.clone()],
            _ => {
                return Err(RewriteRefusal::new(
                    place,
                    "a GROUP BY takes one of WITH ROLLUP, WITH CUBE and GROUPING SETS",
                    "write all sets of columns in one GROUPING SETS (…)",
                ));
            }
        };
        for part in &parts {
            if let Expr::Rollup(columns) | Expr::Cube(columns) = part
                && columns.iter().any(Vec::is_empty)
            {
                let message = "[PARSE_SYNTAX_ERROR] ROLLUP and CUBE take columns, and `()` is none";
                return Err(RewriteRefusal::new(place, message, "leave `()` out, or write GROUPING SETS (…)"));
            }
        }
        let mut sets = vec![vec![]];
        for part in &parts {
            let more = sets_of(part, &select.projection);
            if sets.len() * more.len() > MOST_SETS {
                let message = format!("this GROUP BY has more than {MOST_SETS} sets of columns");
                return Err(RewriteRefusal::new(place, message, "list those that are needed in GROUPING SETS (…)"));
            }
            sets = sets.iter().flat_map(|set| more.iter().map(|other| [set.as_slice(), other].concat())).collect();
        }
        sets.iter_mut().for_each(|set| *set = once_each(set));
        let listed = if modifiers.is_empty() { vec![] } else { items };
        let columns = once_each(&[listed.as_slice(), &sets.concat()].concat());
        Ok(Some(Grouping { columns, sets }))
    }
}

fn is_grouping(expr: &Expr) -> bool {
    matches!(expr, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_))
}

/// The sets of columns that one part of a GROUP BY stands for.
fn sets_of(part: &Expr, projection: &[SelectItem]) -> Vec<Vec<Expr>> {
    match part {
        Expr::Rollup(parts) => {
            (0..=parts.len()).rev().map(|kept| parts[..kept].concat()).map(|set| placed(set, projection)).collect()
        }
        Expr::Cube(parts) => {
            let subsets = parts.iter().rev().fold(vec![vec![]], |subsets: Vec<Vec<Expr>>, part| {
                let with = subsets.iter().map(|subset| [part.as_slice(), subset].concat());
                with.chain(subsets.iter().cloned()).take(MOST_SETS + 1).collect()
            });
            subsets.into_iter().map(|set| placed(set, projection)).collect()
        }
        Expr::GroupingSets(sets) => sets
            .iter()
            .flat_map(|set| match set.as_slice() {
                [one] => sets_of(one, projection),
                set => vec![placed(set.to_vec(), projection)],
            })
            .collect(),
        // Within GROUPING SETS the parser takes the two for functions.
        Expr::Function(function) => match (function.name.to_string().as_str(), arguments(function)) {
            ("rollup", Some(parts)) => sets_of(&Expr::Rollup(parts.into_iter().map(parts_of).collect()), projection),
            ("cube", Some(parts)) => sets_of(&Expr::Cube(parts.into_iter().map(parts_of).collect()), projection),
            _ => vec![vec![part.clone()]],
        },
        Expr::Tuple(parts) => vec![placed(parts.clone(), projection)],
        plain => vec![placed(vec![plain.clone()], projection)],
    }
}

fn parts_of(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr::Tuple(parts) => parts,
        Expr::Nested(one) => vec![*one],
        one => vec![one],
    }
}

fn placed(set: Vec<Expr>, projection: &[SelectItem]) -> Vec<Expr> {
    set.iter().map(|column| at_place(column, projection)).collect()
}

/// What the select list has at a place, if a column is named by its place.
fn at_place(column: &Expr, projection: &[SelectItem]) -> Expr {
    let nth = match column {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse::<usize>().ok(),
            _ => None,
        },
        _ => None,
    };
    let is_plain = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    let item = nth.and_then(|nth| nth.checked_sub(1)).and_then(|nth| {
        // Behind a `*` nobody knows yet what stands where.
        projection.get(..=nth).filter(|items| items.iter().all(is_plain))?.last()
    });
    match item {
        Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => expr.clone(),
        _ => column.clone(),
    }
}

fn once_each(columns: &[Expr]) -> Vec<Expr> {
    let mut once = vec![];
    for column in columns {
        if !once.contains(column) {
            once.push(column.clone());
        }
    }
    once
}

/// Puts what the planner knows in place of `grouping(x)`, `grouping_id(…)` and Hive's `grouping__id`.
fn replace(expr: &mut Expr, columns: Option<&[Expr]>) -> Result<(), RewriteRefusal> {
    let place = expr.span();
    let (asked, is_id) = match expr {
        Expr::Identifier(name) if name.value == "grouping__id" && columns.is_some() => (vec![], true),
        Expr::Function(function) => match (function.name.to_string().as_str(), arguments(function)) {
            ("grouping", Some(asked)) => (asked, false),
            ("grouping_id", Some(asked)) => (asked, true),
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let Some(columns) = columns else {
        return Err(RewriteRefusal::new(
            place,
            "[UNSUPPORTED_GROUPING_EXPRESSION] grouping() and grouping_id() are for a GROUP BY with ROLLUP, CUBE or GROUPING SETS",
            "without these, each row is of one group: leave it out",
        ));
    };
    let all = || columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if is_id {
        if !asked.is_empty() && asked != columns {
            return Err(RewriteRefusal::new(
                place,
                format!("[GROUPING_ID_COLUMN_MISMATCH] grouping_id() is of all columns of the GROUP BY: {}", all()),
                "leave its arguments out",
            ));
        }
        *expr = grouping(place, columns.to_vec(), DataType::BigInt(None));
        return Ok(());
    }
    match asked.as_slice() {
        [column] if columns.contains(column) => {
            *expr = grouping(place, asked, DataType::TinyInt(None));
            Ok(())
        }
        _ => Err(RewriteRefusal::new(
            place,
            format!("[GROUPING_COLUMN_MISMATCH] grouping() is of one column of the GROUP BY: {}", all()),
            "take one of these",
        )),
    }
}

/// A bit for each column, from the highest down: whether the row is of all its values.
fn grouping(place: Span, columns: Vec<Expr>, data_type: DataType) -> Expr {
    match columns.is_empty() {
        true => cast(number(0), data_type),
        false => cast(call("grouping", place, columns), data_type),
    }
}

#[cfg(test)]
mod tests {
    use crate::spark::sql::parse;

    fn rewritten(group_by: &str) -> String {
        let text = format!("SELECT a AS a FROM t GROUP BY {group_by}");
        let statement = parse(&text).unwrap().statement.to_string();
        let (_, group_by) = statement.split_once("GROUP BY ").unwrap();
        group_by.split(" HAVING").next().unwrap().to_string()
    }

    #[test]
    fn all_forms_become_a_list_of_sets() {
        assert_eq!(rewritten("a, b"), "a, b");
        let rollup = "GROUPING SETS ((a, b), (a), ())";
        for same in [
            "a, b WITH ROLLUP",
            "ROLLUP (a, b)",
            "GROUPING SETS ((a, b), a, ())",
            "a, b GROUPING SETS ((a, b), (a), ())",
        ] {
            assert_eq!(rewritten(same), rollup, "{same}");
        }
        assert_eq!(rewritten("1, b WITH CUBE"), "GROUPING SETS ((a, b), (a), (b), ())");
        assert_eq!(rewritten("a, ROLLUP (b, (c, a))"), "GROUPING SETS ((a, b, c), (a, b), (a))");
        assert_eq!(rewritten("ROLLUP (a), CUBE (b)"), "GROUPING SETS ((a, b), (a), (b), ())");
        assert_eq!(rewritten("GROUPING SETS (a, ROLLUP (b, c))"), "GROUPING SETS ((a), (b, c), (b), ())");
    }

    #[test]
    fn what_is_no_grouping_is_refused() {
        let refused = |text: &str| parse(text).unwrap_err().message;
        assert!(refused("SELECT grouping(a) FROM t GROUP BY a").starts_with("[UNSUPPORTED_GROUPING_EXPRESSION]"));
        assert!(refused("SELECT grouping(b) FROM t GROUP BY a WITH CUBE").starts_with("[GROUPING_COLUMN_MISMATCH]"));
        assert!(
            refused("SELECT grouping_id(a) FROM t GROUP BY a, b WITH CUBE")
                .starts_with("[GROUPING_ID_COLUMN_MISMATCH]")
        );
        let many: Vec<String> = (0..20).map(|nr| format!("c{nr}")).collect();
        assert!(refused(&format!("SELECT 1 FROM t GROUP BY CUBE ({})", many.join(", "))).contains("4096 sets"));
    }
}
