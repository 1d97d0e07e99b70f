//! A commit, with types.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::SystemTime;

use super::items::Items;
use super::log::Piece;
use super::record::Commit;
use crate::error::Result;
use crate::model::{Change, ModelOf, NetabaseDefinition, RawChange};

/// A commit and its changes, whatever the definition.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) commit: Commit,
    pub(crate) pieces: Vec<Piece>,
}

impl Batch {
    /// Whether it comes from the journal, where models are told by their names alone.
    pub(crate) fn is_read_back(&self) -> bool {
        self.pieces.iter().any(|piece| piece.ordinal == usize::MAX)
    }

    pub(crate) fn items(&self) -> Items<'_, impl Iterator<Item = &[u8]>> {
        Items::new(self.pieces.iter().map(|piece| &*piece.items))
    }
}

/// What one commit changed: one change for each record that it left different, in the order of the models in the definition, and
/// in each by key.
///
/// It has the models that somebody asked for when it was committed: those with `#[netabase(journal)]`, those that are
/// [watched](crate::Store::watch), and all if there is a [`Builder::after`](crate::Builder::after). A transaction that was too large
/// to be kept in memory may have several changes of one record, in their order.
pub struct ChangeSet<D> {
    batch: Arc<Batch>,
    definition: PhantomData<fn() -> D>,
}

impl<D> Clone for ChangeSet<D> {
    fn clone(&self) -> Self {
        ChangeSet { batch: self.batch.clone(), definition: PhantomData }
    }
}

impl<D: NetabaseDefinition> fmt::Debug for ChangeSet<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeSet<{}>({})", D::NAME, self.seq())
    }
}

impl<D: NetabaseDefinition> ChangeSet<D> {
    pub(crate) fn new(batch: Arc<Batch>) -> Self {
        ChangeSet { batch, definition: PhantomData }
    }

    /// Its number. Commits are numbered from 1, without gaps, through all definitions of the file; where no model is journaled, from
    /// the time the store was opened.
    pub fn seq(&self) -> u64 {
        self.batch.commit.seq
    }

    /// When its transaction began, by the store's clock.
    pub fn time(&self) -> SystemTime {
        self.batch.commit.time
    }

    /// Who wrote it, see [`WriteTransaction::set_actor`](crate::WriteTransaction::set_actor).
    pub fn actor(&self) -> Option<&str> {
        self.batch.commit.actor.as_deref()
    }

    /// The changes, in order. Models that the definition does not list (any more) are left out.
    ///
    /// # Errors
    /// For a change that cannot be read: `SchemaVersion` if another version of its model wrote it, `Corrupt`.
    pub fn iter(&self) -> impl Iterator<Item = Result<D::Changes>> {
        let number = |name: &str| D::SCHEMA.models.iter().position(|model| model.name == name);
        self.batch.items().filter_map(move |change| {
            let change = match change {
                Ok(change) if change.definition == D::NAME => change,
                Ok(_) => return None,
                Err(error) => return Some(Err(error)),
            };
            number(change.model).map(|number| D::read_change(number, &change))
        })
    }

    /// The changes of one model, by key.
    ///
    /// # Errors
    /// Those of [`iter`](Self::iter).
    pub fn of<M: ModelOf<D>>(&self) -> impl Iterator<Item = Result<Change<M>>> {
        let is_of = |change: &RawChange<'_>| change.definition == D::NAME && change.model == M::NAME;
        self.batch.items().filter_map(move |change| match change {
            Ok(change) => is_of(&change).then(|| change.read()),
            Err(error) => Some(Err(error)),
        })
    }

    /// Bytes of the changes.
    pub(crate) fn size(&self) -> usize {
        self.batch.pieces.iter().map(|piece| piece.items.len()).sum()
    }

    /// The changes in bytes, those of other definitions in the file too.
    pub fn raw(&self) -> impl Iterator<Item = Result<RawChange<'_>>> {
        self.batch.items()
    }
}
