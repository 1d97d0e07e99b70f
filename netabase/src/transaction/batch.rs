//! The verbs for many records. Each batch is one operation: all of it happens, or none.

use super::write::WriteTransaction;
use crate::error::Result;
use crate::key::AsKey;
use crate::model::{ModelOf, NetabaseDefinition};

/// A failing batch leaves no trace and returns the error of the record that failed; an empty one does nothing.
/// Records are taken one after the other, so the second of two equal keys meets the first.
impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// [`create`](Self::create) for each record.
    pub fn create_batch<'m, M: ModelOf<D>>(
        &mut self,
        records: impl IntoIterator<Item = &'m M>,
    ) -> Result<()> {
        self.atomically(|txn| records.into_iter().try_for_each(|record| txn.create(record)))
    }

    /// [`update`](Self::update) for each record.
    pub fn update_batch<'m, M: ModelOf<D>>(
        &mut self,
        records: impl IntoIterator<Item = &'m M>,
    ) -> Result<()> {
        self.atomically(|txn| records.into_iter().try_for_each(|record| txn.update(record)))
    }

    /// [`upsert`](Self::upsert) for each record; returns how many are new.
    pub fn upsert_batch<'m, M: ModelOf<D>>(
        &mut self,
        records: impl IntoIterator<Item = &'m M>,
    ) -> Result<u64> {
        self.atomically(|txn| count(records.into_iter().map(|record| txn.upsert(record))))
    }

    /// [`replace`](Self::replace) for each record; returns the old ones in order.
    pub fn replace_batch<'m, M: ModelOf<D>>(
        &mut self,
        records: impl IntoIterator<Item = &'m M>,
    ) -> Result<Vec<M>> {
        self.atomically(|txn| records.into_iter().map(|record| txn.replace(record)).collect())
    }

    /// [`update_with`](Self::update_with) for each key.
    pub fn update_with_batch<M: ModelOf<D>>(
        &mut self,
        keys: impl IntoIterator<Item = impl AsKey<M::PrimaryKey>>,
        mut change: impl FnMut(&mut M),
    ) -> Result<()> {
        self.atomically(|txn| keys.into_iter().try_for_each(|key| txn.update_with(key, &mut change)))
    }

    /// [`delete`](Self::delete) for each key; returns how many records there were.
    pub fn delete_batch<M: ModelOf<D>>(
        &mut self,
        keys: impl IntoIterator<Item = impl AsKey<M::PrimaryKey>>,
    ) -> Result<u64> {
        self.atomically(|txn| count(keys.into_iter().map(|key| txn.delete::<M>(key))))
    }

    /// [`take`](Self::take) for each key; returns the records in order.
    pub fn take_batch<M: ModelOf<D>>(
        &mut self,
        keys: impl IntoIterator<Item = impl AsKey<M::PrimaryKey>>,
    ) -> Result<Vec<Option<M>>> {
        self.atomically(|txn| keys.into_iter().map(|key| txn.take(key)).collect())
    }
}

fn count(each: impl Iterator<Item = Result<bool>>) -> Result<u64> {
    each.map(|counts| counts.map(u64::from)).sum()
}
