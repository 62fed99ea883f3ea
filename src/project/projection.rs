//! `projection:` of a query: what the values of its partition columns may be, so that Athena knows its partitions without
//! asking Glue for them
//! (<https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html>).

use arrow::datatypes::DataType;
use chrono::NaiveDate;

use super::faults::Faults;
use super::read::{At, given};
use super::spec::{HeaderSpec, Literal, ProjectionSpec, ReadsSpec};
use crate::hints::listed;
use crate::lake::path;

/// All values that one partition column may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectedValues {
    /// These texts.
    Listed(Vec<String>),
    /// Whole numbers, both ends among them.
    Whole { from: i64, to: i64 },
    /// Days, both ends among them; without `to` up to the day on which is asked.
    Days { from: NaiveDate, to: Option<NaiveDate> },
}

impl ProjectedValues {
    /// Whether Athena can count its way through a column of that type by them.
    pub fn fit(&self, data_type: &DataType) -> bool {
        match self {
            ProjectedValues::Listed(_) => *data_type == DataType::Utf8,
            ProjectedValues::Whole { .. } => data_type.is_signed_integer(),
            ProjectedValues::Days { .. } => matches!(data_type, DataType::Date32 | DataType::Utf8),
        }
    }

    /// Whether a value is one of them, as it is spelled in a path.
    pub fn have(&self, value: &str) -> bool {
        match self {
            ProjectedValues::Listed(values) => values.iter().any(|listed| listed == value),
            ProjectedValues::Whole { from, to } => {
                value.parse().is_ok_and(|number: i64| (*from..=*to).contains(&number) && number.to_string() == value)
            }
            ProjectedValues::Days { from, to } => {
                day(value).is_some_and(|day| day >= *from && to.is_none_or(|to| day <= to) && day.to_string() == value)
            }
        }
    }
}

/// The projection of a header: of each partition column or of none. The outer `None` when there is a fault.
pub fn check(
    spec: &HeaderSpec,
    partition_by: Option<&[String]>,
    faults: &mut Faults,
) -> Option<Option<Vec<ProjectedValues>>> {
    let Some(block) = &spec.projection else { return Some(None) };
    let (columns, partition_by) = (block.value.as_ref()?, partition_by?);
    if let Some((name, at)) = columns.iter().find(|(name, _)| !partition_by.contains(name)) {
        faults.add(&at.key, format!("`{name}` is no column of `partition_by`"));
        return None;
    }
    let missing: Vec<&str> =
        partition_by.iter().map(String::as_str).filter(|name| !columns.contains_key(*name)).collect();
    if !missing.is_empty() || partition_by.is_empty() {
        let message = match partition_by.is_empty() {
            true => "`projection` is of tables with `partition_by`".to_string(),
            false => format!("Athena projects all partition columns or none: {} is missing", listed(&missing)),
        };
        faults.add(&block.key, message);
        return None;
    }
    if spec.reads.as_ref().is_some_and(|reads| reads.value == Some(ReadsSpec::Atomic)) {
        faults
            .add(&block.key, "`projection` knows folders by their values, and those of `reads: atomic` by their runs")
            .hint("leave one of the two out");
        return None;
    }
    let checked: Vec<Option<ProjectedValues>> =
        partition_by.iter().map(|name| values(columns.get(name)?, faults)).collect();
    checked.into_iter().collect::<Option<Vec<_>>>().map(Some)
}

fn values(at: &At<ProjectionSpec>, faults: &mut Faults) -> Option<ProjectedValues> {
    let spec = at.value.as_ref()?;
    match (given(&spec.values)?, given(&spec.from)?, given(&spec.to)?) {
        (Some(texts), None, None) => listed_values(at, &texts, faults),
        (None, Some(Literal::Whole(from)), Some(Literal::Whole(to))) if from <= to => {
            Some(ProjectedValues::Whole { from, to })
        }
        (None, Some(Literal::Text(from)), Some(Literal::Text(to))) if day(&from).is_some() => {
            let from = day(&from)?;
            let to = if to.eq_ignore_ascii_case("now") { Ok(None) } else { day(&to).map(Some).ok_or(()) };
            match to {
                Ok(to) if to.is_none_or(|to| from <= to) => Some(ProjectedValues::Days { from, to }),
                _ => no_range(at, faults),
            }
        }
        _ => no_range(at, faults),
    }
}

fn no_range(at: &At<ProjectionSpec>, faults: &mut Faults) -> Option<ProjectedValues> {
    faults.add(&at.key, "this is no range of values that Athena can project").hint(
        "write `{ from: 1, to: 400 }`, `{ from: 2020-01-01, to: now }` with days, or `{ values: [AR, CL] }` with all there are",
    );
    None
}

/// Athena puts a value into the template of the folder as it is, so the two must be spelled alike.
fn listed_values(at: &At<ProjectionSpec>, texts: &[At<String>], faults: &mut Faults) -> Option<ProjectedValues> {
    let mut values = vec![];
    for text in texts {
        let value = text.value.clone()?;
        if value.is_empty() || value.contains([',', '$']) || path::escape(&value) != value || value.trim() != value {
            faults
                .add(&text.span, format!("Athena cannot project `{value}`"))
                .hint("a list is told to it with commas, and folders spell other characters in their own way; leave `projection` out");
            return None;
        }
        values.push(value);
    }
    if values.is_empty() {
        return no_range(at, faults);
    }
    Some(ProjectedValues::Listed(values))
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_projected_as_it_is_spelled() {
        let days = ProjectedValues::Days { from: day("2024-01-31").unwrap(), to: None };
        assert!(days.have("2024-02-29") && !days.have("2024-01-30") && !days.have("2024-2-9"));
        let whole = ProjectedValues::Whole { from: -1, to: 12 };
        assert!(whole.have("-1") && whole.have("12") && !whole.have("13") && !whole.have("01"));
        let listed = ProjectedValues::Listed(vec!["AR".into()]);
        assert!(listed.have("AR") && !listed.have("ar"));
    }
}
