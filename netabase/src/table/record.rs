//! A record's bytes, read back, with an error that names the table.

use super::layout::{Layout, ModelTables};
use crate::codec::{self, Malformed};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{NetabaseModel, Viewed};
use crate::overlay::View;
use crate::permission::{Permit, ReadAccess, WriteAccess};

/// The record with this key, if its reader may see it. It is decoded once.
#[inline]
pub(crate) fn get_record<M: NetabaseModel>(
    permit: &Permit<ReadAccess>,
    view: &View<'_>,
    layout: &Layout,
    tables: &ModelTables,
    key: &[u8],
) -> Result<Option<M>> {
    permit.covers(tables.ordinal)?;
    let Some(bytes) = view.get(tables.main()?, key)? else { return Ok(None) };
    let record = codec::decode(M::SCHEMA.version, &bytes);
    permit.see(record.map_err(|malformed| refused(layout, tables, &malformed))?)
}

/// Decodes a record of `M`, as its reader may see it.
#[inline]
pub(crate) fn decode<M: NetabaseModel>(
    permit: &Permit<ReadAccess>,
    layout: &Layout,
    tables: &ModelTables,
    bytes: &[u8],
) -> Result<M> {
    // A record is moved as seldom as may be: to move one costs as much as to read a field or two.
    let record =
        codec::decode(M::SCHEMA.version, bytes).map_err(|malformed| refused(layout, tables, &malformed));
    if permit.is_masked() { record.and_then(|record| permit.mask(record)) } else { record }
}

/// Decodes a record of `M` that is about to be changed, whole.
#[inline]
pub(crate) fn decode_whole<M: NetabaseModel>(
    permit: &Permit<WriteAccess>,
    layout: &Layout,
    tables: &ModelTables,
    bytes: &[u8],
) -> Result<M> {
    permit.covers(tables.ordinal)?;
    codec::decode(M::SCHEMA.version, bytes).map_err(|malformed| refused(layout, tables, &malformed))
}

/// Shows a view of a record of `M`, which borrows from the bytes, as its reader may see it.
#[inline]
pub(crate) fn view<M: Viewed, T>(
    permit: &Permit<ReadAccess>,
    layout: &Layout,
    tables: &ModelTables,
    bytes: &[u8],
    look: impl FnOnce(M::View<'_>) -> T,
) -> Result<T> {
    let masked = permit.masked(bytes)?;
    let bytes = masked.as_deref().unwrap_or(bytes);
    let view = codec::decode(M::SCHEMA.version, bytes);
    Ok(look(view.map_err(|malformed| refused(layout, tables, &malformed))?))
}

#[cold]
fn refused(layout: &Layout, tables: &ModelTables, malformed: &Malformed) -> Error {
    let schema = tables.schema;
    match *malformed {
        Malformed::Version(found) => {
            Error::new(ErrorKind::SchemaVersion { model: schema.name, found, expected: schema.version })
        }
        Malformed::Bytes => {
            let table = tables.main().map(|main| layout.name(main).to_owned()).unwrap_or_default();
            Error::new(ErrorKind::Corrupt { place: table })
        }
    }
}
