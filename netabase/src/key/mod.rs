//! Keys as bytes that sort as the values do.
//!
//! The engine compares keys with `memcmp`, so every [`Key`] has an encoding whose byte order is the order of
//! its values. There are two of them, because one cannot be both self-delimiting and free of an end mark:
//!
//! - the **part** form is prefix-free: no key's bytes begin another's, so parts can stand one after the other;
//! - the **tail** form is for the last or only part, where the end of the bytes is the end of the key.
//!   Strings are their raw bytes there.
//!
//! | type | bytes |
//! |---|---|
//! | unsigned integers | big-endian |
//! | signed integers | big-endian with the sign bit flipped |
//! | `f32`, `f64` | IEEE 754 total order; `-0.0` is stored as `0.0`; NaN is refused |
//! | `bool`, `char` | one byte; four bytes, big-endian |
//! | `String`, `Vec<u8>` | part: 0 becomes `00 FF`, the end is `00 00`; tail: the bytes themselves |
//! | `Option<K>` | a tag byte, 0 or 1, and the key; `None` is filled with zeros to the full width |
//! | tuples, arrays | their elements, each as a part; the last one of a tuple as a tail |
//! | `Reverse<K>` | the key as a part, each byte inverted, so that it sorts in descending order |
//! | `Link<M>` | the primary key of `M` |
//!
//! The encoding of text follows the order-preserving escape of FoundationDB's tuple layer; that of floats is
//! the one of `f64::total_cmp`.

mod as_key;
mod composite;
mod descending;
#[cfg(any(feature = "uuid", feature = "jiff", feature = "chrono"))]
mod foreign;
mod number;
mod range;
mod schema;
mod text;

use std::fmt;

pub(crate) use as_key::EncodedKey;
pub use as_key::{AsKey, KeyPrefix, LeadingKeys};
pub use composite::width_sum;
pub(crate) use descending::inverted;
pub use netabase_macros::NetabaseKey;
pub use range::{ByteRange, KeyRange};
pub(crate) use range::{common, successor};
pub use schema::{KeyField, KeyType};
pub(crate) use text::{encode_part as escape, read_part as unescape};

use crate::error::Result;

/// A value that can be a key: a primary key, a secondary key, or a part of one.
///
/// Derive it with [`NetabaseKey`] for newtypes, structs and enums of keys. The laws, which the crate's property
/// tests hold for every impl: `a < b` exactly when the bytes of `a` come before those of `b` (for a derived
/// type: in the order of its fields or numbers); equal bytes mean equal keys; decoding is the inverse of
/// encoding and refuses, without a panic, whatever no key encodes to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    label = "not a key",
    note = "keys are integers of fixed size, floats, bool, char, String, Vec<u8>, arrays, tuples and options of keys",
    note = "for a type of your own add `#[derive(NetabaseKey)]`; for usize take u64"
)]
pub trait Key: Clone + fmt::Debug + PartialEq + Send + Sync + Sized + 'static {
    /// Bytes of every encoding of this type, where that number is fixed.
    const WIDTH: Option<usize>;

    /// The type as the schema records it.
    const TYPE: KeyType;

    /// Appends the prefix-free form.
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()>;

    /// Appends the form of a last or only part.
    fn encode_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        self.encode_part(out)
    }

    /// Takes the part form off the front of `bytes`.
    fn decode_part(bytes: &mut &[u8]) -> Result<Self>;

    /// Reads the tail form, which is all of `bytes`.
    #[inline]
    fn decode_tail(mut bytes: &[u8]) -> Result<Self> {
        let key = Self::decode_part(&mut bytes)?;
        end(bytes)?;
        Ok(key)
    }
}

/// Refuses bytes that no key of the type encodes to.
#[cold]
pub(crate) fn malformed(what: &str) -> crate::Error {
    crate::Error::invalid_key(format!("these bytes are no {what}"))
}

/// For the derive: a number that no variant of the enum has.
#[doc(hidden)]
#[cold]
pub fn unknown_variant(name: &str) -> crate::Error {
    malformed(name)
}

#[inline]
fn end(rest: &[u8]) -> Result<()> {
    if rest.is_empty() { Ok(()) } else { Err(malformed("key: some are left over")) }
}

/// Takes `count` bytes off the front.
#[inline]
fn take<'b>(bytes: &mut &'b [u8], count: usize, what: &str) -> Result<&'b [u8]> {
    let (head, rest) = bytes.split_at_checked(count).ok_or_else(|| malformed(what))?;
    *bytes = rest;
    Ok(head)
}

#[inline]
fn take_array<const N: usize>(bytes: &mut &[u8], what: &str) -> Result<[u8; N]> {
    take(bytes, N, what)?.try_into().map_err(|_| malformed(what))
}
