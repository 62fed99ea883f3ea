//! `GET /models`, `GET /models/{name}`, `POST /models/{name}/predict` and `GET /profiles/{name}`: what models found, and rows
//! scored by them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use arrow::compute::concat_batches;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{self, RowsAnswer};
use super::document::document;
use super::form::{RowsBody, RowsForm};
use super::page::Question;
use super::parameters::QueryParameters;
use super::refusal::HttpRefusal;
use super::served::Served;
use crate::analyze::kmeans::score::FittedModel;
use crate::engine::faults;
use crate::error::{Error, Kind, Result};
use crate::hints::suggest;
use crate::lake::TableName;
use crate::lake::table::version::Version;
use crate::project::{Dataset, Definition, Kmeans, Model};

/// The models of which all tables are shown.
fn models(served: &Served) -> impl Iterator<Item = &Dataset> {
    let is_whole = move |table: &TableName| served.settings.hidden(table).next().is_none();
    let is_shown = move |dataset: &&Dataset| {
        let outputs = dataset.outputs.iter().all(|table| served.is_shown(table) && is_whole(table));
        outputs && !uses_hidden(served, dataset)
    };
    let is_first = |(table, dataset): (&TableName, &Arc<Dataset>)| *table == dataset.name;
    let datasets = served.tables.iter().filter(move |(table, dataset)| is_first((table, dataset)));
    let models = datasets.map(|(_, dataset)| dataset.as_ref());
    models.filter(|dataset| matches!(dataset.definition, Definition::Model(_))).filter(is_shown)
}

/// Whether a model is made of a column that is hidden in its input.
fn uses_hidden(served: &Served, dataset: &Dataset) -> bool {
    let Definition::Model(Model::Kmeans(spec)) = &dataset.definition else { return false };
    let mut used = spec.features.iter().chain(&spec.key).chain(&spec.weight);
    used.any(|column| served.settings.hidden(&spec.input).any(|hidden| column == hidden))
}

/// Those that score rows.
pub fn fitted(served: &Served) -> impl Iterator<Item = (&Dataset, &Kmeans)> {
    models(served).filter_map(|dataset| match &dataset.definition {
        Definition::Model(Model::Kmeans(spec)) => Some((dataset, spec)),
        _ => None,
    })
}

fn kmeans<'a>(served: &'a Served, name: &str) -> Result<(&'a Dataset, &'a Kmeans), HttpRefusal> {
    let found = fitted(served).find(|(dataset, _)| dataset.name.name == name);
    found.ok_or_else(|| HttpRefusal::not_found("there is no such model here").hint("`/models` lists what there is"))
}

pub async fn list(
    State(served): State<Arc<Served>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    QueryParameters::none(query.as_deref())?;
    let shown = |dataset: &Dataset| {
        let Definition::Model(model) = &dataset.definition else { return Value::Null };
        let name = &dataset.name.name;
        let (kind, href) = match model {
            Model::Describe(_) => ("describe", format!("/profiles/{name}")),
            Model::Kmeans(_) => ("kmeans", format!("/models/{name}")),
        };
        json!({ "name": name, "kind": kind, "description": dataset.description, "href": href })
    };
    let models: Vec<Value> = models(&served).map(shown).collect();
    Ok(document(&json!({ "models": models }), None, &headers))
}

/// A model that is fitted, and the version of its main table.
pub struct Loaded {
    pub version: Arc<Version>,
    pub fitted: FittedModel,
}

/// Reads the model's tables, all of the same run.
pub async fn load(served: &Served, dataset: &Dataset, spec: &Kmeans) -> Result<Loaded, HttpRefusal> {
    let mut versions = vec![];
    for table in &dataset.outputs {
        versions.push(served.newest(table).await?);
    }
    if versions.iter().any(|version| version.run_id != versions[0].run_id) {
        // They are published one after the other.
        return Err(HttpRefusal::later("the model is being published", 1));
    }
    let centers = whole(served, &versions[1]).await?;
    let metrics = whole(served, &versions[2]).await?;
    let fitted = FittedModel::read(spec, &centers, &metrics)?;
    Ok(Loaded { version: versions.swap_remove(0), fitted })
}

async fn whole(served: &Served, version: &Version) -> Result<RecordBatch> {
    let rows = served.session.version(version)?;
    let schema = Arc::new(rows.schema().as_arrow().clone());
    let batches = rows.collect().await.map_err(faults::explain)?;
    concat_batches(&schema, &batches).map_err(|error| faults::explain(error.into()))
}

pub async fn model(
    State(served): State<Arc<Served>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    QueryParameters::none(query.as_deref())?;
    let (dataset, spec) = kmeans(&served, &name)?;
    let loaded = served.within_limits(load(&served, dataset, spec)).await?;
    let modified = loaded.version.committed_at;
    Ok(document(&described(dataset, spec, &loaded), Some(modified), &headers))
}

/// What is known of a model.
pub fn described(dataset: &Dataset, spec: &Kmeans, loaded: &Loaded) -> Value {
    let centre = |values: &[f64]| {
        let named = spec.features.iter().cloned().zip(values.iter().map(|value| json!(value)));
        Value::Object(named.collect())
    };
    let cluster = |(at, (size, values)): (usize, &(i64, Vec<f64>))| json!({ "cluster": at, "size": size, "centre": centre(values) });
    let clusters: Vec<Value> = loaded.fitted.clusters.iter().enumerate().map(cluster).collect();
    let metrics: Map<String, Value> =
        loaded.fitted.metrics.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "name": dataset.name.name,
        "kind": "kmeans",
        "description": dataset.description,
        "table": dataset.name,
        "version": loaded.version.version,
        "run_id": loaded.version.run_id,
        "committed_at": loaded.version.committed_at,
        "features": spec.features,
        "impute": spec.impute,
        "scale": spec.scale.word(),
        "distance": loaded.fitted.distance,
        "precision": loaded.fitted.precision,
        "weight": spec.weight,
        "clusters": clusters,
        "metrics": metrics,
    })
}

/// The rows to be scored.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PredictBody {
    /// Of each the features by name; one that is missing or null is a missing value.
    rows: Vec<Map<String, Value>>,
}

pub async fn predict(
    State(served): State<Arc<Served>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, HttpRefusal> {
    let (dataset, spec) = kmeans(&served, &name)?;
    let mut parameters = QueryParameters::read(query.as_deref())?;
    let form = RowsForm::wanted(parameters.take("format")?, &headers)?;
    parameters.end(&["format"])?;
    let asked: PredictBody = serde_json::from_slice(&body).map_err(|error| {
        let example: Map<String, Value> = spec.features.iter().map(|name| (name.clone(), json!(1.5))).collect();
        HttpRefusal::bad(format!("the body is not understood: {error}")).hint(json!({ "rows": [example] }).to_string())
    })?;
    let rows = features(&asked, spec, served.settings.most_rows as usize)?;
    let scored = async {
        let loaded = load(&served, dataset, spec).await?;
        let scored = loaded.fitted.score(spec, served.session.rows(rows)?)?;
        let schema = Arc::new(scored.schema().as_arrow().clone());
        Ok((loaded, schema, scored.collect().await.map_err(faults::explain)?))
    };
    let (loaded, schema, batches) = served.within_limits(scored).await?;
    let mut about = Map::new();
    about.insert("model".into(), name.into());
    about.insert("version".into(), loaded.version.version.into());
    let body = RowsBody { schema, batches, about };
    let (count, version) = (body.rows(), loaded.version.as_ref());
    let answer = RowsAnswer {
        form,
        rows: count,
        body: body.write(form)?.into(),
        version: version.version,
        committed_at: version.committed_at,
        files: (0, version.files.files()),
        next: None,
        tag: answer::tag(&["predict", &version.version.to_string()]),
    };
    // The answer depends on the body, so nobody has it already.
    Ok(answer.response(&HeaderMap::new()))
}

/// One column for each feature.
fn features(asked: &PredictBody, spec: &Kmeans, most: usize) -> Result<RecordBatch, HttpRefusal> {
    if asked.rows.is_empty() || asked.rows.len() > most {
        return Err(HttpRefusal::bad(format!("1 to {most} rows can be scored at once")).of("rows", None));
    }
    let mut columns: Vec<Vec<Option<f64>>> = vec![vec![]; spec.features.len()];
    for row in &asked.rows {
        if let Some(unknown) = row.keys().find(|name| !spec.features.contains(name)) {
            let hint = suggest(unknown, spec.features.iter().map(String::as_str));
            return Err(HttpRefusal::bad("the model has no such feature").of(unknown, None).hint(hint));
        }
        for (name, column) in spec.features.iter().zip(&mut columns) {
            let value = match row.get(name) {
                None | Some(Value::Null) => None,
                Some(Value::Number(number)) => number.as_f64(),
                Some(other) => {
                    return Err(HttpRefusal::bad("a feature is a number or null").of(name, Some(&other.to_string())));
                }
            };
            column.push(value);
        }
    }
    let named = spec.features.iter().zip(columns).map(|(name, column)| {
        let column: ArrayRef = Arc::new(Float64Array::from(column));
        (name, column, true)
    });
    RecordBatch::try_from_iter_with_nullable(named)
        .map_err(|error| HttpRefusal::from(Error::new(Kind::Failed, "the rows make no table").because(error)))
}

pub async fn profile(
    State(served): State<Arc<Served>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let is_it = |dataset: &&Dataset| {
        dataset.name.name == name && matches!(dataset.definition, Definition::Model(Model::Describe(_)))
    };
    let dataset = models(&served).find(is_it);
    let Some(dataset) = dataset else {
        return Err(HttpRefusal::not_found("there is no such profile here").hint("`/models` lists what there is"));
    };
    let mut parameters = QueryParameters::read(query.as_deref())?;
    let form = RowsForm::wanted(parameters.take("format")?, &headers)?;
    parameters.end(&["format"])?;
    let version = served.newest(&dataset.name).await?;
    let columns = served.columns(&version)?;
    let selected: Vec<_> = columns.iter().collect();
    let tag = answer::tag(&["profile", &name, &served.state(&version), form.media_type()]);
    let work = async {
        // A row for each column of a table.
        let limit = 1_000_000;
        let page = Question::of_all(&served, &version, &columns, &selected, limit).page(None).await?;
        let mut about = Map::new();
        about.insert("table".into(), version.table.to_string().into());
        about.insert("version".into(), version.version.into());
        let body = RowsBody { schema: page.schema, batches: page.batches, about };
        Ok(RowsAnswer {
            form,
            rows: body.rows(),
            body: body.write(form)?.into(),
            version: version.version,
            committed_at: version.committed_at,
            files: (page.files as u64, version.files.files()),
            next: None,
            tag: tag.clone(),
        })
    };
    Ok(served.answer(&tag, work).await?.response(&headers))
}
