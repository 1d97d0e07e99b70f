//! Handles: the constants `Post::TAGS`, `Post::AUTHOR`, `Post::BODY` through which filters are made.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeBounds;

use smallvec::smallvec;

use super::filter::{Filter, NotIndexed, Ranges};
use crate::error::{Error, Result};
use crate::key::{AsKey, ByteRange, Key, KeyPrefix, KeyRange, LeadingKeys};
use crate::schema::Shape;

/// The field has one key.
#[derive(Clone, Copy, Debug)]
pub enum One {}

/// The field has a key or none.
#[derive(Clone, Copy, Debug)]
pub enum Optional {}

/// The field has any number of keys.
#[derive(Clone, Copy, Debug)]
pub enum Each {}

/// How a field fills its index, as a type.
pub trait KeyShape: Copy + 'static {
    /// The same, as data.
    const SHAPE: Shape;
    /// One of the field's keys: `K`, or `Option<K>` where it may be absent.
    type Of<K>;
    /// Reads a key of the index.
    #[doc(hidden)]
    fn decode<K: Key>(key: &[u8]) -> Result<Self::Of<K>>;
    /// Takes it off the front of a key over several fields.
    #[doc(hidden)]
    fn decode_part<K: Key>(bytes: &mut &[u8]) -> Result<Self::Of<K>>;
}
impl KeyShape for One {
    const SHAPE: Shape = Shape::One;
    type Of<K> = K;
    fn decode<K: Key>(key: &[u8]) -> Result<K> {
        K::decode_tail(key)
    }
    fn decode_part<K: Key>(bytes: &mut &[u8]) -> Result<K> {
        K::decode_part(bytes)
    }
}
impl KeyShape for Optional {
    const SHAPE: Shape = Shape::Optional;
    type Of<K> = Option<K>;
    fn decode<K: Key>(key: &[u8]) -> Result<Option<K>> {
        match key.split_first() {
            Some((1, key)) => K::decode_tail(key).map(Some),
            // Whatever stands behind says only how wide the keys are.
            Some((0, _)) => Ok(None),
            _ => Err(Error::invalid_key("an optional key begins with 0 or 1")),
        }
    }
    fn decode_part<K: Key>(bytes: &mut &[u8]) -> Result<Option<K>> {
        Option::decode_part(bytes)
    }
}
impl KeyShape for Each {
    const SHAPE: Shape = Shape::Each;
    type Of<K> = K;
    fn decode<K: Key>(key: &[u8]) -> Result<K> {
        K::decode_tail(key)
    }
    fn decode_part<K: Key>(bytes: &mut &[u8]) -> Result<K> {
        K::decode_part(bytes)
    }
}

/// Keys that may be absent.
#[diagnostic::on_unimplemented(
    message = "this key is never absent",
    label = "not an `Option<..>` field",
    note = "only the key of an `Option<..>` field can be asked for with `.is_none()`"
)]
pub trait Nullable: KeyShape {}
#[diagnostic::do_not_recommend]
impl Nullable for Optional {}

/// An indexed field of `M` with keys of type `K`: the primary key, a secondary key or a relation.
pub struct Index<M, K, S = One> {
    part: usize,
    /// of an index that was registered, whose number only the store knows
    custom: Option<&'static str>,
    model: PhantomData<fn() -> M>,
    key: PhantomData<fn() -> (K, S)>,
}

impl<M, K, S> Clone for Index<M, K, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, K, S> Copy for Index<M, K, S> {}

impl<M, K, S> fmt::Debug for Index<M, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({})", self.part)
    }
}

impl<M, K, S> Index<M, K, S> {
    /// For the derive: `part` is the number of the table within the model.
    #[doc(hidden)]
    pub const fn new(part: usize) -> Self {
        Index { part, custom: None, model: PhantomData, key: PhantomData }
    }

    pub(super) const fn custom(name: &'static str) -> Self {
        Index { part: usize::MAX, custom: Some(name), model: PhantomData, key: PhantomData }
    }

    /// Its name, if it was registered.
    pub(crate) fn custom_name(self) -> Option<&'static str> {
        self.custom
    }

    /// The number of the table.
    pub(crate) fn part(self) -> usize {
        self.part
    }
}

/// The bounds stand on the methods, so that the compiler's message is about the key.
impl<M, K, S> Index<M, K, S> {
    /// Present keys have a tag before them where keys may be absent.
    fn present(range: ByteRange) -> ByteRange
    where
        S: KeyShape,
    {
        match S::SHAPE {
            Shape::Optional => range.behind(&[1]),
            Shape::One | Shape::Each => range,
        }
    }

    /// Reads a key that is there.
    pub(crate) fn present_key(key: &[u8]) -> Result<K>
    where
        K: Key,
        S: KeyShape,
    {
        let tag = usize::from(S::SHAPE == Shape::Optional);
        K::decode_tail(key.get(tag..).unwrap_or_default())
    }

    fn keys(self, ranges: Result<Ranges>) -> Filter<M>
    where
        S: KeyShape,
    {
        Filter::keys((self.part, self.custom), S::SHAPE, ranges)
    }

    /// Records with this key. For a `Vec` field: with an element of this key.
    pub fn eq(self, key: impl AsKey<K>) -> Filter<M>
    where
        K: Key,
        S: KeyShape,
    {
        self.keys(tail(&key).map(|key| smallvec![Self::present(ByteRange::Point(key))]))
    }

    /// Records with one of these keys, each once. No keys find no records.
    ///
    /// On a field of many keys a query over several of them walks over up to 16 side by side. Over more it remembers the primary
    /// keys it has visited, as it does with `range` and `prefix`.
    pub fn any_of<Q: AsKey<K>>(self, keys: impl IntoIterator<Item = Q>) -> Filter<M>
    where
        K: Key,
        S: KeyShape,
    {
        let sorted = keys.into_iter().map(|key| tail(&key)).collect::<Result<Vec<_>>>().map(|mut keys| {
            keys.sort_unstable();
            keys.dedup();
            keys.into_iter().map(|key| Self::present(ByteRange::Point(key))).collect()
        });
        self.keys(sorted)
    }

    /// Records with a key in this range: `1..=3`, `3..`, `..`. Absent keys lie in none.
    #[doc(alias = "read_range")]
    pub fn range(self, range: impl KeyRange<K>) -> Filter<M>
    where
        K: Key,
        S: KeyShape,
    {
        self.keys(range.to_bytes().map(|range| smallvec![Self::present(range)]))
    }

    /// Records whose key begins like this: a text key with the text, a composite key with a tuple of its leading
    /// elements, `(first,)`.
    pub fn prefix(self, prefix: impl KeyPrefix<K>) -> Filter<M>
    where
        K: Key,
        S: KeyShape,
    {
        let mut bytes = Vec::new();
        let written = prefix.write_prefix(&mut bytes);
        self.keys(written.map(|()| smallvec![Self::present(ByteRange::prefix(bytes))]))
    }

    /// Records whose composite key begins with these elements and whose next element lies in the range:
    /// `Post::AUTHOR_DAY.within((author,), 3..9)`.
    pub fn within<P: LeadingKeys<K>>(self, leading: P, range: impl KeyRange<P::Next>) -> Filter<M>
    where
        K: Key,
        S: KeyShape,
    {
        let mut prefix = Vec::new();
        let written = leading.write_prefix(&mut prefix);
        let range =
            written.and_then(|()| if P::IS_LAST { range.to_bytes() } else { range.to_leading_bytes() });
        self.keys(range.map(|range| smallvec![Self::present(range.behind(&prefix))]))
    }

    /// For the derive: the value that a key enum carries.
    #[doc(hidden)]
    pub fn value(self, key: &K) -> Filter<M>
    where
        K: Key,
        S: KeyShape,
    {
        let mut bytes = Vec::new();
        let written = key.encode_tail(&mut bytes);
        self.keys(written.map(|()| smallvec![Self::present(ByteRange::Point(bytes))]))
    }

    /// For the derive: the value that a key enum carries, where it may be absent.
    #[doc(hidden)]
    pub fn value_or_none(self, key: &Option<K>) -> Filter<M>
    where
        K: Key,
        S: Nullable,
    {
        key.as_ref().map_or_else(|| self.is_none(), |key| self.value(key))
    }

    /// Records whose key is absent.
    pub fn is_none(self) -> Filter<M>
    where
        S: Nullable,
    {
        self.keys(Ok(smallvec![ByteRange::prefix(vec![0])]))
    }
}

fn tail<K: Key>(key: &impl AsKey<K>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    key.write_tail(&mut bytes)?;
    Ok(bytes)
}

/// A field of `M` without an index. Its filters read the record, so they stand behind `.scan_all()`.
///
/// They own the value they compare with: pass a `String` where a borrowed `&str` does not live long enough.
pub struct Field<M, T> {
    name: &'static str,
    get: fn(&M) -> &T,
}

impl<M, T> Clone for Field<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T> Copy for Field<M, T> {}

impl<M, T> fmt::Debug for Field<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.name)
    }
}

/// Types of which one value means that there is none.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` is never absent",
    label = "not an `Option<..>` field",
    note = "only an `Option<..>` field can be asked for with `.is_none()`"
)]
pub trait MaybeAbsent {
    /// Whether there is no value.
    fn is_absent(&self) -> bool;
}

impl<T> MaybeAbsent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<M, T> Field<M, T> {
    /// The field of a record.
    pub(super) fn of(self, model: &M) -> &T {
        (self.get)(model)
    }

    /// Recorded name.
    pub(super) fn name(self) -> &'static str {
        self.name
    }
}

impl<M: 'static, T: 'static> Field<M, T> {
    /// For the derive.
    #[doc(hidden)]
    pub const fn new(name: &'static str, get: fn(&M) -> &T) -> Self {
        Field { name, get }
    }

    /// Records whose field equals `value`.
    pub fn eq<Q>(self, value: Q) -> Filter<M, NotIndexed>
    where
        T: PartialEq<Q>,
        Q: Send + Sync + 'static,
    {
        Filter::test_of(self.name, move |model| *(self.get)(model) == value)
    }

    /// Records whose field equals one of `values`.
    pub fn any_of<Q>(self, values: impl IntoIterator<Item = Q>) -> Filter<M, NotIndexed>
    where
        T: PartialEq<Q>,
        Q: Send + Sync + 'static,
    {
        let values: Vec<Q> = values.into_iter().collect();
        Filter::test_of(self.name, move |model| values.iter().any(|value| *(self.get)(model) == *value))
    }

    /// Records whose field lies in `range`.
    pub fn range(self, range: impl RangeBounds<T> + Send + Sync + 'static) -> Filter<M, NotIndexed>
    where
        T: PartialOrd,
    {
        Filter::test_of(self.name, move |model| range.contains((self.get)(model)))
    }

    /// Records whose text begins with `prefix`.
    pub fn prefix(self, prefix: &str) -> Filter<M, NotIndexed>
    where
        T: AsRef<str>,
    {
        let prefix = prefix.to_owned();
        Filter::test_of(self.name, move |model| (self.get)(model).as_ref().starts_with(&prefix))
    }

    /// Records whose field is absent.
    pub fn is_none(self) -> Filter<M, NotIndexed>
    where
        T: MaybeAbsent,
    {
        Filter::test_of(self.name, move |model| (self.get)(model).is_absent())
    }
}
