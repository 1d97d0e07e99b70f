//! Pages: so many records, and tokens for those behind and before them.
//!
//! A page begins behind the place in the order where the last one ended, wherever that is now. So a record that comes or goes in
//! between moves no other one from page to page.

use std::ops::Bound;

use super::group::group;
use super::order::{self, Ordered};
use super::plan::{Piece, Pieces, Plan};
use super::residual::Residual;
use super::run::Planned;
use super::source::Source;
use super::token::{Edge, PageToken, Position, fingerprint};
use super::walk::Walk;
use super::{Order, Query};
use crate::engine::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{ByteRange, common};
use crate::model::{By, NetabaseModel};
use crate::schema::{Part, Shape};

/// Some of a query's records, from [`Query::page`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<M> {
    /// in the order of the query
    pub items: Vec<M>,
    /// for the page behind, if there are more records
    pub next: Option<PageToken>,
    /// for the page before, if there may be one
    pub previous: Option<PageToken>,
}

impl<M: NetabaseModel, Mode> Query<'_, M, Mode> {
    /// The page that a token leads to, or the first one; the limit is how many records are on it. Without
    /// [`order_by`](Query::order_by) the pages come by primary key.
    ///
    /// The token is bound to the query: the same filters and order, over the same schema, in whatever process. Pages of an order that
    /// an index has are read from where the last one ended, and others are sorted anew, a page at a time. An offset says nothing
    /// here.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Post { #[primary_key] id: u64, #[secondary_key] day: u32 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Post(Post) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// # store.write(|txn| (0..5).try_for_each(|id| txn.create(&Post { id, day: 3 })))?;
    /// let newest = || store.query::<Post>().order_by(Post::DAY.desc()).limit(2);
    /// let first = newest().page(None)?;
    /// let token = first.next.map(|token| token.to_string()); // into a link, say
    /// let token = token.as_deref().map(str::parse).transpose()?;
    /// let second = newest().page(token.as_ref())?;
    /// assert_eq!(second.items.iter().map(|post| post.id).collect::<Vec<_>>(), [2, 1]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidToken` for a token that is damaged or of another query; `PageOrder` for an order by a field without an index,
    /// in which a record has no place that a token could hold.
    pub fn page(mut self, token: Option<&PageToken>) -> Result<Page<M>> {
        if self.orders.is_empty() {
            self.orders.push(Order::by_primary_key());
        }
        order::simplify(&mut self.orders);
        if std::mem::take(&mut self.reversed) {
            self.orders.iter_mut().for_each(Order::reverse);
        }
        if self.orders.iter().any(|order| matches!(order.by, By::Field(..))) {
            return Err(Error::new(ErrorKind::PageOrder { model: M::NAME }));
        }
        let fingerprint = match (&self.source, &self.terms) {
            (Ok(source), Ok(terms)) => {
                fingerprint::<M>(source.layout.name(source.tables()?.main()?), terms, &self.orders)
            }
            (Err(error), _) | (_, Err(error)) => return Err(error.clone()),
        };
        let edge = token.map(|token| Edge::read(token, fingerprint)).transpose()?;
        if edge.as_ref().is_some_and(|edge| edge.position.keys.len() != self.orders.len()) {
            return Err(Error::new(ErrorKind::InvalidToken { reason: "it has no place in this order" }));
        }
        let (size, orders) = (self.limit, self.orders.clone());
        let mut items = self.behind(edge.as_ref())?;
        let has_more = items.len() > size;
        items.truncate(size);
        let way = edge.as_ref().map_or(Direction::Forward, |edge| edge.way);
        if way == Direction::Reverse {
            items.reverse();
        }
        let token = |record: Option<&M>, way| -> Result<Option<PageToken>> {
            let edge = match (record, &edge) {
                (Some(record), _) => Edge { position: Position::of(&orders, record)?, way, inclusive: false },
                // An empty page: the way back begins at what it would have begun behind.
                (None, Some(edge)) => Edge { way, inclusive: !edge.inclusive, ..edge.clone() },
                (None, None) => return Ok(None),
            };
            edge.to_token(fingerprint).map(Some)
        };
        let has_next = size > 0 && (has_more || way == Direction::Reverse);
        let has_previous = size > 0 && edge.is_some() && (has_more || way == Direction::Forward);
        let next = if has_next { token(items.last(), Direction::Forward)? } else { None };
        let previous = if has_previous { token(items.first(), Direction::Reverse)? } else { None };
        Ok(Page { items, next, previous })
    }

    /// The records behind an edge, in the direction that it goes: one more than the limit, if there are.
    fn behind(mut self, edge: Option<&Edge>) -> Result<Vec<M>> {
        if edge.is_some_and(|edge| edge.way == Direction::Reverse) {
            self.orders.iter_mut().for_each(Order::reverse);
        }
        self.offset = 0;
        self.limit = self.limit.saturating_add(1);
        let orders = self.orders.clone();
        let mut arranged = self.arrange()?;
        let Ordered { plan, way, sort } = &mut arranged.ordered;
        if let (false, Some(edge), [order]) = (*sort, edge, orders.as_slice()) {
            trim(&arranged.source, plan, order, edge, *way)?;
        }
        arranged.wanted.after = edge.cloned();
        let planned = arranged.plan();
        if planned.sort.is_some() {
            return planned.into_rows()?.collect();
        }
        let Planned { mut walk, residual, limit, .. } = planned;
        let mut residual = Residual::new(residual, walk.source())?;
        let (mut found, mut before) = (Vec::new(), edge);
        while found.len() < limit && walk.advance()? {
            if let Some(edge) = before
                && !is_behind(edge, &orders, &walk)?
            {
                continue;
            }
            // The walk is in order.
            before = None;
            let Some(bytes) = walk.record()? else { continue };
            let record: M = walk.decode(&bytes)?;
            if !residual.is_empty() && !residual.hold(walk.key(), &record)? {
                continue;
            }
            found.push(record);
        }
        Ok(found)
    }
}

/// Lets the walk of a plan that is in this order begin at the edge, or not far before it.
fn trim<M: NetabaseModel>(
    source: &Source<'_>,
    plan: &mut Plan<M>,
    order: &Order<M>,
    edge: &Edge,
    way: Direction,
) -> Result<()> {
    let (By::Key(part), Some(key)) = (&order.by, edge.position.keys.first()) else { return Ok(()) };
    let primary = &edge.position.primary;
    if *part == 0 {
        // The rows of a single key come by primary key.
        for piece in plan.pieces.iter_mut().chain(&mut plan.meet) {
            piece.from = Some(primary.clone()).filter(|_| piece.part != 0);
            if piece.part == 0 {
                piece.range = cut(&piece.range, &from_edge(primary, way));
            }
        }
    } else {
        let key = stored_key::<M>(*part, key, primary);
        let is_map = source.is_map(*part)?;
        let mut pieces = Pieces::new();
        for Piece { range, .. } in &plan.pieces {
            let mut rest = cut(range, &from_edge(&key, way));
            if is_map || !rest.contains(&key) {
                pieces.push(Piece::new(*part, rest));
                continue;
            }
            // The key of the edge by itself, from its record on, and then the others.
            let at_edge =
                Piece { from: Some(primary.clone()), ..Piece::new(*part, ByteRange::Point(key.clone())) };
            rest.leave_out(&key, way == Direction::Forward);
            let both = [at_edge, Piece::new(*part, rest)];
            match way {
                Direction::Forward => pieces.extend(both),
                Direction::Reverse => pieces.extend(both.into_iter().rev()),
            }
        }
        plan.pieces = pieces;
    }
    plan.pieces.retain(|piece| !piece.range.is_empty());
    Ok(())
}

fn from_edge(key: &[u8], way: Direction) -> ByteRange {
    let at = Bound::Included(key.to_vec());
    match way {
        Direction::Forward => ByteRange::Between(at, Bound::Unbounded),
        Direction::Reverse => ByteRange::Between(Bound::Unbounded, at),
    }
}

fn cut(range: &ByteRange, by: &ByteRange) -> ByteRange {
    let left = common(std::slice::from_ref(range), std::slice::from_ref(by));
    left.into_iter().next().unwrap_or_else(ByteRange::nothing)
}

/// The key as it stands in its table. Absent keys are one group, but not always one key.
fn stored_key<M: NetabaseModel>(part: usize, group: &[u8], primary: &[u8]) -> Vec<u8> {
    let (shape, unique, width) = match M::SCHEMA.part(part) {
        Some(Part::Index(index)) => (index.shape, index.unique, index.key_width),
        Some(Part::Relation(relation)) => (relation.shape, false, relation.key_width),
        _ => return group.to_vec(),
    };
    match (shape, group) {
        (Shape::Optional, [0]) if unique => [&[0], primary].concat(),
        (Shape::Optional, [0]) => vec![0; 1 + width.unwrap_or(0)],
        _ => group.to_vec(),
    }
}

/// Whether the record of a walk in this order lies behind the edge.
fn is_behind<M: NetabaseModel>(edge: &Edge, orders: &[Order<M>], walk: &Walk<'_>) -> Result<bool> {
    let key = match orders {
        [Order { by: By::Key(0), .. }] => Some(walk.key()),
        [Order { by: By::Key(part), .. }] => walk.table_key().map(|key| group(key, order::shape::<M>(*part))),
        _ => None,
    };
    if let Some(key) = key {
        return Ok(edge.is_before(orders, &[key], walk.key()));
    }
    // A single key that was looked up.
    let Some(bytes) = walk.record()? else { return Ok(false) };
    let Position { keys, primary } = Position::of(orders, &walk.decode::<M>(&bytes)?)?;
    Ok(edge.is_before(orders, &keys, &primary))
}
