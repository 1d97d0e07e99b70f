//! What the engine knows of the log: which one is its own, and how much of it it has.

use super::segment::Id;
use crate::engine::{Durability, Engine, TableForm, TableId, TableSpec, Tables, Write, set_row};
use crate::error::{Error, ErrorKind, Result};

/// The table of one row, which is there as long as there is a log.
pub(super) const TABLE: &str = "netabase.wal";
const KEY: &[u8] = b"log";

pub(super) fn table() -> TableSpec {
    TableSpec { name: TABLE.to_owned(), form: TableForm::Map, key_width: None, value_width: None }
}

fn tables() -> Tables {
    [table()].into()
}

/// The row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: Id,
    /// the last commit that the engine has
    pub(super) drained: u64,
    /// The segment that is there in any case; an older copy of the log does not have it.
    pub(super) segment: u64,
    /// How many commits have gone past the log: what it has of commits that the engine has not is from after the last one.
    pub(super) direct: u64,
    /// Whether that was the last one of the log, of which files may still be there.
    pub(super) is_closed: bool,
}

impl Mark {
    /// Writes it in place of the one that is there.
    pub(super) fn write(&self, writer: &mut dyn Write, table: TableId) -> Result<()> {
        let mut bytes = self.id.to_vec();
        bytes.extend_from_slice(&self.drained.to_be_bytes());
        bytes.extend_from_slice(&self.segment.to_be_bytes());
        bytes.extend_from_slice(&self.direct.to_be_bytes());
        bytes.push(u8::from(self.is_closed));
        set_row(writer, table, KEY, Some(&bytes))
    }

    pub(super) fn read(engine: &dyn Engine) -> Result<Option<Mark>> {
        let snapshot = engine.begin_read(&tables())?;
        let Some(bytes) = snapshot.get(TableId(0), KEY)? else { return Ok(None) };
        let parse = || {
            let (id, rest) = bytes.split_first_chunk::<16>()?;
            let (drained, rest) = rest.split_first_chunk::<8>()?;
            let (segment, rest) = rest.split_first_chunk::<8>()?;
            let (direct, rest) = rest.split_first_chunk::<8>()?;
            let [is_closed @ (0 | 1)] = rest else { return None };
            let [drained, segment, direct] =
                [drained, segment, direct].map(|bytes| u64::from_be_bytes(*bytes));
            Some(Mark { id: *id, drained, segment, direct, is_closed: *is_closed == 1 })
        };
        let corrupt = || Error::new(ErrorKind::Corrupt { place: TABLE.to_owned() });
        parse().map(Some).ok_or_else(corrupt)
    }
}

/// Removes the row with its table.
pub(super) fn remove(engine: &dyn Engine) -> Result<()> {
    if !engine.table_names()?.iter().any(|name| name == TABLE) {
        return Ok(());
    }
    let mut writer = engine.begin_write(&tables())?;
    writer.drop_table(TABLE)?;
    writer.commit(Durability::Immediate)?.into_result()
}

/// An id that no other log has.
pub(super) fn new_id() -> Result<Id> {
    let mut id = Id::default();
    getrandom::fill(&mut id).map_err(Error::engine)?;
    Ok(id)
}
