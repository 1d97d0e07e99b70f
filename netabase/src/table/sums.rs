//! The sums that an index keeps: for each of its keys the number of records and the sum of each field that was asked for.

use super::layout::{ModelTables, PartTable};
use crate::error::{Error, ErrorKind, Result};

/// A row of a table of sums: postcard of the number of records and the sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) records: u64,
    pub(crate) sums: Vec<i128>,
}

const AMOUNT: usize = size_of::<i128>();

impl Sums {
    /// Those of a stored row, or of none.
    pub(crate) fn read(tables: &ModelTables, part: &PartTable, row: Option<&[u8]>) -> Result<Self> {
        let Some(row) = row else { return Ok(Sums { records: 0, sums: vec![0; part.sums] }) };
        match postcard::take_from_bytes::<(u64, Vec<i128>)>(row) {
            Ok(((records @ 1.., sums), [])) if sums.len() == part.sums => Ok(Sums { records, sums }),
            _ => Err(malformed(tables, part)),
        }
    }

    /// The row to store; `None` if there are no records.
    pub(crate) fn write(&self) -> Result<Option<Vec<u8>>> {
        if self.records == 0 {
            return Ok(None);
        }
        let row = postcard::to_stdvec(&(self.records, &self.sums));
        row.map(Some).map_err(|_| Error::internal("numbers do not encode"))
    }

    /// Counts a record in.
    pub(crate) fn add(&mut self, amounts: &[u8]) {
        self.records = self.records.saturating_add(1);
        self.change(amounts, i128::wrapping_add);
    }

    /// Counts a record out.
    pub(crate) fn subtract(&mut self, amounts: &[u8]) {
        self.records = self.records.saturating_sub(1);
        self.change(amounts, i128::wrapping_sub);
    }

    // No sum of 64-bit numbers leaves the 128 bits. That of damaged rows may.
    fn change(&mut self, amounts: &[u8], by: fn(i128, i128) -> i128) {
        for (sum, amount) in self.sums.iter_mut().zip(amounts.as_chunks::<AMOUNT>().0) {
            *sum = by(*sum, i128::from_be_bytes(*amount));
        }
    }
}

#[cold]
fn malformed(tables: &ModelTables, part: &PartTable) -> Error {
    let place = format!("the sums of {}.{}", tables.schema.name, part.name);
    Error::new(ErrorKind::Corrupt { place })
}
