//! Queries: `txn.query::<Post>().filter(Post::TAGS.eq("rust")).limit(20).collect()`.
//!
//! A query is read lazily. It goes through one table: that of the condition that finds the fewest records, or the
//! main table if no condition is covered. The other conditions are tested on each record.
//!
//! - `plan.rs` chooses the table; `walk.rs` steps through its rows; `rows.rs` makes records and keys of them.
//! - `fetch.rs` gets records in the order of their table; `parallel.rs` visits them with several threads, which share
//!   ranges as `split.rs` divides them.
//! - `change.rs` deletes or changes the records that a filter finds.

mod change;
mod fetch;
mod parallel;
mod plan;
mod residual;
mod rows;
mod split;
mod walk;

use std::fmt;
use std::marker::PhantomData;

pub use rows::{Keys, Rows};

pub use crate::model::{
    Covered, Each, Excluding, Field, Filter, Index, Indexed, Join, KeyShape, Negate, NotIndexed, One,
    Optional,
};

use smallvec::SmallVec;

use self::plan::Plan;
use self::residual::Residual;
use self::walk::{Source, Walk};
use crate::engine::Direction;
use crate::error::Result;
use crate::model::{KeyValue, ModelOf, NetabaseDefinition, NetabaseModel, Terms, Viewed};
use crate::overlay::View;
use crate::transaction::{Context, ReadTransaction, WriteTransaction};

/// Most records that are fetched in the order of their table at a time.
const WINDOW: usize = 4096;

/// The query takes only filters that an index covers.
#[derive(Clone, Copy, Debug)]
pub enum Strict {}

/// The query takes any filter, after [`Query::scan_all`].
#[derive(Clone, Copy, Debug)]
pub enum Scan {}

/// A query that has not run yet. Building one never fails; what is wrong with it shows when it runs.
#[must_use = "a query does nothing until it is run, with `collect`, `iter`, `first`, `keys` or `count`"]
pub struct Query<'r, M, Mode = Strict> {
    source: Result<Source<'r>>,
    terms: Result<Terms<M>>,
    limit: usize,
    way: Direction,
    ordered: bool,
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
    context: &std::sync::Arc<Context<D>>,
) -> Result<Source<'r>> {
    let permit = context.guard.read(M::SCHEMA)?;
    context.tables::<M>()?;
    Ok(Source { view: view?, permit, layout: context.layout.clone(), ordinal: M::ORDINAL })
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
    context: &std::sync::Arc<Context<D>>,
) -> Query<'r, M> {
    Query::new(source::<D, M>(view, context))
}

impl<'r, M: NetabaseModel> Query<'r, M> {
    fn new(source: Result<Source<'r>>) -> Self {
        Query {
            source,
            terms: Ok(Terms::new()),
            limit: usize::MAX,
            way: Direction::Forward,
            ordered: true,
            mode: PhantomData,
        }
    }

    /// Keeps the records for which the filter holds. Several calls must all hold.
    pub fn filter<C: Covered>(self, filter: Filter<M, C>) -> Self {
        self.with(filter)
    }

    /// Allows filters on fields without an index, which read every record that the others leave.
    pub fn scan_all(self) -> Query<'r, M, Scan> {
        let Query { source, terms, limit, way, ordered, .. } = self;
        Query { source, terms, limit, way, ordered, mode: PhantomData }
    }
}

impl<M: NetabaseModel> Query<'_, M, Scan> {
    /// Keeps the records for which the filter holds. Several calls must all hold.
    pub fn filter<C>(self, filter: Filter<M, C>) -> Self {
        self.with(filter)
    }
}

impl<'r, M: NetabaseModel, Mode> Query<'r, M, Mode> {
    fn with<C>(mut self, filter: Filter<M, C>) -> Self {
        match (&mut self.terms, filter.into_terms()) {
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

    /// Ends after `limit` records that pass every filter.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Turns the order round.
    ///
    /// Without a filter records come by primary key. With one filter they come by its key, and records of equal
    /// key by primary key: `.filter(Post::DAY.range(..))` is all posts by day. With several, the one that finds the
    /// fewest records decides.
    pub fn reverse(mut self) -> Self {
        self.way = match self.way {
            Direction::Forward => Direction::Reverse,
            Direction::Reverse => Direction::Forward,
        };
        self
    }

    /// Lets the records come in any order. Those that an index leads to are then fetched in the order in which they
    /// stand in their table, some thousands at a time, which saves most where they do not fit into the cache.
    ///
    /// Changes nothing for the keys and the count, and a limit leaves any records that pass.
    pub fn unordered(mut self) -> Self {
        self.ordered = false;
        self
    }

    fn plan(self) -> Result<(Walk<'r>, Terms<M>, usize)> {
        let (source, terms) = (self.source?, self.terms?);
        let Plan { pieces, once, meet, residual } = Plan::choose(&source, terms)?;
        let mut walk = Walk::new(source, pieces, once, self.way);
        if !meet.is_empty() {
            walk = walk.meeting(meet);
        }
        Ok((walk, residual, self.limit))
    }

    /// The records, read as they are asked for.
    pub fn iter(self) -> Result<Rows<'r, M>> {
        let (walk, residual, limit) = self.plan_rows()?;
        Ok(Rows::new(walk, residual, limit))
    }

    /// The plan of a query whose records are asked for.
    fn plan_rows(self) -> Result<(Walk<'r>, Terms<M>, usize)> {
        let ordered = self.ordered;
        let (walk, residual, limit) = self.plan()?;
        if ordered {
            return Ok((walk, residual, limit));
        }
        // What a limit leaves out need not be fetched.
        let window = if residual.is_empty() { limit.clamp(1, WINDOW) } else { WINDOW };
        Ok((walk.unordered(window), residual, limit))
    }

    /// Visits the records without copying their text and bytes, until `visit` fails. Stands for [`iter`](Self::iter) where
    /// a record is looked at and not kept.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # #[netabase(view)]
    /// # struct Page { #[primary_key] path: String, html: String }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Site { Page(Page) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Site>::in_memory()?;
    /// # store.write(|txn| txn.create(&Page { path: "/".into(), html: "<p>".into() }))?;
    /// let mut length = 0;
    /// store.query::<Page>().for_each_view(|page| {
    ///     length += page.html.len();
    ///     Ok(())
    /// })?;
    /// assert_eq!(length, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_each_view(self, mut visit: impl FnMut(M::View<'_>) -> Result<()>) -> Result<()>
    where
        M: Viewed,
    {
        let (mut walk, residual, limit) = self.plan_rows()?;
        let mut tests = Residual::new(residual);
        let mut left = limit;
        while left > 0 && walk.advance()? {
            let Some(bytes) = walk.record()? else { continue };
            if !tests.is_empty() && !tests.hold(walk.key(), &walk.decode(&bytes)?)? {
                continue;
            }
            left -= 1;
            visit(walk.source().view_of::<M>(&bytes)?)?;
        }
        Ok(())
    }

    /// Visits the records with several threads at once, in any order: the caller's and `threads - 1` more.
    ///
    /// Worth while for many records: what threads share is the walk over the rows; decoding and visiting are each one's
    /// own. The rows are those of one moment, as for every query.
    ///
    /// # Errors
    /// The first error of reading or of `visit` ends it; what others are visiting at that time is visited to its end.
    /// A panic of `visit` goes on in the caller.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU64, Ordering};
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Author { #[primary_key] id: u64, name: String }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// # store.write(|txn| txn.create(&Author { id: 1, name: "Ada".into() }))?;
    /// let letters = AtomicU64::new(0);
    /// store.query::<Author>().par_for_each(2, |author| {
    ///     letters.fetch_add(author.name.len() as u64, Ordering::Relaxed);
    ///     Ok(())
    /// })?;
    /// assert_eq!(letters.into_inner(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn par_for_each(self, threads: usize, visit: impl Fn(M) -> Result<()> + Sync) -> Result<()> {
        let (walk, residual, limit) = self.plan()?;
        parallel::for_each(walk, &residual, limit, threads, &visit)
    }

    /// All records.
    pub fn collect(self) -> Result<Vec<M>> {
        self.iter()?.collect()
    }

    /// The first record.
    pub fn first(self) -> Result<Option<M>> {
        let limit = self.limit.min(1);
        if let (Ok(source), Ok(terms), 1) = (&self.source, &self.terms, limit)
            && let Some((part, key)) = plan::single_key(source, terms)?
        {
            return source.find(part, key);
        }
        self.limit(limit).iter()?.next().transpose()
    }

    /// Whether there is a record. Reads none if one index answers.
    pub fn exists(self) -> Result<bool> {
        let limit = self.limit.min(1);
        Ok(self.limit(limit).keys()?.next().transpose()?.is_some())
    }

    /// The primary keys. Reads no records if one index answers.
    pub fn keys(self) -> Result<Keys<'r, M>> {
        let (walk, residual, limit) = self.plan()?;
        Ok(Keys::new(walk, residual, limit))
    }

    /// How many records there are. Takes the stored count if there is no filter or one for equal keys, counts the
    /// rows of one index if that answers, and reads records only for what is left to test.
    pub fn count(self) -> Result<u64> {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        if let (Ok(source), Ok(terms)) = (&self.source, &self.terms)
            && let Some(stored) = plan::stored_count(source, terms)?
        {
            return Ok(stored.min(limit));
        }
        let (walk, residual, _) = self.plan()?;
        let mut keys = Keys::<M>::new(walk, residual, usize::MAX);
        let mut count = 0;
        while count < limit && keys.advance()? {
            count += 1;
        }
        Ok(count)
    }
}
