//! From staged to durable: the layer of a batch, changes that leave memory early, and the commit.

use super::write::{WriteTransaction, no_layer};
use crate::error::{Error, ErrorKind, Result};
use crate::model::NetabaseDefinition;
use crate::overlay::Overlay;

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Runs `work` on a layer of its own, so that a failure half-way leaves no trace. Layers may lie on each other, as where
    /// a batch deletes what takes others with it.
    pub(crate) fn atomically<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if let Some(error) = &self.doomed {
            return Err(error.clone());
        }
        let (spills, below) = (self.spills, self.layers.len());
        self.layers.push(Overlay::default());
        let layer = Layer { transaction: self, spills, below };
        match work(&mut *layer.transaction) {
            Ok(done) => layer.keep().map(|()| done),
            Err(error) => {
                drop(layer);
                if let Some(doomed) = &mut self.doomed {
                    *doomed = Error::caused(ErrorKind::Doomed, error.clone());
                }
                Err(error)
            }
        }
    }

    pub(super) fn spill_if_full(&mut self) -> Result<()> {
        if self.layers.iter().map(Overlay::bytes).sum::<usize>() <= self.context.staging {
            return Ok(());
        }
        self.spills += 1;
        let keep = self.context.staging;
        self.apply(keep)
    }

    fn apply(&mut self, keep: usize) -> Result<()> {
        // Until all of it is with the engine: a panic of the engine must not leave half of it to a commit.
        self.doomed = Some(Error::new(ErrorKind::Doomed));
        for layer in &mut self.layers {
            if let Err(error) = layer.apply(&mut *self.writer, keep) {
                self.doomed = Some(Error::caused(ErrorKind::Doomed, error.clone()));
                return Err(error);
            }
        }
        self.doomed = None;
        Ok(())
    }

    /// Makes everything visible and durable, or nothing; see [`Durability`](crate::Durability).
    ///
    /// # Errors
    /// `MissingReference` if a link that was left for the end (`references = "deferred"`) leads nowhere.
    /// `Conflict` if the engine let another commit come first, `CommitUnknown` if it failed while it committed, so that
    /// nobody can tell whether the work is there, `Doomed` if an operation failed half-way before, `Engine` if the storage
    /// failed before the commit.
    pub fn commit(mut self) -> Result<()> {
        if let Some(error) = self.doomed {
            return Err(error);
        }
        if self.spills == 0 && self.layers.iter().all(Overlay::is_empty) {
            return Ok(());
        }
        self.check_deferred()?;
        self.apply(0)?;
        let WriteTransaction { writer, turn, context, durability, .. } = self;
        let pause = context.latest.pause();
        let committed = writer.commit(durability);
        // Before the turn passes on, as whoever has it may ask what was committed.
        drop(pause);
        drop(turn);
        committed?.into_result()
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
        let above = self.transaction.layers.pop().ok_or_else(no_layer)?;
        self.transaction.layers.last_mut().ok_or_else(no_layer)?.absorb(above)
    }
}

impl<D> Drop for Layer<'_, D> {
    fn drop(&mut self) {
        if self.transaction.layers.len() > self.below {
            self.transaction.layers.truncate(self.below);
            // Part of the batch is with the engine already, which cannot take it back alone.
            if self.transaction.spills != self.spills {
                self.transaction.doomed = Some(Error::new(ErrorKind::Doomed));
            }
        }
    }
}
