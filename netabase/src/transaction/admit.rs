//! What a policy says to a record that somebody with a ticket stores.

use super::context::{Encoded, Keep};
use super::write::Expect;
use crate::error::Result;
use crate::model::NetabaseModel;
use crate::permission::{Permit, WriteAccess};
use crate::schema::Operation;
use crate::table::{self, Layout, ModelTables};

/// What is there under the key, as the one who writes may know it.
pub(super) struct Seen<'s> {
    pub(super) permit: &'s Permit<WriteAccess>,
    pub(super) tables: &'s ModelTables,
    pub(super) stored: Option<&'s [u8]>,
}

impl Seen<'_> {
    /// Refuses what the policy does not allow: with the record as it is, and as it comes to be. Hidden fields stay as they are.
    pub(super) fn admit<M: NetabaseModel>(
        &self,
        layout: &Layout,
        new: &mut Encoded,
        expect: Expect,
        keep: Keep,
    ) -> Result<()> {
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
        if let Some(restored) = permit.restore(M::NAME, old, &new.value)? {
            let record: M = table::decode_whole(permit, layout, tables, &restored)?;
            new.fill(&record, &tables.customs)?;
        }
        permit.check(M::NAME, Operation::Update, &new.value)
    }
}
