//! Operators that the engine plans otherwise than Spark.

use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion, TreeNodeRewriter};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, TableReference};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, RawFieldAccessExpr, RawWindowExpr,
};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::coercion::{ArithmeticOp, compared};
use super::functions::scalar::{arithmetic, element, element_at, intervals, lists};
use super::mode::SqlMode;
use super::sql_types::{canonical, is_literal, name};
use super::types::list_of;

/// Asked before the engine's own planners. What depends on types that are settled later is left to the analyzer.
#[derive(Debug)]
pub struct SparkPlanner {
    pub mode: SqlMode,
}

impl ExprPlanner for SparkPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if let BinaryOperator::Custom(name) = &expr.op {
            return self.tried(name, &expr.left, &expr.right, schema).map(PlannerResult::Planned);
        }
        let op = match expr.op {
            BinaryOperator::Plus => ArithmeticOp::Add,
            BinaryOperator::Minus => ArithmeticOp::Subtract,
            BinaryOperator::Multiply => ArithmeticOp::Multiply,
            BinaryOperator::Divide => ArithmeticOp::Divide,
            BinaryOperator::Modulo => ArithmeticOp::Remainder,
            BinaryOperator::MyIntegerDivide => ArithmeticOp::DivideWhole,
            BinaryOperator::StringConcat
                if !expr.left.get_type(schema)?.is_string() || !expr.right.get_type(schema)?.is_string() =>
            {
                return Ok(PlannerResult::Planned(lists::concat().call(vec![expr.left, expr.right])));
            }
            BinaryOperator::And | BinaryOperator::Or => {
                return self.condition(expr, schema).map(PlannerResult::Original);
            }
            _ => {
                return match intervals::planned(&expr.op, &expr.left, &expr.right, schema)? {
                    Some(planned) => Ok(PlannerResult::Planned(planned)),
                    None => self.condition(expr, schema).map(PlannerResult::Original),
                };
            }
        };
        if is_time(&expr.left, schema)? || is_time(&expr.right, schema)? {
            return Ok(match intervals::planned(&expr.op, &expr.left, &expr.right, schema)? {
                Some(planned) => PlannerResult::Planned(planned),
                None => PlannerResult::Original(expr),
            });
        }
        Ok(PlannerResult::Planned(arithmetic::operator(op, expr.left, expr.right, &self.mode)))
    }

    /// `list.field` is a list of that field of each element.
    fn plan_compound_identifier(
        &self,
        field: &Field,
        qualifier: Option<&TableReference>,
        nested_names: &[String],
    ) -> Result<PlannerResult<Vec<Expr>>> {
        let column = Column::new(qualifier.cloned(), field.name());
        let (mut expr, mut kind) = (Expr::Column(column), field.data_type().clone());
        for name in nested_names {
            let name = ScalarValue::from(name.clone());
            expr = match &kind {
                kind if is_list(kind) => lists::each_field().call(vec![expr, Expr::Literal(name.clone(), None)]),
                _ => get_field(expr, name.clone()),
            };
            kind = match (kind, &name) {
                (DataType::Struct(fields), ScalarValue::Utf8(Some(name))) => {
                    fields.find(name).map_or(DataType::Null, |(_, field)| field.data_type().clone())
                }
                // Of a list there are lists, whatever is in them; a map's value may be one.
                (DataType::List(item), ScalarValue::Utf8(Some(name))) => match item.data_type() {
                    DataType::Struct(fields) => {
                        let field = fields.find(name).map_or(DataType::Null, |(_, field)| field.data_type().clone());
                        list_of(field)
                    }
                    _ => DataType::Null,
                },
                (DataType::Map(entries, _), _) => match entries.data_type() {
                    DataType::Struct(pair) if pair.len() == 2 => pair[1].data_type().clone(),
                    _ => DataType::Null,
                },
                _ => DataType::Null,
            };
        }
        Ok(PlannerResult::Planned(expr))
    }

    /// The engine's names of columns say nothing of casts, so `sum(a)` and `sum(CAST(a AS double))` would be of one name.
    fn plan_aggregate(&self, expr: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        let args = expr.args.into_iter().map(with_named_casts).collect::<Result<_>>()?;
        Ok(PlannerResult::Original(RawAggregateExpr { args, ..expr }))
    }

    fn plan_window(&self, expr: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        let args = expr.args.into_iter().map(with_named_casts).collect::<Result<_>>()?;
        Ok(PlannerResult::Original(RawWindowExpr { args, ..expr }))
    }

    fn plan_make_map(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(lists::map().call(args)))
    }

    /// `list[0]` is the first element, as in
    /// <https://spark.apache.org/docs/latest/sql-ref-operators.html>; keys of maps and names of fields are the engine's.
    fn plan_field_access(
        &self,
        access: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let RawFieldAccessExpr { field_access, expr } = access;
        match field_access {
            GetFieldAccess::ListIndex { key } if is_list(&expr.get_type(schema)?) => {
                Ok(PlannerResult::Planned(element::element(&self.mode).call(vec![expr, *key])))
            }
            // A key that is computed; one that is written is the engine's.
            GetFieldAccess::ListIndex { key } if matches!(expr.get_type(schema)?, DataType::Map(..)) => {
                Ok(PlannerResult::Planned(element_at::value_of_key().call(vec![expr, *key])))
            }
            GetFieldAccess::NamedStructField { name } if is_list(&expr.get_type(schema)?) => {
                Ok(PlannerResult::Planned(lists::each_field().call(vec![expr, Expr::Literal(name, None)])))
            }
            field_access => Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr })),
        }
    }
}

impl SparkPlanner {
    /// `try_add(a, b)` and its like, which are written as operators by now.
    fn tried(&self, name: &str, left: &Expr, right: &Expr, schema: &DFSchema) -> Result<Expr> {
        let op = match name {
            "try_add" => BinaryOperator::Plus,
            "try_subtract" => BinaryOperator::Minus,
            "try_multiply" => BinaryOperator::Multiply,
            "try_divide" => BinaryOperator::Divide,
            _ => BinaryOperator::Modulo,
        };
        let has_time = is_time(left, schema)? || is_time(right, schema)?;
        let planned = if has_time { intervals::planned(&op, left, right, schema)? } else { None };
        Ok(match planned {
            Some(planned) => intervals::tried(planned),
            None => arithmetic::named(name, &self.mode).call(vec![left.clone(), right.clone()]),
        })
    }

    /// Texts as truth values, and truth values as numbers, which the engine refuses before any rule sees them.
    fn condition(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<RawBinaryExpr> {
        use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or, Spaceship};
        let RawBinaryExpr { op, left, right } = expr;
        let is_truth = |data_type: &DataType| *data_type == DataType::Boolean;
        let to = match op {
            And | Or if self.mode.ansi => {
                let has_text = left.get_type(schema)?.is_string() || right.get_type(schema)?.is_string();
                has_text.then_some(DataType::Boolean)
            }
            Eq | NotEq | Lt | LtEq | Gt | GtEq | Spaceship => {
                let types = (left.get_type(schema)?, right.get_type(schema)?);
                let both = canonical(&types.0).zip(canonical(&types.1)).filter(|(l, r)| is_truth(l) != is_truth(r));
                both.and_then(|(l, r)| compared(&l, &r, self.mode.ansi))
            }
            _ => None,
        };
        let cast = |expr: Expr, to: &DataType| -> Result<Expr> {
            Ok(if expr.get_type(schema)? == *to { expr } else { Expr::Cast(Cast::new(Box::new(expr), to.clone())) })
        };
        Ok(match to {
            Some(to) => RawBinaryExpr { op, left: cast(left, &to)?, right: cast(right, &to)? },
            None => RawBinaryExpr { op, left, right },
        })
    }
}

/// An aggregate within a window has been through this, and so has what has a name.
fn with_named_casts(expr: Expr) -> Result<Expr> {
    struct NamedCasts;
    impl TreeNodeRewriter for NamedCasts {
        type Node = Expr;

        fn f_down(&mut self, part: Expr) -> Result<Transformed<Expr>> {
            let is_named = matches!(part, Expr::AggregateFunction(_) | Expr::Alias(_));
            let on = if is_named { TreeNodeRecursion::Jump } else { TreeNodeRecursion::Continue };
            Ok(Transformed::new(part, false, on))
        }

        fn f_up(&mut self, part: Expr) -> Result<Transformed<Expr>> {
            let (how, value, to) = match &part {
                Expr::Cast(cast) if !is_literal(&cast.field) => ("CAST", &cast.expr, cast.field.data_type()),
                Expr::TryCast(cast) => ("TRY_CAST", &cast.expr, cast.field.data_type()),
                _ => return Ok(Transformed::no(part)),
            };
            let name = format!("{how}({} AS {})", value.schema_name(), name(to).to_uppercase());
            Ok(Transformed::yes(part.alias(name)))
        }
    }
    expr.rewrite(&mut NamedCasts).data()
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

/// Sums and differences of times and intervals are the engine's.
fn is_time(expr: &Expr, schema: &DFSchema) -> Result<bool> {
    if arithmetic::is_arithmetic(expr) {
        return Ok(false);
    }
    Ok(matches!(
        expr.get_type(schema)?,
        DataType::Interval(_)
            | DataType::Duration(_)
            | DataType::Date32
            | DataType::Date64
            | DataType::Timestamp(..)
            | DataType::Time32(_)
            | DataType::Time64(_)
    ))
}
