//! Conditions on records, typed by their model and by whether an index covers them.

use std::fmt;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::NetabaseModel;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ByteRange;
use crate::schema::Shape;

/// An index leads to the records of the filter.
#[derive(Clone, Copy, Debug)]
pub enum Indexed {}

/// Every field of the filter has an index, but none leads to its records, as none leads to those that lack a key.
#[derive(Clone, Copy, Debug)]
pub enum Excluding {}

/// Some field of the filter has no index.
#[derive(Clone, Copy, Debug)]
pub enum NotIndexed {}

/// Filters that `.filter(..)` takes without `.scan_all()`.
#[diagnostic::on_unimplemented(
    message = "no index leads to the records of this filter",
    label = "an index is needed here",
    note = "add `#[secondary_key]` to the field (`#[relation]` to a `Link`), or call `.scan_all()` before `.filter(..)` to read every record",
    note = "`.not()` and `.or(..)` need another condition beside them that an index answers: `a.and(b.not())`"
)]
pub trait Covered {}
#[diagnostic::do_not_recommend]
impl Covered for Indexed {}

/// Coverage of `a.and(b)` and `a.or(b)`.
pub trait Join<Other> {
    /// when both hold
    type And;
    /// when either holds
    type Or;
}

macro_rules! join {
    ($($one:ident $other:ident => $and:ident $or:ident),* $(,)?) => { $(
        impl Join<$other> for $one {
            type And = $and;
            type Or = $or;
        }
    )* };
}
join!(
    Indexed Indexed => Indexed Indexed,
    Indexed Excluding => Indexed Excluding,
    Excluding Indexed => Indexed Excluding,
    Excluding Excluding => Excluding Excluding,
    Indexed NotIndexed => NotIndexed NotIndexed,
    NotIndexed Indexed => NotIndexed NotIndexed,
    Excluding NotIndexed => NotIndexed NotIndexed,
    NotIndexed Excluding => NotIndexed NotIndexed,
    NotIndexed NotIndexed => NotIndexed NotIndexed,
);

/// Coverage of `a.not()`.
pub trait Negate {
    /// what is left of it
    type Not;
}
impl Negate for Indexed {
    type Not = Excluding;
}
impl Negate for Excluding {
    type Not = Excluding;
}
impl Negate for NotIndexed {
    type Not = NotIndexed;
}

/// A condition on the records of `M`, made by a handle: `Post::TAGS.eq("rust")`.
pub struct Filter<M, C = Indexed> {
    /// All must hold. An error waits here for the query to run.
    terms: Result<Terms<M>>,
    /// how deep `or` and `not` stand in each other
    depth: usize,
    coverage: std::marker::PhantomData<fn() -> C>,
}

/// How deep `or` and `not` may stand in each other. Each level is a call when a record is tested.
const DEEPEST: usize = 128;

/// Conditions that must all hold; mostly one.
pub(crate) type Terms<M> = SmallVec<[Term<M>; 1]>;

/// Ranges of one table; mostly one.
pub(crate) type Ranges = SmallVec<[ByteRange; 1]>;

/// One condition.
pub(crate) enum Term<M> {
    /// An entry in one of these ranges. They are sorted and do not overlap.
    Keys(KeyTerm),
    /// Anything else, decided on the record; with the field that it looks at, if that is known.
    Test(Option<&'static str>, Test<M>),
    /// One of these holds.
    Any(Vec<Terms<M>>),
    /// These do not all hold.
    Not(Vec<Term<M>>),
}

/// A condition that needs the record.
type Test<M> = Arc<dyn Fn(&M) -> bool + Send + Sync>;

/// The ranges one of a model's tables is asked for.
#[derive(Clone, Debug)]
pub(crate) struct KeyTerm {
    pub(crate) part: usize,
    /// an index that was registered, before its number is known
    pub(crate) custom: Option<&'static str>,
    pub(crate) shape: Shape,
    pub(crate) ranges: Ranges,
}

impl<M, C> Filter<M, C> {
    fn new(terms: Result<Terms<M>>, depth: usize) -> Self {
        let terms = if depth > DEEPEST {
            Err(Error::new(ErrorKind::FilterTooDeep { limit: DEEPEST }))
        } else {
            terms
        };
        Filter { terms, depth, coverage: std::marker::PhantomData }
    }

    pub(super) fn keys(
        (part, custom): (usize, Option<&'static str>),
        shape: Shape,
        ranges: Result<Ranges>,
    ) -> Self {
        let term = |ranges| smallvec![Term::Keys(KeyTerm { part, custom, shape, ranges })];
        Self::new(ranges.map(term), 0)
    }

    pub(crate) fn test(test: impl Fn(&M) -> bool + Send + Sync + 'static) -> Self {
        Self::new(Ok(smallvec![Term::Test(None, Arc::new(test))]), 0)
    }

    pub(super) fn test_of(field: &'static str, test: impl Fn(&M) -> bool + Send + Sync + 'static) -> Self {
        Self::new(Ok(smallvec![Term::Test(Some(field), Arc::new(test))]), 0)
    }

    /// Both conditions hold.
    #[doc(alias = "&&")]
    pub fn and<C2>(self, other: Filter<M, C2>) -> Filter<M, C::And>
    where
        C: Join<C2>,
    {
        let terms = self.terms.and_then(|mut terms| {
            terms.extend(other.terms?);
            Ok(terms)
        });
        Filter::new(terms, self.depth.max(other.depth))
    }

    /// One of the conditions holds, or both. If an index leads to each, a query goes through both; every record comes once.
    /// Equal keys and primary keys, up to 16 of them, are walked over side by side; else it remembers the primary keys it has given.
    #[doc(alias = "||")]
    pub fn or<C2>(self, other: Filter<M, C2>) -> Filter<M, C::Or>
    where
        C: Join<C2>,
    {
        // `a.or(b).or(c)` is one level.
        let depth = |depth, terms: &Result<Terms<M>>| {
            let is_either = matches!(terms.as_deref(), Ok([Term::Any(_)]));
            if is_either { depth } else { depth + 1 }
        };
        let depth = depth(self.depth, &self.terms).max(depth(other.depth, &other.terms));
        let terms = self.terms.and_then(|terms| {
            let mut either = alternatives(terms);
            either.extend(alternatives(other.terms?));
            Ok(smallvec![Term::Any(either)])
        });
        Filter::new(terms, depth)
    }

    /// The condition does not hold. No index leads to these records, so it stands beside another condition, or behind
    /// `.scan_all()`.
    #[doc(alias = "!")]
    #[allow(clippy::should_implement_trait, reason = "it changes the type as `and` does")]
    pub fn not(self) -> Filter<M, C::Not>
    where
        C: Negate,
    {
        let terms = self.terms.map(|terms| smallvec![Term::Not(terms.into_vec())]);
        Filter::new(terms, self.depth + 1)
    }

    pub(crate) fn into_terms(self) -> Result<Terms<M>> {
        self.terms
    }
}

/// `a or b` as it is, anything else as the only one.
fn alternatives<M>(mut terms: Terms<M>) -> Vec<Terms<M>> {
    match terms.pop() {
        Some(Term::Any(either)) if terms.is_empty() => either,
        last => {
            terms.extend(last);
            vec![terms]
        }
    }
}

impl<M> Clone for Term<M> {
    fn clone(&self) -> Self {
        match self {
            Term::Keys(term) => Term::Keys(term.clone()),
            Term::Test(field, test) => Term::Test(*field, test.clone()),
            Term::Any(either) => Term::Any(either.clone()),
            Term::Not(terms) => Term::Not(terms.clone()),
        }
    }
}

impl<M, C> Clone for Filter<M, C> {
    fn clone(&self) -> Self {
        Filter::new(self.terms.clone(), self.depth)
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
    Filter::keys((M::SCHEMA.topics_part(), None), Shape::Each, Ok(smallvec![range]))
}
