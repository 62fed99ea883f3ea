//! A function of one row as a value: its name, which types it takes and gives, and how it computes a batch.
//!
//! Most of Spark's functions need no more than that; a family is then a list of such values.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, new_empty_array};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Field, FieldRef, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::spark::mode::SqlMode;
use crate::spark::sql_types::{self, TIMESTAMP};

/// The types that the arguments are cast to, and the type of the answer; asked again of what it answered, it answers the same.
pub type Typing = fn(&'static str, &[DataType]) -> Result<(Vec<DataType>, DataType)>;
/// The type of the answer where it depends on arguments that are written in the query.
pub type TypingOfConstants = fn(&'static str, &[DataType], &[Option<&ScalarValue>]) -> Result<DataType>;
/// The field of the answer where it depends on what is said beside the types of the arguments.
pub type TypingOfFields = fn(&'static str, &[FieldRef], &[Option<&ScalarValue>]) -> Result<FieldRef>;
pub type Computing = fn(&RowCall) -> Result<ArrayRef>;

pub struct RowFunction {
    name: &'static str,
    aliases: Vec<String>,
    typing: Typing,
    of_constants: Option<TypingOfConstants>,
    of_fields: Option<TypingOfFields>,
    is_fallible: bool,
    fails_of_null: bool,
    computing: Computing,
    signature: Signature,
}

pub fn function(name: &'static str, typing: Typing, computing: Computing) -> RowFunction {
    let signature = Signature::user_defined(Volatility::Immutable);
    let (aliases, of_constants, of_fields) = (vec![], None, None);
    RowFunction {
        name,
        aliases,
        typing,
        of_constants,
        of_fields,
        is_fallible: false,
        fails_of_null: false,
        computing,
        signature,
    }
}

impl RowFunction {
    pub fn known_as(mut self, aliases: &[&str]) -> Self {
        self.aliases = aliases.iter().map(ToString::to_string).collect();
        self
    }

    pub fn typed_by_constants(mut self, typing: TypingOfConstants) -> Self {
        self.of_constants = Some(typing);
        self
    }

    pub fn typed_by_fields(mut self, typing: TypingOfFields) -> Self {
        self.of_fields = Some(typing);
        self
    }

    /// It refuses some values of its arguments' types, so it is not computed where AND and OR have decided without it.
    pub fn fallible(mut self) -> Self {
        self.is_fallible = true;
        self
    }

    /// It refuses a null, too.
    pub fn fallible_of_null(mut self) -> Self {
        self.fails_of_null = true;
        self.fallible()
    }

    /// It is computed where a row asks for it, and not before, whatever it is given.
    pub fn volatile(mut self) -> Self {
        self.signature = Signature::user_defined(Volatility::Volatile);
        self
    }

    pub fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::from(self))
    }
}

pub fn udfs(functions: impl IntoIterator<Item = RowFunction>) -> Vec<Arc<ScalarUDF>> {
    functions.into_iter().map(RowFunction::udf).collect()
}

/// Whether a call may be an error for some values of its arguments' types.
pub fn may_fail(function: &ScalarUDF) -> bool {
    function.inner().downcast_ref::<RowFunction>().is_some_and(|function| function.is_fallible)
}

/// Whether a call is an error for nulls.
pub fn fails_of_null(function: &ScalarUDF) -> bool {
    function.inner().downcast_ref::<RowFunction>().is_some_and(|function| function.fails_of_null)
}

// There is one function of a name.
impl PartialEq for RowFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for RowFunction {}

impl Hash for RowFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl std::fmt::Debug for RowFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok((self.typing)(self.name, types)?.0)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok((self.typing)(self.name, types)?.1)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if let Some(typing) = self.of_fields {
            return typing(self.name, args.arg_fields, args.scalar_arguments);
        }
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let gives = match self.of_constants {
            Some(typing) => typing(self.name, &types, args.scalar_arguments)?,
            None => (self.typing)(self.name, &types)?.1,
        };
        Ok(Arc::new(Field::new(self.name, gives, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if args.number_rows == 0 {
            // Of values that are written there would be an answer, or an error, that nobody asks for.
            return Ok(ColumnarValue::Array(new_empty_array(args.return_field.data_type())));
        }
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let call = RowCall {
            name: self.name,
            rows: arrays.first().map_or(1, |array| array.len()),
            args: arrays,
            fields: &args.arg_fields,
            gives: args.return_field.data_type(),
            ansi: SqlMode::of(&args.config_options).ansi,
        };
        let answer = (self.computing)(&call)?;
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?)),
            false => Ok(ColumnarValue::Array(answer)),
        }
    }
}

/// A call over a batch. Arguments are of the types that the function said.
pub struct RowCall<'a> {
    pub name: &'static str,
    pub args: Vec<ArrayRef>,
    pub fields: &'a [FieldRef],
    pub rows: usize,
    pub gives: &'a DataType,
    pub ansi: bool,
}

impl RowCall<'_> {
    pub fn has(&self, place: usize) -> bool {
        place < self.args.len()
    }

    pub fn is_null(&self, place: usize, row: usize) -> bool {
        self.args[place].is_null(row)
    }

    pub fn text(&self, place: usize, row: usize) -> Option<&str> {
        let texts = self.args[place].as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row))
    }

    pub fn bytes(&self, place: usize, row: usize) -> Option<&[u8]> {
        let all = &self.args[place];
        if all.is_null(row) {
            return None;
        }
        Some(match all.data_type() {
            DataType::Binary => all.as_binary::<i32>().value(row),
            _ => all.as_string::<i32>().value(row).as_bytes(),
        })
    }

    fn number<T: ArrowPrimitiveType>(&self, place: usize, row: usize) -> Option<T::Native> {
        let numbers = self.args[place].as_primitive::<T>();
        numbers.is_valid(row).then(|| numbers.value(row))
    }

    pub fn int(&self, place: usize, row: usize) -> Option<i32> {
        self.number::<Int32Type>(place, row)
    }

    pub fn long(&self, place: usize, row: usize) -> Option<i64> {
        self.number::<Int64Type>(place, row)
    }

    /// Without its scale.
    pub fn decimal(&self, place: usize, row: usize) -> Option<i128> {
        self.number::<Decimal128Type>(place, row)
    }

    pub fn double(&self, place: usize, row: usize) -> Option<f64> {
        self.number::<Float64Type>(place, row)
    }

    pub fn day(&self, place: usize, row: usize) -> Option<i32> {
        self.number::<Date32Type>(place, row)
    }

    pub fn micros(&self, place: usize, row: usize) -> Option<i64> {
        self.number::<TimestampMicrosecondType>(place, row)
    }

    pub fn flag(&self, place: usize, row: usize) -> Option<bool> {
        let flags = self.args[place].as_boolean();
        flags.is_valid(row).then(|| flags.value(row))
    }

    /// What does not go is an error in the ANSI mode, else null.
    pub fn or_null<T>(&self, answer: Result<T>) -> Result<Option<T>> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if self.ansi => Err(error),
            Err(_) => Ok(None),
        }
    }

    pub fn texts<T: AsRef<str>>(&self, of_row: impl FnMut(usize) -> Result<Option<T>>) -> Result<ArrayRef> {
        let texts = (0..self.rows).map(of_row).collect::<Result<arrow::array::StringArray>>()?;
        Ok(Arc::new(texts))
    }

    pub fn flags(&self, of_row: impl FnMut(usize) -> Result<Option<bool>>) -> Result<ArrayRef> {
        Ok(Arc::new((0..self.rows).map(of_row).collect::<Result<arrow::array::BooleanArray>>()?))
    }

    pub fn binaries(&self, of_row: impl FnMut(usize) -> Result<Option<Vec<u8>>>) -> Result<ArrayRef> {
        let binaries = (0..self.rows).map(of_row).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(binaries.iter().map(Option::as_deref).collect::<arrow::array::BinaryArray>()))
    }

    fn numbers<T: ArrowPrimitiveType>(
        &self,
        of_row: impl FnMut(usize) -> Result<Option<T::Native>>,
    ) -> Result<PrimitiveArray<T>> {
        Ok(PrimitiveArray::from_iter((0..self.rows).map(of_row).collect::<Result<Vec<_>>>()?))
    }

    pub fn ints(&self, of_row: impl FnMut(usize) -> Result<Option<i32>>) -> Result<ArrayRef> {
        Ok(Arc::new(self.numbers::<Int32Type>(of_row)?))
    }

    pub fn longs(&self, of_row: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
        Ok(Arc::new(self.numbers::<Int64Type>(of_row)?))
    }

    pub fn doubles(&self, of_row: impl FnMut(usize) -> Result<Option<f64>>) -> Result<ArrayRef> {
        Ok(Arc::new(self.numbers::<Float64Type>(of_row)?))
    }

    pub fn days(&self, of_row: impl FnMut(usize) -> Result<Option<i32>>) -> Result<ArrayRef> {
        Ok(Arc::new(self.numbers::<Date32Type>(of_row)?))
    }

    pub fn instants(&self, of_row: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
        let instants = self.numbers::<TimestampMicrosecondType>(of_row)?;
        let kind = if matches!(self.gives, DataType::Timestamp(..)) { self.gives.clone() } else { TIMESTAMP };
        Ok(Arc::new(instants.with_data_type(kind)))
    }
}

/// A kind of argument, and what of other types is cast to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Takes {
    /// Of anything that is no list, map or struct.
    Text,
    Int,
    Long,
    Double,
    Flag,
    /// Of texts and timestamps, too.
    Date,
    /// Of texts and dates, too.
    Time,
    /// Of texts, too.
    Binary,
    /// A binary or a text, as it is.
    Bytes,
}

impl Takes {
    fn taken(self, name: &str, given: &DataType) -> Result<DataType> {
        let is_simple = !given.is_nested() && !matches!(given, DataType::Interval(_) | DataType::Duration(_));
        let is_binary = sql_types::canonical(given) == Some(DataType::Binary);
        let (wanted, fits) = match self {
            Takes::Text => (DataType::Utf8, is_simple),
            Takes::Int => (DataType::Int32, given.is_integer() || given.is_string() || given.is_null()),
            Takes::Long => (DataType::Int64, given.is_integer() || given.is_string() || given.is_null()),
            Takes::Double => (DataType::Float64, given.is_numeric() || given.is_string() || given.is_null()),
            Takes::Flag => {
                (DataType::Boolean, matches!(given, DataType::Boolean) || given.is_string() || given.is_null())
            }
            Takes::Date | Takes::Time => {
                let is_time = matches!(given, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..));
                let wanted = if self == Takes::Date { DataType::Date32 } else { TIMESTAMP };
                (wanted, is_time || given.is_string() || given.is_null())
            }
            Takes::Binary => (DataType::Binary, is_binary || given.is_string() || given.is_null()),
            Takes::Bytes if is_binary => (DataType::Binary, true),
            Takes::Bytes => (DataType::Utf8, is_simple),
        };
        if fits {
            return Ok(wanted);
        }
        let [given, wanted] = [given, &wanted].map(|data_type| sql_types::name(data_type).to_uppercase());
        plan_err!("[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` takes \"{wanted}\" where a \"{given}\" is given")
    }
}

/// The types of arguments, of which at least so many must be given.
pub fn takes(name: &str, given: &[DataType], least: usize, all: &[Takes]) -> Result<Vec<DataType>> {
    if given.len() < least || given.len() > all.len() {
        let wanted = if least == all.len() { least.to_string() } else { format!("{least} to {}", all.len()) };
        let given = given.len();
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes {wanted} arguments, not {given}");
    }
    given.iter().zip(all).map(|(given, wanted)| wanted.taken(name, given)).collect()
}

/// An error of a row.
pub fn fault(message: impl Into<String>) -> DataFusionError {
    DataFusionError::Execution(message.into())
}

/// The text that is written in the query for an argument, if it is there and no null.
pub fn written_text<'a>(arguments: &[Option<&'a ScalarValue>], place: usize) -> Option<&'a str> {
    match arguments.get(place)? {
        Some(
            ScalarValue::Utf8(Some(text)) | ScalarValue::LargeUtf8(Some(text)) | ScalarValue::Utf8View(Some(text)),
        ) => Some(text),
        _ => None,
    }
}
