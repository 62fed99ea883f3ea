//! `histogram_numeric(x, bins)`: how many values lie around each of some points.
//!
//! <https://spark.apache.org/docs/latest/api/sql/agg-functions/#histogram_numeric>. The streaming histogram of Ben-Haim and Tom-Tov, A
//! Streaming Parallel Decision Tree Algorithm, JMLR 11 (2010), pages 849-872: the two bins that are closest become one. Of
//! pairs that are equally close one is drawn, with the numbers of Java's `Random` as Spark has them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int32Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{ScalarValue, exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use crate::spark::sql_types::{self, canonical};
use crate::spark::types::list_of;

pub fn histogram_numeric() -> Arc<AggregateUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(HistogramNumeric { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct HistogramNumeric {
    signature: Signature,
}

impl AggregateUDFImpl for HistogramNumeric {
    fn name(&self) -> &str {
        "histogram_numeric"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [value, bins] if bins.is_integer() => match canonical(value) {
                Some(value) if value.is_numeric() || value.is_null() => Ok(vec![value, DataType::Int32]),
                _ => plan_err!(
                    "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `histogram_numeric` takes numbers here, not \"{}\"",
                    sql_types::name(value).to_uppercase()
                ),
            },
            _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `histogram_numeric` takes numbers, and how many bins"),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(list_of(DataType::Struct(bin_fields(&types[0]).into())))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let name = |what| format_state_name(args.name, what);
        let points = Field::new(name("points"), list_of(DataType::Float64), true);
        Ok(vec![Arc::new(points), Arc::new(Field::new(name("bins"), DataType::Int32, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let of = args.expr_fields[0].data_type().clone();
        Ok(Box::new(Histogram { of, most: 0, bins: vec![], chance: JavaRandom::new(31_183) }))
    }
}

fn bin_fields(of: &DataType) -> Vec<Field> {
    vec![Field::new("x", of.clone(), true), Field::new("y", DataType::Float64, true)]
}

/// Points, in their order, and how many values are around each.
#[derive(Debug)]
struct Histogram {
    of: DataType,
    most: usize,
    bins: Vec<(f64, f64)>,
    chance: JavaRandom,
}

impl Histogram {
    fn limit(&mut self, bins: i32) -> Result<()> {
        match usize::try_from(bins) {
            Ok(bins) if bins >= 2 => {
                self.most = bins;
                Ok(())
            }
            _ => exec_err!(
                "[DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE] `histogram_numeric` has two bins at least, not {bins}"
            ),
        }
    }

    fn add(&mut self, value: f64) {
        match self.bins.binary_search_by(|(point, _)| point.total_cmp(&value)) {
            Ok(at) => self.bins[at].1 += 1.0,
            Err(at) => {
                self.bins.insert(at, (value, 1.0));
                self.trim();
            }
        }
    }

    fn merge(&mut self, others: &[(f64, f64)]) {
        self.bins.extend(others);
        self.bins.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        self.trim();
    }

    fn trim(&mut self) {
        while self.bins.len() > self.most {
            let distance = |bins: &[(f64, f64)], at: usize| bins[at + 1].0 - bins[at].0;
            let (mut closest, mut ties) = (0, 1);
            for at in 1..self.bins.len() - 1 {
                let (here, least) = (distance(&self.bins, at), distance(&self.bins, closest));
                if here < least {
                    (closest, ties) = (at, 1);
                } else if here == least {
                    ties += 1;
                    if self.chance.next_double() <= 1.0 / f64::from(ties) {
                        closest = at;
                    }
                }
            }
            let ((left, less), (right, more)) = (self.bins[closest], self.bins[closest + 1]);
            let count = less + more;
            self.bins[closest] = (left * (less / count) + right / count * more, count);
            self.bins.remove(closest + 1);
        }
    }
}

impl Accumulator for Histogram {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        if values[0].is_empty() {
            return Ok(());
        }
        let bins = values[1].as_primitive::<Int32Type>();
        self.limit(if bins.is_null(0) { 0 } else { bins.value(0) })?;
        let numbers = cast(&values[0], &DataType::Float64)?;
        numbers.as_primitive::<Float64Type>().iter().flatten().for_each(|value| self.add(value));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (points, bins) = (states[0].as_list::<i32>(), states[1].as_primitive::<Int32Type>());
        for row in (0..points.len()).filter(|row| points.is_valid(*row) && bins.value(*row) > 0) {
            self.limit(bins.value(row))?;
            let flat = points.value(row);
            let flat = flat.as_primitive::<Float64Type>().values();
            let pairs: Vec<(f64, f64)> = flat.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            self.merge(&pairs);
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let flat: Float64Array = self.bins.iter().flat_map(|(point, count)| [*point, *count]).map(Some).collect();
        let points = ScalarValue::List(Arc::new(SingleRowListArrayBuilder::new(Arc::new(flat)).build_list_array()));
        Ok(vec![points.cast_to(&list_of(DataType::Float64))?, ScalarValue::from(self.most as i32)])
    }

    /// Of no values null.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let fields = bin_fields(&self.of);
        let gives = list_of(DataType::Struct(fields.clone().into()));
        if self.bins.is_empty() {
            return ScalarValue::try_from(&gives);
        }
        let points: ArrayRef = Arc::new(self.bins.iter().map(|(point, _)| Some(*point)).collect::<Float64Array>());
        let counts: ArrayRef = Arc::new(self.bins.iter().map(|(_, count)| Some(*count)).collect::<Float64Array>());
        let bins = StructArray::try_new(fields.into(), vec![cast(&points, &self.of)?, counts], None)?;
        let list = SingleRowListArrayBuilder::new(Arc::new(bins)).build_list_array();
        ScalarValue::List(Arc::new(list)).cast_to(&gives)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bins.capacity() * size_of::<(f64, f64)>()
    }
}

/// `java.util.Random`: <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Random.html>
#[derive(Debug)]
struct JavaRandom(u64);

impl JavaRandom {
    const FACTOR: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    fn new(seed: u64) -> Self {
        JavaRandom((seed ^ Self::FACTOR) & Self::MASK)
    }

    fn bits(&mut self, count: u32) -> u64 {
        self.0 = self.0.wrapping_mul(Self::FACTOR).wrapping_add(0xB) & Self::MASK;
        self.0 >> (48 - count)
    }

    fn next_double(&mut self) -> f64 {
        let high = self.bits(26) << 27;
        (high + self.bits(27)) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_bins_become_one() {
        let mut histogram = Histogram { of: DataType::Float64, most: 2, bins: vec![], chance: JavaRandom::new(31_183) };
        for value in [0.0, 0.0, 10.0, 1.0, 9.0] {
            histogram.add(value);
        }
        assert_eq!(histogram.bins.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [3.0, 2.0]);
        assert_eq!(histogram.bins[1].0, 9.5);
    }

    #[test]
    fn chance_is_that_of_java() {
        // `new java.util.Random(42).nextDouble()`
        assert_eq!(JavaRandom::new(42).next_double(), 0.7275636800328681);
    }
}
