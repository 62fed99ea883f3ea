//! Columns of one name in one select list. Spark has no objection as long as nobody asks for one of them by its name; the
//! planner has, so they get a number that nobody sees.

use std::borrow::Cow;

use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem};

/// Stands between a name and its number. No name that is written has it.
const MARK: char = '\u{2063}';

/// The name of a result's column as users see it.
pub fn shown(name: &str) -> Cow<'_, str> {
    match name.split_once(MARK) {
        Some((name, _)) => Cow::Owned(name.to_string()),
        None => Cow::Borrowed(name),
    }
}

/// Numbers the columns whose names are those of others. If they are all the same column, the first may still be asked for.
pub fn number(projection: &mut [SelectItem]) {
    let names: Vec<Option<String>> =
        projection.iter().map(|item| name_of(item).map(|name| name.value.clone())).collect();
    for nth in 0..projection.len() {
        let Some(name) = &names[nth] else { continue };
        let others: Vec<usize> = (0..names.len()).filter(|other| names[*other].as_ref() == Some(name)).collect();
        if others.len() < 2 {
            continue;
        }
        let is_first = others[0] == nth;
        let of_one = others.windows(2).all(|pair| expr_of(&projection[pair[0]]) == expr_of(&projection[pair[1]]));
        // Looked at from the last to the first, so that what is compared is still as it was.
        if !(is_first && of_one) {
            let place = others.iter().position(|other| *other == nth).unwrap_or_default() + 1;
            let alias = Ident::with_quote('`', format!("{name}{MARK}{place}"));
            let expr = expr_of(&projection[nth]).cloned();
            if let Some(expr) = expr {
                projection[nth] = SelectItem::ExprWithAlias { expr, alias };
            }
        }
    }
}

fn name_of(item: &SelectItem) -> Option<&Ident> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last(),
        _ => None,
    }
}

fn expr_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => Some(expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spark::sql::parse;

    #[test]
    fn names_that_are_repeated_are_numbered() {
        let text = |text: &str| parse(text).unwrap().statement.to_string().replace(MARK, "#");
        assert_eq!(text("SELECT a, a, b FROM t"), "SELECT a, a AS `a#2`, b FROM t");
        assert_eq!(text("SELECT a, b AS a FROM t"), "SELECT a AS `a#1`, b AS `a#2` FROM t");
        assert_eq!(text("SELECT t.a, u.a FROM t, u"), "SELECT t.a AS `a#1`, u.a AS `a#2` FROM t, u");
        assert_eq!(shown("a\u{2063}2"), "a");
        assert_eq!(shown("a"), "a");
    }
}
