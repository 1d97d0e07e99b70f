//! The verbs that delete a record.

use super::context::{Keep, Old};
use super::state::{Buffers, no_layer};
use super::write::WriteTransaction;
use crate::error::Result;
use crate::key::AsKey;
use crate::model::{ModelOf, NetabaseDefinition};
use crate::permission::Door;
use crate::schema::Operation;
use crate::table::{self, Change, Links};

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Deletes the record with this key; `false` if there was none.
    ///
    /// What becomes of the records that link to it their relations say: `#[relation(on_delete = "cascade")]` deletes them with it,
    /// `"set_null"` takes their links out. All of that is found out before the first of them changes.
    ///
    /// # Errors
    /// `StillReferenced` if a record that stays may not be left without it, which is so unless its relation says otherwise. The
    /// same holds for every verb that deletes.
    pub fn delete<M: ModelOf<D>>(&mut self, key: impl AsKey<M::PrimaryKey>) -> Result<bool> {
        self.remove_key::<M>(Door::Delete, &key)
    }

    /// Deletes the record with this key and returns it.
    pub fn take<M: ModelOf<D>>(&mut self, key: impl AsKey<M::PrimaryKey>) -> Result<Option<M>> {
        Ok(self.remove::<M>(Door::Take, &key, Keep::Yes, |_| Ok(true))?.record)
    }

    /// Deletes the record with this key if the test holds for it; `false` if it does not, or if there is no record.
    pub fn delete_if<M: ModelOf<D>>(
        &mut self,
        key: impl AsKey<M::PrimaryKey>,
        test: impl FnOnce(&M) -> bool,
    ) -> Result<bool> {
        self.remove_if(Door::DeleteIf, &key, |record| Ok(test(record)))
    }

    /// Deletes the record with this key.
    pub(crate) fn remove_key<M: ModelOf<D>>(
        &mut self,
        door: Door,
        key: &impl AsKey<M::PrimaryKey>,
    ) -> Result<bool> {
        Ok(self.remove::<M>(door, key, Keep::No, |_| Ok(true))?.found)
    }

    /// Deletes the record with this key if the test holds for it. The record is read once.
    pub(crate) fn remove_if<M: ModelOf<D>>(
        &mut self,
        door: Door,
        key: &impl AsKey<M::PrimaryKey>,
        test: impl FnOnce(&M) -> Result<bool>,
    ) -> Result<bool> {
        Ok(self.remove(door, key, Keep::Yes, test)?.found)
    }

    /// The verbs that delete a record. A record that is to be kept is tested before.
    fn remove<M: ModelOf<D>>(
        &mut self,
        door: Door,
        key: &impl AsKey<M::PrimaryKey>,
        keep: Keep,
        test: impl FnOnce(&M) -> Result<bool>,
    ) -> Result<Old<M>> {
        self.hooked(|txn| {
            let mut buffers = std::mem::take(&mut txn.state.buffers);
            let old = txn.remove_with(door, &mut buffers, key, keep, test);
            txn.state.buffers = buffers;
            old
        })
    }

    fn remove_with<M: ModelOf<D>>(
        &mut self,
        door: Door,
        Buffers { new, old: entries, .. }: &mut Buffers,
        key: &impl AsKey<M::PrimaryKey>,
        keep: Keep,
        test: impl FnOnce(&M) -> Result<bool>,
    ) -> Result<Old<M>> {
        let context = &self.context;
        let permit = context.write::<M>(door)?;
        let tables = context.tables::<M>()?;
        new.key.clear();
        key.write_tail(&mut new.key)?;

        let (change, checked, old) = {
            let staged = self.staged()?;
            let stored = table::find(&permit, staged, tables, &new.key)?;
            if let Some(bytes) = &stored {
                permit.check(M::NAME, Operation::Delete, bytes)?;
                if keep == Keep::Yes && !permit.sees(tables.ordinal, bytes)? {
                    return Err(permit.denied(M::NAME));
                }
            }
            let old = context.old::<M>(&permit, tables, &new.key, stored.as_deref(), keep, entries)?;
            if !old.found {
                return Ok(old);
            }
            if let Some(record) = &old.record
                && !test(record)?
            {
                return Ok(Old { found: false, record: None });
            }
            let ordinal = context.ordinal::<M>();
            if self.has_referrers(ordinal, &new.key)? {
                let key = std::mem::take(&mut new.key);
                drop(stored);
                self.delete_with_referrers(&permit, ordinal, &key)?;
                return Ok(old);
            }
            let change = Change {
                tables,
                key: &new.key,
                before: Some(entries),
                after: None,
                links: Links::Checked,
                now: self.state.now,
            };
            let checked = table::check(&permit, staged, context.limits, &change)?;
            (change, checked, old)
        };
        self.state.note(context, &permit, &change)?;
        let layer = self.state.layers.last_mut().ok_or_else(no_layer)?;
        table::stage(&permit, checked, layer, &change)?;
        self.state.spill_if_full(context)?;
        Ok(old)
    }
}
