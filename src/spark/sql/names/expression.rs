//! The name of an expression.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, CeilFloorKind, DataType, Expr, Ident, NamedWindowDefinition, Subscript,
    TrimWhereField, UnaryOperator, Value,
};

use super::{Naming, Qualifiers, bare, fields, function, literal};
use crate::spark::functions::scalar::interval_literal;
use crate::spark::sql::intervals;

/// The name of an expression.
pub fn of(expr: &Expr) -> String {
    of_column(expr, &[], &[])
}

/// The name of a column of a select list. A cast column is called as that column.
pub(super) fn of_column(expr: &Expr, windows: &[NamedWindowDefinition], tables: &Qualifiers) -> String {
    match expr {
        Expr::Nested(inner) => return of_column(inner, windows, tables),
        Expr::CompoundIdentifier(parts) if !parts.is_empty() => return parts[parts.len() - 1].value.clone(),
        Expr::Cast { expr, .. } => match bare(expr) {
            Expr::Identifier(name) => return name.value.clone(),
            // Of a field the cast is written.
            Expr::CompoundIdentifier(parts) => {
                if let [name] = fields(tables, parts) {
                    return name.value.clone();
                }
            }
            _ => {}
        },
        // `(s).f` is a field of a column; of anything else all is written.
        Expr::CompoundFieldAccess { root, access_chain } => {
            let is_field = |access: &AccessExpr| matches!(access, AccessExpr::Dot(Expr::Identifier(_)));
            if matches!(bare(root), Expr::Identifier(_))
                && access_chain.iter().all(is_field)
                && let Some(AccessExpr::Dot(Expr::Identifier(name))) = access_chain.last()
            {
                return name.value.clone();
            }
        }
        _ => {}
    }
    let mut name = Naming { text: String::new(), windows, tables, variables: vec![] };
    name.write(expr);
    name.text
}

impl Naming<'_> {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn list<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        for (nth, expr) in exprs.into_iter().enumerate() {
            if nth > 0 {
                self.push(", ");
            }
            self.write(expr);
        }
    }

    /// `name(a, b)`
    pub(super) fn call<'a>(&mut self, name: &str, arguments: impl IntoIterator<Item = &'a Expr>) {
        self.push(name);
        self.push("(");
        self.list(arguments);
        self.push(")");
    }

    fn between(&mut self, left: &Expr, operator: &str, right: &Expr) {
        self.push("(");
        self.write(left);
        self.push(" ");
        self.push(operator);
        self.push(" ");
        self.write(right);
        self.push(")");
    }

    fn after(&mut self, operand: &Expr, words: &str) {
        self.push("(");
        self.write(operand);
        self.push(words);
        self.push(")");
    }

    fn negated(&mut self, negated: bool, write: impl FnOnce(&mut Self)) {
        self.push(if negated { "(NOT " } else { "" });
        write(self);
        self.push(if negated { ")" } else { "" });
    }

    pub(super) fn write(&mut self, expr: &Expr) {
        match expr {
            Expr::Identifier(name) if self.variables.contains(&name.value) => self.push("namedlambdavariable()"),
            Expr::Identifier(name) => self.push(&name.value),
            Expr::CompoundIdentifier(parts) => self.compound(parts),
            Expr::Nested(inner) => self.write(inner),
            Expr::Value(value) => self.push(&literal::value(&value.value)),
            Expr::Interval(interval) => {
                let texts = intervals::texts(interval).unwrap_or_default();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                self.push(&interval_literal::spelled(&texts).unwrap_or_else(|| interval.to_string()));
            }
            Expr::TypedString(typed) => self.typed(&typed.data_type, &typed.value.value),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::IsNull(of) | Expr::IsUnknown(of) => self.after(of, " IS NULL"),
            Expr::IsNotNull(of) | Expr::IsNotUnknown(of) => self.after(of, " IS NOT NULL"),
            Expr::IsTrue(of) => self.after(of, " <=> true"),
            Expr::IsFalse(of) => self.after(of, " <=> false"),
            Expr::IsNotTrue(of) => self.negated(true, |name| name.after(of, " <=> true")),
            Expr::IsNotFalse(of) => self.negated(true, |name| name.after(of, " <=> false")),
            Expr::IsNotDistinctFrom(left, right) => self.between(left, "<=>", right),
            Expr::IsDistinctFrom(left, right) => self.negated(true, |name| name.between(left, "<=>", right)),
            Expr::InList { expr, list, negated } => self.negated(*negated, |name| {
                name.push("(");
                name.write(expr);
                name.call(" IN ", list);
                name.push(")");
            }),
            Expr::InSubquery { expr, negated, .. } => self.negated(*negated, |name| {
                name.after(expr, " IN (listquery())");
            }),
            Expr::Between { expr, negated, low, high } => self.negated(*negated, |name| {
                name.call("between", [expr.as_ref(), low.as_ref(), high.as_ref()]);
            }),
            Expr::Like { negated, any, expr, pattern, escape_char } => {
                self.like(expr, pattern, (*negated, *any, true), escape_char.as_ref().map(|value| &value.value));
            }
            Expr::ILike { negated, any, expr, pattern, .. } => self.like(expr, pattern, (*negated, *any, false), None),
            Expr::RLike { negated, expr, pattern, .. } => self.negated(*negated, |name| {
                name.call("RLIKE", [expr.as_ref(), pattern.as_ref()]);
            }),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.push("CASE");
                for case in conditions {
                    self.push(" WHEN ");
                    match operand {
                        Some(operand) => self.between(operand, "=", &case.condition),
                        None => self.write(&case.condition),
                    }
                    self.push(" THEN ");
                    self.write(&case.result);
                }
                if let Some(result) = else_result {
                    self.push(" ELSE ");
                    self.write(result);
                }
                self.push(" END");
            }
            Expr::Cast { kind, expr, data_type, .. } => self.cast(kind, expr, data_type),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.write(root);
                for access in access_chain {
                    match access {
                        AccessExpr::Dot(field) => {
                            self.push(".");
                            self.write(field);
                        }
                        AccessExpr::Subscript(Subscript::Index { index }) => {
                            self.push("[");
                            self.write(index);
                            self.push("]");
                        }
                        AccessExpr::Subscript(slice) => self.push(&format!("[{slice}]")),
                    }
                }
            }
            Expr::Function(function) => function::write(self, function),
            Expr::Exists { negated, .. } => self.negated(*negated, |name| name.push("exists()")),
            Expr::Subquery(_) => self.push("scalarsubquery()"),
            Expr::Extract { field, expr, .. } => {
                self.push(&format!("extract({field} FROM "));
                self.write(expr);
                self.push(")");
            }
            Expr::Ceil { expr, field } => self.rounded("CEIL", expr, field),
            Expr::Floor { expr, field } => self.rounded("FLOOR", expr, field),
            Expr::Position { expr, r#in } => {
                self.push("locate(");
                self.list([expr.as_ref(), r#in.as_ref()]);
                self.push(", 1)");
            }
            Expr::Substring { expr, substring_from, substring_for, shorthand, .. } => {
                self.push(if *shorthand { "substr(" } else { "substring(" });
                self.write(expr);
                if let Some(from) = substring_from {
                    self.push(", ");
                    self.write(from);
                }
                self.push(", ");
                match substring_for {
                    Some(length) => self.write(length),
                    None => self.push("2147483647"),
                }
                self.push(")");
            }
            Expr::Trim { trim_where, trim_what, expr, .. } => self.trim(*trim_where, trim_what.as_deref(), expr),
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                self.push("overlay(");
                self.list([expr.as_ref(), overlay_what.as_ref(), overlay_from.as_ref()]);
                self.push(", ");
                match overlay_for {
                    Some(length) => self.write(length),
                    None => self.push("-1"),
                }
                self.push(")");
            }
            Expr::Collate { expr, collation } => {
                self.push("collate(");
                self.write(expr);
                self.push(&format!(", {collation})"));
            }
            Expr::Tuple(parts) => self.struct_of(parts),
            Expr::Struct { values, .. } => self.call("struct", values),
            Expr::Named { expr, name } => {
                self.write(expr);
                self.push(&format!(" AS {}", name.value));
            }
            Expr::Array(array) => self.call("array", &array.elem),
            Expr::Lambda(lambda) => function::lambda(self, lambda),
            other => self.push(&other.to_string()),
        }
    }

    /// A column is written without its table, and a field with the column that it is in.
    fn compound(&mut self, parts: &[Ident]) {
        let is_variable = parts.first().is_some_and(|first| self.variables.contains(&first.value));
        for (nth, part) in fields(self.tables, parts).iter().enumerate() {
            match (nth, is_variable) {
                (0, true) => self.push("namedlambdavariable()"),
                (0, false) => self.push(&part.value),
                (_, _) => self.push(&format!(".{}", part.value)),
            }
        }
    }

    fn typed(&mut self, data_type: &DataType, value: &Value) {
        let Value::SingleQuotedString(text) = value else { return self.push(&value.to_string()) };
        let name = match data_type {
            DataType::Date => literal::date(text),
            DataType::Timestamp(..) => literal::timestamp("TIMESTAMP", text),
            DataType::TimestampNtz(..) => literal::timestamp("TIMESTAMP_NTZ", text),
            DataType::Float(_) => text.parse().map_or_else(|_| text.clone(), literal::float),
            DataType::Double(_) => text.parse().map_or_else(|_| text.clone(), literal::double),
            DataType::Decimal(_) => literal::number(&literal::written_out(text)),
            DataType::TinyInt(_) | DataType::SmallInt(_) | DataType::BigInt(_) => literal::number(text),
            other => format!("{other} '{text}'"),
        };
        self.push(&name);
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &Expr) {
        match (operator, operand) {
            (UnaryOperator::Minus, Expr::Value(_) | Expr::TypedString(_)) => {
                self.push("-");
                self.write(operand);
            }
            (UnaryOperator::BitwiseNot, _) => {
                self.push("~");
                self.write(operand);
            }
            (UnaryOperator::BangNot, _) => self.before("NOT", operand),
            (operator, _) => self.before(&operator.to_string(), operand),
        }
    }

    fn before(&mut self, operator: &str, operand: &Expr) {
        self.push("(");
        self.push(operator);
        self.push(" ");
        self.write(operand);
        self.push(")");
    }

    fn binary(&mut self, left: &Expr, operator: &BinaryOperator, right: &Expr) {
        match operator {
            BinaryOperator::NotEq => self.negated(true, |name| name.between(left, "=", right)),
            BinaryOperator::StringConcat => self.call("concat", [left, right]),
            BinaryOperator::MyIntegerDivide => self.between(left, "div", right),
            BinaryOperator::PGCustomBinaryOperator(symbols) => self.between(left, &symbols.concat(), right),
            BinaryOperator::Regexp => self.call("RLIKE", [left, right]),
            operator => self.between(left, &operator.to_string(), right),
        }
    }

    fn like(&mut self, text: &Expr, pattern: &Expr, (negated, any, cased): (bool, bool, bool), escape: Option<&Value>) {
        // `LIKE ALL (…)` and `LIKE SOME (…)` are read as calls.
        let quantified = match pattern {
            _ if any => Some("any"),
            Expr::Function(function) => match function.name.to_string().as_str() {
                "all" => Some("all"),
                "any" | "some" => Some("any"),
                _ => None,
            },
            _ => None,
        };
        if let Some(quantified) = quantified {
            let not = if negated { "not" } else { "" };
            self.push(&format!("{not}like{quantified}("));
            match cased {
                true => self.write(text),
                false => self.call("lower", [text]),
            }
            return self.push(")");
        }
        self.negated(negated, |name| match cased {
            true => {
                name.write(text);
                name.push(" LIKE ");
                name.write(pattern);
                match escape {
                    Some(escape) if literal::value(escape) != "\\" => {
                        name.push(&format!(" ESCAPE '{}'", literal::value(escape)));
                    }
                    _ => {}
                }
            }
            false => name.call("ilike", [text, pattern]),
        });
    }

    fn cast(&mut self, kind: &CastKind, expr: &Expr, data_type: &DataType) {
        let name = type_name(data_type);
        // Of casts to types that hold others Spark writes what is cast alone.
        let Some(name) = name else { return self.write(expr) };
        self.push(if matches!(kind, CastKind::TryCast | CastKind::SafeCast) { "TRY_CAST(" } else { "CAST(" });
        self.write(expr);
        self.push(&format!(" AS {name})"));
    }

    fn rounded(&mut self, name: &str, expr: &Expr, field: &CeilFloorKind) {
        match field {
            CeilFloorKind::Scale(scale) => {
                self.push(&format!("{}(", name.to_lowercase()));
                self.write(expr);
                self.push(&format!(", {})", literal::value(&scale.value)));
            }
            CeilFloorKind::DateTimeField(_) => self.call(name, [expr]),
        }
    }

    fn trim(&mut self, side: Option<TrimWhereField>, what: Option<&Expr>, text: &Expr) {
        let Some(what) = what else {
            let name = match side {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                Some(TrimWhereField::Both) | None => "trim",
            };
            return self.call(name, [text]);
        };
        let side = side.map_or("BOTH".to_string(), |side| side.to_string());
        self.push(&format!("TRIM({side} "));
        self.write(what);
        self.push(" FROM ");
        self.write(text);
        self.push(")");
    }

    /// `(a, 1)` is a struct, whose fields are called as their columns, or by their places.
    fn struct_of(&mut self, parts: &[Expr]) {
        self.push("named_struct(");
        for (nth, part) in parts.iter().enumerate() {
            let field = match bare(part) {
                Expr::Identifier(name) => name.value.clone(),
                Expr::CompoundIdentifier(path) => path.last().map_or_else(String::new, |name| name.value.clone()),
                _ => format!("col{}", nth + 1),
            };
            self.push(&format!("{}{field}, ", if nth > 0 { ", " } else { "" }));
            self.write(part);
        }
        self.push(")");
    }
}

/// A type as Spark's casts name it; `None` for one that holds others.
fn type_name(data_type: &DataType) -> Option<String> {
    use datafusion::sql::sqlparser::ast::{ExactNumberInfo, TimezoneInfo};
    let name = match data_type {
        DataType::TinyInt(_) => "TINYINT",
        DataType::SmallInt(_) => "SMALLINT",
        DataType::Int(_) | DataType::Integer(_) => "INT",
        DataType::BigInt(_) => "BIGINT",
        DataType::Float(_) | DataType::Real => "FLOAT",
        DataType::Double(_) => "DOUBLE",
        DataType::Boolean | DataType::Bool => "BOOLEAN",
        DataType::Date | DataType::Date32 => "DATE",
        DataType::Timestamp(_, TimezoneInfo::None) => "TIMESTAMP",
        DataType::TimestampNtz(_) => "TIMESTAMP_NTZ",
        DataType::String(_)
        | DataType::Varchar(_)
        | DataType::Char(_)
        | DataType::Character(_)
        | DataType::CharacterVarying(_)
        | DataType::Text => "STRING",
        DataType::Binary(_) => "BINARY",
        DataType::Decimal(info) | DataType::Dec(info) | DataType::Numeric(info) => {
            return Some(match info {
                ExactNumberInfo::None => "DECIMAL(10,0)".to_string(),
                ExactNumberInfo::Precision(precision) => format!("DECIMAL({precision},0)"),
                ExactNumberInfo::PrecisionAndScale(precision, scale) => format!("DECIMAL({precision},{scale})"),
            });
        }
        DataType::Array(_) | DataType::Map(..) | DataType::Struct(..) => return None,
        DataType::Custom(name, _) => {
            return Some(match name.to_string().as_str() {
                "byte" => "TINYINT".to_string(),
                "short" => "SMALLINT".to_string(),
                "long" => "BIGINT".to_string(),
                "timestamp_ltz" => "TIMESTAMP".to_string(),
                other => other.to_uppercase(),
            });
        }
        other => return Some(other.to_string()),
    };
    Some(name.to_string())
}
