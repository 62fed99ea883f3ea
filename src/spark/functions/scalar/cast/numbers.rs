//! Between whole numbers, floating-point numbers and truth values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, PrimitiveArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use datafusion::common::{DataFusionError, Result, exec_err};

use super::CastJob;
use crate::spark::mode::Strictness;
use crate::spark::text::floats;

/// Calls a macro with the two types of a pair of whole numbers.
macro_rules! of_wholes {
    ($from:expr, $to:expr, $with:ident, $otherwise:expr) => {
        match ($from, $to) {
            (DataType::Int64, DataType::Int32) => $with!(Int64Type, Int32Type),
            (DataType::Int64, DataType::Int16) => $with!(Int64Type, Int16Type),
            (DataType::Int64, DataType::Int8) => $with!(Int64Type, Int8Type),
            (DataType::Int32, DataType::Int16) => $with!(Int32Type, Int16Type),
            (DataType::Int32, DataType::Int8) => $with!(Int32Type, Int8Type),
            (DataType::Int16, DataType::Int8) => $with!(Int16Type, Int8Type),
            _ => $otherwise,
        }
    };
}

type Native<T> = <T as ArrowPrimitiveType>::Native;

pub(super) fn cast(job: &CastJob, values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let from = values.data_type();
    let fault = |value: &str| job.fault(from, to).overflow(value);
    macro_rules! narrowed {
        ($from:ty, $to:ty) => {{
            let wrapped = |value: Native<$from>| value as Native<$to>;
            let fits = |value: Native<$from>| value as Native<$to> as Native<$from> == value;
            let spelled = |value: Native<$from>| format!("{value}{}", suffix(from));
            kept::<$from, $to>(job.strictness, values, wrapped, fits, |value| fault(&spelled(value)))
        }};
    }
    macro_rules! cut {
        ($from:ty, $to:ty, $through:ty) => {{
            // Of the two small types Java's casts go by way of an int.
            let cut = |value: Native<$from>| value as $through as Native<$to>;
            let fits = |value: Native<$from>| {
                let value = f64::from(value);
                value.floor() <= <Native<$to>>::MAX as f64 && value.ceil() >= <Native<$to>>::MIN as f64
            };
            let spelled = |value: Native<$from>| {
                let mut text = String::new();
                floats::write(&mut text, value);
                text
            };
            kept::<$from, $to>(job.strictness, values, cut, fits, |value| fault(&spelled(value)))
        }};
    }
    of_wholes!(
        from,
        to,
        narrowed,
        match (from, to) {
            (DataType::Float64, DataType::Int64) => cut!(Float64Type, Int64Type, i64),
            (DataType::Float64, DataType::Int32) => cut!(Float64Type, Int32Type, i32),
            (DataType::Float64, DataType::Int16) => cut!(Float64Type, Int16Type, i32),
            (DataType::Float64, DataType::Int8) => cut!(Float64Type, Int8Type, i32),
            (DataType::Float32, DataType::Int64) => cut!(Float32Type, Int64Type, i64),
            (DataType::Float32, DataType::Int32) => cut!(Float32Type, Int32Type, i32),
            (DataType::Float32, DataType::Int16) => cut!(Float32Type, Int16Type, i32),
            (DataType::Float32, DataType::Int8) => cut!(Float32Type, Int8Type, i32),
            (from, DataType::Binary) if from.is_integer() => bytes(values),
            _ => Ok(arrow::compute::cast(values, to)?),
        }
    )
}

/// As SQL writes a number of the type.
pub(super) fn suffix(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int8 => "Y",
        DataType::Int16 => "S",
        DataType::Int64 => "L",
        _ => "",
    }
}

/// All values converted, and what becomes of those that do not fit. First all are, without a branch, as that is fastest
/// where all fit.
pub(super) fn kept<A: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    strictness: Strictness,
    values: &ArrayRef,
    convert: impl Fn(A::Native) -> O::Native,
    fits: impl Fn(A::Native) -> bool,
    fault: impl Fn(A::Native) -> DataFusionError,
) -> Result<ArrayRef> {
    let values = values.as_primitive::<A>();
    if strictness == Strictness::Legacy {
        return Ok(Arc::new(values.unary::<_, O>(convert)));
    }
    if values.values().iter().fold(true, |all, value| all & fits(*value)) {
        return Ok(Arc::new(values.unary::<_, O>(convert)));
    }
    if strictness == Strictness::Ansi {
        // What lies below a null is nobody's.
        if let Some(value) = values.iter().flatten().find(|value| !fits(*value)) {
            return Err(fault(value));
        }
    }
    let kept: PrimitiveArray<O> = values.unary_opt(|value| fits(value).then(|| convert(value)));
    Ok(Arc::new(kept))
}

/// The bytes of whole numbers, the highest first.
fn bytes(values: &ArrayRef) -> Result<ArrayRef> {
    macro_rules! of {
        ($kind:ty) => {{
            let values = values.as_primitive::<$kind>();
            Ok(Arc::new(values.iter().map(|value| Some(value?.to_be_bytes())).collect::<BinaryArray>()))
        }};
    }
    match values.data_type() {
        DataType::Int8 => of!(Int8Type),
        DataType::Int16 => of!(Int16Type),
        DataType::Int32 => of!(Int32Type),
        DataType::Int64 => of!(Int64Type),
        other => exec_err!("{other} has no bytes"),
    }
}
