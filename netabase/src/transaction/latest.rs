//! The snapshot of the last commit, shared by all who ask for one until the next commit.
//!
//! Beginning a snapshot and opening its tables costs as much as a read. Keeping one while a commit runs costs more: the
//! engine could not use its pages again. So it is dropped when a commit begins, and not kept again before it has ended.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use crate::engine::{Engine, Snapshot, Tables};
use crate::error::Result;

/// The shared snapshot of a store.
#[derive(Default)]
pub(crate) struct Latest(RwLock<State>);

#[derive(Default)]
struct State {
    snapshot: Option<Arc<dyn Snapshot>>,
    /// Counts the pauses, so that a snapshot begun before one is not kept after it.
    era: u64,
    /// how many pauses there are now
    pauses: u32,
}

impl std::fmt::Debug for Latest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Latest")
    }
}

impl Latest {
    /// A snapshot of the last commit.
    pub(crate) fn snapshot(&self, engine: &dyn Engine, tables: &Tables) -> Result<Arc<dyn Snapshot>> {
        let era = {
            let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(snapshot) = &state.snapshot {
                return Ok(snapshot.clone());
            }
            state.era
        };
        let snapshot = engine.begin_read(tables)?;
        // Where others commit too, nobody tells when a snapshot is no longer the last one.
        if engine.is_exclusive() {
            let mut state = self.state();
            if state.era == era && state.pauses == 0 {
                state.snapshot = Some(snapshot.clone());
            }
        }
        Ok(snapshot)
    }

    /// Drops the snapshot and keeps none until the pause ends.
    pub(crate) fn pause(&self) -> Pause<'_> {
        let dropped = {
            let mut state = self.state();
            state.era += 1;
            state.pauses += 1;
            state.snapshot.take()
        };
        // Not under the lock: the last holder of a snapshot may have work to do.
        drop(dropped);
        Pause(self)
    }

    // The state is whole between any two statements, so a panic elsewhere spoils nothing.
    fn state(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As long as this lives, every snapshot is its asker's alone.
pub(crate) struct Pause<'l>(&'l Latest);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.era += 1;
        state.pauses = state.pauses.saturating_sub(1);
    }
}
