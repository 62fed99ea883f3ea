//! `skewness` and `kurtosis`: how far values lean to one side, and how heavy their ends are.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#kurtosis>. Sums of powers of what values are away from their mean, which are
//! put together as `CentralMomentAgg` in Spark does (<https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance#Higher-order_statistics>).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

pub fn all() -> Vec<Arc<AggregateUDF>> {
    [Leaning::Skewness, Leaning::Kurtosis]
        .map(|shape| {
            let signature = Signature::exact(vec![DataType::Float64], Volatility::Immutable);
            Arc::new(AggregateUDF::new_from_impl(OfShape { shape, signature }))
        })
        .to_vec()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Leaning {
    Skewness,
    Kurtosis,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OfShape {
    shape: Leaning,
    signature: Signature,
}

impl AggregateUDFImpl for OfShape {
    fn name(&self) -> &str {
        match self.shape {
            Leaning::Skewness => "skewness",
            Leaning::Kurtosis => "kurtosis",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let names = ["count", "mean", "second", "third", "fourth"];
        let field = |name| Arc::new(Field::new(format_state_name(args.name, name), DataType::Float64, false));
        Ok(names.map(field).to_vec())
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Moments { shape: self.shape, sums: MomentSums::default() }))
    }
}

#[derive(Debug)]
struct Moments {
    shape: Leaning,
    sums: MomentSums,
}

/// Of the second, third and fourth powers.
#[derive(Debug, Default, Clone, Copy)]
struct MomentSums {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl MomentSums {
    fn add(&mut self, value: f64) {
        let count = self.count + 1.0;
        let delta = value - self.mean;
        let (share, square) = (delta / count, delta * delta);
        let share_square = share * share;
        let mean = self.mean + share;
        let second = self.second + delta * (delta - share);
        let third = self.third - 3.0 * share * second + delta * (square - share_square);
        let fourth = self.fourth - 4.0 * share * third - 6.0 * share_square * second
            + delta * (delta * square - share * share_square);
        *self = MomentSums { count, mean, second, third, fourth };
    }

    fn merge(&mut self, other: MomentSums) {
        let (n1, n2) = (self.count, other.count);
        let count = n1 + n2;
        if n2 == 0.0 {
            return;
        }
        let delta = other.mean - self.mean;
        let share = delta / count;
        *self = MomentSums {
            count,
            mean: self.mean + share * n2,
            second: self.second + other.second + delta * share * n1 * n2,
            third: self.third
                + other.third
                + share * share * delta * n1 * n2 * (n1 - n2)
                + 3.0 * share * (n1 * other.second - n2 * self.second),
            fourth: self.fourth
                + other.fourth
                + share * share * share * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2)
                + 6.0 * share * share * (n1 * n1 * other.second + n2 * n2 * self.second)
                + 4.0 * share * (n1 * other.third - n2 * self.third),
        };
    }
}

impl Accumulator for Moments {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values[0].as_primitive::<Float64Type>().iter().flatten().for_each(|value| self.sums.add(value));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let state = |nth: usize, row: usize| states[nth].as_primitive::<Float64Type>().value(row);
        for row in 0..states[0].len() {
            let [count, mean, second, third, fourth] = [0, 1, 2, 3, 4].map(|nth| state(nth, row));
            self.sums.merge(MomentSums { count, mean, second, third, fourth });
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let MomentSums { count, mean, second, third, fourth } = self.sums;
        Ok([count, mean, second, third, fourth].map(ScalarValue::from).to_vec())
    }

    /// Of no values null, and of equal ones too: there is nothing to divide by.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let MomentSums { count, second, third, fourth, .. } = self.sums;
        if count == 0.0 || second == 0.0 {
            return Ok(ScalarValue::Float64(None));
        }
        Ok(ScalarValue::from(match self.shape {
            Leaning::Skewness => count.sqrt() * third / (second * second * second).sqrt(),
            Leaning::Kurtosis => count * fourth / (second * second) - 3.0,
        }))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}
