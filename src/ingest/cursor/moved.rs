//! A cursor that a user puts elsewhere: a state that follows the last one, with the same landings.

use std::mem::discriminant;

use super::point::CursorPoint;
use crate::error::{Error, Result};
use crate::lake::capture::{self, NextState};
use crate::lake::cursor::{CursorState, CursorValue};
use crate::lake::state::SourceState;
use crate::lake::state_shelf::StateShelf;
use crate::lake::{Lake, TableName};
use crate::report::RunStamp;

/// Puts the cursor of a source to `value`, from which on the next capture asks for rows; without one it asks for all rows.
/// The caller has claimed the source.
///
/// # Errors
/// When the source was never captured, or not by a cursor, or when the value is of another kind than the one before.
pub async fn move_cursor(lake: &Lake, source: &TableName, value: Option<&str>, at: &RunStamp) -> Result<SourceState> {
    let listed = StateShelf::look(lake, &source.name).await?;
    let capture = capture::begin(lake, &source.name, (&at.run_id, at.at), &listed, None).await?;
    let Some(SourceState { definition, live, cursor, .. }) = capture.before.clone() else {
        return Err(Error::config(format!("`{source}` was never captured, so it has no state"))
            .hint("the first capture takes all rows, or those from the cursor's `start:` on"));
    };
    let Some(CursorState { column, reached, .. }) = cursor else {
        return Err(Error::config(format!("`{source}` was last captured without a cursor"))
            .hint(format!("capture it with its cursor first: `trapiche run {source}`")));
    };
    let reached = value.map(|value| written_as(value, reached.as_ref())).transpose()?;
    let cursor = Some(CursorState { column, reached, known: None });
    capture.settle(lake, NextState { definition, live, cursor }).await
}

fn written_as(value: &str, before: Option<&CursorValue>) -> Result<CursorValue> {
    let point = CursorPoint::of(value);
    let Some(before) = before else {
        return Ok(CursorValue { data_type: point.type_name().to_string(), text: value.to_string() });
    };
    if discriminant(&point) != discriminant(&CursorPoint::of(&before.text)) {
        return Err(Error::config(format!("`{value}` is of another kind than the cursor's value, `{}`", before.text))
            .hint("write it as that one is written"));
    }
    Ok(CursorValue { data_type: before.data_type.clone(), text: value.to_string() })
}
