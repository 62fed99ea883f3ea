//! A source as it was at one look: its state, and the landings that it lists.

use super::Lake;
use super::landing::Landing;
use super::state::{self, SourceState};
use super::state_shelf::StateShelf;
use crate::error::Result;

#[derive(Debug, Clone)]
pub struct Live {
    pub state: SourceState,
    /// One at least, as the state lists them.
    pub landings: Vec<Landing>,
}

impl Live {
    /// The source as it is now; `None` when it was never captured. `seen`, if it is still that, is not read again.
    pub async fn look(lake: &Lake, source: &str, seen: Option<&Live>) -> Result<Option<Live>> {
        Live::of(lake, source, &StateShelf::look(lake, source).await?, seen).await
    }

    /// The source as these names say that it is.
    pub async fn of(lake: &Lake, source: &str, shelf: &StateShelf, seen: Option<&Live>) -> Result<Option<Live>> {
        let state = state::newest(lake, source, shelf, seen.map(|seen| &seen.state)).await?;
        match (state.filter(|state| !state.live.is_empty()), seen) {
            (Some(state), Some(seen)) if state == seen.state => Ok(Some(seen.clone())),
            (Some(state), _) => Ok(Some(Live { landings: state.landings(lake).await?, state })),
            (None, _) => Ok(None),
        }
    }
}
