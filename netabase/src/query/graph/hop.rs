//! One step along a relation, or along several behind each other.

use crate::error::Result;
use crate::model::{Index, KeyShape, ModelKey, NetabaseModel};
use crate::permission::Door;
use crate::query::Inverse;
use crate::query::hop::{Hops, keys_of, rows_of};
use crate::query::source::Source;
use crate::table::KeyList;

/// Records that a step goes out from.
#[doc(hidden)]
#[derive(Debug)]
pub struct Level<'l, M> {
    pub(super) keys: &'l KeyList,
    /// the records, if they have been read
    pub(super) records: Option<&'l [Option<M>]>,
}

/// A step from the records of one model to those of another: a relation, its inverse, or several of them in a [`Chain`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` leads from no record to another",
    label = "not a relation",
    note = "take the handle of a `#[relation]`, its `.inverse()`, or one behind the other with `.then(..)`"
)]
pub trait Hop {
    /// Where the step begins.
    type From: NetabaseModel;
    /// Where it ends.
    type To: NetabaseModel;
    /// Goes from all records of a level at once. `source`: where those are.
    #[doc(hidden)]
    fn go(&self, source: &Source<'_>, from: &Level<'_, Self::From>) -> Result<Hops>;
    /// Where the records at its end are.
    #[doc(hidden)]
    fn end<'r>(&self, source: &Source<'r>) -> Result<Source<'r>>;
    /// Whether it reads the records it goes out from.
    #[doc(hidden)]
    const READS_RECORDS: bool;
}

/// Steps from the records of `M` to records of `M`, which a graph is made of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not lead from a model to itself",
    label = "cannot be walked again and again",
    note = "take a relation of a model to itself, its `.inverse()`, or a way back to the model with `.then(..)`, as \
            `Edge::FROM.inverse().then(Edge::TO)`"
)]
pub trait Edges<M: NetabaseModel>: Hop<From = M, To = M> {}

#[diagnostic::do_not_recommend]
impl<M: NetabaseModel, H: Hop<From = M, To = M>> Edges<M> for H {}

#[diagnostic::do_not_recommend]
impl<M: NetabaseModel, K: ModelKey, S: KeyShape> Hop for Index<M, K, S> {
    type From = M;
    type To = K::Model;
    const READS_RECORDS: bool = true;

    fn go(&self, source: &Source<'_>, from: &Level<'_, M>) -> Result<Hops> {
        let part = source.part_of(*self)?;
        let read;
        let records = match from.records {
            Some(records) => records,
            None => {
                read = source.records::<M>(from.keys)?;
                &read
            }
        };
        keys_of(source, (part, S::SHAPE), records.iter().map(Option::as_ref))
    }

    fn end<'r>(&self, source: &Source<'r>) -> Result<Source<'r>> {
        source.behind::<K::Model>(Door::Walk, source.part_of(*self)?)
    }
}

#[diagnostic::do_not_recommend]
impl<C: NetabaseModel, K: ModelKey, S: KeyShape> Hop for Inverse<C, K, S> {
    type From = K::Model;
    type To = C;
    const READS_RECORDS: bool = false;

    fn go(&self, source: &Source<'_>, from: &Level<'_, K::Model>) -> Result<Hops> {
        let source = self.end(source)?;
        let part = source.part_of(self.handle)?;
        rows_of(&source, (part, S::SHAPE), from.keys, usize::MAX)
    }

    fn end<'r>(&self, source: &Source<'r>) -> Result<Source<'r>> {
        source.before(Door::Walk, self.handle)
    }
}

/// Two steps behind each other, made by `then`.
#[derive(Clone, Copy, Debug)]
pub struct Chain<A, B> {
    first: A,
    second: B,
}

impl<A: Hop, B: Hop<From = A::To>> Hop for Chain<A, B> {
    type From = A::From;
    type To = B::To;
    const READS_RECORDS: bool = A::READS_RECORDS;

    fn go(&self, source: &Source<'_>, from: &Level<'_, A::From>) -> Result<Hops> {
        let between = self.first.go(source, from)?;
        let middle = self.first.end(source)?;
        let further = self.second.go(&middle, &Level { keys: &between.keys, records: None })?;
        Ok(between.then(further))
    }

    fn end<'r>(&self, source: &Source<'r>) -> Result<Source<'r>> {
        self.second.end(&self.first.end(source)?)
    }
}

impl<M, K, S> Index<M, K, S> {
    /// This step and then another one, for a [walk](crate::ReadTransaction::walk).
    pub fn then<B: Hop<From = K::Model>>(self, next: B) -> Chain<Self, B>
    where
        K: ModelKey,
    {
        Chain { first: self, second: next }
    }
}

impl<C: NetabaseModel, K, S> Inverse<C, K, S> {
    /// This step and then another one, for a [walk](crate::ReadTransaction::walk): `Edge::FROM.inverse().then(Edge::TO)`.
    pub fn then<B: Hop<From = C>>(self, next: B) -> Chain<Self, B> {
        Chain { first: self, second: next }
    }
}

impl<A, B: Hop> Chain<A, B> {
    /// These steps and then another one.
    pub fn then<C: Hop<From = B::To>>(self, next: C) -> Chain<Self, C> {
        Chain { first: self, second: next }
    }
}
