//! Functions that are casts by the name of their type.

use datafusion::sql::sqlparser::ast::{
    DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    TimezoneInfo,
};

use super::build::cast;

/// `int(x)` is `CAST(x AS int)`: <https://spark.apache.org/docs/latest/api/sql/index.html#int>
pub fn rewrite(expr: &mut Expr) {
    if let Expr::Function(function) = expr
        && let Some(cast) = as_cast(function)
    {
        *expr = cast;
    }
}

fn as_cast(function: &Function) -> Option<Expr> {
    let data_type = match function.name.to_string().as_str() {
        "tinyint" => DataType::TinyInt(None),
        "smallint" => DataType::SmallInt(None),
        "int" => DataType::Int(None),
        "bigint" => DataType::BigInt(None),
        "float" => DataType::Float(ExactNumberInfo::None),
        "double" => DataType::Double(ExactNumberInfo::None),
        "decimal" => DataType::Decimal(ExactNumberInfo::None),
        "boolean" => DataType::Boolean,
        "string" => DataType::String(None),
        "binary" => DataType::Binary(None),
        "date" => DataType::Date,
        "timestamp" => DataType::Timestamp(None, TimezoneInfo::None),
        _ => return None,
    };
    let FunctionArguments::List(FunctionArgumentList { args, duplicate_treatment: None, .. }) = &function.args else {
        return None;
    };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] = args.as_slice() else { return None };
    function.over.is_none().then(|| cast(value.clone(), data_type))
}
