//! Keeps `docs/project.md` true: its tables have the keys that are read, no more and no fewer.

use std::collections::BTreeSet;

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use super::spec::source::{ApiKeySpec, BasicSpec, CursorSpec, Oauth2Spec};
use super::spec::{
    AcceptedValuesSpec, AlertsSpec, AuthSpec, ChartSpec, CheckSpec, ConnectionSpec, DedupeSpec, DemoSpec, DescribeSpec,
    EngineSpec, FleetSpec, HeaderSpec, JwtSpec, KmeansSpec, ModelSpec, PaginateSpec, ProjectSpec, ProjectionSpec,
    RangeSpec, RegexSpec, S3Spec, ScheduleSpec, SecurityGroupsSpec, ServeKeySpec, ServeSpec, SourceSpec, SqlSpec,
    TargetSpec,
};
use crate::spark::types;

const PAGE: &str = include_str!("../../docs/project.md");

#[test]
fn every_key_has_its_row_on_the_page() {
    check::<ProjectSpec>("## trapiche.yml");
    check::<TargetSpec>("### targets");
    check::<S3Spec>("#### s3");
    check::<SqlSpec>("#### sql");
    check::<EngineSpec>("#### engine");
    check::<FleetSpec>("##### fleets");
    check::<SecurityGroupsSpec>("##### security groups");
    check::<DemoSpec>("#### demo");
    check::<ConnectionSpec>("### connections");
    check::<AuthSpec>("#### auth");
    check::<BasicSpec>("##### basic");
    check::<ApiKeySpec>("##### api_key");
    check::<Oauth2Spec>("##### oauth2");
    check::<SourceSpec>("### sources");
    check::<CursorSpec>("#### cursor");
    check::<PaginateSpec>("#### paginate");
    check::<ScheduleSpec>("### schedule");
    check::<AlertsSpec>("### alerts");
    check::<ServeSpec>("### serve");
    check::<ServeKeySpec>("#### keys");
    check::<JwtSpec>("#### jwt");
    check::<ChartSpec>("### dashboard");
    check::<HeaderSpec>("## Queries");
    check::<ProjectionSpec>("### projection");
    check::<CheckSpec>("### checks");
    check::<DedupeSpec>("### dedupe");
    check::<AcceptedValuesSpec>("#### accepted_values");
    check::<RangeSpec>("#### range");
    check::<RegexSpec>("#### regex");
    check::<ModelSpec>("## Models");
    check::<DescribeSpec>("### describe");
    check::<KmeansSpec>("### kmeans");
    for name in types::NAMES {
        assert!(PAGE.contains(&format!("`{name}`")), "the type `{name}` is not on the page");
    }
}

/// Compares keys, which of them are required, and the words that they may hold, with the section below `heading`.
fn check<T: JsonSchema>(heading: &str) {
    let schema = schema_for!(T).to_value();
    let known: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();

    let (rows, section) = (keys(heading), section(heading));
    assert_eq!(rows.iter().map(|(key, _)| *key).collect::<BTreeSet<_>>(), known, "{heading}");
    assert_eq!(
        rows.iter().filter(|(_, row)| row.contains("| required |")).map(|(key, _)| *key).collect::<BTreeSet<_>>(),
        required,
        "{heading}"
    );
    let mut words = BTreeSet::new();
    for key in known {
        words_of(&resolved(&schema["properties"][key], &schema), &schema, &mut words);
    }
    for word in words {
        assert!(
            section.contains(&format!("`{word}`")) || PAGE.contains(&format!("| `{word}` |")),
            "{heading}: `{word}`"
        );
    }
}

/// The lines from the heading to the next one.
fn section(heading: &str) -> String {
    let mut lines = PAGE.lines().skip_while(|line| *line != heading);
    let first = lines.next().unwrap_or_else(|| panic!("there is no `{heading}` on the page"));
    let is_heading = |line: &&str| line.starts_with('#');
    [first].into_iter().chain(lines.take_while(|line| !is_heading(line))).collect::<Vec<_>>().join("\n")
}

/// The rows of the section's table of keys: a key in backticks and its whole row.
fn keys(heading: &str) -> Vec<(&'static str, &'static str)> {
    let lines = PAGE.lines().skip_while(move |line| *line != heading).skip(1);
    let table = lines.take_while(|line| !line.starts_with('#')).skip_while(|line| !line.starts_with("| key |"));
    let rows = table.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| (row.split('`').nth(1).expect("a key stands in backticks"), row)).collect()
}

/// A schema that is not a struct of its own, whose keys have another section.
fn resolved(schema: &Value, root: &Value) -> Value {
    match schema["$ref"].as_str().and_then(|reference| root.pointer(&reference[1..])) {
        Some(found) => found.clone(),
        None => schema.clone(),
    }
}

/// The words of an enumeration, also inside of "one of these or nothing".
fn words_of(schema: &Value, root: &Value, words: &mut BTreeSet<String>) {
    words.extend(schema["const"].as_str().map(str::to_string));
    words.extend(schema["enum"].as_array().into_iter().flatten().filter_map(|word| Some(word.as_str()?.to_string())));
    for choice in ["anyOf", "oneOf"] {
        for schema in schema[choice].as_array().into_iter().flatten() {
            words_of(&resolved(schema, root), root, words);
        }
    }
}
