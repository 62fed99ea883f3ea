//! `row_number`, `rank`, `dense_rank` and `ntile`: an `int` each, where the engine counts in numbers without a sign.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#row_number>

use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::{CastOptions, SortOptions, cast_with_options};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::functions_window::ntile::ntile_udwf;
use datafusion::functions_window::rank::{dense_rank_udwf, rank_udwf};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, Signature, WindowUDF, WindowUDFImpl};
use datafusion::physical_plan::PhysicalExpr;

pub fn all() -> Vec<Arc<WindowUDF>> {
    [row_number_udwf(), rank_udwf(), dense_rank_udwf(), ntile_udwf()].map(ranked).to_vec()
}

pub fn row_number() -> Arc<WindowUDF> {
    ranked(row_number_udwf())
}

fn ranked(inner: Arc<WindowUDF>) -> Arc<WindowUDF> {
    Arc::new(WindowUDF::from(Rank { inner }))
}

/// The engine's function, as an `int`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Rank {
    inner: Arc<WindowUDF>,
}

impl WindowUDFImpl for Rank {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(RankEvaluator(self.inner.partition_evaluator_factory(args)?)))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        let field = self.inner.field(args)?;
        Ok(Arc::new(field.as_ref().clone().with_data_type(DataType::Int32)))
    }

    fn sort_options(&self) -> Option<SortOptions> {
        self.inner.sort_options()
    }

    fn limit_effect(&self, args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        self.inner.inner().limit_effect(args)
    }
}

#[derive(Debug)]
struct RankEvaluator(Box<dyn PartitionEvaluator>);

/// Spark's own wraps around beyond an `int`: there a partition has more rows than it can count.
fn too_many(_: impl std::error::Error) -> DataFusionError {
    let message = "[ARITHMETIC_OVERFLOW] a partition of a window has more rows than an int can number";
    DataFusionError::Execution(message.to_string())
}

fn as_ints(ranks: &ArrayRef) -> Result<ArrayRef> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(ranks, &DataType::Int32, &strict).map_err(too_many)
}

impl PartitionEvaluator for RankEvaluator {
    fn memoize(&mut self, state: &mut datafusion::logical_expr::window_state::WindowAggState) -> Result<()> {
        self.0.memoize(state)
    }

    fn get_range(&self, at: usize, rows: usize) -> Result<Range<usize>> {
        self.0.get_range(at, rows)
    }

    fn is_causal(&self) -> bool {
        self.0.is_causal()
    }

    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        as_ints(&self.0.evaluate_all(values, rows)?)
    }

    fn evaluate(&mut self, values: &[ArrayRef], range: &Range<usize>) -> Result<ScalarValue> {
        match self.0.evaluate(values, range)? {
            ScalarValue::UInt64(Some(rank)) => {
                i32::try_from(rank).map(|rank| ScalarValue::Int32(Some(rank))).map_err(too_many)
            }
            other => other.cast_to(&DataType::Int32),
        }
    }

    fn evaluate_all_with_rank(&self, rows: usize, ranks: &[Range<usize>]) -> Result<ArrayRef> {
        as_ints(&self.0.evaluate_all_with_rank(rows, ranks)?)
    }

    fn supports_bounded_execution(&self) -> bool {
        self.0.supports_bounded_execution()
    }

    fn uses_window_frame(&self) -> bool {
        self.0.uses_window_frame()
    }

    fn include_rank(&self) -> bool {
        self.0.include_rank()
    }
}
