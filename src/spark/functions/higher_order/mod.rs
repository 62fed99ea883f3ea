//! Functions that take a lambda: `transform(list, x -> x + 1)`.
//!
//! <https://spark.apache.org/docs/latest/api/sql/lambda-functions/>. A lambda is computed over the elements of all lists of a batch at
//! once; columns that it names from outside are repeated for each element.
//!
//! | file | functions |
//! |---|---|
//! | `each` | of each element of a list: `transform`, `filter`, `exists`, `forall` |
//! | `fold` | from the first element to the last: `aggregate` |
//! | `order` | `array_sort` with a comparison |
//! | `pairs` | of two lists or of maps: `zip_with`, `map_filter`, `transform_keys`, `transform_values`, `map_zip_with` |

mod each;
mod fold;
mod order;
mod pairs;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF,
    HigherOrderUDFImpl, LambdaArgument, LambdaParametersProgress, ValueOrLambda, Volatility,
};

use super::scalar::lists::gather::item_of;
use crate::spark::types::list_of;

pub use order::SORT_BY;

pub fn all() -> Vec<Arc<HigherOrderUDF>> {
    [each::all(), fold::all(), order::all(), pairs::all()].concat()
}

/// The types of what each lambda is given.
type LambdaParameters = Vec<Vec<DataType>>;

/// What a higher-order function is: which types its values are cast to, what its lambdas are given, what it gives, and how.
struct Lambdas {
    name: &'static str,
    aliases: Vec<String>,
    /// Of the values among its arguments.
    taking: fn(&'static str, &[DataType]) -> Result<Vec<DataType>>,
    /// Of the values' types, for each lambda.
    parameters: fn(&[DataType], usize) -> Result<LambdaParameters>,
    /// Of the values' types, and those of what the lambdas give.
    giving: fn(&'static str, &[DataType], &[DataType]) -> Result<DataType>,
    computing: fn(&LambdaCall) -> Result<ArrayRef>,
    signature: HigherOrderSignature,
}

/// A call over a batch.
struct LambdaCall<'a> {
    values: Vec<ArrayRef>,
    lambdas: Vec<&'a LambdaArgument>,
    rows: usize,
    gives: &'a DataType,
}

// There is one function of a name.
impl PartialEq for Lambdas {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Lambdas {}

impl std::hash::Hash for Lambdas {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl std::fmt::Debug for Lambdas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lambdas").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Lambdas {
    fn udf(self) -> Arc<HigherOrderUDF> {
        Arc::new(HigherOrderUDF::new_from_impl(self))
    }
}

fn signature() -> HigherOrderSignature {
    HigherOrderSignature::user_defined(Volatility::Immutable)
}

fn types_of<L>(name: &str, fields: &[ValueOrLambda<FieldRef, L>]) -> Result<(Vec<DataType>, usize)> {
    let mut types = vec![];
    let mut lambdas = 0;
    for field in fields {
        match field {
            ValueOrLambda::Value(_) if lambdas > 0 => {
                return plan_err!("the values of `{name}` come before its lambdas");
            }
            ValueOrLambda::Value(field) => types.push(field.data_type().clone()),
            ValueOrLambda::Lambda(_) => lambdas += 1,
        }
    }
    Ok((types, lambdas))
}

impl HigherOrderUDFImpl for Lambdas {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        (self.taking)(self.name, types)
    }

    fn lambda_parameters(
        &self,
        _: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let (types, lambdas) = types_of(self.name, fields)?;
        let types = (self.taking)(self.name, &types)?;
        let parameters = (self.parameters)(&types, lambdas)?;
        if parameters.len() != lambdas || lambdas == 0 {
            return plan_err!(
                "[INVALID_LAMBDA_FUNCTION_CALL] `{}` takes a lambda, as in `x -> x + 1`, after its values",
                self.name
            );
        }
        let fields = parameters.into_iter().map(|types| {
            types.into_iter().map(|data_type| -> FieldRef { Arc::new(Field::new("", data_type, true)) }).collect()
        });
        Ok(LambdaParametersProgress::Complete(fields.collect()))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let (types, _) = types_of(self.name, args.arg_fields)?;
        let bodies: Vec<DataType> = args
            .arg_fields
            .iter()
            .filter_map(|field| match field {
                ValueOrLambda::Lambda(body) => Some(body.data_type().clone()),
                ValueOrLambda::Value(_) => None,
            })
            .collect();
        Ok(Arc::new(Field::new(self.name, (self.giving)(self.name, &types, &bodies)?, true)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let (mut values, mut lambdas) = (vec![], vec![]);
        for argument in &args.args {
            match argument {
                ValueOrLambda::Value(value) => values.push(value.to_array(args.number_rows)?),
                ValueOrLambda::Lambda(lambda) => lambdas.push(lambda),
            }
        }
        let gives = args.return_field.data_type();
        let call = LambdaCall { values, lambdas, rows: args.number_rows, gives };
        Ok(ColumnarValue::Array((self.computing)(&call)?))
    }
}

impl LambdaCall<'_> {
    /// What a lambda gives for values, of which each is of a row.
    fn evaluate(&self, lambda: usize, values: &[ArrayRef], rows: &[u64]) -> Result<ArrayRef> {
        let given: Vec<_> = values.iter().map(|values| move || Ok(values.clone())).collect();
        let given: Vec<&dyn Fn() -> Result<ArrayRef>> =
            given.iter().map(|values| values as &dyn Fn() -> Result<ArrayRef>).collect();
        let rows = UInt64Array::from(rows.to_vec());
        let length = rows.len();
        let answer = self.lambdas[lambda].evaluate(&given, |captured| {
            captured.iter().map(|column| Ok(take(column, &rows, None)?)).collect::<Result<Vec<_>>>()
        })?;
        answer.into_array(length)
    }
}

/// The elements of the lists that are no null, one after the other, with their row and their place in its list.
struct ListElements {
    values: ArrayRef,
    rows: Vec<u64>,
    places: Vec<i32>,
    /// How many are of each row.
    lengths: Vec<usize>,
}

fn elements(lists: &ListArray) -> Result<ListElements> {
    let offsets = lists.value_offsets();
    let (mut at, mut rows, mut places, mut lengths) = (vec![], vec![], vec![], vec![]);
    for row in 0..lists.len() {
        let all = if lists.is_null(row) { 0..0 } else { offsets[row]..offsets[row + 1] };
        lengths.push(all.len());
        for (place, element) in all.enumerate() {
            at.push(element as u64);
            rows.push(row as u64);
            places.push(place as i32);
        }
    }
    Ok(ListElements { values: take(lists.values(), &UInt64Array::from(at), None)?, rows, places, lengths })
}

/// A condition's answers; that of a null is null.
fn flags(answer: &ArrayRef) -> Result<BooleanArray> {
    match answer.data_type() {
        DataType::Boolean => Ok(answer.as_boolean().clone()),
        DataType::Null => Ok(BooleanArray::new_null(answer.len())),
        other => exec_err!("a condition is true or false, not {other}"),
    }
}

fn check_condition(name: &str, bodies: &[DataType]) -> Result<()> {
    match bodies {
        [DataType::Boolean | DataType::Null] => Ok(()),
        _ => plan_err!("[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] the lambda of `{name}` is a condition"),
    }
}

fn one_list(name: &'static str, types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [list] => Ok(vec![list_of(item_of(name, list)?)]),
        _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list and a lambda"),
    }
}

fn null(data_type: &DataType) -> Result<ScalarValue> {
    ScalarValue::try_new_null(data_type)
}
