//! `alerts:` and `schedule:` as they are typed.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::project::read::At;
use crate::project::written::Written;

/// One way at least.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertsSpec {
    /// Address that takes JSON by POST.
    pub webhook: Option<At<Written>>,
    /// Command of a shell that gets the JSON as its input.
    pub command: Option<At<Written>>,
    /// ARN of a topic of SNS that gets the JSON as a message.
    pub sns: Option<At<String>>,
    /// On what; both by default.
    pub on: Option<At<Vec<At<AlertOn>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertOn {
    Failure,
    Recovery,
}

/// A cron expression alone, or with more.
#[derive(Debug)]
pub enum ScheduleEntry {
    Text(String),
    Keys(Box<ScheduleSpec>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpec {
    /// Minute, hour, day of the month, month, day of the week: `*/5 * * * *`.
    pub cron: At<String>,
    /// In which the fields are meant; `UTC` by default.
    pub time_zone: Option<At<String>>,
    /// How much later a run may begin, so that not all begin at once: `30s`.
    pub jitter: Option<At<String>>,
    /// What becomes of a time at which the last run is still at work.
    pub overlap: Option<At<Overlap>>,
    /// Whether one run makes up for times that were missed.
    pub catch_up: Option<At<bool>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    #[default]
    Skip,
    Queue,
}

impl<'de> Deserialize<'de> for ScheduleEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrKeys;

        impl<'de> Visitor<'de> for TextOrKeys {
            type Value = ScheduleEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a cron expression, or a mapping with one")
            }

            fn visit_str<E>(self, text: &str) -> Result<ScheduleEntry, E> {
                Ok(ScheduleEntry::Text(text.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<ScheduleEntry, A::Error> {
                ScheduleSpec::deserialize(MapAccessDeserializer::new(keys))
                    .map(|keys| ScheduleEntry::Keys(Box::new(keys)))
            }
        }

        deserializer.deserialize_any(TextOrKeys)
    }
}

impl JsonSchema for ScheduleEntry {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ScheduleEntry".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let keys = generator.subschema_for::<ScheduleSpec>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, keys] })
    }
}
