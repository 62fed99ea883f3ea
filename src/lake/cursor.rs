//! How far a source with a cursor has been captured: what its state remembers of the last capture, so that the next one
//! asks for no more than it has to.

use serde::{Deserialize, Serialize};

/// What a source's state says of its cursor. It moves in the one creation that makes a landing live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CursorState {
    /// The column that it is the highest value of.
    pub column: String,
    /// The highest value that was captured; `None` asks for all rows once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<CursorValue>,
    /// The object that says which of the rows that the next capture asks for are there already, as
    /// [`landing::known_path`](super::landing::known_path) names it; `None` when none is known to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

/// A value of a cursor column, exactly as the source writes it: in UTC where it is an instant, with all its digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CursorValue {
    /// A Spark type name.
    #[serde(rename = "type")]
    pub data_type: String,
    pub text: String,
}

/// The part of a source with a cursor that a landing is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandingWindow {
    /// The columns that tell a row from all others: a newer landing's row takes the place of an older one's.
    pub key: Vec<String>,
    pub column: String,
    /// The lowest value that was asked for; all rows when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value below which all were that were asked for: of a window that `run --from --to` named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The highest value that had been captured by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<CursorValue>,
    /// Whether a key may be in several of its rows, of which the last counts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub repeats: bool,
    /// What the types of the columns were told by, where the rows tell them: the next landing's are told by these, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_by: Option<serde_json::Value>,
}

impl LandingWindow {
    /// Whether it was named by `run --from --to`, and is no step of the cursor.
    pub fn is_named(&self) -> bool {
        self.before.is_some()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !*value
}
