//! What a policy says to a record that somebody with a ticket stores.

use super::context::{Encoded, Keep};
use super::write::{Expect, WriteTransaction};
use crate::codec;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ModelOf, NetabaseDefinition, NetabaseModel};
use crate::permission::{Permit, WriteAccess};
use crate::schema::Operation;
use crate::table::{self, ModelTables};

/// What is there under the key, as the one who writes may know it.
pub(super) struct Seen<'s> {
    pub(super) permit: &'s Permit<WriteAccess>,
    pub(super) tables: &'s ModelTables,
    pub(super) stored: Option<&'s [u8]>,
}

impl Seen<'_> {
    /// Refuses what the policy does not allow: with the record as it is, and as it comes to be.
    pub(super) fn admit<M: NetabaseModel>(&self, new: &Encoded, expect: Expect, keep: Keep) -> Result<()> {
        let Seen { permit, tables, stored } = *self;
        let Some(old) = stored else {
            // That nothing is there to change is for the verb to say.
            let creates = expect != Expect::Present;
            return if creates { permit.check(M::NAME, Operation::Create, &new.value) } else { Ok(()) };
        };
        if expect == Expect::Absent {
            let is_seen = permit.sees(tables.ordinal, old)?;
            return if is_seen { Ok(()) } else { Err(permit.denied(M::NAME)) };
        }
        permit.check(M::NAME, Operation::Update, old)?;
        if keep == Keep::Yes && !permit.sees(tables.ordinal, old)? {
            return Err(permit.denied(M::NAME));
        }
        permit.check(M::NAME, Operation::Update, &new.value)
    }
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// A record with its hidden fields as they are stored, if there are any: before anything is computed of it. `key`: where it is
    /// stored now.
    pub(super) fn restored<M: ModelOf<D>>(
        &self,
        permit: &Permit<WriteAccess>,
        key: &[u8],
        record: &M,
    ) -> Result<Option<M>> {
        if !permit.hides_fields() {
            return Ok(None);
        }
        let tables = self.context.tables::<M>()?;
        let Some(old) = table::find(permit, self.staged()?, tables, key)? else { return Ok(None) };
        let mut new = Vec::new();
        codec::encode(M::SCHEMA.version, record, &mut new)
            .ok_or_else(|| Error::new(ErrorKind::Codec { model: M::NAME }))?;
        let Some(restored) = permit.restore(M::NAME, &old, &new)? else { return Ok(None) };
        table::decode_whole(permit, &self.context.layout, tables, &restored).map(Some)
    }
}
