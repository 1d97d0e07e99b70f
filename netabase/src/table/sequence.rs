//! The numbers that were given to records as their keys: for each model a row beside the schema, with the last one.

use super::layout::{Layout, ModelTables, SCHEMA_TABLE, sequence_row};
use crate::error::{Error, ErrorKind, Result};
use crate::overlay::{Overlay, Staged};
use crate::permission::{Permit, WriteAccess};

/// The last number that was given; `None` before the first.
pub(crate) fn last_number(
    permit: &Permit<WriteAccess>,
    staged: Staged<'_>,
    layout: &Layout,
    (definition, tables): (&str, &ModelTables),
) -> Result<Option<u64>> {
    permit.covers(tables.ordinal)?;
    let row = staged.get(SCHEMA_TABLE, &sequence_row(definition, tables.schema.name))?;
    let number = row.map(|bytes| <[u8; 8]>::try_from(&*bytes).map(u64::from_be_bytes)).transpose();
    number.map_err(|_| Error::new(ErrorKind::Corrupt { place: layout.name(SCHEMA_TABLE).into() }))
}

/// Notes the number that was given. `last`: the one before it.
pub(crate) fn note_number(
    permit: &Permit<WriteAccess>,
    overlay: &mut Overlay,
    (definition, tables): (&str, &ModelTables),
    last: Option<u64>,
    number: u64,
) -> Result<()> {
    permit.covers(tables.ordinal)?;
    let row = sequence_row(definition, tables.schema.name);
    overlay.put(SCHEMA_TABLE, &row, Some(&number.to_be_bytes()), last.is_some())
}
