//! Breadth first, level by level; no recursion, however long the way.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::vec;

use super::hop::{Edges, Level};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key};
use crate::model::{ModelOf, NetabaseDefinition, NetabaseModel};
use crate::overlay::View;
use crate::query::source::Source;
use crate::table::KeyList;
use crate::transaction::{Context, ReadTransaction, WriteTransaction};

/// A walk that has not begun yet, see [`ReadTransaction::walk`].
#[must_use = "a walk does nothing until it is run, with `iter`, `keys` or `path_to`"]
pub struct Traversal<'r, M, E> {
    pub(super) source: Result<Source<'r>>,
    pub(super) edges: E,
    pub(super) starts: Result<Vec<Arc<[u8]>>>,
    /// first and last level that is asked for
    pub(super) depth: (usize, usize),
    model: PhantomData<fn() -> M>,
}

impl<M: NetabaseModel, E> fmt::Debug for Traversal<'_, M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traversal<{}>", M::NAME)
    }
}

impl<D: NetabaseDefinition> ReadTransaction<D> {
    /// Begins a breadth-first walk over records of one model: along a relation to itself (`Post::PARENT`), against it
    /// (`Post::PARENT.inverse()`), or through another model (`Edge::FROM.inverse().then(Edge::TO)`). Every record is visited
    /// once, at the lowest depth that leads to it, so cycles end.
    ///
    /// ```
    /// # use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Post { #[primary_key] id: u64, #[relation] parent: Option<Link<Post>> }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Forum { Post(Post) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Forum>::in_memory()?;
    /// # let post = |id, parent: Option<u64>| Post { id, parent: parent.map(Link::new) };
    /// store.write(|txn| txn.create_batch(&[post(1, None), post(2, Some(1)), post(3, Some(1)), post(4, Some(3))]))?;
    /// let snapshot = store.begin_read()?;
    /// let thread = snapshot.walk(Post::PARENT.inverse()).from(1).keys()?;
    /// let thread: Vec<_> = thread.map(|visit| visit.map(|(depth, key)| (depth, key.0))).collect::<netabase::Result<_>>()?;
    /// assert_eq!(thread, [(0, 1), (1, 2), (1, 3), (2, 4)]);
    /// assert_eq!(snapshot.walk(Post::PARENT).from(4).path_to(1)?, Some(vec![4.into(), 3.into(), 1.into()]));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "bfs")]
    #[doc(alias = "graph")]
    pub fn walk<M: ModelOf<D>, E: Edges<M>>(&self, edges: E) -> Traversal<'static, M, E> {
        over(Ok(self.view.clone()), &self.context, edges)
    }
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Begins a walk that sees this transaction's own writes, see [`ReadTransaction::walk`].
    pub fn walk<M: ModelOf<D>, E: Edges<M>>(&self, edges: E) -> Traversal<'_, M, E> {
        over(self.as_view(), &self.context, edges)
    }
}

/// A walk over a view that may not be there, which shows when it runs.
pub(crate) fn over<'r, D: NetabaseDefinition, M: ModelOf<D>, E: Edges<M>>(
    view: Result<View<'r>>,
    context: &Context<D>,
    edges: E,
) -> Traversal<'r, M, E> {
    let source = crate::query::source::<D, M>(view, context);
    Traversal { source, edges, starts: Ok(Vec::new()), depth: (0, usize::MAX), model: PhantomData }
}

/// The bounds stand on the methods, so that the compiler's message is about the edges.
impl<'r, M: NetabaseModel, E> Traversal<'r, M, E> {
    /// Where it begins, at depth 0. Several calls begin at several records.
    pub fn from(mut self, key: impl AsKey<M::PrimaryKey>) -> Self {
        let mut bytes = Vec::new();
        let written = key.write_tail(&mut bytes);
        self.starts = self.starts.and_then(|mut starts| {
            written?;
            starts.push(bytes.into());
            Ok(starts)
        });
        self
    }

    /// Which depths are asked for: `..=2` are the records at most two steps away, `1..` all but those it begins with. Nothing is
    /// read beyond the last one.
    pub fn depth(mut self, depth: impl RangeBounds<usize>) -> Self {
        let first = match depth.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        // Without a last one there is none at all.
        let last = match depth.end_bound() {
            Bound::Included(last) => Some(*last),
            Bound::Excluded(end) => end.checked_sub(1),
            Bound::Unbounded => Some(usize::MAX),
        };
        self.depth = last.map_or((1, 0), |last| (first, last));
        self
    }

    /// The depth and primary key of each record, by depth and then by key. Keys that links lead to come also where no record has
    /// them. Against a relation no record is read, along it those that it goes out from.
    pub fn keys(self) -> Result<VisitedKeys<'r, M, E>>
    where
        E: Edges<M>,
    {
        Ok(VisitedKeys { levels: Levels::new(self)?, visits: (0, Vec::new().into_iter()) })
    }

    /// The depth and the record of each, by depth and then by key, without those that are not there. The records of a depth are
    /// read as one batch.
    pub fn iter(self) -> Result<Visited<'r, M, E>>
    where
        E: Edges<M>,
    {
        Ok(Visited { levels: Levels::new(self)?, visits: (0, Vec::new().into_iter()) })
    }
}

/// Refuses steps that end at a model of the same type in another definition: its keys are others.
pub(super) fn stays<M: NetabaseModel>(source: &Source<'_>, edges: &impl Edges<M>) -> Result<()> {
    if edges.end(source)?.ordinal == source.ordinal {
        return Ok(());
    }
    Err(Error::new(ErrorKind::WalkLeaves { model: M::NAME }))
}

/// What was visited, and the keys of the last level.
pub(super) struct Reached {
    /// each with the one before it on the way
    came_from: HashMap<Arc<[u8]>, Option<Arc<[u8]>>>,
    pub(super) level: KeyList,
    keys: Vec<Arc<[u8]>>,
}

impl Reached {
    pub(super) fn new(starts: Vec<Arc<[u8]>>) -> Self {
        let mut reached = Reached { came_from: HashMap::new(), level: KeyList::default(), keys: Vec::new() };
        for start in starts {
            reached.add(&start, None);
        }
        reached.close();
        reached
    }

    fn add(&mut self, key: &[u8], before: Option<&Arc<[u8]>>) {
        if self.came_from.contains_key(key) {
            return;
        }
        let key: Arc<[u8]> = key.into();
        self.came_from.insert(key.clone(), before.cloned());
        self.keys.push(key);
    }

    /// Puts the level in order.
    fn close(&mut self) {
        self.keys.sort_unstable();
        self.level.clear();
        self.keys.iter().for_each(|key| self.level.push(key));
    }

    /// Goes one step on. The first to lead to a key is the one it came from.
    pub(super) fn advance<'h>(&mut self, hops: impl Iterator<Item = (usize, &'h [u8])>) {
        let before = std::mem::take(&mut self.keys);
        hops.for_each(|(from, key)| self.add(key, before.get(from)));
        self.close();
    }

    /// The keys of the way to one of the level, from its beginning.
    pub(super) fn way_to(&self, place: usize) -> Vec<Arc<[u8]>> {
        let last = self.keys.get(place).cloned();
        let before = |key: &Arc<[u8]>| self.came_from.get(key).cloned().flatten();
        let mut way: Vec<_> = std::iter::successors(last, before).collect();
        way.reverse();
        way
    }
}

/// The levels, one after the other.
struct Levels<'r, M, E> {
    source: Source<'r>,
    edges: E,
    reached: Reached,
    /// of the next level
    depth: usize,
    /// first and last that is asked for
    asked: (usize, usize),
    /// Whether the step to the next level is still to be done.
    is_behind: bool,
    model: PhantomData<fn() -> M>,
}

impl<'r, M: NetabaseModel, E: Edges<M>> Levels<'r, M, E> {
    fn new(walk: Traversal<'r, M, E>) -> Result<Self> {
        let Traversal { source, edges, starts, depth: asked, model } = walk;
        let (source, reached) = (source?, Reached::new(starts?));
        stays::<M>(&source, &edges)?;
        Ok(Levels { source, edges, reached, depth: 0, asked, is_behind: false, model })
    }

    fn step(&mut self, records: Option<&[Option<M>]>) -> Result<()> {
        let hops = self.edges.go(&self.source, &Level { keys: &self.reached.level, records })?;
        self.reached.advance(hops.pairs());
        self.is_behind = false;
        Ok(())
    }

    /// Goes to the next level that is asked for, and tells its depth; `None` behind the last one.
    fn advance(&mut self) -> Result<Option<usize>> {
        loop {
            if self.depth > self.asked.1 {
                return Ok(None);
            }
            if self.is_behind {
                self.step(None)?;
            }
            if self.reached.level.len() == 0 {
                return Ok(None);
            }
            let depth = self.depth;
            self.depth = depth.saturating_add(1);
            self.is_behind = true;
            if depth >= self.asked.0 {
                return Ok(Some(depth));
            }
        }
    }

    /// The records of the level. They are at hand for the step to the next one, too.
    fn records(&mut self) -> Result<Vec<Option<M>>> {
        let records = self.source.records(&self.reached.level)?;
        if E::READS_RECORDS && self.depth <= self.asked.1 {
            self.step(Some(&records))?;
        }
        Ok(records)
    }

    /// The next of what is given of each level, which `read` makes of it. After an error nothing comes.
    fn next<T>(
        &mut self,
        visits: &mut Visits<T>,
        read: impl Fn(&mut Self) -> Result<Vec<T>>,
    ) -> Option<Result<(usize, T)>> {
        loop {
            let (depth, found) = visits;
            if let Some(visit) = found.next() {
                return Some(Ok((*depth, visit)));
            }
            let level = self.advance().transpose()?;
            match level.and_then(|depth| Ok((depth, read(self)?.into_iter()))) {
                Ok(next) => *visits = next,
                Err(error) => {
                    self.asked = (1, 0);
                    self.depth = 1;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// A depth, and what is left of its level.
type Visits<T> = (usize, vec::IntoIter<T>);

/// The keys of a walk, read level by level. After an error it ends.
pub struct VisitedKeys<'r, M: NetabaseModel, E> {
    levels: Levels<'r, M, E>,
    visits: Visits<M::PrimaryKey>,
}

impl<M: NetabaseModel, E> fmt::Debug for VisitedKeys<'_, M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VisitedKeys<{}>", M::NAME)
    }
}

impl<M: NetabaseModel, E: Edges<M>> Iterator for VisitedKeys<'_, M, E> {
    type Item = Result<(usize, M::PrimaryKey)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.levels.next(&mut self.visits, |levels| {
            let level = &levels.reached.level;
            (0..level.len()).map(|place| M::PrimaryKey::decode_tail(level.get(place))).collect()
        })
    }
}

/// The records of a walk, read level by level. After an error it ends.
pub struct Visited<'r, M, E> {
    levels: Levels<'r, M, E>,
    visits: Visits<M>,
}

impl<M: NetabaseModel, E> fmt::Debug for Visited<'_, M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visited<{}>", M::NAME)
    }
}

impl<M: NetabaseModel, E: Edges<M>> Iterator for Visited<'_, M, E> {
    type Item = Result<(usize, M)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.levels.next(&mut self.visits, |levels| Ok(levels.records()?.into_iter().flatten().collect()))
    }
}
