//! A cursor that begins behind its first rows, for engines that cannot look for a value.

use super::{Cursor, Direction};
use crate::error::Result;

/// The values of one key, from one of them on.
pub(super) struct Begun<'c> {
    pub(super) rows: Box<dyn Cursor + 'c>,
    /// where to begin, until it has
    pub(super) value: Option<Vec<u8>>,
    pub(super) way: Direction,
}

impl Cursor for Begun<'_> {
    fn advance(&mut self) -> Result<bool> {
        let Some(value) = self.value.take() else { return self.rows.advance() };
        while self.rows.advance()? {
            let is_before = match self.way {
                Direction::Forward => self.rows.value() < value.as_slice(),
                Direction::Reverse => self.rows.value() > value.as_slice(),
            };
            if !is_before {
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
