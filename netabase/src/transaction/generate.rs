//! The verbs that give records their keys.

use super::context::Keep;
use super::state::no_layer;
use super::write::{Expect, WriteTransaction};
use crate::engine::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{ByteRange, Key};
use crate::model::{GeneratedKey, ModelOf, NetabaseDefinition};
use crate::permission::{Door, Guard};
use crate::table;

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Stores a new record under the next key of its model, which it puts into the record and returns.
    ///
    /// Keys are 1, 2, 3 and so on. None is given twice, also when its record was deleted; a transaction that is not
    /// committed, and an operation that fails, take none. Keys that the caller chose are gone around: if the next number is
    /// taken, it goes on behind the highest key there is. After an error the key in the record means nothing.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(NetabaseModel, Serialize, Deserialize)]
    /// struct Author {
    ///     #[primary_key(auto)]
    ///     id: u64,
    ///     name: String,
    /// }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// let mut ada = Author { id: 0, name: "Ada".into() };
    /// let key = store.write(|txn| txn.create_auto(&mut ada))?;
    /// assert_eq!((key, ada.id), (AuthorPrimaryKey(1), 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `KeysExhausted` if the key's type has no number behind the last; those of [`create`](Self::create).
    pub fn create_auto<M: ModelOf<D> + GeneratedKey>(&mut self, record: &mut M) -> Result<M::PrimaryKey> {
        // The number is noted before the hooks run, which may ask for the next one.
        self.hooked(|txn| txn.create_numbered(record))?;
        Ok(record.primary_key())
    }

    fn create_numbered<M: ModelOf<D> + GeneratedKey>(&mut self, record: &mut M) -> Result<()> {
        let last = self.last_number::<M>()?;
        let mut number = key_behind(record, last.unwrap_or(0))?;
        let permit = self.context.write::<M>(Door::CreateAuto)?;
        match self.put_unhooked(&permit, record, (Expect::Absent, Keep::No)) {
            Ok(_) => {}
            Err(_) if self.is_taken(record)? => {
                number = key_behind(record, self.highest_number::<M>()?)?;
                self.put_unhooked(&permit, record, (Expect::Absent, Keep::No))?;
            }
            Err(error) => return Err(error),
        }
        let tables = (D::NAME, self.context.tables::<M>()?);
        let layer = self.state.layers.last_mut().ok_or_else(no_layer)?;
        table::note_number(&permit, layer, tables, last, number)
    }

    /// [`create_auto`](Self::create_auto) for each record; returns the keys in order. As every batch it is one operation:
    /// all of it happens, or none.
    pub fn create_auto_batch<'m, M: ModelOf<D> + GeneratedKey>(
        &mut self,
        records: impl IntoIterator<Item = &'m mut M>,
    ) -> Result<Vec<M::PrimaryKey>> {
        self.atomically(|txn| records.into_iter().map(|record| txn.create_auto(record)).collect())
    }

    fn last_number<M: ModelOf<D>>(&self) -> Result<Option<u64>> {
        let context = &self.context;
        let permit = context.write::<M>(Door::CreateAuto)?;
        let tables = (D::NAME, context.tables::<M>()?);
        table::last_number(&permit, self.staged()?, &context.layout, tables)
    }

    /// Whether a record has its key already. One that may not be seen takes it, too.
    fn is_taken<M: ModelOf<D>>(&self, record: &M) -> Result<bool> {
        let permit = self.context.write::<M>(Door::CreateAuto)?;
        let mut key = Vec::new();
        record.encode_key(&mut key)?;
        Ok(table::find(&permit, self.staged()?, self.context.tables::<M>()?, &key)?.is_some())
    }

    /// The number of the highest key there is, also if its record may not be seen.
    fn highest_number<M: ModelOf<D> + GeneratedKey>(&self) -> Result<u64> {
        let context = &self.context;
        let permit = Guard::owner().read(Door::CreateAuto, M::SCHEMA, context.ordinal::<M>())?;
        let tables = context.tables::<M>()?;
        let all = ByteRange::all();
        let mut rows = table::rows(&permit, &self.as_view()?, tables, 0, &all, Direction::Reverse)?;
        if !rows.advance()? {
            return Ok(0);
        }
        let key = M::PrimaryKey::decode_tail(rows.key())?;
        Ok(M::key_number(&key).unwrap_or(0))
    }
}

/// Gives the record the key behind this number.
fn key_behind<M: GeneratedKey>(record: &mut M, number: u64) -> Result<u64> {
    let next = number.checked_add(1).filter(|next| record.set_key(*next));
    next.ok_or_else(|| Error::new(ErrorKind::KeysExhausted { model: M::NAME }))
}
