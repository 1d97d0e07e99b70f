//! A record's bytes, read back, with an error that names the table.

use super::layout::{Layout, ModelTables};
use crate::codec::{self, Malformed};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{NetabaseModel, Viewed};

/// Decodes a record of `M`.
#[inline]
pub(crate) fn decode<M: NetabaseModel>(layout: &Layout, tables: &ModelTables, bytes: &[u8]) -> Result<M> {
    codec::decode(M::SCHEMA.version, bytes).map_err(|malformed| refused(layout, tables, &malformed))
}

/// Decodes a view of a record of `M`, which borrows from the bytes.
#[inline]
pub(crate) fn view<'b, M: Viewed>(
    layout: &Layout,
    tables: &ModelTables,
    bytes: &'b [u8],
) -> Result<M::View<'b>> {
    codec::decode(M::SCHEMA.version, bytes).map_err(|malformed| refused(layout, tables, &malformed))
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
