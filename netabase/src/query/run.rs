//! The end of a query: how its records, keys and counts are read.

use super::explain::Above;
use super::order::{self, Ordered, Wanted};
use super::plan::{self, Plan};
use super::residual::Residual;
use super::source::Source;
use super::walk::Walk;
use super::{Explain, Keys, Order, Query, Rows, WINDOW, explain, parallel};
use crate::engine::Direction;
use crate::error::Result;
use crate::model::{NetabaseModel, Terms, Viewed};
use crate::permission::Door;

/// How a query is to run.
pub(super) struct Arranged<'r, M> {
    pub(super) source: Source<'r>,
    pub(super) ordered: Ordered<M>,
    pub(super) wanted: Wanted<M>,
    unordered: bool,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

impl<'r, M> Arranged<'r, M> {
    fn above(&self) -> Above {
        let sort = self.ordered.sort.then_some(self.wanted.most.min(self.wanted.sort_limit));
        Above { sort, offset: self.offset, limit: self.limit }
    }

    pub(super) fn plan(self) -> Planned<'r, M> {
        let Arranged { source, ordered, wanted, unordered, offset, limit } = self;
        let Ordered { plan, way, sort } = ordered;
        let (mut walk, residual) = plan.walk(source, way);
        if unordered && wanted.orders.is_empty() {
            // What a limit leaves out need not be fetched.
            walk = walk.unordered(if residual.is_empty() { wanted.most.clamp(1, WINDOW) } else { WINDOW });
        }
        Planned { walk, residual, sort: sort.then_some(wanted), offset, limit }
    }
}

/// What a query does, ready to begin.
pub(super) struct Planned<'r, M> {
    pub(super) walk: Walk<'r>,
    pub(super) residual: Terms<M>,
    /// what to sort by, if the walk is not in order
    pub(super) sort: Option<Wanted<M>>,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

impl<'r, M: NetabaseModel> Planned<'r, M> {
    pub(super) fn into_rows(self) -> Result<Rows<'r, M>> {
        let Planned { walk, residual, sort, offset, limit } = self;
        let tests = Residual::new(residual, walk.source())?;
        Ok(match sort {
            None => Rows::walk(walk, tests, offset, limit),
            Some(wanted) => Rows::sorted(order::sort(walk, tests, &wanted)?, offset, limit),
        })
    }
}

impl<'r, M: NetabaseModel, Mode> Query<'r, M, Mode> {
    /// Chooses what is walked over, and whether it has to be sorted then.
    pub(super) fn arrange(self) -> Result<Arranged<'r, M>> {
        let (source, terms) = (self.source?, self.terms?);
        let (offset, limit) = (self.offset, self.limit);
        let mut orders = self.orders;
        order::simplify(&mut orders);
        if self.reversed {
            orders.iter_mut().for_each(Order::reverse);
        }
        let way = if self.reversed { Direction::Reverse } else { Direction::Forward };
        let wanted =
            Wanted { orders, most: offset.saturating_add(limit), sort_limit: self.sort_limit, after: None };
        let ordered = if wanted.orders.is_empty() {
            Ordered { plan: Plan::choose(&source, terms)?, way, sort: false }
        } else {
            order::arrange(&source, terms, &wanted)?
        };
        Ok(Arranged { source, ordered, wanted, unordered: self.unordered, offset, limit })
    }

    fn arrange_to_explain(self) -> Result<Arranged<'r, M>> {
        let arranged = self.arrange()?;
        if arranged.source.permit.hides_anything() {
            return Err(arranged.source.permit.denied(Door::ExplainQuery, M::NAME));
        }
        Ok(arranged)
    }

    fn plan(self) -> Result<Planned<'r, M>> {
        self.arrange().map(Arranged::plan)
    }

    /// What the query would do, without doing it. Looks at stored counts, and counts short ranges.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Job { #[primary_key] id: u64, #[secondary_key] kind: u8, #[secondary_key] day: u32 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Work { Job(Job) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Work>::in_memory()?;
    /// # store.write(|txn| (0..10).try_for_each(|id| txn.create(&Job { id, kind: 1, day: 3 })))?;
    /// let plan = store.query().filter(Job::KIND.eq(1).and(Job::DAY.range(..9))).limit(5).explain()?;
    /// assert_eq!(
    ///     plan.to_string(),
    ///     "limit 5\n  test of 1 condition\n    index kind, one key: 10 rows expected"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `PermissionDenied` where a policy hides records or fields from whoever asks, as the counts are of all of them.
    pub fn explain(self) -> Result<Explain> {
        let arranged = self.arrange_to_explain()?;
        explain::tell(&arranged.source, &arranged.ordered.plan, &arranged.above())
    }

    /// As [`explain`](Self::explain), and runs the query to tell how many rows each step gave. Sorts nothing, and keeps nothing.
    pub fn explain_run(self) -> Result<Explain> {
        let arranged = self.arrange_to_explain()?;
        let above = arranged.above();
        let Arranged { source, ordered: Ordered { plan, way, .. }, .. } = arranged;
        let mut told = explain::tell(&source, &plan, &above)?;
        let walk = Walk::new(source, plan.pieces.clone(), plan.repeats, way).meeting(plan.meet.clone());
        explain::run(&mut told, plan, walk, &above)?;
        Ok(told)
    }

    /// The records, read as they are asked for. If they have to be sorted, that is done here.
    pub fn iter(self) -> Result<Rows<'r, M>> {
        self.plan()?.into_rows()
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
        let Planned { mut walk, residual, sort, offset, limit } = self.plan()?;
        let mut residual = Residual::new(residual, walk.source())?;
        if let Some(wanted) = sort {
            let source = walk.source().clone();
            for (key, _) in order::sort(walk, residual, &wanted)?.iter().skip(offset).take(limit) {
                let Some(bytes) = source.record(key)? else { continue };
                source.view::<M>(&bytes, &mut visit)?;
            }
            return Ok(());
        }
        let (mut skip, mut left) = (offset, limit);
        while left > 0 && walk.advance()? {
            let Some(bytes) = walk.record()? else { continue };
            if !residual.is_empty() && !residual.hold(walk.key(), &walk.decode(&bytes)?)? {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            left -= 1;
            walk.source().view::<M>(&bytes, &mut visit)?;
        }
        Ok(())
    }

    /// All records.
    pub fn collect(self) -> Result<Vec<M>> {
        self.iter()?.collect()
    }

    /// The first record.
    pub fn first(self) -> Result<Option<M>> {
        let limit = self.limit.min(1);
        if let (Ok(source), Ok(terms), 1, 0) = (&self.source, &self.terms, limit, self.offset)
            && let Some((part, key)) = plan::single_key(source, terms)?
        {
            return source.find(part, key);
        }
        self.limit(limit).iter()?.next().transpose()
    }

    /// Whether there is a record. Reads none if one index answers.
    pub fn exists(self) -> Result<bool> {
        let limit = self.limit.min(1);
        let unordered = Query { orders: Vec::new(), ..self };
        Ok(unordered.limit(limit).keys()?.next().transpose()?.is_some())
    }

    /// The primary keys. Reads no records if indexes answer.
    pub fn keys(self) -> Result<Keys<'r, M>> {
        let Planned { walk, residual, sort, offset, limit } = Query { unordered: false, ..self }.plan()?;
        let tests = Residual::new(residual, walk.source())?;
        Ok(match sort {
            None => Keys::walk(walk, tests, offset, limit),
            Some(wanted) => Keys::sorted(order::sort(walk, tests, &wanted)?, offset, limit),
        })
    }

    /// How many records there are. Takes the stored count if there is no filter or one for equal keys, counts the
    /// rows of indexes if they answer, and reads records only for what is left to test.
    pub fn count(self) -> Result<u64> {
        let number = |records| u64::try_from(records).unwrap_or(u64::MAX);
        if let (Ok(source), Ok(terms)) = (&self.source, &self.terms)
            && let Some(stored) = plan::stored_count(source, terms)?
        {
            return Ok(stored.saturating_sub(number(self.offset)).min(number(self.limit)));
        }
        Query { orders: Vec::new(), ..self }.keys()?.count()
    }
}

impl<M: NetabaseModel, Mode> Query<'static, M, Mode> {
    /// Visits the records with several threads at once, in any order: the caller's and `threads - 1` more.
    ///
    /// For queries of a snapshot, that is of a store or a read transaction. No threads are one, the caller's.
    ///
    /// # Errors
    /// An error of reading or of `visit` ends it, when the visits that others are at have ended. Of several errors one is
    /// returned. A panic of `visit` goes on in the caller.
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
        let unordered = Query { orders: Vec::new(), ..self };
        let Planned { walk, residual, offset, limit, .. } = unordered.plan()?;
        parallel::for_each(walk, &residual, (offset, limit), threads, &visit)
    }
}
