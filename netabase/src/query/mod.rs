//! Queries: `txn.query::<Post>().filter(Post::TAGS.eq("rust")).limit(20).collect()`.
//!
//! A query is read lazily. It goes through the table of the condition that finds the fewest records, or through several that
//! the sides of an `or` need, or the main table if no index leads. The other conditions are tested on each record.
//!
//! - `run.rs` ends a query; `source.rs` is where it reads; `plan.rs` chooses the tables, `walk.rs` steps through their rows,
//!   `union.rs` through those of several tables side by side, `rows.rs` makes records and keys of them.
//! - `select.rs` gives fields, sums and extremes, from an index alone where one has them; `group.rs` counts by a key, `totals.rs`
//!   gives sums and extremes by one.
//! - `page.rs` gives pages, `token.rs` says where they begin.
//! - `registered.rs` gives the rows of an index that is kept elsewhere.
//! - `explain.rs` tells what a query does.
//! - `conditions.rs` tests records that come from elsewhere.
//! - `residual.rs` tests what is left; `order.rs` finds the order or sorts.
//! - `fetch.rs` gets records in the order of their table; `parallel.rs` visits them with several threads, which share
//!   ranges as `split.rs` divides them.
//! - `change.rs` deletes or changes the records that a filter finds.
//! - `hop.rs` goes from many records along a relation; `include/` reads what is at the other end, `graph/` goes on from there.

mod change;
mod conditions;
mod explain;
mod fetch;
mod graph;
mod group;
mod hop;
mod include;
mod order;
mod page;
mod parallel;
mod plan;
mod registered;
mod residual;
mod rows;
mod run;
mod select;
mod skip;
mod source;
mod split;
mod token;
mod totals;
mod union;
mod walk;

use std::fmt;
use std::marker::PhantomData;

pub(crate) use conditions::Conditions;
pub use explain::{Asked, Explain, Step};
pub(crate) use graph::over as walk_over;
pub use graph::{Chain, Edges, Hop, Traversal, Visited, VisitedKeys};
// What the types of includes are made of.
#[doc(hidden)]
pub use include::{Gather, Lenient, Nested, Plain, Required, With};
pub use include::{Include, IncludeInverse, IncludeLinks, Included, Inverse};
pub use page::Page;
pub use registered::IndexRow;
pub use rows::{Keys, Rows};
pub use select::Selected;
pub use token::PageToken;

pub use crate::model::{
    Amount, Covered, Each, Excluding, Field, Filter, Index, Indexed, Join, KeyShape, ModelKey, Negate,
    NotIndexed, One, OneKey, Optional, Order, Select, Summed,
};

use smallvec::SmallVec;

use self::source::Source;
use crate::error::Result;
use crate::model::{KeyValue, ModelOf, NetabaseDefinition, NetabaseModel, Terms};
use crate::observe::{Kind, Observed};
use crate::overlay::View;
use crate::permission::Door;
use crate::transaction::{Context, ReadTransaction, WriteTransaction};

/// Records that may be sorted in memory, unless a query says otherwise.
const SORT_LIMIT: usize = 100_000;

/// Most records that are fetched in the order of their table at a time.
const WINDOW: usize = 4096;

/// The query takes only filters that an index covers.
#[derive(Clone, Copy, Debug)]
pub enum Strict {}

/// The query takes any filter, after [`Query::scan_all`].
#[derive(Clone, Copy, Debug)]
pub enum Scan {}

/// A query that has not run yet. Building one never fails; what is wrong with it shows when it runs.
#[must_use = "a query does nothing until it is run, with `collect`, `iter`, `keys`, `count` or one of their like"]
pub struct Query<'r, M, Mode = Strict> {
    source: Result<Source<'r>>,
    terms: Result<Terms<M>>,
    offset: usize,
    limit: usize,
    orders: Vec<Order<M>>,
    sort_limit: usize,
    reversed: bool,
    unordered: bool,
    mode: PhantomData<fn() -> Mode>,
}

impl<M: NetabaseModel, Mode> fmt::Debug for Query<'_, M, Mode> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms = self.terms.as_ref().map_or(0, SmallVec::len);
        write!(f, "Query<{}>({terms} conditions)", M::NAME)
    }
}

fn source<'r, D: NetabaseDefinition, M: ModelOf<D>>(
    view: Result<View<'r>>,
    context: &Context<D>,
) -> Result<Source<'r>> {
    let permit = context.read::<M>(Door::RunQuery)?;
    context.tables::<M>()?;
    let (guard, layout) = (context.guard.clone(), context.layout.clone());
    let ordinal = context.ordinal::<M>();
    let observed = Observed::begin(Kind::Query, M::NAME);
    Ok(Source { view: view?, guard, permit, layout, ordinal, home: ordinal, observed })
}

impl<D: NetabaseDefinition> ReadTransaction<D> {
    /// Begins a query. What comes out keeps the snapshot alive by itself, so it may be returned or sent away.
    #[doc(alias = "read_by_secondary")]
    #[doc(alias = "read_related")]
    #[doc(alias = "read_if")]
    pub fn query<M: ModelOf<D>>(&self) -> Query<'static, M> {
        over(Ok(self.view.clone()), &self.context)
    }
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Begins a query that sees this transaction's own writes. While its rows are read, nothing can be written.
    pub fn query<M: ModelOf<D>>(&self) -> Query<'_, M> {
        over(self.as_view(), &self.context)
    }
}

/// A query over a view that may not be there, which shows when it runs.
pub(crate) fn over<'r, D: NetabaseDefinition, M: ModelOf<D>>(
    view: Result<View<'r>>,
    context: &Context<D>,
) -> Query<'r, M> {
    Query::new(source::<D, M>(view, context))
}

impl<'r, M: NetabaseModel> Query<'r, M> {
    fn new(mut source: Result<Source<'r>>) -> Self {
        // What a policy allows to be seen is a condition as any other, for which an index may be there.
        let terms = source.as_mut().map_or(Ok(Terms::new()), |source| source.permit.narrow::<M>());
        Query {
            source,
            terms,
            offset: 0,
            limit: usize::MAX,
            orders: Vec::new(),
            sort_limit: SORT_LIMIT,
            reversed: false,
            unordered: false,
            mode: PhantomData,
        }
    }

    /// Keeps the records for which the filter holds. Several calls must all hold.
    pub fn filter<C: Covered>(self, filter: Filter<M, C>) -> Self {
        self.with(filter)
    }

    /// Orders the records by a key. A second call orders those that are equal in the first; what is equal in all comes by
    /// primary key, in the direction of the first.
    ///
    /// Where an index has that order it is walked over; so are up to 16 equal keys, side by side, for the order of the primary
    /// key. Else the records are sorted in memory, of which no more are kept than the limit asks for, and never more than
    /// [`sort_limit`](Query::sort_limit). Two orders are a sort, unless the first leaves nothing to the second: an index over both
    /// fields is one order.
    pub fn order_by<C: Covered>(self, order: Order<M, C>) -> Self {
        self.ordered(order)
    }

    /// Allows filters and orders on fields without an index, which read every record that the others leave.
    pub fn scan_all(self) -> Query<'r, M, Scan> {
        let Query { source, terms, offset, limit, orders, sort_limit, reversed, unordered, .. } = self;
        Query { source, terms, offset, limit, orders, sort_limit, reversed, unordered, mode: PhantomData }
    }
}

impl<M: NetabaseModel> Query<'_, M, Scan> {
    /// Keeps the records for which the filter holds. Several calls must all hold.
    pub fn filter<C>(self, filter: Filter<M, C>) -> Self {
        self.with(filter)
    }
}

impl<M: NetabaseModel> Query<'_, M, Scan> {
    /// Keeps the records for which the closure returns `true`.
    #[doc(alias = "read_if")]
    pub fn matching(self, test: impl Fn(&M) -> bool + Send + Sync + 'static) -> Self {
        self.with(Filter::<M, NotIndexed>::test(test))
    }

    /// Orders the records by a key or by a field, see [`order_by`](Query::order_by).
    pub fn order_by<C>(self, order: Order<M, C>) -> Self {
        self.ordered(order)
    }
}

impl<M: NetabaseModel, Mode> Query<'_, M, Mode> {
    fn ordered<C>(mut self, order: Order<M, C>) -> Self {
        let order = order.plain();
        if let (Ok(source), Ok(_)) = (&self.source, &self.terms)
            && let Err(error) = source.check_order(&order)
        {
            self.terms = Err(error);
        }
        self.orders.push(order);
        self
    }

    fn with<C>(mut self, filter: Filter<M, C>) -> Self {
        let terms = filter.into_terms().and_then(|mut terms| {
            if let Ok(source) = &self.source {
                source::resolve(&mut terms, source.tables()?)?;
                source.check_terms(&terms)?;
            }
            Ok(terms)
        });
        match (&mut self.terms, terms) {
            (Ok(terms), Ok(more)) if terms.is_empty() => *terms = more,
            (Ok(terms), Ok(more)) => terms.extend(more),
            (Ok(_), Err(error)) => self.terms = Err(error),
            (Err(_), _) => {}
        }
        self
    }

    /// Keeps the records with this secondary key: `AuthorSecondaryKeys::Email("a@b".into())`.
    pub fn where_secondary(self, key: M::SecondaryKeys) -> Self {
        self.with(key.filter())
    }

    /// Keeps the records that link to this key: `PostRelationalKeys::Author(1.into())`.
    pub fn where_related(self, key: M::RelationalKeys) -> Self {
        self.with(key.filter())
    }

    /// Keeps the records enrolled in this topic: `PostSubscriptionKeys::Feed`.
    pub fn where_subscribed(self, topic: M::SubscriptionKeys) -> Self {
        self.with(topic.filter())
    }

    /// Keeps the records of a topic, if the model has it.
    pub(crate) fn enrolled(self, topic: Filter<M>, has_it: bool) -> Self {
        if has_it { self.with(topic) } else { self.limit(0) }
    }

    /// Ends after `limit` records that pass every filter.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Leaves out the first `offset` records. They are walked over, so a search that goes on where another one ended asks for
    /// the next [`page`](Query::page).
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// How many records may be kept in memory to be sorted, 100 000 unless set.
    pub fn sort_limit(mut self, records: usize) -> Self {
        self.sort_limit = records;
        self
    }

    /// Turns the order round.
    ///
    /// Without a filter and an order, records come by primary key. With one filter they come by its key, and records of
    /// equal key by primary key: `.filter(Post::DAY.range(..))` is all posts by day. Several keys of a field of many come by primary
    /// key, or in no order if they are more than 16; a range of them by the first key that lies in it, or the last one on the way
    /// back. With several filters, the one that finds the fewest records decides, and with `or` the plan does, so say
    /// `order_by` where the order matters.
    pub fn reverse(mut self) -> Self {
        self.reversed = !self.reversed;
        self
    }

    /// Lets the records come in any order. Those that an index leads to are then fetched in the order in which they
    /// stand in their table, some thousands at a time, which saves most where they do not fit into the cache.
    ///
    /// Changes nothing for the keys and the count, and a limit leaves any records that pass.
    pub fn unordered(mut self) -> Self {
        self.unordered = true;
        self
    }
}
