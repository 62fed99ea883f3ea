//! What the names in a source's folder say, before anything of it is read: its states, and the captures under way.

use chrono::{DateTime, Utc};
use object_store::ObjectMeta;

use super::{Lake, path};
use crate::error::Result;

#[derive(Debug, Clone, Default)]
pub struct StateShelf {
    /// The numbers of all states with the store's time of their creation, oldest first.
    pub(super) states: Vec<(u64, DateTime<Utc>)>,
    /// The paths of the notes.
    pub(super) notes: Vec<String>,
}

impl StateShelf {
    pub async fn look(lake: &Lake, source: &str) -> Result<StateShelf> {
        Ok(StateShelf::of(lake.objects_in(&path::source_dir(source)).await?))
    }

    /// Those of several sources, in their order: in one request where that is not dearer than one for each.
    pub async fn look_at_all(lake: &Lake, sources: &[&str]) -> Result<Vec<StateShelf>> {
        let folders: Vec<String> = sources.iter().map(|source| path::source_dir(source)).collect();
        let listed = lake.objects_in_each(path::SOURCES, &folders).await?;
        Ok(listed.into_iter().map(StateShelf::of).collect())
    }

    fn of(objects: Vec<ObjectMeta>) -> StateShelf {
        let mut shelf = StateShelf::default();
        for object in objects {
            let Some(name) = object.location.filename() else { continue };
            if path::is_capture_note(name) {
                shelf.notes.push(object.location.to_string());
            } else if let Some(number) = path::parse_state(name)
                // One without bytes is what a loss of power left: it was never made.
                && object.size > 0
            {
                shelf.states.push((number, object.last_modified));
            }
        }
        shelf.states.sort_unstable();
        shelf
    }

    /// The number of the newest state.
    pub(super) fn newest(&self) -> Option<u64> {
        self.states.last().map(|(number, _)| *number)
    }
}
