//! Landings of a source that none of its newest states lists: what `keep_landings` lets go.
//!
//! States are small and stay. `query --as-of` one whose landings are gone says so.

use std::collections::HashSet;

use super::state_shelf::StateShelf;
use super::table::vacuum::{Garbage, What};
use super::{Lake, state};
use crate::error::Result;

/// The objects of landings that were live once and are in none of the newest `states` states. The caller has claimed the
/// source, so that none of them comes live again.
pub async fn find(lake: &Lake, source: &str, states: u32) -> Result<Vec<Garbage>> {
    let (mut kept, mut old) = (HashSet::new(), vec![]);
    let newest_first = StateShelf::look(lake, source).await?.states.into_iter().rev();
    for (age, (number, _)) in newest_first.enumerate() {
        let Some(state) = state::read(lake, source, number).await? else { continue };
        let folders = state.live.into_iter().map(|landing| landing.folder);
        match age < states as usize {
            true => kept.extend(folders),
            false => old.extend(folders),
        }
    }
    let mut garbage = vec![];
    let mut seen = HashSet::new();
    for folder in old.into_iter().filter(|folder| !kept.contains(folder)) {
        if seen.insert(folder.clone()) {
            garbage.extend(lake.objects(&folder).await?.into_iter().map(|object| Garbage {
                what: What::Landing,
                path: object.location.to_string(),
                bytes: object.size,
            }));
        }
    }
    Ok(garbage)
}
