//! From staged to durable: the layer of a batch, changes that leave memory early, and the commit.

use super::state::no_layer;
use super::write::WriteTransaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::NetabaseDefinition;
use crate::overlay::Overlay;

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Runs `work` on a layer of its own, so that a failure half-way leaves no trace. Layers may lie on each other, as where
    /// a batch deletes what takes others with it.
    pub(crate) fn atomically<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.staged()?;
        let (spills, below) = (self.state.spills, self.state.layers.len());
        self.state.layers.push(Overlay::default());
        let layer = Layer { transaction: self, spills, below };
        match work(&mut *layer.transaction) {
            Ok(done) => layer.keep().map(|()| done),
            Err(error) => {
                drop(layer);
                if let Some(doomed) = &mut self.state.doomed {
                    *doomed = Error::caused(ErrorKind::Doomed, error.clone());
                }
                Err(error)
            }
        }
    }

    /// Makes everything visible and durable, or nothing; see [`Durability`](crate::Durability).
    ///
    /// # Errors
    /// `MissingReference` if a link that was left for the end (`references = "deferred"`) leads nowhere.
    /// `Conflict` if the engine let another commit come first, `CommitUnknown` if it failed while it committed, so that
    /// nobody can tell whether the work is there, `Doomed` if an operation failed half-way before, `Engine` if the storage
    /// failed before the commit.
    pub fn commit(self) -> Result<()> {
        self.state.commit(&self.context)
    }

    /// Undoes everything, as dropping does.
    pub fn abort(self) {}
}

/// The layer of a running batch. Dropped without [`keep`](Self::keep), by an error or a panic, it goes.
struct Layer<'t, D> {
    transaction: &'t mut WriteTransaction<D>,
    spills: u32,
    /// how many layers it lies on
    below: usize,
}

impl<D: NetabaseDefinition> Layer<'_, D> {
    fn keep(self) -> Result<()> {
        let above = self.transaction.state.layers.pop().ok_or_else(no_layer)?;
        self.transaction.state.layers.last_mut().ok_or_else(no_layer)?.absorb(above)
    }
}

impl<D> Drop for Layer<'_, D> {
    fn drop(&mut self) {
        if self.transaction.state.layers.len() > self.below {
            self.transaction.state.layers.truncate(self.below);
            self.transaction.state.hooked.forget(self.below);
            // Part of the batch is with the engine already, which cannot take it back alone.
            if self.transaction.state.spills != self.spills {
                self.transaction.state.doomed = Some(Error::new(ErrorKind::Doomed));
            }
        }
    }
}
