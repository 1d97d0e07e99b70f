//! What may stand where a key is asked for.

use super::{Key, text};
use crate::error::{Error, Result};

/// Anything that names a key of type `K`: the key itself, a reference to it, or a cheaper form of it, as `&str`
/// is for `String`, `1` for `AuthorPrimaryKey`, a record or a [`Link`](crate::Link) for its key.
///
/// Every door takes one (`get(1)`, `.eq("rust")`, `.range(1..=3)`), so no key has to be allocated or converted.
/// An integer literal finds its type because exactly one integer type implements this for a given `K`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key of type `{K}`",
    label = "expected a `{K}` here",
    note = "pass a value of the key's own type, without `Some`; `.is_none()` asks for an absent key",
    note = "a key of one model never reads another"
)]
pub trait AsKey<K: Key> {
    /// Appends [`Key::encode_part`] of the key meant.
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()>;
    /// Appends [`Key::encode_tail`] of the key meant.
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()>;
}

impl<K: Key, Q: AsKey<K> + ?Sized> AsKey<K> for &Q {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        (**self).write_part(out)
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        (**self).write_tail(out)
    }
}

/// A key that is encoded already.
pub(crate) struct EncodedKey<'k>(pub(crate) &'k [u8]);

impl<K: Key> AsKey<K> for EncodedKey<'_> {
    fn write_part(&self, _: &mut Vec<u8>) -> Result<()> {
        // Within another key it would have another end.
        Err(Error::internal("an encoded key as part of another"))
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self.0);
        Ok(())
    }
}

/// A key names itself. (A blanket impl would meet the one for tuples.)
macro_rules! itself {
    ($([$($generics:tt)*] $key:ty),* $(,)?) => { $(
        impl<$($generics)*> AsKey<$key> for $key {
            fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
                Key::encode_part(self, out)
            }
            fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
                Key::encode_tail(self, out)
            }
        }
    )* };
}
#[cfg(any(feature = "uuid", feature = "jiff", feature = "chrono"))]
pub(super) use itself;

itself!(
    [] u8, [] u16, [] u32, [] u64, [] u128, [] i8, [] i16, [] i32, [] i64, [] i128, [] f32, [] f64,
    [] bool, [] char, [] String, [] Vec<u8>, [K: Key, const N: usize] [K; N],
);

impl AsKey<String> for str {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        text::encode_part(self.as_bytes(), out);
        Ok(())
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self.as_bytes());
        Ok(())
    }
}

impl AsKey<Vec<u8>> for [u8] {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        text::encode_part(self, out);
        Ok(())
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self);
        Ok(())
    }
}

/// `b"bytes"` for a key of bytes.
impl<const N: usize> AsKey<Vec<u8>> for [u8; N] {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.as_slice().write_part(out)
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        self.as_slice().write_tail(out)
    }
}

impl<K: Key, Q: AsKey<K>> AsKey<Option<K>> for Option<Q> {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Some(key) => {
                out.push(1);
                key.write_part(out)
            }
            None => None::<K>.encode_part(out),
        }
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Some(key) => {
                out.push(1);
                key.write_tail(out)
            }
            None => None::<K>.encode_tail(out),
        }
    }
}

/// The leading elements of a composite key, as `("ns",)` is of `(String, String)`, or the beginning of a string.
///
/// Elements are whole: `("a",)` finds `("a", "z")` and not `("ab", "z")`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prefix of a key of type `{K}`",
    label = "no prefix of a `{K}`",
    note = "a text key takes the text it begins with; a composite key takes a tuple of its leading elements: `(first,)`"
)]
pub trait KeyPrefix<K: Key> {
    /// Appends the bytes that every key with this prefix begins with.
    fn write_prefix(&self, out: &mut Vec<u8>) -> Result<()>;
}

impl<K: Key, P: KeyPrefix<K> + ?Sized> KeyPrefix<K> for &P {
    fn write_prefix(&self, out: &mut Vec<u8>) -> Result<()> {
        (**self).write_prefix(out)
    }
}

/// Some leading elements of a tuple key, and the type of the element behind them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not leading elements of a key of type `{K}`",
    label = "not the first elements of a `{K}`",
    note = "write a tuple of fewer elements than the key has, from its first on: `(first,)`"
)]
pub trait LeadingKeys<K: Key>: KeyPrefix<K> {
    /// The element that comes next.
    type Next: Key;
    /// Whether that is the last one.
    const IS_LAST: bool;
}

macro_rules! raw_prefix {
    ($($prefix:ty => $key:ty),*) => { $(
        impl KeyPrefix<$key> for $prefix {
            fn write_prefix(&self, out: &mut Vec<u8>) -> Result<()> {
                AsKey::<$key>::write_tail(self, out)
            }
        }
    )* };
}
raw_prefix!(str => String, String => String, [u8] => Vec<u8>, Vec<u8> => Vec<u8>);

macro_rules! tuple {
    ($($front:ident $query:ident $at:tt),* ; $last:ident $last_query:ident $end:tt) => {
        impl<$($front: Key, $query: AsKey<$front>,)* $last: Key, $last_query: AsKey<$last>>
            AsKey<($($front,)* $last,)> for ($($query,)* $last_query,)
        {
            fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
                $( self.$at.write_part(out)?; )*
                self.$end.write_part(out)
            }
            fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
                $( self.$at.write_part(out)?; )*
                self.$end.write_tail(out)
            }
        }
    };
}
tuple!(; A Qa 0);
tuple!(A Qa 0; B Qb 1);
tuple!(A Qa 0, B Qb 1; C Qc 2);
tuple!(A Qa 0, B Qb 1, C Qc 2; D Qd 3);
tuple!(A Qa 0, B Qb 1, C Qc 2, D Qd 3; E Qe 4);
tuple!(A Qa 0, B Qb 1, C Qc 2, D Qd 3, E Qe 4; F Qf 5);

/// `prefix => rest`: the front of a tuple key.
macro_rules! tuple_prefix {
    ($($front:ident $query:ident $at:tt),* => $next:ident $($rest:ident)*) => {
        impl<$($front: Key, $query: AsKey<$front>,)* $next: Key, $($rest: Key),*>
            KeyPrefix<($($front,)* $next, $($rest,)*)> for ($($query,)*)
        {
            fn write_prefix(&self, out: &mut Vec<u8>) -> Result<()> {
                $( self.$at.write_part(out)?; )*
                Ok(())
            }
        }
        impl<$($front: Key, $query: AsKey<$front>,)* $next: Key, $($rest: Key),*>
            LeadingKeys<($($front,)* $next, $($rest,)*)> for ($($query,)*)
        {
            type Next = $next;
            const IS_LAST: bool = { let rest: &[&str] = &[$(stringify!($rest)),*]; rest.is_empty() };
        }
    };
}
tuple_prefix!(A Qa 0 => B);
tuple_prefix!(A Qa 0 => B C);
tuple_prefix!(A Qa 0 => B C D);
tuple_prefix!(A Qa 0 => B C D E);
tuple_prefix!(A Qa 0 => B C D E F);
tuple_prefix!(A Qa 0, B Qb 1 => C);
tuple_prefix!(A Qa 0, B Qb 1 => C D);
tuple_prefix!(A Qa 0, B Qb 1 => C D E);
tuple_prefix!(A Qa 0, B Qb 1 => C D E F);
tuple_prefix!(A Qa 0, B Qb 1, C Qc 2 => D);
tuple_prefix!(A Qa 0, B Qb 1, C Qc 2 => D E);
tuple_prefix!(A Qa 0, B Qb 1, C Qc 2 => D E F);
tuple_prefix!(A Qa 0, B Qb 1, C Qc 2, D Qd 3 => E);
tuple_prefix!(A Qa 0, B Qb 1, C Qc 2, D Qd 3 => E F);
tuple_prefix!(A Qa 0, B Qb 1, C Qc 2, D Qd 3, E Qe 4 => F);
