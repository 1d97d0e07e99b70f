//! Rows of records that may be seen, for those who may not see all.

use super::covering::split;
use super::layout::ModelTables;
use crate::engine::{Cursor, TableId};
use crate::error::{Error, Result};
use crate::overlay::View;
use crate::permission::{Permit, ReadAccess};
use crate::schema::ModelSchema;

/// Passes over the rows of records that may not be seen. Each costs a look at its record.
struct Shown<'r> {
    rows: Box<dyn Cursor + 'r>,
    view: View<'r>,
    permit: Permit<ReadAccess>,
    main: TableId,
    to_record: ToRecord,
    primary: Vec<u8>,
}

/// How a row leads to its record.
enum ToRecord {
    /// it has it
    Value,
    /// it has the key of it
    Key,
    /// it has the key, and what is covered behind it
    Covering(&'static ModelSchema),
}

/// The rows of a table that may be seen.
pub(super) fn shown<'r>(
    permit: &Permit<ReadAccess>,
    view: &View<'r>,
    tables: &ModelTables,
    part: usize,
    rows: Box<dyn Cursor + 'r>,
) -> Result<Box<dyn Cursor + 'r>> {
    if !permit.hides_records() {
        return Ok(rows);
    }
    let to_record = match tables.part(part)? {
        _ if part == 0 => ToRecord::Value,
        table if table.covering => ToRecord::Covering(tables.schema),
        // They are of all records, so that whoever does not see all does not ask for them.
        table if table.sums > 0 => return Err(Error::internal("sums of records that are hidden")),
        _ => ToRecord::Key,
    };
    let (view, permit, main) = (view.clone(), permit.clone(), tables.main()?);
    Ok(Box::new(Shown { rows, view, permit, main, to_record, primary: Vec::new() }))
}

impl Shown<'_> {
    fn is_shown(&mut self) -> Result<bool> {
        let value = self.rows.value();
        let key = match self.to_record {
            ToRecord::Value => return self.permit.shows(value),
            ToRecord::Key => value,
            ToRecord::Covering(schema) => {
                split(schema, value, &mut self.primary)?;
                &self.primary
            }
        };
        // Without a record it is damaged, which whoever follows it finds out.
        self.view.get(self.main, key)?.map_or(Ok(true), |record| self.permit.shows(&record))
    }
}

impl Cursor for Shown<'_> {
    fn advance(&mut self) -> Result<bool> {
        while self.rows.advance()? {
            if self.is_shown()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn key(&self) -> &[u8] {
        self.rows.key()
    }

    fn value(&self) -> &[u8] {
        self.rows.value()
    }
}
