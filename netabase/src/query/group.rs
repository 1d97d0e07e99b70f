//! Keys and counts of records by them: `query.count_by(Post::TAGS)`.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::plan::Plan;
use super::residual::Residual;
use super::rows::next_that_holds;
use super::source::Source;
use super::{Index, KeyShape, Query};
use crate::engine::Direction;
use crate::error::Result;
use crate::key::{ByteRange, Key};
use crate::model::{Entries, Known, NetabaseModel, RecordOf};
use crate::schema::Shape;
use crate::table;

/// Rows of one key that are stepped over before its stored count is asked for, and the walk begun anew behind it.
const STEPPED: u64 = 16;

/// Keys in bytes, and what was found under each.
pub(super) type ByKey<T> = Vec<(Vec<u8>, T)>;

impl<M: NetabaseModel, Mode> Query<'_, M, Mode> {
    /// How many of the records have each key, in the order of the keys. A limit and an offset count keys.
    ///
    /// Without a filter no record is read, and keys with many records are not walked through: an index stores their number.
    /// With one, the keys are counted in memory as the records are read.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Book { #[primary_key] id: u64, #[secondary_key] tags: Vec<String> }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Library { Book(Book) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Library>::in_memory()?;
    /// # let book = |id, tags: &[&str]| Book { id, tags: tags.iter().map(|tag| (*tag).into()).collect() };
    /// # store.write(|txn| txn.create_batch(&[book(1, &["novel"]), book(2, &["novel", "space"])]))?;
    /// let tags = store.query::<Book>().count_by(Book::TAGS)?;
    /// assert_eq!(tags, [("novel".to_owned(), 2), ("space".to_owned(), 1)]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "group_by")]
    pub fn count_by<K, S>(self, key: Index<M, K, S>) -> Result<Vec<(S::Of<K>, u64)>>
    where
        K: Key,
        S: KeyShape,
    {
        let (source, terms, window) = (self.source?, self.terms?, (self.offset, self.limit));
        let part = source.part_of(key)?;
        let groups = if terms.is_empty() {
            stored_groups(&source, part, S::SHAPE)?
        } else {
            let one_more =
                |count: Option<&u64>, _: &Known<'_, M>| Ok(Some(count.map_or(1, |count| count + 1)));
            collected(&source, Plan::choose(&source, terms)?, (part, S::SHAPE), &[], one_more)?
        };
        let decode = |(key, count): (Vec<u8>, u64)| match S::decode::<K>(&key) {
            Ok(key) => Ok((key, count)),
            Err(_) => Err(source.corrupt(part)),
        };
        within(groups, window, self.reversed).into_iter().map(decode).collect()
    }

    /// The keys that the records have, each once and in order. A limit and an offset count keys. As cheap as
    /// [`count_by`](Self::count_by).
    pub fn distinct<K, S>(self, key: Index<M, K, S>) -> Result<Vec<S::Of<K>>>
    where
        K: Key,
        S: KeyShape,
    {
        Ok(self.count_by(key)?.into_iter().map(|(key, _)| key).collect())
    }
}

/// The groups that were asked for, out of all in order: so many left out, and so many kept.
pub(super) fn within<T>(mut groups: Vec<T>, (offset, limit): (usize, usize), reversed: bool) -> Vec<T> {
    if reversed {
        groups.reverse();
    }
    groups.into_iter().skip(offset).take(limit).collect()
}

/// What tells one group from another: a unique absent key has that of its record behind it.
pub(super) fn group(key: &[u8], shape: Shape) -> &[u8] {
    match (shape, key.split_at_checked(1)) {
        (Shape::Optional, Some((absent @ [0], _))) => absent,
        _ => key,
    }
}

/// The keys of an index with their stored counts.
fn stored_groups(source: &Source<'_>, part: usize, shape: Shape) -> Result<ByKey<u64>> {
    let mut groups = ByKey::new();
    let is_map = source.is_map(part)?;
    let mut behind = Bound::Unbounded;
    // Neighbours have mostly about as many.
    let mut stepped = STEPPED;
    'anew: loop {
        let range = ByteRange::Between(behind, Bound::Unbounded);
        let (permit, view) = (&source.permit, &source.view);
        let mut rows = table::rows(permit, view, source.tables()?, part, &range, Direction::Forward)?;
        while rows.advance()? {
            let key = group(rows.key(), shape);
            match groups.last_mut() {
                Some((last, count)) if last == key => {
                    *count += 1;
                    if *count > stepped && !is_map {
                        *count = source.count(part, rows.key())?;
                        stepped = if *count > 4 * STEPPED { 1 } else { STEPPED };
                        behind = Bound::Excluded(rows.key().to_vec());
                        continue 'anew;
                    }
                }
                _ => groups.push((key.to_vec(), 1)),
            }
        }
        return Ok(groups);
    }
}

/// Goes through the records of a plan and puts something together for each key of a table. `change` sees what is there, and
/// returns what takes its place, if anything; `others` are the tables whose keys it looks at.
pub(super) fn collected<M: NetabaseModel, T>(
    source: &Source<'_>,
    plan: Plan<M>,
    (part, shape): (usize, Shape),
    others: &[usize],
    change: impl Fn(Option<&T>, &Known<'_, M>) -> Result<Option<T>>,
) -> Result<ByKey<T>> {
    let (mut walk, residual) = plan.walk(source.clone(), Direction::Forward);
    let mut residual = Residual::new(residual, source)?;
    let mut buffer = Entries::of_parts(others.iter().copied().chain([part]));
    let customs = &source.tables()?.customs;
    let mut found: BTreeMap<Vec<u8>, T> = BTreeMap::new();
    while let Some(record) = next_that_holds(&mut walk, &mut residual)? {
        let primary = walk.key();
        if let Some(entries) = &mut buffer {
            entries.collect(&record, primary, customs)?;
        }
        let entries = buffer.as_ref();
        let known = Known::Record(RecordOf { primary, record: &record, entries, customs });
        let mut put = |key: &[u8]| -> Result<()> {
            let key = group(key, shape);
            let before = found.get_mut(key);
            match (change(before.as_deref(), &known)?, before) {
                (Some(new), Some(before)) => *before = new,
                (Some(new), None) => drop(found.insert(key.to_vec(), new)),
                (None, _) => {}
            }
            Ok(())
        };
        match entries {
            Some(entries) if part != 0 => entries.keys(part).try_for_each(put)?,
            _ => put(primary)?,
        }
    }
    Ok(found.into_iter().collect())
}
