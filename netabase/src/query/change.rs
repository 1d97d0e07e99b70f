//! Changes of all records that a filter finds.
//!
//! A table cannot be changed while it is walked over, and a change may move a record ahead in the very index it is found
//! by. So the work is done in passes: each looks for the lowest primary keys above those of the pass before, as many as
//! may be kept in memory, and then changes these records in key order. Primary keys do not change, so each record has its
//! turn once, whatever becomes of its index keys.

use super::plan::{Plan, Repeats};
use super::residual::Residual;
use super::source::resolve;
use super::walk::Walk;
use super::{Covered, Filter};
use crate::engine::Direction;
use crate::error::{Error, Result};
use crate::key::EncodedKey;
use crate::model::{ModelOf, NetabaseDefinition, Terms};
use crate::permission::Door;
use crate::table::KeyList;
use crate::transaction::WriteTransaction;

/// Bytes of keys that a pass keeps, unless a transaction is to keep less; up to twice as many while it looks, and as much
/// again to sort them.
const KEPT: usize = 4 << 20;

/// Bytes of keys that a pass keeps at least.
const LEAST: usize = 4 << 10;

/// What is done to the record with a key, if the rest of the conditions holds for it.
type Work<'w, D, M> = dyn FnMut(&mut WriteTransaction<D>, &mut Residual<M>, &[u8]) -> Result<Done> + 'w;

/// What became of a record.
enum Done {
    Changed,
    Left,
    /// there is none
    Missing,
}

/// Each is one operation: it happens to all records that the filter finds when it begins, to each once, or to none.
///
/// The memory is bounded. Each record costs what changing it by its key costs; to find them, the index is walked over once
/// for every quarter of a million records.
impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Deletes the records for which the filter holds; returns how many.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Job { #[primary_key] id: u64, #[secondary_key] done_at: Option<u64> }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Work { Job(Job) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Work>::in_memory()?;
    /// # store.write(|txn| txn.create(&Job { id: 1, done_at: Some(3) }))?;
    /// let deleted = store.write(|txn| txn.delete_where(Job::DONE_AT.range(..1000)))?;
    /// assert_eq!(deleted, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "delete_many")]
    #[doc(alias = "delete_range")]
    #[doc(alias = "drain")]
    pub fn delete_where<M: ModelOf<D>, C: Covered>(&mut self, filter: Filter<M, C>) -> Result<u64> {
        self.in_passes(Door::DeleteWhere, filter.into_terms()?, &mut |txn, tests, key| {
            let mut done = Done::Missing;
            let removed = if tests.is_empty() {
                txn.remove_key::<M>(Door::DeleteWhere, &EncodedKey(key))?
            } else {
                txn.remove_if(Door::DeleteWhere, &EncodedKey(key), |record: &M| {
                    let holds = tests.hold(key, record)?;
                    done = Done::Left;
                    Ok(holds)
                })?
            };
            Ok(if removed { Done::Changed } else { done })
        })
    }

    /// Changes the records for which the filter holds; returns how many. The filter is asked before the change.
    ///
    /// # Errors
    /// `KeyChanged` if the closure changes a primary key, and those of [`update`](Self::update).
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Player { #[primary_key] id: u64, #[secondary_key] score: u64 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Game { Player(Player) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Game>::in_memory()?;
    /// # store.write(|txn| txn.create_batch(&[Player { id: 1, score: 10 }, Player { id: 2, score: 12 }]))?;
    /// // Each once, although it comes up again in the index.
    /// store.write(|txn| txn.update_where(Player::SCORE.range(10..), |player| player.score += 5))?;
    /// assert_eq!(store.get::<Player>(1)?.map(|player| player.score), Some(15));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "update_many")]
    #[doc(alias = "update_range")]
    pub fn update_where<M: ModelOf<D>, C: Covered>(
        &mut self,
        filter: Filter<M, C>,
        mut change: impl FnMut(&mut M),
    ) -> Result<u64> {
        self.in_passes(Door::UpdateWhere, filter.into_terms()?, &mut |txn, tests, key| {
            let mut done = Done::Missing;
            txn.change(Door::UpdateWhere, key, |record: &mut M| {
                let holds = tests.hold(key, record)?;
                done = if holds { Done::Changed } else { Done::Left };
                Ok(holds.then(|| change(record)))
            })?;
            Ok(done)
        })
    }

    /// Runs `work` for each record that the conditions find.
    fn in_passes<M: ModelOf<D>>(
        &mut self,
        door: Door,
        mut terms: Terms<M>,
        work: &mut Work<'_, D, M>,
    ) -> Result<u64> {
        // Also where nothing is found.
        self.context.write::<M>(door)?;
        resolve(&mut terms, self.context.tables::<M>()?)?;
        let kept = self.context.staging.clamp(LEAST, KEPT);
        self.atomically(|txn| {
            let mut changed = 0;
            let mut done: Option<Vec<u8>> = None;
            loop {
                let (pass, mut tests) = txn.pass(&terms, done.as_deref(), kept)?;
                let tests = &mut tests;
                let mut last: Option<&[u8]> = None;
                for place in pass.keys.in_order() {
                    let key = pass.keys.get(place);
                    // A record may have several rows.
                    if last != Some(key) {
                        match work(txn, tests, key)? {
                            Done::Changed => changed += 1,
                            Done::Left => {}
                            Done::Missing => pass.refuse_missing()?,
                        }
                    }
                    last = Some(key);
                }
                if pass.is_last {
                    return Ok(changed);
                }
                done = last.map(<[u8]>::to_vec);
            }
        })
    }

    /// Looks for the lowest keys above those that are done.
    fn pass<M: ModelOf<D>>(
        &self,
        terms: &Terms<M>,
        done: Option<&[u8]>,
        kept: usize,
    ) -> Result<(Pass, Residual<M>)> {
        let source = super::source::<D, M>(self.as_view(), &self.context)?;
        source.check_terms(terms)?;
        let Plan { mut pieces, repeats, meet, residual } = Plan::choose(&source, terms.clone())?;
        // Keys of the main table come in order already, unless the sides of an `or` follow each other.
        let in_order = repeats == Repeats::Never && pieces.iter().all(|piece| piece.part == 0);
        if let (true, Some(done)) = (in_order, done) {
            pieces.iter_mut().for_each(|piece| piece.range.begin_behind(done));
            pieces.retain(|piece| !piece.range.is_empty());
        }
        let index = pieces.iter().map(|piece| piece.part).find(|part| *part != 0);
        // Deleting one of them may have deleted others.
        let index = index.filter(|_| source.tables().is_ok_and(|tables| tables.incoming.is_empty()));
        let corrupt = index.map(|index| source.corrupt(index));
        let residual = Residual::new(residual, &source)?;
        let mut walk =
            Walk::new(source, pieces, Repeats::Never, Direction::Forward).meeting(meet).keys_only();
        let mut pass = Pass { keys: KeyList::default(), is_last: true, corrupt };
        let mut ceiling: Option<Vec<u8>> = None;
        while walk.advance()? {
            let key = walk.key();
            if pass.keys.size() > 2 * kept {
                if in_order {
                    pass.is_last = false;
                    break;
                }
                if let Some(highest) = pass.halve() {
                    pass.is_last = false;
                    ceiling = Some(highest);
                }
            }
            let is_done = done.is_some_and(|done| key <= done);
            if !is_done && ceiling.as_deref().is_none_or(|ceiling| key <= ceiling) {
                pass.keys.push(key);
            }
        }
        Ok((pass, residual))
    }
}

/// The keys of one pass.
struct Pass {
    keys: KeyList,
    /// there are no more
    is_last: bool,
    /// what it means if a record is missing, where rows of an index led to it
    corrupt: Option<Error>,
}

impl Pass {
    fn refuse_missing(&self) -> Result<()> {
        self.corrupt.clone().map_or(Ok(()), Err)
    }

    /// Drops what came twice and, if that is not enough, the upper half. Then it returns the highest key that is left.
    fn halve(&mut self) -> Option<Vec<u8>> {
        let mut lower = KeyList::default();
        let (mut last, mut highest) = (None, None);
        for place in self.keys.in_order() {
            let key = self.keys.get(place);
            if last == Some(key) {
                continue;
            }
            if lower.len() > self.keys.len() / 2 {
                highest = last.map(<[u8]>::to_vec);
                break;
            }
            lower.push(key);
            last = Some(key);
        }
        self.keys = lower;
        highest
    }
}
