//! A model's rows: held by this machine, or looked at where they lie on others. The answers are the same, to the last bit.

use arrow::array::{ArrayRef, AsArray};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::DataFrame;

use super::super::columns::engine;
use super::super::features::{Features, FittedFeatures, Preparation, key_column};
use crate::engine;
use crate::engine::functions::kmeans::{
    self, Centres, ClusterTotals, Clustering, Held, Lot, Measured, Scaling, rows_apart,
};
use crate::error::{Error, Result};
use crate::project::{Impute, Kmeans};

pub struct ModelRows {
    pub features: Features,
    impute: Impute,
    held: Option<Held>,
}

impl ModelRows {
    /// # Errors
    /// Those of reading the rows.
    pub async fn read(features: Features, impute: Impute, is_drawn_from: bool) -> Result<ModelRows> {
        if engine::is_spread(&features.rows) {
            return Ok(ModelRows::where_they_lie(features, impute));
        }
        let holding = features.holding(impute, is_drawn_from);
        let held = Held::read(features.plain.clone(), holding).await.map_err(engine)?;
        Ok(ModelRows { features, impute, held: Some(held) })
    }

    pub fn where_they_lie(features: Features, impute: Impute) -> ModelRows {
        ModelRows { features, impute, held: None }
    }

    /// What fills and scales the features. From here on the rows are what the model sees of them.
    pub async fn fit(&mut self, spec: &Kmeans) -> Result<FittedFeatures> {
        let Kmeans { impute, scale, distance, .. } = *spec;
        let prepared = Preparation { impute, scale, distance };
        let (fitted, nowhere) = match &mut self.held {
            None => {
                let fitted = self.features.fit(prepared).await?;
                let nowhere = self.nowhere(&fitted).await?;
                (fitted, nowhere)
            }
            Some(held) => {
                let (moments, rows, left_out) = (std::mem::take(&mut held.moments), held.rows, held.left_out);
                let fitted = self.features.fitted(moments, held.weights, rows, left_out, prepared)?;
                let model = Centres::new(fitted.view.clone(), &[]);
                let nowhere = self.at_work(move |held| held.scale(&model)).await?;
                (fitted, nowhere)
            }
        };
        match nowhere {
            0 => Ok(fitted),
            _ => Err(Error::failed(format!(
                "{nowhere} of {} rows have no direction for `distance: cosine`: filled and scaled, all their features are 0",
                fitted.rows
            ))
            .hint("leave such rows out in the query that makes the input; with `scale: none` only zeros are 0")),
        }
    }

    /// How many rows have no direction where only that counts, where they lie.
    async fn nowhere(&self, fitted: &FittedFeatures) -> Result<u64> {
        if !fitted.view.by_direction {
            return Ok(0);
        }
        let columns = self.features.columns().into_iter().zip(&fitted.view.features);
        let is_nowhere = columns.map(|(column, feature)| seen(column, feature).eq(lit(0.0))).reduce(Expr::and);
        let rows = self.complete()?.filter(is_nowhere.unwrap_or_else(|| lit(false))).map_err(engine)?;
        Ok(rows.count().await.map_err(engine)? as u64)
    }

    /// How many different rows there are that count, as far as so many.
    pub async fn different(&mut self, fitted: &FittedFeatures, most: usize) -> Result<usize> {
        if self.held.is_some() {
            return self.at_work(move |held| held.different(most)).await;
        }
        // The furthest from where no row lies.
        let outside = |feature: &Scaling| feature.middle + 4.0 * feature.reach + 1.0;
        let outside = fitted.view.features.iter().map(outside).collect();
        let found = self.furthest(&Centres::new(fitted.view.clone(), &[outside]), most).await?;
        Ok(found.len())
    }

    /// Rows as the model sees them, and their weights, if they have some: the same ones in the same order however the table is spread.
    pub async fn sample(&mut self, fitted: &FittedFeatures, rows: usize) -> Result<Vec<Vec<f64>>> {
        if self.held.is_some() {
            return self.at_work(move |held| held.sample(rows)).await;
        }
        let columns = self.features.weighted_columns();
        let hash = kmeans::row_hash(self.identity()).alias("hash");
        let order = [ident("hash")].into_iter().chain(columns.iter().cloned()).map(|column| column.sort(true, true));
        let rows = self
            .counted()?
            .select(columns.iter().cloned().chain([hash]).collect::<Vec<_>>())
            .and_then(|rows| rows.sort(order.collect()))
            .and_then(|sorted| sorted.limit(0, Some(rows)))
            .map_err(engine)?;
        let mut sample = vec![];
        for batch in rows.collect().await.map_err(engine)? {
            fitted.view.rows(&batch.columns()[..columns.len()], |row| sample.push(row));
        }
        Ok(sample)
    }

    /// Rows that lie apart from all candidates, of which those before `first_new` were there at the draw before.
    pub async fn draw_apart(
        &mut self,
        fitted: &FittedFeatures,
        candidates: &[Vec<f64>],
        first_new: usize,
        wanted: usize,
        lot: Lot,
    ) -> Result<Vec<Vec<f64>>> {
        let model = Centres::new(fitted.view.clone(), candidates);
        if self.held.is_some() {
            let new = Centres::new(fitted.view.clone(), &candidates[first_new..]);
            return self.at_work(move |held| held.draw_apart(&model, &new, wanted, lot)).await;
        }
        let hash = kmeans::row_hash(self.identity());
        let draw = kmeans::draw_apart(&model, wanted, lot, hash, self.features.weighted_columns());
        self.rows_apart(&model, draw).await
    }

    /// The rows that are furthest from the nearest centre.
    pub async fn furthest(&mut self, model: &Centres, wanted: usize) -> Result<Vec<Vec<f64>>> {
        if self.held.is_some() {
            let model = model.clone();
            return self.at_work(move |held| held.furthest(&model, wanted)).await;
        }
        let any = lit(0_u64);
        let columns = self.features.weighted_columns();
        self.rows_apart(model, kmeans::draw_apart(model, wanted, Lot::FURTHEST, any, columns)).await
    }

    async fn rows_apart(&self, model: &Centres, draw: Expr) -> Result<Vec<Vec<f64>>> {
        rows_apart(model, self.aggregate(draw).await?.as_binary::<i32>().value(0)).map_err(engine)
    }

    /// How much the rows weigh that are nearest to each centre.
    pub async fn weigh(&mut self, model: &Centres) -> Result<Vec<f64>> {
        if self.held.is_some() {
            let model = model.clone();
            return self.at_work(move |held| held.weigh(&model)).await;
        }
        Ok(self.step(model).await?.into_iter().map(|cluster| cluster.weight).collect())
    }

    /// What the rows are to the model's centres.
    pub async fn step(&mut self, model: &Centres) -> Result<Vec<ClusterTotals>> {
        if self.held.is_some() {
            let model = model.clone();
            return self.at_work(move |held| held.step(&model)).await;
        }
        let found = self.aggregate(kmeans::step(model, self.features.weighted_columns())).await?;
        kmeans::totals(model, found.as_binary::<i32>().value(0)).map_err(engine)
    }

    /// Cluster i is from here on what the `order[i]`-th was at the last step.
    pub async fn renumber(&mut self, order: Vec<usize>) -> Result<()> {
        match self.held {
            None => Ok(()),
            Some(_) => {
                let renumber = move |held: &mut Held| {
                    held.renumber(&order);
                    Ok(())
                };
                self.at_work(renumber).await
            }
        }
    }

    /// How good the clusters are that the last step found.
    pub async fn measure(&mut self, of: Clustering) -> Result<Measured> {
        if self.held.is_some() {
            return self.at_work(move |held| held.measure(&of)).await;
        }
        let found = self.aggregate(kmeans::measure(&of, self.features.weighted_columns())).await?;
        Measured::decode(&of, found.as_binary::<i32>().value(0)).map_err(engine)
    }

    /// The key columns, `cluster` and `distance` of all rows, lazily: by what is held, or else read once more.
    pub fn assignments(self, model: &Centres) -> Result<DataFrame> {
        let nearest = kmeans::nearest(model, self.features.columns()).alias("nearest");
        let keys = || (0..self.features.keys.len()).map(|index| ident(key_column(index)));
        let named = keys().zip(&self.features.keys).map(|(key, field)| key.alias(field.name()));
        let found = ["cluster", "distance"].map(|name| ident("nearest").field(name).alias(name));
        let read = self
            .complete()?
            .select(keys().chain([nearest]).collect::<Vec<_>>())
            .and_then(|rows| rows.select(named.chain(found).collect::<Vec<_>>()))
            .map_err(engine)?;
        match self.held {
            Some(held) if held.has_keys() => {
                held.assigned(model, read.schema().as_arrow().clone().into()).map_err(engine)
            }
            _ => Ok(read),
        }
    }

    fn complete(&self) -> Result<DataFrame> {
        self.features.complete(self.impute)
    }

    /// The rows that count.
    fn counted(&self) -> Result<DataFrame> {
        let rows = self.complete()?;
        match self.features.weight() {
            Some(weight) => rows.filter(weight.gt(lit(0.0))).map_err(engine),
            None => Ok(rows),
        }
    }

    /// What tells a row from all others.
    fn identity(&self) -> Vec<Expr> {
        let keys = (0..self.features.keys.len()).map(|index| ident(key_column(index)));
        keys.chain(self.features.columns()).collect()
    }

    /// One value over the features of all rows.
    async fn aggregate(&self, value: Expr) -> Result<ArrayRef> {
        let value = value.alias("value");
        let rows = self.features.rows.clone().aggregate(vec![], vec![value]).map_err(engine)?;
        let batches = rows.collect().await.map_err(engine)?;
        let found = batches.iter().find(|batch| batch.num_rows() == 1).map(|batch| batch.column(0).clone());
        found.ok_or_else(|| Error::failed("an aggregate without groups gave no row"))
    }

    /// Does what takes long beside the threads that wait for files.
    async fn at_work<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Held) -> datafusion::error::Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut held = self.held.take().ok_or_else(|| Error::failed("k-means broke off"))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut held);
            (held, done)
        });
        let (held, done) = done.await.map_err(|error| Error::failed("k-means broke off").because(error))?;
        self.held = Some(held);
        done.map_err(engine)
    }
}

/// How many clusters a model asks of how many rows, in words when it is too many.
pub async fn check_enough(rows: &mut ModelRows, fitted: &FittedFeatures, spec: &Kmeans) -> Result<()> {
    let (k, all, left_out) = (spec.k, fitted.rows, fitted.rows_left_out);
    if all == 0 {
        return Err(Error::failed(match left_out {
            0 => format!("`{}` has no rows to cluster", spec.input),
            _ => format!("`{}` has no rows to cluster: each of its {left_out} rows lacks a feature", spec.input),
        }));
    }
    let different = rows.different(fitted, k).await?;
    if different >= k {
        return Ok(());
    }
    Err(Error::failed(format!("{k} clusters need {k} different rows, but `{}` has {different} (of {all})", spec.input))
        .hint(format!("set `k` to {different} or less")))
}

/// A feature's column as [`Scaling::scaled`] says.
fn seen(column: Expr, feature: &Scaling) -> Expr {
    let filled = match feature.fill {
        Some(fill) => coalesce(vec![column, lit(fill)]),
        None => column,
    };
    if feature.unit == 0.0 { lit(0.0) } else { (filled - lit(feature.offset)) / lit(feature.unit) }
}
