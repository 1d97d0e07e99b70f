//! Reading, changing and writing a value while others do the same.

use netabase::state::StateStore;
use netabase::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a change went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// whether it was written
    pub(crate) is_done: bool,
    /// how often somebody else was first
    pub(crate) conflicts: u64,
}

/// Changes the JSON under a key, again and again until nobody else has written it in between. `change` says `false` if there is nothing
/// to write; it may be called more than once.
pub(crate) fn update<T: Serialize + DeserializeOwned>(
    state: &StateStore,
    key: &str,
    mut change: impl FnMut(&mut T) -> bool,
) -> Result<Attempts> {
    let mut conflicts = 0;
    loop {
        let Some(entry) = state.get(key)? else { return Ok(Attempts { is_done: false, conflicts }) };
        let mut value: T = serde_json::from_slice(&entry.value).map_err(Error::user)?;
        if !change(&mut value) {
            return Ok(Attempts { is_done: false, conflicts });
        }
        let bytes = serde_json::to_vec(&value).map_err(Error::user)?;
        match state.compare_and_set(key, entry.version, bytes) {
            Ok(_) => return Ok(Attempts { is_done: true, conflicts }),
            Err(error) if matches!(error.kind(), ErrorKind::VersionConflict { .. }) => conflicts += 1,
            Err(error) => return Err(error),
        }
    }
}
