//! Models: statistics and clusters of a table, by parameters instead of SQL.

use std::collections::BTreeSet;

use serde::Serialize;

use super::draft::{Defined, Name};
use super::faults::Faults;
use super::read::{At, given, given_or, names, places, read, within, words};
use super::spec::{DescribeSpec, KmeansSpec, ModelSpec, ScaleSpec};
use super::yaml;
use crate::error::Span;
use crate::lake::{TableName, Zone};
use crate::spark::sql::Reference;

/// The rows of all steps are in memory, as one sample of the table: so many, and so many numbers.
const MOST_IN_BATCHES: u64 = 2_000_000;
const MOST_NUMBERS_IN_BATCHES: u64 = 10_000_000;

/// Each step holds as many centres in memory, on every machine, and measures each row's distance from all of them.
const MOST_CLUSTERS: u64 = 10_000;

#[derive(Debug, Clone)]
pub enum Model {
    Describe(Describe),
    Kmeans(Kmeans),
}

impl Model {
    /// The table that it reads.
    pub fn input(&self) -> &TableName {
        match self {
            Model::Describe(spec) => &spec.input,
            Model::Kmeans(spec) => &spec.input,
        }
    }

    /// By what its main table is partitioned.
    pub fn partition_by(&self) -> &[String] {
        match self {
            Model::Describe(_) => &[],
            Model::Kmeans(spec) => &spec.partition_by,
        }
    }
}

/// Descriptive statistics of a table, one row per column.
#[derive(Debug, Clone)]
pub struct Describe {
    pub input: TableName,
    /// Empty = all columns.
    pub columns: Vec<String>,
    /// Each in (0, 1), none twice, with at most eight decimals.
    pub quantiles: Vec<f64>,
}

/// k-means over numeric features of a table.
#[derive(Debug, Clone)]
pub struct Kmeans {
    pub input: TableName,
    /// Columns that name a row; copied to the assignments.
    pub key: Vec<String>,
    pub features: Vec<String>,
    /// The column that says how often a row counts; without one each counts once.
    pub weight: Option<String>,
    pub impute: Impute,
    pub scale: Scale,
    pub distance: DistanceMeasure,
    pub precision: Precision,
    pub k: usize,
    pub init: Init,
    pub runs: usize,
    pub max_iterations: u64,
    pub tolerance: f64,
    /// Rows of a step, where not all rows are looked at in each.
    pub mini_batch: Option<usize>,
    pub seed: u64,
    /// By what the table of assignments is partitioned: columns of the key, and `cluster`.
    pub partition_by: Vec<String>,
}

/// What stands in for a null feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Impute {
    /// The feature's mean over the rows that have it.
    #[default]
    Mean,
    Zero,
    /// Leave the row out of the model.
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// (x − mean) / standard deviation.
    Standard(Deviation),
    /// (x − min) / (max − min).
    Minmax,
    None,
}

impl Scale {
    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Scale::Standard(_) => "standard",
            Scale::Minmax => "minmax",
            Scale::None => "none",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Deviation {
    /// √(Σ(x − mean)² ⁄ (n − 1)), as in Spark's `StandardScaler`.
    #[default]
    Sample,
    /// √(Σ(x − mean)² ⁄ n), as in scikit-learn's.
    Population,
}

/// How far apart two rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DistanceMeasure {
    /// √Σ(x − y)².
    #[default]
    Euclidean,
    /// 1 − cos of the angle between them, whatever their lengths.
    Cosine,
}

/// The numbers that a model is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Of 64 bits.
    #[default]
    Double,
    /// Of 32 bits; what is summed up and measured has 64.
    Single,
}

/// Where the first centres come from.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged, expecting = "expected `random`, `k-means++`, `k-means||` or a list of centres")]
pub enum Init {
    Method(InitMethod),
    /// k rows of one value per feature, in the features' own units.
    Centres(Vec<Vec<f64>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum InitMethod {
    #[serde(rename = "random")]
    Random,
    #[serde(rename = "k-means++")]
    PlusPlus,
    #[serde(rename = "k-means||")]
    Parallel,
}

/// The tables that the model makes; all that it might make while its kind is not known.
pub fn outputs(name: &str, model: Option<&Model>) -> Vec<TableName> {
    let table = |suffix: &str| TableName::new(Zone::Refined, format!("{name}{suffix}"));
    match model {
        Some(Model::Describe(_)) => vec![table("")],
        Some(Model::Kmeans(_)) | None => vec![table(""), table("_centers"), table("_metrics")],
    }
}

/// Reads a model's file. Its input is known even if something else in it is broken.
pub fn check(faults: &mut Faults) -> (Vec<Reference>, Option<Defined<Model>>) {
    let Some(node) = yaml::parse(0..faults.file.text.len(), faults) else { return (vec![], None) };
    let Some(spec) = read::<ModelSpec>(&node, faults) else { return (vec![], None) };
    let input = match (&spec.describe, &spec.kmeans) {
        (Some(At { value: Some(describe), .. }), None) => &describe.input,
        (None, Some(At { value: Some(kmeans), .. })) => &kmeans.input,
        (Some(_), None) | (None, Some(_)) => return (vec![], None),
        (None, None) if faults.any_in(&node.span) => return (vec![], None),
        _ => {
            let start = node.span.start..node.span.start;
            faults
                .add(&start, "a model is exactly one of `describe` and `kmeans`")
                .hint("add `describe:` or `kmeans:`");
            return (vec![], None);
        }
    };
    let references = input.value.iter().map(|table| reference(table, &input.span)).collect();
    (references, checked(&spec, faults))
}

fn reference(table: &str, span: &Span) -> Reference {
    Reference { parts: table.to_lowercase().split('.').map(String::from).collect(), span: span.clone() }
}

fn checked(spec: &ModelSpec, faults: &mut Faults) -> Option<Defined<Model>> {
    let model = match (&spec.describe, &spec.kmeans) {
        (Some(at), _) => describe(at.value.as_ref()?, faults).map(Model::Describe),
        (_, Some(at)) => kmeans(at.value.as_ref()?, faults).map(Model::Kmeans),
        (None, None) => None,
    };
    let description = given(&spec.description)?;
    let model = model?;
    let fingerprint_text = format!("{model:?}");
    let named = named(spec);
    Some(Defined { description, tags: words(&spec.tags)?, fingerprint_text, named, definition: model })
}

/// The table and the columns that it names.
fn named(spec: &ModelSpec) -> Vec<Name> {
    let describe = spec.describe.iter().filter_map(|at| at.value.as_ref());
    let kmeans = spec.kmeans.iter().filter_map(|at| at.value.as_ref());
    let of_describe = describe.map(|spec| (&spec.input, [spec.columns.as_ref(), None, None]));
    let of_kmeans =
        kmeans.clone().map(|spec| (&spec.input, [Some(&spec.key), Some(&spec.features), spec.partition_by.as_ref()]));
    let weight = kmeans.filter_map(|spec| spec.weight.as_ref());
    let weight = weight.filter_map(|at| Some((at.value.clone()?, at.span.clone())));
    of_describe
        .chain(of_kmeans)
        .flat_map(|(input, lists)| {
            let input = input.value.iter().map(|table| (table.to_lowercase(), input.span.clone()));
            input.chain(lists.into_iter().flat_map(places))
        })
        .chain(weight)
        .collect()
}

fn describe(spec: &DescribeSpec, faults: &mut Faults) -> Option<Describe> {
    let columns = names(&spec.columns, faults);
    let mut quantiles = Some(vec![]);
    match &spec.quantiles {
        None => quantiles = Some(vec![0.25, 0.5, 0.75]),
        Some(list) => {
            let mut columns = BTreeSet::new();
            for at in list.value.as_ref()? {
                if let Some(value) = at.value {
                    quantile(value, &at.span, &mut columns, faults);
                }
                quantiles = quantiles.zip(at.value).map(|(all, value)| [all, vec![value]].concat());
            }
        }
    }
    Some(Describe { input: table(&spec.input)?, columns: columns?, quantiles: quantiles? })
}

/// Checks that the quantile is one, and that its column's name tells it from the others.
fn quantile(value: f64, span: &Span, columns: &mut BTreeSet<u64>, faults: &mut Faults) {
    // A column's name has six digits of a per cent.
    const NAMED: f64 = 1e8;
    if !(value > 0.0 && value < 1.0) {
        faults.add(span, "a quantile lies between 0 and 1").hint("the median is 0.5");
    } else if (value * NAMED - (value * NAMED).round()).abs() > 1e-6 {
        faults.add(span, "a quantile has at most eight digits").hint("its column is named by them: 0.025 is `p2_5`");
    } else if !columns.insert((value * NAMED).round() as u64) {
        faults.add(span, format!("the quantile {value} is given twice")).hint("each becomes a column: name it once");
    }
}

fn kmeans(spec: &KmeansSpec, faults: &mut Faults) -> Option<Kmeans> {
    let key = some_names(&spec.key, "key", faults);
    let features = some_names(&spec.features, "features", faults);
    within("k", &spec.k, 1..=MOST_CLUSTERS, faults);
    for (name, at, most) in [("runs", &spec.runs, 1_000), ("max_iterations", &spec.max_iterations, 10_000)] {
        if let Some(at) = at {
            within(name, at, 1..=most, faults);
        }
    }
    if let Some(at) = &spec.tolerance
        && at.value.is_some_and(|value| !(value >= 0.0 && value.is_finite()))
    {
        faults.add(&at.span, "`tolerance` is 0 or a number above it").hint("1e-4 is usual");
    }
    let partition_by = partition_by(spec, key.as_deref(), faults);
    if let Some(at) = spec.weight.as_ref().filter(|at| at.value.as_deref() == Some("")) {
        faults.add(&at.span, "`weight` is empty").hint("name a column, or leave it out");
    }
    let max_iterations = given_or(&spec.max_iterations, 100);
    if let Some(at) = &spec.mini_batch {
        let features = features.as_ref().map_or(1, |names| names.len().max(1) as u64);
        let most = MOST_IN_BATCHES.min(MOST_NUMBERS_IN_BATCHES / features) / max_iterations.unwrap_or(1).max(1);
        if at.value.is_some_and(|rows| !(1..=most).contains(&rows)) {
            faults
                .add(&at.span, format!("`mini_batch` must be 1 to {most}"))
                .hint("the rows of `max_iterations` steps are held in memory: fewer steps may have more each");
        }
    }
    let scale = scale(spec, faults);
    let (features, k) = (features?, spec.k.value? as usize);
    let init = given_or(&spec.init, Init::Method(InitMethod::PlusPlus))?;
    if let (Init::Centres(centres), Some(at)) = (&init, &spec.init)
        && (centres.len() != k || centres.iter().any(|centre| centre.len() != features.len()))
    {
        let message = format!("the given centres must be {k} lists of {} numbers", features.len());
        faults.add(&at.key, message).hint("one list per cluster, with a value for each feature");
    }
    Some(Kmeans {
        input: table(&spec.input)?,
        key: key?,
        features,
        weight: given(&spec.weight)?,
        impute: given_or(&spec.impute, Impute::default())?,
        scale: scale?,
        distance: given_or(&spec.distance, DistanceMeasure::default())?,
        precision: given_or(&spec.precision, Precision::default())?,
        k,
        init,
        runs: given_or(&spec.runs, 10)? as usize,
        max_iterations: max_iterations?,
        tolerance: given_or(&spec.tolerance, 1e-4)?,
        mini_batch: given(&spec.mini_batch)?.map(|rows| rows as usize),
        seed: given_or(&spec.seed, 42)?,
        partition_by: partition_by?,
    })
}

fn scale(spec: &KmeansSpec, faults: &mut Faults) -> Option<Scale> {
    let deviation = given_or(&spec.deviation, Deviation::default())?;
    let scale = match given_or(&spec.scale, ScaleSpec::Standard)? {
        ScaleSpec::Standard => return Some(Scale::Standard(deviation)),
        ScaleSpec::Minmax => Scale::Minmax,
        ScaleSpec::None => Scale::None,
    };
    if let Some(at) = &spec.deviation {
        faults.add(&at.key, "`deviation` is for `scale: standard` alone").hint("leave one of the two out");
    }
    Some(scale)
}

/// Of the assignments, which have the columns of the key, `cluster`, and `distance`.
fn partition_by(spec: &KmeansSpec, key: Option<&[String]>, faults: &mut Faults) -> Option<Vec<String>> {
    let columns = names(&spec.partition_by, faults)?;
    let known = |name: &str| {
        name == "cluster" || key.is_none_or(|key| key.iter().any(|column| column.eq_ignore_ascii_case(name)))
    };
    for at in spec.partition_by.iter().filter_map(|list| list.value.as_ref()).flatten() {
        if let Some(name) = at.value.as_ref().filter(|name| !known(&name.to_lowercase())) {
            faults
                .add(&at.span, format!("the assignments cannot be partitioned by `{name}`"))
                .hint("they are by `cluster`, or by a column of `key`");
        }
    }
    Some(columns)
}

/// The input's name; one that isn't a table of the lake is reported with the other references.
fn table(at: &At<String>) -> Option<TableName> {
    TableName::parse(&at.value.as_ref()?.to_lowercase())
}

fn some_names(at: &At<Vec<At<String>>>, what: &str, faults: &mut Faults) -> Option<Vec<String>> {
    let names = names(&Some(at.clone()), faults)?;
    if names.is_empty() {
        faults.add(&at.key, format!("`{what}` is empty")).hint("name at least one column");
    }
    Some(names)
}
