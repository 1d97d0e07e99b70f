//! Keys made of keys: options, arrays and tuples.

use super::{Key, KeyType, end, malformed, take};
use crate::error::Result;

/// The width of keys that stand one after the other: their sum, if all are fixed.
pub const fn width_sum(parts: &[Option<usize>]) -> Option<usize> {
    let mut sum = 0;
    let mut rest = parts;
    while let Some((first, others)) = rest.split_first() {
        match first {
            Some(width) => sum += *width,
            None => return None,
        }
        rest = others;
    }
    Some(sum)
}

/// Zeros after the tag of a `None`, so that an optional key of fixed width stays fixed.
const fn fill(width: Option<usize>) -> usize {
    match width {
        Some(width) => width,
        None => 0,
    }
}

/// Reads the tag byte of an option and, for `None`, its zeros.
fn is_some<K: Key>(bytes: &mut &[u8]) -> Result<bool> {
    match take(bytes, 1, "option")? {
        [1] => Ok(true),
        [0] if take(bytes, fill(K::WIDTH), "option")?.iter().all(|byte| *byte == 0) => Ok(false),
        _ => Err(malformed("option")),
    }
}

impl<K: Key> Key for Option<K> {
    const WIDTH: Option<usize> = width_sum(&[Some(1), K::WIDTH]);
    const TYPE: KeyType = KeyType::Option(&K::TYPE);
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Some(key) => {
                out.push(1);
                key.encode_part(out)?;
            }
            None => out.resize(out.len() + 1 + fill(K::WIDTH), 0),
        }
        Ok(())
    }
    fn encode_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Some(key) => {
                out.push(1);
                key.encode_tail(out)
            }
            None => self.encode_part(out),
        }
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        if is_some::<K>(bytes)? { K::decode_part(bytes).map(Some) } else { Ok(None) }
    }
    fn decode_tail(mut bytes: &[u8]) -> Result<Self> {
        if is_some::<K>(&mut bytes)? {
            return K::decode_tail(bytes).map(Some);
        }
        end(bytes)?;
        Ok(None)
    }
}

impl<K: Key, const N: usize> Key for [K; N] {
    const WIDTH: Option<usize> = match K::WIDTH {
        Some(width) => Some(width * N),
        None => None,
    };
    const TYPE: KeyType = KeyType::Array(&K::TYPE, N);
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.iter().try_for_each(|key| key.encode_part(out))
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        let keys = (0..N).map(|_| K::decode_part(bytes)).collect::<Result<Vec<K>>>()?;
        keys.try_into().map_err(|_| malformed("array"))
    }
}

/// Tuples: all but the last element as parts.
macro_rules! tuple {
    ($($front:ident $at:tt),* ; $last:ident $end:tt) => {
        impl<$($front: Key,)* $last: Key> Key for ($($front,)* $last,) {
            const WIDTH: Option<usize> = width_sum(&[$($front::WIDTH,)* $last::WIDTH]);
            const TYPE: KeyType = KeyType::Tuple(&[$(&$front::TYPE,)* &$last::TYPE]);
            fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
                $( self.$at.encode_part(out)?; )*
                self.$end.encode_part(out)
            }
            fn encode_tail(&self, out: &mut Vec<u8>) -> Result<()> {
                $( self.$at.encode_part(out)?; )*
                self.$end.encode_tail(out)
            }
            fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
                Ok(($($front::decode_part(bytes)?,)* $last::decode_part(bytes)?,))
            }
            #[allow(unused_mut, reason = "a tuple of one has no front")]
            fn decode_tail(mut bytes: &[u8]) -> Result<Self> {
                Ok(($($front::decode_part(&mut bytes)?,)* $last::decode_tail(bytes)?,))
            }
        }
    };
}
tuple!(; A 0);
tuple!(A 0; B 1);
tuple!(A 0, B 1; C 2);
tuple!(A 0, B 1, C 2; D 3);
tuple!(A 0, B 1, C 2, D 3; E 4);
tuple!(A 0, B 1, C 2, D 3, E 4; F 5);
