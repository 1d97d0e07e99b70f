//! Keys in descending order: [`Reverse`] of a key has the bytes of its part form, each inverted.

use std::cmp::Reverse;

use super::{AsKey, Key, KeyType, take};
use crate::error::Result;

/// Inverts what `write` writes.
pub(crate) fn inverted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
    let start = out.len();
    write(out)?;
    out.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
    Ok(())
}

/// The part form also stands for the last part: inverted, a longer text must come before the one it begins with.
impl<K: Key> Key for Reverse<K> {
    const WIDTH: Option<usize> = K::WIDTH;
    const TYPE: KeyType = KeyType::Descending(&K::TYPE);
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        inverted(out, |out| self.0.encode_part(out))
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        // Where the key ends shows only when it is read.
        let upright: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
        let mut rest = upright.as_slice();
        let key = K::decode_part(&mut rest)?;
        take(bytes, upright.len() - rest.len(), "descending key")?;
        Ok(Reverse(key))
    }
}

impl<K: Key, Q: AsKey<K>> AsKey<Reverse<K>> for Reverse<Q> {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        inverted(out, |out| self.0.write_part(out))
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        self.write_part(out)
    }
}
