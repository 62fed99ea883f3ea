//! SET: what changes what SQL means, what has no meaning here, and what is refused.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, FunctionArguments, Query, Visit, Visitor};

use super::{Conversation, DfResult, refused};
use crate::engine::{Session, state};
use crate::spark::mode::{self, SqlMode};

/// Read or write times by patterns, which mean something else to Spark 2.
const OF_PATTERNS: [&str; 10] = [
    "date_format",
    "from_csv",
    "from_json",
    "from_unixtime",
    "to_date",
    "to_timestamp",
    "to_timestamp_ltz",
    "to_unix_timestamp",
    "try_to_timestamp",
    "unix_timestamp",
];
const TIME_PARSER: &str = "spark.sql.legacy.timeparserpolicy";
const NESTED_NAMES: &str = "spark.sql.legacy.cteprecedencepolicy";

const ANSI: &str = "spark.sql.ansi.enabled";
const TIME_ZONE: &str = "spark.sql.session.timezone";

/// Change what Spark's SQL means, and are not what they are here. With the one value that is.
const OTHERS: [(&str, &str); 12] = [
    ("spark.sql.parser.escapedstringliterals", "false"),
    ("spark.sql.timestampnanostypes.enabled", "false"),
    ("spark.sql.ansi.doublequotedidentifiers", "false"),
    ("spark.sql.ansi.enforcereservedkeywords", "false"),
    ("spark.sql.casesensitive", "false"),
    ("spark.sql.timestamptype", "timestamp_ltz"),
    ("spark.sql.storeassignmentpolicy", "ansi"),
    ("spark.sql.decimaloperations.allowprecisionloss", "true"),
    ("spark.sql.mapkeydeduppolicy", "exception"),
    ("spark.sql.groupbyordinal", "true"),
    ("spark.sql.orderbyordinal", "true"),
    ("spark.sql.groupbyaliases", "true"),
];

impl Conversation {
    /// Whether it is known here.
    pub(super) fn set(&mut self, key: &str, value: &str) -> DfResult<bool> {
        let (name, wanted) = (key.to_lowercase(), value.to_lowercase());
        match name.as_str() {
            ANSI => {
                let Ok(ansi) = wanted.parse::<bool>() else {
                    return Err(refused(format!("`{key}` is true or false, not `{value}`"), "write true or false"));
                };
                let mode = SqlMode { ansi, ..self.mode() };
                self.mean(mode)?;
                Ok(true)
            }
            TIME_ZONE => {
                let zone = mode::time_zone(value.trim_matches(['\'', '"']));
                let time_zone = zone.map_err(|(message, hint)| refused(message, hint))?;
                let mode = SqlMode { time_zone, ..self.mode() };
                self.mean(mode)?;
                Ok(true)
            }
            // What they change is refused where it is asked for.
            TIME_PARSER if ["legacy", "exception", "corrected"].contains(&wanted.as_str()) => Ok(true),
            NESTED_NAMES if ["legacy", "exception", "corrected"].contains(&wanted.as_str()) => Ok(true),
            name => match OTHERS.iter().find(|(known, _)| *known == name) {
                Some((_, usual)) if *usual == wanted => Ok(true),
                // Of old ways of Spark, which are off by themselves.
                None if name.starts_with("spark.sql.legacy.") && wanted == "false" => Ok(true),
                None if !name.starts_with("spark.sql.legacy.") => Ok(false),
                _ => Err(refused(
                    format!("the setting `{key}` changes what SQL means, and `{value}` is not known here"),
                    "write the statement so that it does not depend on it",
                )),
            },
        }
    }

    /// What an old way of Spark would give another meaning.
    pub(super) fn refuse_old_ways(&self, statement: &Statement) -> DfResult<()> {
        let is = |key: &str, values: &[&str]| {
            let set = self.settings.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
            set.is_some_and(|(_, value)| values.contains(&value.to_lowercase().as_str()))
        };
        let (of_patterns, of_names) = (is(TIME_PARSER, &["legacy"]), is(NESTED_NAMES, &["legacy", "exception"]));
        match statement {
            Statement::Statement(sql) if of_patterns || of_names => {
                match sql.visit(&mut OldWays { of_patterns, of_names }) {
                    ControlFlow::Break(refusal) => Err(refusal),
                    ControlFlow::Continue(()) => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// What a setting is, in Spark's words for what is not.
    pub(super) fn setting(&self, key: &str) -> String {
        match key.to_lowercase().as_str() {
            ANSI => self.mode().ansi.to_string(),
            TIME_ZONE => self.mode().time_zone,
            _ => self.settings.get(key).cloned().unwrap_or_else(|| "<undefined>".to_string()),
        }
    }

    pub(super) fn reset(&mut self, key: Option<&str>) -> DfResult<()> {
        match key {
            Some(key) => {
                self.settings.remove(key);
            }
            None => self.settings.clear(),
        }
        let is_meant = |name: &str| key.is_none_or(|key| key.eq_ignore_ascii_case(name));
        let usual = SqlMode::of(self.session.made_as.config_options());
        let mut mode = self.mode();
        if is_meant(ANSI) {
            mode.ansi = usual.ansi;
        }
        if is_meant(TIME_ZONE) {
            mode.time_zone = usual.time_zone;
        }
        self.mean(mode)
    }

    fn mode(&self) -> SqlMode {
        SqlMode::of(self.session.context.state().config_options())
    }

    /// From here on SQL means this. Views keep what they meant.
    fn mean(&mut self, mode: SqlMode) -> DfResult<()> {
        let now = self.mode();
        if now.ansi == mode.ansi && now.time_zone == mode.time_zone {
            return Ok(());
        }
        if self.session.members.is_some() {
            return Err(refused(
                "workers take no other meaning of SQL than the project's",
                "set `sql:` in trapiche.yml",
            ));
        }
        let old = self.session.context.state();
        let config = old.config().clone().with_option_extension(mode);
        let threads = old.config().target_partitions();
        let default_schema = old.config_options().catalog.default_schema.clone();
        let state = state::state(config, old.runtime_env(), threads).build();
        let context = SessionContext::new_with_state(state);
        if let Some(catalog) = self.session.context.catalog(state::CATALOG) {
            context.register_catalog(state::CATALOG, catalog);
        }
        context.state_ref().write().config_mut().options_mut().catalog.default_schema = default_schema;
        self.session = Session { context, made_as: Arc::clone(&self.session.made_as), ..self.session.clone() };
        Ok(())
    }
}

/// Looks for what a setting changes.
struct OldWays {
    of_patterns: bool,
    of_names: bool,
}

impl Visitor for OldWays {
    type Break = DataFusionError;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<DataFusionError> {
        // A name within another of the same has got one that nobody writes.
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        let mut repeated = tables.map(|table| table.alias.name.value.as_str()).filter(|name| name.contains('\u{2063}'));
        match repeated.next().filter(|_| self.of_names) {
            Some(name) => {
                let name = name.split('\u{2063}').next().unwrap_or_default();
                ControlFlow::Break(refused(
                    format!("[AMBIGUOUS_ALIAS_IN_NESTED_CTE] `{name}` is the name of a query within another `{name}`"),
                    "give it another name, or RESET spark.sql.legacy.ctePrecedencePolicy",
                ))
            }
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<DataFusionError> {
        let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
        let has_pattern = matches!(&function.args, FunctionArguments::List(list) if list.args.len() > 1);
        let name = function.name.to_string();
        match self.of_patterns && has_pattern && OF_PATTERNS.contains(&name.as_str()) {
            true => ControlFlow::Break(refused(
                format!("the patterns of `{name}` are those of Spark 3 and later, and Spark 2's were asked for"),
                "RESET spark.sql.legacy.timeParserPolicy, and look at the pattern again",
            )),
            false => ControlFlow::Continue(()),
        }
    }
}
