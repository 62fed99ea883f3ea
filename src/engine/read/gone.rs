//! Keys that rows of a source have in the lake, and that the source itself has no longer.

use datafusion::common::{Column, JoinType, TableReference};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::utils::disjunction;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::DataFrame;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::landing;
use crate::engine::{Rows, Session, faults};
use crate::error::{Error, Result};
use crate::lake::landing::Landing;

/// How the two sides are called.
const LAKE: &str = "lake";
const SOURCE: &str = "source";

impl Session {
    /// The keys of the newest rows of the landings `before` that are not among the keys of the landings `now`, in columns of
    /// their order. All key columns are texts.
    ///
    /// # Errors
    /// When a row of `now` has no value in its key.
    pub async fn keys_gone(&self, before: &[Landing], now: &[Landing], key: &[String]) -> Result<Rows> {
        let session = self.sparing_above(now.iter().map(|landing| landing.bytes).sum());
        let names: Vec<String> = key.iter().map(|name| name.to_lowercase()).collect();
        let keys = |landings: &[Landing]| -> Result<DataFrame> {
            let table =
                session.context.read_table(landing::table(&session.lake, landings)?).map_err(faults::explain)?;
            Ok(table.select(names.iter().map(ident))?)
        };
        let now = keys(now)?;
        refuse_null(now.clone(), &names).await?;
        let of = |side: &'static str, name: &String| Expr::Column(Column::new(Some(TableReference::bare(side)), name));
        let same = names.iter().map(|name| of(LAKE, name).eq(of(SOURCE, name)));
        let gone = keys(before)?.alias(LAKE)?.join_on(now.alias(SOURCE)?, JoinType::LeftAnti, same)?;
        Ok(Rows::new(gone.execute_stream().await?, None))
    }
}

async fn refuse_null(keys: DataFrame, names: &[String]) -> Result<()> {
    let lacks = disjunction(names.iter().map(|name| ident(name).is_null())).expect("a key has columns");
    let counted = keys.filter(lacks)?.aggregate(vec![], vec![count(lit(1)).alias("rows")])?.collect().await?;
    let rows: i64 = counted.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values()).sum();
    match rows {
        0 => Ok(()),
        rows => {
            Err(Error::failed(format!("{rows} rows have no `{}`, by which deleted rows are found", names.join("`, `")))
                .hint("name a `key:` that every row has, or leave such rows out with a `query:`"))
        }
    }
}
