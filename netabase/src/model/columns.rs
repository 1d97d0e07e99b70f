//! The columns of a compound index, as the derive hands them to [`Entries::compound`](super::Entries::compound).

use crate::error::Result;
use crate::key::{Key, inverted};

/// One field of a compound index: the keys a record has in it.
pub trait Column {
    /// How many keys there are.
    fn count(&self) -> usize;
    /// Appends the key at a place, as the last part of a compound key or as an earlier one.
    fn write(&self, place: usize, is_last: bool, out: &mut Vec<u8>) -> Result<()>;
}

/// A field of one key.
#[derive(Debug)]
pub struct Single<'k, K>(pub &'k K);

impl<K: Key> Column for Single<'_, K> {
    fn count(&self) -> usize {
        1
    }
    fn write(&self, _: usize, is_last: bool, out: &mut Vec<u8>) -> Result<()> {
        if is_last { self.0.encode_tail(out) } else { self.0.encode_part(out) }
    }
}

/// A field of any number of keys.
#[derive(Debug)]
pub struct Many<'k, K>(pub &'k [K]);

impl<K: Key> Column for Many<'_, K> {
    fn count(&self) -> usize {
        self.0.len()
    }
    fn write(&self, place: usize, is_last: bool, out: &mut Vec<u8>) -> Result<()> {
        self.0.get(place).map_or(Ok(()), |key| Single(key).write(0, is_last, out))
    }
}

/// A field whose order is turned round.
#[derive(Debug)]
pub struct Descending<C>(pub C);

impl<C: Column> Column for Descending<C> {
    fn count(&self) -> usize {
        self.0.count()
    }
    fn write(&self, place: usize, _: bool, out: &mut Vec<u8>) -> Result<()> {
        inverted(out, |out| self.0.write(place, false, out))
    }
}
