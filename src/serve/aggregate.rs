//! `GET /tables/{zone}/{name}/aggregate` and `…/distinct/{column}`: rows in groups, counted and added up.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, ident, lit};
use http::HeaderMap;
use serde_json::Map;

use super::answer::{self, RowsAnswer};
use super::columns::ShownColumns;
use super::filter::{self, RowCondition};
use super::form::{RowsBody, RowsForm};
use super::page::TakenRows;
use super::parameters::QueryParameters;
use super::refusal::HttpRefusal;
use super::rows::version_for;
use super::served::Served;
use super::value;
use crate::engine::faults;
use crate::lake::table::version::Version;

/// The parameters that are no conditions.
pub const OPTIONS: [&str; 10] = ["by", "count", "sum", "avg", "min", "max", "order", "limit", "as_of", "format"];

/// Functions of a column, by the parameter that lists their columns.
const MEASURES: [&str; 4] = ["sum", "avg", "min", "max"];

/// Groups, and what is computed of each.
struct GroupsQuery {
    by: Vec<Expr>,
    measures: Vec<Expr>,
    /// Of the result, with the direction.
    order: Vec<(String, bool)>,
    conditions: Vec<RowCondition>,
    limit: GroupLimit,
}

/// How many groups are shown.
#[derive(Debug, Clone, Copy)]
enum GroupLimit {
    /// The first of the order, as was asked.
    First(usize),
    /// All, or none if there are more.
    All(usize),
}

pub async fn aggregate(
    State(served): State<Arc<Served>>,
    Path((zone, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let table = served.table(&zone, &name)?;
    let mut parameters = QueryParameters::read(query.as_deref())?;
    let form = RowsForm::wanted(parameters.take("format")?, &headers)?;
    let as_of = parameters.take("as_of")?;
    let version = version_for(&served, &table, None, as_of.as_deref()).await?;
    let columns = served.columns(&version)?;
    let groups = GroupsQuery::read(parameters, &served, &columns)?;
    let parts = ["aggregate", &table.to_string(), &served.state(&version), form.media_type()];
    let tag = answer::tag(&[&parts[..], &[query.as_deref().unwrap_or_default()]].concat());
    let work = groups.answer(&served, &version, &columns, form, tag.clone());
    Ok(served.answer(&tag, work).await?.response(&headers))
}

pub async fn distinct(
    State(served): State<Arc<Served>>,
    Path((zone, name, column)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let table = served.table(&zone, &name)?;
    let mut parameters = QueryParameters::read(query.as_deref())?;
    let form = RowsForm::wanted(parameters.take("format")?, &headers)?;
    let version = served.newest(&table).await?;
    let columns = served.columns(&version)?;
    let Some(field) = columns.iter().find(|field| *field.name() == column) else {
        return Err(HttpRefusal::not_found(format!("`{table}` has no column `{column}`")));
    };
    check_simple(field, "column")?;
    let limit = limit(&mut parameters, &served)?;
    let conditions = filter::conditions(parameters.rest(), &columns, &["limit", "format"], &served.session)?;
    // A column may itself be called so.
    let rows = if column == "rows" { "row_count" } else { "rows" };
    let groups = GroupsQuery {
        by: vec![ident(field.name())],
        measures: vec![served.session.aggregate_function("count").call(vec![lit(1_i64)]).alias(rows)],
        order: vec![(rows.to_string(), true), (column, false)],
        conditions,
        limit,
    };
    let parts = ["distinct", &table.to_string(), &served.state(&version), form.media_type(), field.name()];
    let tag = answer::tag(&[&parts[..], &[query.as_deref().unwrap_or_default()]].concat());
    let work = groups.answer(&served, &version, &columns, form, tag.clone());
    Ok(served.answer(&tag, work).await?.response(&headers))
}

fn limit(parameters: &mut QueryParameters, served: &Served) -> Result<GroupLimit, HttpRefusal> {
    let most = served.settings.most_rows;
    let given = parameters.take_number("limit", 1..=u64::from(most))?;
    Ok(given.map_or(GroupLimit::All(most as usize), |limit| GroupLimit::First(limit as usize)))
}

fn check_simple(field: &Field, parameter: &str) -> Result<(), HttpRefusal> {
    match value::is_simple(field.data_type()) {
        true => Ok(()),
        false => Err(HttpRefusal::bad("a nested column makes no groups").of(parameter, Some(field.name()))),
    }
}

impl GroupsQuery {
    fn read(
        mut parameters: QueryParameters,
        served: &Served,
        columns: &ShownColumns,
    ) -> Result<GroupsQuery, HttpRefusal> {
        let by = parameters.take_list("by")?.unwrap_or_default();
        let fields: Vec<&Field> = by.iter().map(|name| columns.find(name, "by")).collect::<Result<_, _>>()?;
        fields.iter().try_for_each(|field| check_simple(field, "by"))?;
        let function = |name: &str| served.session.aggregate_function(name);
        let mut names = by.clone();
        let mut measures = vec![];
        let has_count = match parameters.take("count")?.as_deref() {
            None => false,
            Some("" | "rows" | "true") => true,
            Some(other) => return Err(HttpRefusal::bad("`count=rows` is what there is").of("count", Some(other))),
        };
        if has_count {
            measures.push(function("count").call(vec![lit(1_i64)]).alias("count"));
            names.push("count".into());
        }
        for measure in MEASURES {
            for name in parameters.take_list(measure)?.unwrap_or_default() {
                let field = columns.find(&name, measure)?;
                let is_number = field.data_type().is_numeric();
                if matches!(measure, "sum" | "avg") && !is_number {
                    return Err(HttpRefusal::bad("this column is not a number").of(measure, Some(&name)));
                }
                check_simple(field, measure)?;
                let named = format!("{measure}_{name}");
                measures.push(function(measure).call(vec![ident(&name)]).alias(&named));
                names.push(named);
            }
        }
        if measures.is_empty() {
            let hint = "`count=rows`, or columns in `sum`, `avg`, `min` or `max`: `by=category&sum=total`";
            return Err(HttpRefusal::bad("nothing is to be computed").hint(hint));
        }
        if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(HttpRefusal::bad(format!("two columns of the answer would be called `{twice}`")));
        }
        let order = match parameters.take_list("order")? {
            None => by.iter().map(|name| (name.clone(), false)).collect(),
            Some(order) => order.iter().map(|text| direction(text, &names)).collect::<Result<Vec<_>, _>>()?,
        };
        // What the order leaves open is decided by the groups, of which no two are the same.
        let order = with_rest(order, &by);
        let limit = limit(&mut parameters, served)?;
        let conditions = filter::conditions(parameters.rest(), columns, &OPTIONS, &served.session)?;
        Ok(GroupsQuery { by: by.iter().map(ident).collect(), measures, order, conditions, limit })
    }

    async fn answer(
        &self,
        served: &Served,
        version: &Version,
        columns: &ShownColumns,
        form: RowsForm,
        tag: String,
    ) -> Result<RowsAnswer, HttpRefusal> {
        let conditions: Vec<Expr> = self.conditions.iter().map(|condition| condition.expr.clone()).collect();
        let files = served.session.files(version, &conditions).await?;
        let count = files.len() as u64;
        let mut rows = served.row_cache.frame(&served.session, version, columns, files)?;
        if let Some(condition) = conjunction(conditions) {
            rows = rows.filter(condition).map_err(faults::explain)?;
        }
        let sorts = self.order.iter().map(|(name, descending)| ident(name).sort(!descending, !descending)).collect();
        let rows = rows.aggregate(self.by.clone(), self.measures.clone()).map_err(faults::explain)?;
        // Without groups there is one row.
        let rows = if self.by.is_empty() { rows } else { rows.sort(sorts).map_err(faults::explain)? };
        let schema = Arc::new(Schema::new(rows.schema().fields().iter().cloned().collect::<Vec<_>>()));
        let (GroupLimit::First(limit) | GroupLimit::All(limit)) = self.limit;
        let mut taken = TakenRows::new(schema.clone(), limit);
        taken.take(rows.limit(0, Some(limit + 1)).map_err(faults::explain)?).await?;
        if taken.is_cut_by_bytes() {
            return Err(HttpRefusal::bad("the groups take more than 8 MB")
                .hint("ask for fewer by `limit`, or for shorter columns"));
        }
        if taken.has_more() && matches!(self.limit, GroupLimit::All(_)) {
            return Err(HttpRefusal::bad(format!("there are more than {limit} groups"))
                .hint("`limit` asks for the first of the order; a condition leaves fewer"));
        }
        let mut about = Map::new();
        about.insert("table".into(), version.table.to_string().into());
        about.insert("version".into(), version.version.into());
        about.insert("has_more".into(), taken.has_more().into());
        let body = RowsBody { schema, batches: taken.batches, about };
        let rows = body.rows();
        Ok(RowsAnswer {
            form,
            body: body.write(form)?.into(),
            rows,
            version: version.version,
            committed_at: version.committed_at,
            files: (count, version.files.files()),
            next: None,
            tag,
        })
    }
}

fn direction(text: &str, names: &[String]) -> Result<(String, bool), HttpRefusal> {
    let (name, direction) = text.split_once('.').unwrap_or((text, "asc"));
    let descending = match direction {
        "asc" => false,
        "desc" => true,
        _ => return Err(HttpRefusal::bad("a direction is `asc` or `desc`").of("order", Some(text))),
    };
    if !names.iter().any(|known| known == name) {
        let hint = crate::hints::suggest(name, names.iter().map(String::as_str));
        return Err(HttpRefusal::bad("there is no such column in the answer").of("order", Some(text)).hint(hint));
    }
    Ok((name.to_string(), descending))
}

fn with_rest(mut order: Vec<(String, bool)>, by: &[String]) -> Vec<(String, bool)> {
    for name in by {
        if !order.iter().any(|(known, _)| known == name) {
            order.push((name.clone(), false));
        }
    }
    order
}
