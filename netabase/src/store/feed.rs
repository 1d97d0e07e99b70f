//! The doors to what was committed: watching, the journal.

use std::sync::Arc;

use super::Store;
use crate::model::{ModelOf, NetabaseDefinition};
use crate::watch::{Look, Watch};

/// What was committed, and what will be.
impl<D: NetabaseDefinition> Store<D> {
    /// Watches the records of a model, see [`Watcher`](crate::watch::Watcher).
    ///
    /// A session is told of the records that it may see, with what it may see of them: one that comes to be hidden leaves.
    #[doc(alias = "subscribe")]
    pub fn watch<M: ModelOf<D>>(&self) -> Watch<D, M> {
        Watch::new(self.context.clone(), self.look(), self.shared.clone())
    }

    /// Looks at the last commit as long as the store is open.
    fn look(&self) -> Look {
        // A watcher does not keep the store open.
        let shared = Arc::downgrade(&self.shared);
        Arc::new(move || shared.upgrade().map(|shared| shared.latest()))
    }
}
