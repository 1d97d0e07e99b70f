//! The row of `netabase.schema` that is there while tables are being built: which they are, and how far they are.

use serde::{Deserialize, Serialize};

use crate::engine::{Read, Write, set_row};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::Reached;
use crate::schema::StoredDefinition;
use crate::table::{Layout, SCHEMA_TABLE};

/// Tables that no schema record lists yet. Only the program that builds them keeps them true, so whoever else opens
/// the file to write drops them first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Building {
    /// fingerprint of the schema that the file has
    from: [u8; 16],
    /// that of the schema it is to get
    to: [u8; 16],
    /// names of the tables
    pub(super) tables: Vec<String>,
    /// the model whose records are read; those of lesser names are done
    pub(super) model: String,
    pub(super) reached: Reached,
}

/// The key of the row.
pub(super) fn row(definition: &str) -> Vec<u8> {
    ["building/", definition].concat().into_bytes()
}

fn fingerprint(schema: &StoredDefinition) -> [u8; 16] {
    schema.fingerprint().0.to_be_bytes()
}

impl Building {
    pub(super) fn new(
        (from, to): (&StoredDefinition, &StoredDefinition),
        tables: Vec<String>,
        model: &str,
        reached: Reached,
    ) -> Building {
        Building { from: fingerprint(from), to: fingerprint(to), tables, model: model.into(), reached }
    }

    /// The row, if there is one.
    pub(super) fn read(layout: &Layout, definition: &str, read: &dyn Read) -> Result<Option<Building>> {
        let Some(bytes) = read.get(SCHEMA_TABLE, &row(definition))? else { return Ok(None) };
        match postcard::take_from_bytes(&bytes) {
            Ok((building, [])) => Ok(Some(building)),
            _ => Err(Error::new(ErrorKind::Corrupt { place: layout.name(SCHEMA_TABLE).into() })),
        }
    }

    pub(super) fn write(&self, definition: &str, writer: &mut dyn Write) -> Result<()> {
        let bytes = postcard::to_stdvec(self).map_err(|_| Error::internal("a place does not encode"))?;
        set_row(writer, SCHEMA_TABLE, &row(definition), Some(&bytes))
    }

    /// Whether it leads from the one schema to the other.
    pub(super) fn leads(&self, from: &StoredDefinition, to: &StoredDefinition) -> bool {
        self.from == fingerprint(from) && self.leads_to(to)
    }

    pub(super) fn leads_to(&self, to: &StoredDefinition) -> bool {
        self.to == fingerprint(to)
    }

    /// Drops the tables and the row.
    pub(super) fn discard(&self, definition: &str, writer: &mut dyn Write) -> Result<()> {
        for table in &self.tables {
            writer.drop_table(table)?;
        }
        set_row(writer, SCHEMA_TABLE, &row(definition), None)
    }
}
