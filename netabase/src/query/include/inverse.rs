//! From a record to those that link to it.

use std::fmt;

use super::{Include, Nested, Plain, With};
use crate::error::Result;
use crate::model::{Index, KeyShape, ModelKey, NetabaseModel, Order};
use crate::permission::Door;
use crate::query::source::Source;
use crate::query::{hop, order};
use crate::table::KeyList;

/// A relation seen from its other end, made by [`Index::inverse`](crate::query::Index::inverse).
pub struct Inverse<C, K, S> {
    pub(in crate::query) handle: Index<C, K, S>,
}

impl<C, K, S> Clone for Inverse<C, K, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, K, S> Copy for Inverse<C, K, S> {}

impl<C, K, S> fmt::Debug for Inverse<C, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inverse({:?})", self.handle)
    }
}

impl<C, K, S> Index<C, K, S> {
    /// The relation from its other end: in a query of authors, `Post::AUTHOR.inverse()` is the posts of each. Where several
    /// relations lead to one model, their handles tell them apart.
    pub fn inverse(self) -> Inverse<C, K, S>
    where
        K: ModelKey,
    {
        Inverse { handle: self }
    }
}

impl<C: NetabaseModel, K, S> Inverse<C, K, S> {
    fn all(self) -> IncludeInverse<C, K, S> {
        IncludeInverse { handle: self.handle, orders: Vec::new(), limit: usize::MAX, nested: Plain }
    }

    /// Includes no more than so many for each record; the first ones by primary key, unless there is an order.
    pub fn limit(self, limit: usize) -> IncludeInverse<C, K, S> {
        self.all().limit(limit)
    }

    /// Orders those of each record, in memory. All of them are read, also if there is a limit.
    pub fn order_by<O>(self, order: Order<C, O>) -> IncludeInverse<C, K, S> {
        self.all().order_by(order)
    }

    /// Lets the records that are included come with more beside them, to any depth.
    pub fn include<I: Include<C>>(self, include: I) -> IncludeInverse<C, K, S, With<I>> {
        self.all().include(include)
    }
}

/// The records that link to others, to be [included](crate::query::Query::include) with a limit, an order, or more beside them.
pub struct IncludeInverse<C, K, S, N = Plain> {
    handle: Index<C, K, S>,
    orders: Vec<Order<C>>,
    limit: usize,
    nested: N,
}

impl<C, K, S, N> fmt::Debug for IncludeInverse<C, K, S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IncludeInverse({:?})", self.handle)
    }
}

impl<C, K, S, N> IncludeInverse<C, K, S, N> {
    /// As [`Inverse::limit`].
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// As [`Inverse::order_by`]. A second call orders those that are equal in the first.
    pub fn order_by<O>(mut self, order: Order<C, O>) -> Self {
        self.orders.push(order.plain());
        self
    }
}

impl<C: NetabaseModel, K, S> IncludeInverse<C, K, S> {
    /// As [`Inverse::include`].
    pub fn include<I: Include<C>>(self, include: I) -> IncludeInverse<C, K, S, With<I>> {
        let IncludeInverse { handle, orders, limit, .. } = self;
        IncludeInverse { handle, orders, limit, nested: With(include) }
    }
}

#[diagnostic::do_not_recommend]
impl<M, C, K, S> Include<M> for Inverse<C, K, S>
where
    M: NetabaseModel<PrimaryKey = K>,
    C: NetabaseModel,
    K: ModelKey<Model = M>,
    S: KeyShape,
{
    type Output = Vec<C>;

    fn load(&self, source: &Source<'_>, records: &[M]) -> Result<Vec<Vec<C>>> {
        self.all().load(source, records)
    }
}

#[diagnostic::do_not_recommend]
impl<M, C, K, S, N> Include<M> for IncludeInverse<C, K, S, N>
where
    M: NetabaseModel<PrimaryKey = K>,
    C: NetabaseModel,
    K: ModelKey<Model = M>,
    S: KeyShape,
    N: Nested<C>,
{
    type Output = Vec<N::Item>;

    fn load(&self, source: &Source<'_>, records: &[M]) -> Result<Vec<Vec<N::Item>>> {
        let from = source.before(Door::LoadInverse, self.handle)?;
        let part = from.part_of(self.handle)?;
        self.orders.iter().try_for_each(|order| from.check_order(order))?;
        let mut keys = KeyList::default();
        records.iter().try_for_each(|record| keys.push_with(|out| record.encode_key(out)))?;
        let is_ordered = !self.orders.is_empty();
        let most = if is_ordered { usize::MAX } else { self.limit };
        let mut hops = hop::rows_of(&from, (part, S::SHAPE), &keys, most)?;
        let found = from.records::<C>(&hops.keys)?.into_iter();
        // A row of an index that leads to no record.
        let mut found =
            found.map(|record| record.ok_or_else(|| from.corrupt(part))).collect::<Result<Vec<C>>>()?;
        if is_ordered {
            let (mut unordered, mut ordered) = (found.into_iter(), Vec::new());
            for count in &mut hops.counts {
                let of_record = order::sort_records(unordered.by_ref().take(*count), &self.orders)?;
                *count = (*count).min(self.limit);
                ordered.extend(of_record.into_iter().take(*count));
            }
            found = ordered;
        }
        let mut items = self.nested.attach(&from, found)?.into_iter();
        Ok(hops.counts.into_iter().map(|count| items.by_ref().take(count).collect()).collect())
    }
}
