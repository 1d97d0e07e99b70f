//! Conditions on records, typed by their model and by whether an index covers them.

use std::fmt;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::NetabaseModel;
use crate::error::Result;
use crate::key::ByteRange;
use crate::schema::Shape;

/// Every field of the filter has an index.
#[derive(Clone, Copy, Debug)]
pub enum Indexed {}

/// Some field of the filter has no index.
#[derive(Clone, Copy, Debug)]
pub enum NotIndexed {}

/// Filters that `.filter(..)` takes without `.scan_all()`.
#[diagnostic::on_unimplemented(
    message = "this filter uses a field that has no index",
    label = "an index is needed here",
    note = "add `#[secondary_key]` to the field (`#[relation]` to a `Link`), or call `.scan_all()` before `.filter(..)` to read every record"
)]
pub trait Covered {}
#[diagnostic::do_not_recommend]
impl Covered for Indexed {}

/// Coverage of `a.and(b)`: an index for both, or not.
pub trait Join<Other> {
    /// The joint coverage.
    type Out;
}
impl Join<Indexed> for Indexed {
    type Out = Indexed;
}
impl Join<NotIndexed> for Indexed {
    type Out = NotIndexed;
}
impl Join<Indexed> for NotIndexed {
    type Out = NotIndexed;
}
impl Join<NotIndexed> for NotIndexed {
    type Out = NotIndexed;
}

/// A condition on the records of `M`, made by a handle: `Post::TAGS.eq("rust")`.
pub struct Filter<M, C = Indexed> {
    /// All must hold. An error waits here for the query to run.
    terms: Result<Terms<M>>,
    coverage: std::marker::PhantomData<fn() -> C>,
}

/// Conditions that must all hold; mostly one.
pub(crate) type Terms<M> = SmallVec<[Term<M>; 1]>;

/// Ranges of one table; mostly one.
pub(crate) type Ranges = SmallVec<[ByteRange; 1]>;

/// One condition.
pub(crate) enum Term<M> {
    /// An entry in one of these ranges. They are sorted and do not overlap.
    Keys(KeyTerm),
    /// Anything else, decided on the record.
    Test(Test<M>),
}

/// A condition that needs the record.
type Test<M> = Arc<dyn Fn(&M) -> bool + Send + Sync>;

/// The ranges one of a model's tables is asked for.
#[derive(Clone, Debug)]
pub(crate) struct KeyTerm {
    pub(crate) part: usize,
    pub(crate) shape: Shape,
    pub(crate) ranges: Ranges,
}

impl<M, C> Filter<M, C> {
    pub(super) fn keys(part: usize, shape: Shape, ranges: Result<Ranges>) -> Self {
        let term = |ranges| smallvec![Term::Keys(KeyTerm { part, shape, ranges })];
        Filter { terms: ranges.map(term), coverage: std::marker::PhantomData }
    }

    pub(super) fn test(test: impl Fn(&M) -> bool + Send + Sync + 'static) -> Self {
        Filter { terms: Ok(smallvec![Term::Test(Arc::new(test))]), coverage: std::marker::PhantomData }
    }

    /// Both conditions hold.
    pub fn and<C2>(self, other: Filter<M, C2>) -> Filter<M, C::Out>
    where
        C: Join<C2>,
    {
        let terms = self.terms.and_then(|mut terms| {
            terms.extend(other.terms?);
            Ok(terms)
        });
        Filter { terms, coverage: std::marker::PhantomData }
    }

    pub(crate) fn into_terms(self) -> Result<Terms<M>> {
        self.terms
    }
}

impl<M> Clone for Term<M> {
    fn clone(&self) -> Self {
        match self {
            Term::Keys(term) => Term::Keys(term.clone()),
            Term::Test(test) => Term::Test(test.clone()),
        }
    }
}

impl<M, C> Clone for Filter<M, C> {
    fn clone(&self) -> Self {
        Filter { terms: self.terms.clone(), coverage: std::marker::PhantomData }
    }
}

impl<M, C> fmt::Debug for Filter<M, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({} terms)", self.terms.as_ref().map_or(0, SmallVec::len))
    }
}

/// The enums that carry a key's value, as `AuthorSecondaryKeys::Email(..)`, lead to the same filters.
pub trait KeyValue<M>: Clone + fmt::Debug + Send + Sync + 'static {
    /// The filter that finds the records with this key.
    fn filter(&self) -> Filter<M>;
}

/// The keys of a model that has none of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoKeys {}

impl<M> KeyValue<M> for NoKeys {
    fn filter(&self) -> Filter<M> {
        match *self {}
    }
}

/// For the derive: the records enrolled in a topic.
pub fn topic<M: NetabaseModel>(name: &str) -> Filter<M> {
    let range = ByteRange::Point(name.as_bytes().to_vec());
    Filter::keys(M::SCHEMA.topics_part(), Shape::Each, Ok(smallvec![range]))
}
