//! Along the links of a record.

use std::fmt;
use std::marker::PhantomData;

use super::{Include, Nested, Plain, With};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Each, Index, KeyShape, ModelKey, NetabaseModel, One, Optional, spell};
use crate::permission::Door;
use crate::query::hop;
use crate::query::source::Source;

/// Links that lead to nothing are left out.
#[derive(Clone, Copy, Debug)]
pub enum Lenient {}

/// Links that lead to nothing are an error.
#[derive(Clone, Copy, Debug)]
pub enum Required {}

/// What a field's links lead to, as a type: `T`, `Option<T>` or `Vec<T>`.
pub trait Gather<Policy>: KeyShape {
    /// What comes beside the record.
    type Found<T>;
    /// Whether a link that leads to nothing is an error.
    #[doc(hidden)]
    const IS_STRICT: bool;
    /// Takes the records that were found; `None` if there has to be one and is none.
    #[doc(hidden)]
    fn gather<T>(found: impl Iterator<Item = T>) -> Option<Self::Found<T>>;
}

macro_rules! gather {
    ($($shape:ident $policy:ident $strict:literal => $out:ty, $found:ident $gather:expr;)*) => { $(
        impl Gather<$policy> for $shape {
            type Found<T> = $out;
            const IS_STRICT: bool = $strict;
            fn gather<T>(mut $found: impl Iterator<Item = T>) -> Option<$out> {
                $gather
            }
        }
    )* };
}
gather!(
    One Lenient false => Option<T>, found Some(found.next());
    Optional Lenient false => Option<T>, found Some(found.next());
    Each Lenient false => Vec<T>, found Some(found.by_ref().collect());
    One Required true => T, found found.next();
    Optional Required true => Option<T>, found Some(found.next());
    Each Required true => Vec<T>, found Some(found.by_ref().collect());
);

/// The records that links lead to, to be [included](crate::query::Query::include): made by a handle's `required` and `include`.
pub struct IncludeLinks<M, K, S, N = Plain, P = Lenient> {
    handle: Index<M, K, S>,
    nested: N,
    policy: PhantomData<fn() -> P>,
}

impl<M, K, S, N, P> fmt::Debug for IncludeLinks<M, K, S, N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IncludeLinks({:?})", self.handle)
    }
}

/// The bounds stand on the methods, so that the compiler's message is about the key.
impl<M, K, S> Index<M, K, S> {
    /// Makes links that lead to nothing an error, in an [`include`](crate::query::Query::include): `T` stands for `Option<T>` then.
    ///
    /// # Errors
    /// When the query runs: `DanglingReference`, with the key of the first one that is missing.
    pub fn required(self) -> IncludeLinks<M, K, S, Plain, Required>
    where
        K: ModelKey,
    {
        IncludeLinks { handle: self, nested: Plain, policy: PhantomData }
    }

    /// Lets the records that are included come with more beside them, to any depth.
    pub fn include<I: Include<K::Model>>(self, include: I) -> IncludeLinks<M, K, S, With<I>>
    where
        K: ModelKey,
    {
        IncludeLinks { handle: self, nested: With(include), policy: PhantomData }
    }
}

impl<M, K: ModelKey, S, P> IncludeLinks<M, K, S, Plain, P> {
    /// As [`Index::include`](crate::query::Index::include).
    pub fn include<I: Include<K::Model>>(self, include: I) -> IncludeLinks<M, K, S, With<I>, P> {
        IncludeLinks { handle: self.handle, nested: With(include), policy: PhantomData }
    }
}

impl<M, K, S, N> IncludeLinks<M, K, S, N> {
    /// As [`Index::required`](crate::query::Index::required).
    pub fn required(self) -> IncludeLinks<M, K, S, N, Required> {
        IncludeLinks { handle: self.handle, nested: self.nested, policy: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<M: NetabaseModel, K: ModelKey, S: Gather<Lenient>> Include<M> for Index<M, K, S> {
    type Output = S::Found<K::Model>;

    fn load(&self, source: &Source<'_>, records: &[M]) -> Result<Vec<Self::Output>> {
        load::<M, K, S, Plain, Lenient>(*self, &Plain, source, records)
    }
}

#[diagnostic::do_not_recommend]
impl<M: NetabaseModel, K: ModelKey, S: Gather<P>, N: Nested<K::Model>, P> Include<M>
    for IncludeLinks<M, K, S, N, P>
{
    type Output = S::Found<N::Item>;

    fn load(&self, source: &Source<'_>, records: &[M]) -> Result<Vec<Self::Output>> {
        load::<M, K, S, N, P>(self.handle, &self.nested, source, records)
    }
}

fn load<M: NetabaseModel, K: ModelKey, S: Gather<P>, N: Nested<K::Model>, P>(
    handle: Index<M, K, S>,
    nested: &N,
    source: &Source<'_>,
    records: &[M],
) -> Result<Vec<S::Found<N::Item>>> {
    let part = source.part_of(handle)?;
    let to = source.behind::<K::Model>(Door::LoadLinks, part)?;
    let hops = hop::keys_of(source, (part, S::SHAPE), records.iter().map(Some))?;
    let found = to.records::<K::Model>(&hops.keys)?;
    let is_there: Vec<bool> = found.iter().map(Option::is_some).collect();
    if let Some(missing) = is_there.iter().position(|is_there| !is_there).filter(|_| S::IS_STRICT) {
        let key = spell::<K::Model>(hops.keys.get(missing));
        return Err(Error::new(ErrorKind::DanglingReference { model: K::Model::NAME, key }));
    }
    let mut items = nested.attach(&to, found.into_iter().flatten().collect())?.into_iter();
    let mut is_there = is_there.into_iter();
    let gathered = hops.counts.into_iter().map(|count| {
        let of_record = is_there.by_ref().take(count).filter(|is_there| *is_there).count();
        // A record that is not in an index with `when` has no key at all.
        let missing = || ErrorKind::DanglingReference { model: K::Model::NAME, key: "(no key)".into() };
        S::gather(items.by_ref().take(of_record)).ok_or_else(|| Error::new(missing()))
    });
    gathered.collect()
}
