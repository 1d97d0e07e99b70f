//! The values of an index that covers fields: the primary key, then what is covered.
//!
//! A primary key of fixed width stands as it is. One of any width is escaped as text is within a key, so that the values of a
//! key still sort by primary key.

use crate::engine::Cursor;
use crate::error::{Error, ErrorKind, Result};
use crate::key;
use crate::schema::ModelSchema;

/// Puts a value together.
pub(super) fn write<'b>(
    schema: &ModelSchema,
    primary: &[u8],
    payload: &[u8],
    buffer: &'b mut Vec<u8>,
) -> &'b [u8] {
    buffer.clear();
    match schema.key_width {
        Some(_) => buffer.extend_from_slice(primary),
        None => key::escape(primary, buffer),
    }
    buffer.extend_from_slice(payload);
    buffer
}

/// Takes a value apart: the primary key goes into the buffer, and what is covered is returned.
pub(super) fn split<'v>(schema: &ModelSchema, value: &'v [u8], primary: &mut Vec<u8>) -> Result<&'v [u8]> {
    let malformed = || {
        let place = format!("an index of {}", schema.name);
        Error::new(ErrorKind::Corrupt { place })
    };
    primary.clear();
    if let Some(width) = schema.key_width {
        let (key, payload) = value.split_at_checked(width).ok_or_else(malformed)?;
        primary.extend_from_slice(key);
        return Ok(payload);
    }
    let mut rest = value;
    key::unescape(&mut rest, primary).map_err(|_| malformed())?;
    Ok(rest)
}

/// The rows of an index: primary keys, and what is covered beside them.
pub(crate) struct Covering<'r> {
    pub(super) rows: Box<dyn Cursor + 'r>,
    /// `None` if the index covers nothing
    pub(super) schema: Option<&'static ModelSchema>,
    pub(super) primary: Vec<u8>,
    /// where the payload begins in the value
    pub(super) split: usize,
}

impl Covering<'_> {
    /// What is covered.
    pub(crate) fn payload(&self) -> &[u8] {
        self.rows.value().get(self.split..).unwrap_or_default()
    }
}

impl Cursor for Covering<'_> {
    fn advance(&mut self) -> Result<bool> {
        let found = self.rows.advance()?;
        if let (true, Some(schema)) = (found, self.schema) {
            let value = self.rows.value();
            self.split = value.len() - split(schema, value, &mut self.primary)?.len();
        }
        Ok(found)
    }

    fn key(&self) -> &[u8] {
        self.rows.key()
    }

    fn value(&self) -> &[u8] {
        if self.schema.is_some() { &self.primary } else { self.rows.value() }
    }
}
