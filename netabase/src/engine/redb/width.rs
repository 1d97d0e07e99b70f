//! Widths: redb fixes a table's key width in the type, so a width known at run time must choose a type.
//!
//! [`RawKey`] is that type. `by_width!` is the only list of widths; one that is not listed is stored as variable,
//! which is right but slower. The choice is part of the file, since redb checks type names.

use std::borrow::Cow;
use std::cmp::Ordering;

use redb::{TypeName, Value};

use crate::engine::{TableForm, TableSpec};
use crate::error::{Error, Result};

/// Bytes compared as bytes, `N` of them; 0 means any number.
#[derive(Debug)]
pub(super) struct RawKey<const N: usize>;

/// Values of maps.
pub(super) type Bytes = &'static [u8];

impl<const N: usize> Value for RawKey<N> {
    // The same for every width, so callers pass `&[u8]`.
    type SelfType<'a> = &'a [u8];
    type AsBytes<'a> = &'a [u8];

    fn fixed_width() -> Option<usize> {
        (N != 0).then_some(N)
    }

    fn from_bytes<'a>(data: &'a [u8]) -> &'a [u8]
    where
        Self: 'a,
    {
        data
    }

    fn as_bytes<'a, 'b: 'a>(value: &'a &'b [u8]) -> &'a [u8] {
        value
    }

    fn type_name() -> TypeName {
        // redb asks for the name whenever a table is opened; those in use are not put together each time.
        match N {
            0 => TypeName::new("netabase::Key0"),
            4 => TypeName::new("netabase::Key4"),
            8 => TypeName::new("netabase::Key8"),
            _ => TypeName::new(&format!("netabase::Key{N}")),
        }
    }
}

impl<const N: usize> redb::Key for RawKey<N> {
    // Two loads and a compare where the width is known, instead of a call; a search makes some twenty of them.
    #[inline]
    fn compare(a: &[u8], b: &[u8]) -> Ordering {
        match N {
            4 => as_numbers(a, b, u32::from_be_bytes),
            8 => as_numbers(a, b, u64::from_be_bytes),
            16 => as_numbers(a, b, u128::from_be_bytes),
            _ => a.cmp(b),
        }
    }

    fn separator<'a>(left: &'a [u8], right: &'a [u8]) -> Cow<'a, [u8]> {
        if N == 0 { shortest(left, right) } else { Cow::Borrowed(left) }
    }

    fn min_encoded_key() -> Option<Cow<'static, [u8]>> {
        Some(Cow::Borrowed(const { &[0; N] }))
    }
}

/// The shortest bytes from `left` on that stay below `right`, so that inner pages hold more.
pub(super) fn shortest<'a>(left: &'a [u8], right: &'a [u8]) -> Cow<'a, [u8]> {
    let common = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    match right.get(..=common) {
        Some(short) if short.len() < left.len() && short.len() < right.len() => Cow::Borrowed(short),
        _ => Cow::Borrowed(left),
    }
}

/// A key type of redb's that stands for plain bytes.
pub(super) trait Raw: redb::Key + for<'a> Value<SelfType<'a> = &'a [u8]> + 'static {
    /// Refuses bytes of a wrong width, which would spoil a page.
    fn check(key: &[u8]) -> Result<()>;
}

impl<const N: usize> Raw for RawKey<N> {
    #[inline]
    fn check(key: &[u8]) -> Result<()> {
        check::<N>(key)
    }
}

/// Big-endian numbers compare as their bytes do. A bound of a range may be shorter than the keys.
#[inline]
pub(super) fn as_numbers<T: Ord, const W: usize>(a: &[u8], b: &[u8], number: fn([u8; W]) -> T) -> Ordering {
    match (a.try_into(), b.try_into()) {
        (Ok(a), Ok(b)) => number(a).cmp(&number(b)),
        _ => a.cmp(b),
    }
}

/// redb trusts a fixed width; bytes of another length would spoil the page.
#[inline]
pub(super) fn check<const N: usize>(bytes: &[u8]) -> Result<()> {
    if N == 0 || bytes.len() == N {
        Ok(())
    } else {
        Err(Error::invalid_key(format!("{} bytes in a table of {N}-byte keys", bytes.len())))
    }
}

/// A key whose length does not fit beside it.
#[cold]
pub(super) fn too_long(len: usize) -> Error {
    Error::invalid_key(format!("{len} bytes in an index"))
}

/// Runs `$body` with `$name` the listed constant equal to `$width`, or 0.
macro_rules! by_width {
    ($width:expr => $name:ident in [$($listed:literal),*] $body:block) => {
        match $width {
            $( Some($listed) => { const $name: usize = $listed; $body } )*
            _ => { const $name: usize = 0; $body }
        }
    };
}

/// `$map` or `$index` with the widths of a [`TableSpec`] as constants `K` and `V`.
macro_rules! by_spec {
    ($spec:expr, $k:ident => $map:expr, $kv:ident $v:ident => $index:expr) => {
        match $spec.form {
            TableForm::Map => by_width!($spec.key_width => $k in [4, 8, 12, 16, 32] { $map }),
            TableForm::Index => by_width!($spec.key_width => $kv in [4, 8, 9, 16] {
                by_width!($spec.value_width => $v in [4, 8, 16] { $index })
            }),
        }
    };
}
pub(super) use {by_spec, by_width};

/// A table that the transaction was not begun with.
#[cold]
pub(super) fn unknown_table() -> Error {
    Error::internal("unknown table")
}

/// A map used as an index, or the other way round.
#[cold]
pub(super) fn wrong_form(spec: Option<&TableSpec>) -> Error {
    Error::internal(match spec.map(|spec| spec.form) {
        Some(TableForm::Map) => "a map used as an index",
        Some(TableForm::Index) => "an index used as a map",
        None => "a table of the other form",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use redb::Key;

    proptest! {
        // redb routes look-ups by separators: left <= separator < right, never longer than left.
        #[test]
        fn separators_separate(a: Vec<u8>, b: Vec<u8>) {
            prop_assume!(a != b);
            let (left, right) = if a < b { (a, b) } else { (b, a) };
            let separator = RawKey::<0>::separator(&left, &right);
            prop_assert!(left.as_slice() <= &*separator && &*separator < right.as_slice());
            prop_assert!(separator.len() <= left.len());
        }
    }

    proptest! {
        #[test]
        fn fixed_widths_compare_as_bytes(a: [u8; 16], b: [u8; 16], short in 0..16_usize) {
            prop_assert_eq!(RawKey::<16>::compare(&a, &b), a.cmp(&b));
            prop_assert_eq!(RawKey::<8>::compare(&a[..8], &b[..8]), a[..8].cmp(&b[..8]));
            prop_assert_eq!(RawKey::<4>::compare(&a[..4], &b[..4]), a[..4].cmp(&b[..4]));
            prop_assert_eq!(RawKey::<8>::compare(&a[..8], &b[..short]), a[..8].cmp(&b[..short]));
        }
    }

    #[test]
    fn a_wrong_width_is_refused() {
        assert!(check::<4>(&[0; 4]).is_ok() && check::<0>(&[0; 9]).is_ok());
        assert!(check::<4>(&[0; 3]).is_err() && check::<4>(&[0; 5]).is_err());
    }
}
