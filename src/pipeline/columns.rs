//! What is known of a table's columns before anything is made, and on whose word.
//!
//! The project's text says which columns a SELECT names, and of which types those of a CSV are. All else a source says,
//! and what it said at its last landing it may not say at the next one. So a query is also planned against columns as
//! they might be: a fault that is there whatever the sources say is one of the text.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::engine::read;
use crate::error::Error;
use crate::ingest;
use crate::lake::live::Live;
use crate::lake::{Lake, TableName};
use crate::project::{Dataset, FileFormat, Origin, Source};

/// The columns of a table.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// As they were last seen, or as far as the text names them.
    pub schema: SchemaRef,
    pub others: Others,
    /// Those of which a source says the type.
    pub loose: BTreeSet<String>,
    /// The sources on whose word they are.
    pub told_by: BTreeSet<TableName>,
    /// The source that could not be seen yet, if there is one among these.
    pub unseen: Option<TableName>,
}

/// Which columns a table may have that are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Others {
    /// None: the text names all.
    None,
    /// Those of a CSV, which are texts.
    Texts,
    Any,
}

/// Types that a column might have, null first. A fault that depends on a type is not there with each of them.
pub(super) const POSSIBLE: [DataType; 3] = [DataType::Null, DataType::Utf8, DataType::Int64];

/// Stands for all columns that a query does not name.
const UNNAMED: &str = "__trapiche_unnamed";

impl Columns {
    /// Whether a source has no say in them.
    pub(super) fn are_settled(&self) -> bool {
        self.others == Others::None && self.loose.is_empty() && self.unseen.is_none()
    }

    fn of_source(dataset: &Dataset, source: &Source, schema: SchemaRef) -> Self {
        let is_csv = matches!(&source.origin, Origin::Files { format: FileFormat::Csv { .. }, .. });
        let names = schema.fields().iter().map(|field| field.name().clone());
        Columns {
            loose: if is_csv { BTreeSet::new() } else { names.collect() },
            others: if is_csv { Others::Texts } else { Others::Any },
            told_by: BTreeSet::from([dataset.name.clone()]),
            unseen: None,
            schema,
        }
    }

    fn unseen(dataset: &Dataset, source: &Source) -> Self {
        let declared = source.columns.iter().map(|(name, data_type)| Field::new(name, data_type.clone(), true));
        let schema = read::names::lower_case(&Schema::new(declared.collect::<Vec<_>>()));
        Columns { unseen: Some(dataset.name.clone()), ..Columns::of_source(dataset, source, schema) }
    }

    /// Those of a table that is made from `inputs`, when it was planned against the columns as they are known, and as
    /// they might be. `names_all` says that its text has no `*`.
    pub(super) fn of_result(
        schema: &SchemaRef,
        possible: &[Option<SchemaRef>],
        inputs: &[(&TableName, &Columns)],
        names_all: bool,
    ) -> Self {
        let planned: Vec<&SchemaRef> = possible.iter().flatten().collect();
        let passes_on = |schema: &&SchemaRef| schema.field_with_name(UNNAMED).is_ok();
        let is_named = names_all || !planned.is_empty() && !planned.iter().any(passes_on);
        let others = inputs.iter().map(|(_, input)| input.others).max().unwrap_or(Others::None);
        let keeps_type = |field: &Field| {
            let same = |schema: &&SchemaRef| {
                schema.field_with_name(field.name()).is_ok_and(|possible| possible.data_type() == field.data_type())
            };
            // Where a query cannot be planned with one type or another, nothing is certain of what it gives.
            planned.len() == POSSIBLE.len() && planned.iter().all(same)
        };
        let fields: Vec<_> = schema.fields().iter().filter(|field| field.name() != UNNAMED).cloned().collect();
        let loose = match inputs.iter().all(|(_, input)| input.are_settled()) {
            true => BTreeSet::new(),
            false => fields.iter().filter(|field| !keeps_type(field)).map(|field| field.name().clone()).collect(),
        };
        Columns {
            schema: Arc::new(Schema::new(fields)),
            others: if is_named { Others::None } else { others },
            loose,
            told_by: inputs.iter().flat_map(|(_, input)| input.told_by.clone()).collect(),
            unseen: inputs.iter().find_map(|(_, input)| input.unseen.clone()),
        }
    }

    /// As they might be: a source has whatever the words of a text ask it for, unless another table is known to have
    /// that, and where it says the type it is this one.
    pub(super) fn possible(
        &self,
        asked: &BTreeSet<String>,
        known: &BTreeSet<String>,
        data_type: &DataType,
    ) -> SchemaRef {
        let typed = |field: &Arc<Field>| match self.loose.contains(field.name()) {
            true => Arc::new(Field::new(field.name(), data_type.clone(), true)),
            false => field.clone(),
        };
        let of_others = match self.others {
            Others::None => return Arc::new(Schema::new(self.schema.fields().iter().map(typed).collect::<Vec<_>>())),
            Others::Texts => DataType::Utf8,
            Others::Any => data_type.clone(),
        };
        let kept = self.schema.fields().iter().filter(|field| asked.contains(field.name())).map(typed);
        let others = asked.difference(known).map(String::as_str).chain([UNNAMED]);
        let others = others.map(|name| Arc::new(Field::new(name, of_others.clone(), true)));
        Arc::new(Schema::new(kept.chain(others).collect::<Vec<_>>()))
    }
}

/// All words of a text that may name a column, in lower case.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    let text = text.to_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let plain = text.split(|c| !is_part(c));
    // Odd names stand in backticks, in YAML also in quotes or in nothing.
    let odd = text.split(['`', '"', '\'', '[', ']', '{', '}', ',', ':', '\n']).map(str::trim);
    plain.chain(odd).filter(|word| !word.is_empty()).map(String::from).collect()
}

/// The columns of a source by its last landing, if it is known, or by a look at a local file. What that look found wrong
/// comes along: the source cannot be captured as it is now.
pub(super) async fn of_source(
    lake: &Lake,
    dataset: &Dataset,
    source: &Source,
    last: Option<&Live>,
) -> (Columns, Option<Error>) {
    if let Some(landed) = last.and_then(|last| read::landing::table(lake, &last.landings).ok()) {
        return (Columns::of_source(dataset, source, landed.schema()), None);
    }
    match ingest::peek(dataset, source).await {
        Ok(Some(landed)) => (Columns::of_source(dataset, source, read::names::lower_case(&landed)), None),
        Ok(None) => (Columns::unseen(dataset, source), None),
        Err(error) => (Columns::unseen(dataset, source), Some(error)),
    }
}
