//! The order of a query's records: that of a table, or a sort in memory.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use smallvec::{SmallVec, smallvec};

use super::group::group;
use super::plan::{Piece, Pieces, Plan, Repeats, may_merge, rows_of};
use super::residual::Residual;
use super::rows::next_that_holds;
use super::source::Source;
use super::token::Edge;
use super::walk::Walk;
use crate::engine::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ByteRange;
use crate::model::{By, Entries, NO_CUSTOMS, NetabaseModel, Order, Term, Terms};
use crate::schema::{Part, Shape};

/// What a query asks for beside its conditions.
pub(super) struct Wanted<M> {
    pub(super) orders: Vec<Order<M>>,
    /// records that are looked at, at most: those skipped and those returned
    pub(super) most: usize,
    /// records that may be kept for a sort
    pub(super) sort_limit: usize,
    /// where a page begins
    pub(super) after: Option<Edge>,
}

/// A plan, and how its records come to be in order.
pub(super) struct Ordered<M> {
    pub(super) plan: Plan<M>,
    pub(super) way: Direction,
    /// whether they have to be sorted
    pub(super) sort: bool,
}

/// Rows of a range that are counted to decide about a sort. More are taken for half of all records.
const COUNTED: u64 = 10_000;

/// Leaves out the orders that change nothing: repeated ones, and those behind a key that no two records share.
pub(super) fn simplify<M: NetabaseModel>(orders: &mut Vec<Order<M>>) {
    let mut known = Vec::new();
    let mut is_decided = false;
    orders.retain(|order| {
        let By::Key(part) = order.by else { return !is_decided };
        let is_new = !known.contains(&part);
        known.push(part);
        let keep = is_new && !is_decided;
        is_decided |= match M::SCHEMA.part(part) {
            Some(Part::Main) => true,
            Some(Part::Index(index)) => index.unique && index.shape == Shape::One && index.when.is_none(),
            _ => false,
        };
        keep
    });
}

/// How many keys a record has in a table.
pub(super) fn shape<M: NetabaseModel>(part: usize) -> Shape {
    match M::SCHEMA.part(part) {
        Some(Part::Index(index)) => index.shape,
        Some(Part::Relation(relation)) => relation.shape,
        _ => Shape::One,
    }
}

/// Where the records of a plan come in the wanted order, its table is walked over; else the cheaper of two ways is taken:
/// a sort of what the plan finds, or a walk over the table that has the order, testing all conditions on the way.
pub(super) fn arrange<M: NetabaseModel>(
    source: &Source<'_>,
    terms: Terms<M>,
    wanted: &Wanted<M>,
) -> Result<Ordered<M>> {
    let sort = |plan| Ordered { plan, way: Direction::Forward, sort: true };
    let [Order { by: By::Key(part), descending, .. }] = wanted.orders.as_slice() else {
        return Ok(sort(Plan::choose(source, terms)?));
    };
    let way = if *descending { Direction::Reverse } else { Direction::Forward };
    let has_all = has_all_records::<M>(*part);
    let all_terms = has_all.then(|| terms.clone());
    let mut plan = Plan::choose(source, terms)?;
    if *part == 0 && plan.repeats == Repeats::Never && may_merge(&plan.pieces) {
        plan.repeats = Repeats::Merged;
    }
    if comes_in_order(source, &plan, *part)? {
        return Ok(Ordered { plan, way, sort: false });
    }
    let Some(terms) = all_terms else { return Ok(sort(plan)) };
    let walked = walk_in_order(*part, terms);
    Ok(if is_walk_cheaper(source, &plan, &walked, wanted)? {
        Ordered { plan: walked, way, sort: false }
    } else {
        sort(plan)
    })
}

/// Whether every record has exactly one row in the table.
pub(super) fn has_all_records<M: NetabaseModel>(part: usize) -> bool {
    match M::SCHEMA.part(part) {
        Some(Part::Main) => true,
        Some(Part::Index(index)) => index.when.is_none() && index.shape != Shape::Each,
        Some(Part::Relation(relation)) => relation.shape != Shape::Each,
        Some(Part::Topics | Part::Sums(_)) | None => false,
    }
}

fn comes_in_order<M: NetabaseModel>(source: &Source<'_>, plan: &Plan<M>, part: usize) -> Result<bool> {
    match plan.repeats {
        Repeats::Never => {}
        Repeats::Merged => return Ok(part == 0),
        Repeats::Remembered => return Ok(false),
    }
    Ok(match plan.pieces.as_slice() {
        // Records of equal key come by primary key.
        [Piece { part: walked, range: ByteRange::Point(_), .. }] if part == 0 => {
            *walked == 0 || !source.is_map(*walked)?
        }
        pieces => pieces.iter().all(|piece| piece.part == part),
    })
}

/// A walk over the whole table, or over what a condition on its own keys leaves of it.
fn walk_in_order<M>(part: usize, mut terms: Terms<M>) -> Plan<M> {
    let own = terms.iter().position(|term| matches!(term, Term::Keys(term) if term.part == part));
    let pieces: Pieces = match own.map(|own| terms.swap_remove(own)) {
        Some(Term::Keys(term)) => {
            let ranges = term.ranges.into_iter().filter(|range| !range.is_empty());
            ranges.map(|range| Piece::new(part, range)).collect()
        }
        _ => smallvec![Piece::new(part, ByteRange::all())],
    };
    Plan { pieces, repeats: Repeats::Never, meet: Vec::new(), residual: terms }
}

/// Compares the records that have to be read. How many of those on a walk pass the conditions is taken to be the share
/// that the plan finds of all.
fn is_walk_cheaper<M>(
    source: &Source<'_>,
    plan: &Plan<M>,
    walked: &Plan<M>,
    wanted: &Wanted<M>,
) -> Result<bool> {
    let all = source.stored_count(0, &[ByteRange::all()])?.unwrap_or(u64::MAX).max(1);
    let counted = COUNTED.min(u64::try_from(wanted.sort_limit).unwrap_or(u64::MAX));
    let (found, is_known) = match rows_of(source, &plan.pieces, counted)? {
        Some(rows) => (rows.max(1), true),
        // More than were counted: perhaps half.
        None => (all.div_ceil(2), false),
    };
    let most = u64::try_from(wanted.most).unwrap_or(u64::MAX);
    if most >= found {
        // All of them are wanted: a sort reads no more than it must, as long as it is allowed to keep them.
        let may_sort = u64::try_from(wanted.sort_limit).is_ok_and(|limit| found <= limit);
        return Ok(!(is_known && may_sort));
    }
    let on_walk = if walked.residual.is_empty() { most } else { most.saturating_mul((all / found).max(1)) };
    Ok(on_walk < found)
}

/// A record with what it is sorted by.
struct Sorted<'o, M> {
    orders: &'o [Order<M>],
    /// one for each order by a key; empty for others
    keys: SmallVec<[Vec<u8>; 1]>,
    primary: Vec<u8>,
    record: M,
}

impl<M> Ord for Sorted<'_, M> {
    fn cmp(&self, other: &Self) -> Ordering {
        for ((by, own), others) in self.orders.iter().zip(&self.keys).zip(&other.keys) {
            let order = match &by.by {
                By::Key(_) => own.cmp(others),
                By::Field(_, compare) => compare(&self.record, &other.record),
            };
            if order.is_ne() {
                return by.turn(order);
            }
        }
        // As a walk over an index would have them.
        let order = self.primary.cmp(&other.primary);
        self.orders.first().map_or(order, |by| by.turn(order))
    }
}

impl<M> PartialOrd for Sorted<'_, M> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<M> PartialEq for Sorted<'_, M> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<M> Eq for Sorted<'_, M> {}

/// The tables whose keys decide an order.
pub(super) fn parts_of<M>(orders: &[Order<M>]) -> impl Iterator<Item = usize> {
    orders.iter().filter_map(|order| match order.by {
        By::Key(part) => Some(part),
        By::Field(..) => None,
    })
}

/// What a record is ordered by; nothing for the order by a field.
pub(super) fn key_of<M: NetabaseModel>(
    order: &Order<M>,
    primary: &[u8],
    entries: Option<&Entries>,
) -> Vec<u8> {
    match order.by {
        By::Key(0) => primary.to_vec(),
        By::Key(part) => {
            let key = entries.and_then(|entries| entries.first(part)).unwrap_or_default();
            group(key, shape::<M>(part)).to_vec()
        }
        By::Field(..) => Vec::new(),
    }
}

/// Records that are in memory, in an order.
pub(super) fn sort_records<M: NetabaseModel>(
    records: impl Iterator<Item = M>,
    orders: &[Order<M>],
) -> Result<Vec<M>> {
    let mut entries = Entries::of_parts(parts_of(orders));
    let with_keys = |record: M| {
        let mut primary = Vec::new();
        record.encode_key(&mut primary)?;
        if let Some(entries) = &mut entries {
            entries.collect(&record, &primary, &NO_CUSTOMS)?;
        }
        let keys = orders.iter().map(|order| key_of(order, &primary, entries.as_ref())).collect();
        Ok(Sorted { orders, keys, primary, record })
    };
    let mut sorted = records.map(with_keys).collect::<Result<Vec<_>>>()?;
    sorted.sort_unstable();
    Ok(sorted.into_iter().map(|sorted| sorted.record).collect())
}

/// The first records in the wanted order, with their primary keys. Keeps no more of them in memory than are wanted.
pub(super) fn sort<M: NetabaseModel>(
    mut walk: Walk<'_>,
    mut residual: Residual<M>,
    wanted: &Wanted<M>,
) -> Result<Vec<(Vec<u8>, M)>> {
    if wanted.most == 0 {
        return Ok(Vec::new());
    }
    let mut kept: BinaryHeap<Sorted<'_, M>> = BinaryHeap::new();
    let orders = &wanted.orders;
    let mut entries = Entries::of_parts(parts_of(orders));
    while let Some(record) = next_that_holds(&mut walk, &mut residual)? {
        let primary = walk.key().to_vec();
        if let Some(entries) = &mut entries {
            entries.collect(&record, &primary, &NO_CUSTOMS)?;
        }
        let keys: SmallVec<_> =
            orders.iter().map(|order| key_of(order, &primary, entries.as_ref())).collect();
        if wanted.after.as_ref().is_some_and(|edge| !edge.is_before(orders, &keys, &primary)) {
            continue;
        }
        let sorted = Sorted { orders, keys, primary, record };
        if kept.len() == wanted.most && kept.peek().is_some_and(|last| *last <= sorted) {
            continue;
        }
        kept.push(sorted);
        if kept.len() > wanted.most {
            kept.pop();
        }
        if kept.len() > wanted.sort_limit {
            return Err(Error::new(ErrorKind::SortLimit { model: M::NAME, limit: wanted.sort_limit }));
        }
    }
    Ok(kept.into_sorted_vec().into_iter().map(|sorted| (sorted.primary, sorted.record)).collect())
}
