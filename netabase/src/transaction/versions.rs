//! Records with their versions, and writes that ask for one.

use std::time::SystemTime;

use super::context::{Context, Keep, with_key};
use super::read::ReadTransaction;
use super::write::{Expect, WriteTransaction};
use crate::error::{Error, ErrorKind, Result};
use crate::key::AsKey;
use crate::model::{HasVersions, ModelOf, NetabaseDefinition, NetabaseModel, spell};
use crate::overlay::View;
use crate::permission::{Door, Permit, WriteAccess};
use crate::table::{self, Stamp};

/// A record of a model with `#[netabase(versioned)]`, and what is noted beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Versioned<M> {
    /// the record
    pub value: M,
    /// How often a record was written under this key: 1, 2, .. It goes on where it was if the record is deleted and comes again. 1 for
    /// records that were there before their model was versioned, when they are written for the first time after that 2.
    pub version: u64,
    /// when it was created, by the store's clock; 1970 if it was there before its model was versioned
    pub created_at: SystemTime,
    /// when it was written last
    pub updated_at: SystemTime,
}

impl<D: NetabaseDefinition> Context<D> {
    pub(crate) fn get_versioned<M: ModelOf<D> + HasVersions>(
        &self,
        view: &View<'_>,
        key: &impl AsKey<M::PrimaryKey>,
    ) -> Result<Option<Versioned<M>>> {
        let permit = self.read::<M>(Door::GetVersioned)?;
        let tables = self.tables::<M>()?;
        with_key(key, |key| {
            let found = table::get_record::<M>(&permit, view, &self.layout, tables, key)?;
            let Some(value) = found else { return Ok(None) };
            let stamp = table::stamp(&permit, view, tables, key)?;
            // The record is there, so it is not one that was deleted.
            let Stamp { version, times: Some((created_at, updated_at)) } = stamp else {
                return Err(Error::new(ErrorKind::Corrupt { place: format!("the versions of {}", M::NAME) }));
            };
            Ok(Some(Versioned { value, version, created_at, updated_at }))
        })
    }
}

impl<D: NetabaseDefinition> ReadTransaction<D> {
    /// The record with this key, its version and its times. Two look-ups.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(NetabaseModel, Serialize, Deserialize, Debug, PartialEq)]
    /// #[netabase(versioned)]
    /// struct Setting {
    ///     #[primary_key]
    ///     name: String,
    ///     value: u32,
    /// }
    /// # #[derive(NetabaseDefinition)]
    /// # enum App { Setting(Setting) }
    ///
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<App>::in_memory()?;
    /// store.write(|txn| txn.create(&Setting { name: "size".into(), value: 3 }))?;
    /// let seen = store.begin_read()?.get_versioned::<Setting>("size")?.expect("it is there");
    ///
    /// // Whoever is first is lucky.
    /// let set = |value| store.write(|txn| txn.update_if_version(&Setting { name: "size".into(), value }, seen.version));
    /// assert_eq!(set(4)?, 2);
    /// assert!(set(5).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_versioned<M: ModelOf<D> + HasVersions>(
        &self,
        key: impl AsKey<M::PrimaryKey>,
    ) -> Result<Option<Versioned<M>>> {
        self.context.get_versioned(&self.view, &key)
    }
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// The record with this key, its version and its times, as this transaction has left them.
    pub fn get_versioned<M: ModelOf<D> + HasVersions>(
        &self,
        key: impl AsKey<M::PrimaryKey>,
    ) -> Result<Option<Versioned<M>>> {
        self.context.get_versioned(&self.as_view()?, &key)
    }

    /// Stores a new record, if there is none with its key; `false` if there is one.
    ///
    /// # Errors
    /// Those of [`create`](Self::create), but for `AlreadyExists`.
    pub fn create_if_absent<M: ModelOf<D>>(&mut self, record: &M) -> Result<bool> {
        let permit = self.context.write::<M>(Door::CreateIfAbsent)?;
        let mut key = Vec::new();
        record.encode_key(&mut key)?;
        // Of one that may not be seen the verb says no more than that it may not be written.
        if let Some(found) = table::find(&permit, self.staged()?, self.context.tables::<M>()?, &key)?
            && permit.sees(self.context.ordinal::<M>(), &found)?
        {
            return Ok(false);
        }
        self.put_permitted(&permit, record, (Expect::Absent, Keep::No)).map(|_| true)
    }

    /// Stores the record if the one under its key has this version, 0 for none; returns the new version.
    ///
    /// # Errors
    /// `VersionConflict` with the version that was found, 0 if there is no record; those of [`update`](Self::update).
    #[doc(alias = "compare_and_set")]
    pub fn update_if_version<M: ModelOf<D> + HasVersions>(
        &mut self,
        record: &M,
        version: u64,
    ) -> Result<u64> {
        let (door, expect) = if version == 0 {
            (Door::CreateIfAbsent, Expect::Absent)
        } else {
            (Door::UpdateIfVersion, Expect::Present)
        };
        let permit = self.context.write::<M>(door)?;
        let mut key = Vec::new();
        record.encode_key(&mut key)?;
        self.check_version::<M>(&permit, &key, version)?;
        self.put_permitted(&permit, record, (expect, Keep::No))?;
        table::version(&permit, self.staged()?, self.context.tables::<M>()?, &key)
    }

    /// Deletes the record with this key if it has this version.
    ///
    /// # Errors
    /// `VersionConflict` with the version that was found, 0 if there is no record; those of [`delete`](Self::delete).
    pub fn delete_if_version<M: ModelOf<D> + HasVersions>(
        &mut self,
        key: impl AsKey<M::PrimaryKey>,
        version: u64,
    ) -> Result<()> {
        let permit = self.context.write::<M>(Door::DeleteIfVersion)?;
        let mut bytes = Vec::new();
        key.write_tail(&mut bytes)?;
        self.check_version::<M>(&permit, &bytes, version)?;
        self.remove_key::<M>(Door::DeleteIfVersion, &key).map(drop)
    }

    /// Refuses a version that is not the record's. It tells nothing of a record that may not be seen.
    fn check_version<M: ModelOf<D>>(
        &self,
        permit: &Permit<WriteAccess>,
        key: &[u8],
        expected: u64,
    ) -> Result<()> {
        let tables = self.context.tables::<M>()?;
        let staged = self.staged()?;
        if let Some(bytes) = table::find(permit, staged, tables, key)?
            && !permit.sees(tables.ordinal, &bytes)?
        {
            return Err(permit.denied(M::NAME));
        }
        let found = table::version(permit, staged, tables, key)?;
        if found == expected { Ok(()) } else { Err(conflict::<M>(key, expected, found)) }
    }
}

#[cold]
fn conflict<M: NetabaseModel>(key: &[u8], expected: u64, found: u64) -> Error {
    Error::new(ErrorKind::VersionConflict { model: M::NAME, key: spell::<M>(key), expected, found })
}
