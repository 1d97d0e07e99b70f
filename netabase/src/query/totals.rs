//! Sums and extremes by a key: `query.sum_by(Entry::ACCOUNT, Entry::CENTS)`.

use std::ops::Bound;

use super::group::{ByKey, collected, within};
use super::plan::Plan;
use super::select::{field_of_key, kept_place, needs_of, parts_of};
use super::source::Source;
use super::{Index, KeyShape, One, Query, Summed};
use crate::engine::Direction;
use crate::error::Result;
use crate::key::{ByteRange, Key};
use crate::model::{Amount, Known, NetabaseModel};
use crate::schema::{KeySource, Part, Shape};
use crate::table::{self, Sums};

/// As [`count_by`](Query::count_by), these give one row for each key, in the order of the keys; a limit and an offset count
/// keys, and what no index keeps is put together in memory, key by key, as the records are read.
impl<M: NetabaseModel, Mode> Query<'_, M, Mode> {
    /// The sum of a field over the records with each key. Without a filter it is read from an index that keeps it:
    /// `index(name = "by_account", fields(account), sum(cents))`.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # #[netabase(index(name = "by_account", fields(account), sum(cents)))]
    /// # struct Entry { #[primary_key] id: u64, account: u32, cents: i64 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Books { Entry(Entry) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Books>::in_memory()?;
    /// # let entry = |id, account, cents| Entry { id, account, cents };
    /// # store.write(|txn| txn.create_batch(&[entry(1, 7, 500), entry(2, 7, -120), entry(3, 8, 1)]))?;
    /// let totals = store.query().sum_by(Entry::BY_ACCOUNT, Entry::CENTS)?;
    /// assert_eq!(totals, [((7,), 380), ((8,), 1)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sum_by<K: Key, S: KeyShape>(
        self,
        key: Index<M, K, S>,
        of: impl Summed<M>,
    ) -> Result<Vec<(S::Of<K>, i128)>> {
        let needs = needs_of(&of);
        let query = self.with_keys(&needs);
        let (source, terms, window) = (query.source?, query.terms?, (query.offset, query.limit));
        let (part, others) = (source.part_of(key)?, parts_of(&source, &needs)?);
        // Sums are of all records.
        let is_all = terms.is_empty() && !source.permit.hides_records();
        let kept = kept_place::<M>(&of, part).filter(|_| is_all);
        let sums = match kept {
            Some((part, place)) => kept_sums(&source, part, place)?,
            None => {
                let add = |sum: Option<&i128>, record: &Known<'_, M>| {
                    let amount = of.take(record)?.amount();
                    Ok(Some(sum.map_or(amount, |sum| sum.saturating_add(amount))))
                };
                collected(&source, Plan::choose(&source, terms)?, (part, S::SHAPE), &others, add)?
            }
        };
        let decode = |(key, sum): (Vec<u8>, i128)| match S::decode::<K>(&key) {
            Ok(key) => Ok((key, sum)),
            Err(_) => Err(source.corrupt(part)),
        };
        within(sums, window, query.reversed).into_iter().map(decode).collect()
    }

    /// The lowest key of another index among the records with each key. Without a filter it is read from an index over both,
    /// first the one and then the other: `fields(account, day)` for `min_by(Entry::ACCOUNT, Entry::DAY)`.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// #[netabase(index(name = "account_day", fields(account, day)))]
    /// # struct Entry { #[primary_key] id: u64, #[secondary_key] account: u32, #[secondary_key] day: u32 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Books { Entry(Entry) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Books>::in_memory()?;
    /// # let entry = |id, account, day| Entry { id, account, day };
    /// # store.write(|txn| txn.create_batch(&[entry(1, 7, 30), entry(2, 7, 11), entry(3, 8, 5)]))?;
    /// assert_eq!(store.query().min_by(Entry::ACCOUNT, Entry::DAY)?, [(7, 11), (8, 5)]);
    /// assert_eq!(store.query().max_by(Entry::ACCOUNT, Entry::DAY)?, [(7, 30), (8, 5)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn min_by<K: Key, S: KeyShape, T: Key>(
        self,
        key: Index<M, K, S>,
        of: Index<M, T, One>,
    ) -> Result<Vec<(S::Of<K>, T)>> {
        self.extremes(key, of, Direction::Forward)
    }

    /// The highest key of another index among the records with each key, as [`min_by`](Self::min_by) is the lowest. Of a key
    /// with `Reverse` in it the highest is the last in its own order.
    pub fn max_by<K: Key, S: KeyShape, T: Key>(
        self,
        key: Index<M, K, S>,
        of: Index<M, T, One>,
    ) -> Result<Vec<(S::Of<K>, T)>> {
        self.extremes(key, of, Direction::Reverse)
    }

    /// The first key of each group, walking in a direction.
    fn extremes<K: Key, S: KeyShape, T: Key>(
        self,
        key: Index<M, K, S>,
        of: Index<M, T, One>,
        way: Direction,
    ) -> Result<Vec<(S::Of<K>, T)>> {
        let (source, terms, window) = (self.source?, self.terms?, (self.offset, self.limit));
        let part = source.part_of(key)?;
        source.check_part(of.part())?;
        let both = index_over_both::<M>(part, of.part()).filter(|_| terms.is_empty());
        if let Some(part) = both {
            let found = firsts::<S, K, T>(&source, part, way)?;
            return Ok(within(found, window, self.reversed));
        }
        let is_better = |found: &[u8], best: &[u8]| match way {
            Direction::Forward => found < best,
            Direction::Reverse => found > best,
        };
        let best = |best: Option<&Vec<u8>>, record: &Known<'_, M>| {
            let found = record.key(of.part());
            Ok(found.filter(|found| best.is_none_or(|best| is_better(found, best))).map(<[u8]>::to_vec))
        };
        let found = collected(&source, Plan::choose(&source, terms)?, (part, S::SHAPE), &[of.part()], best)?;
        let decode = |(group, best): (Vec<u8>, Vec<u8>)| match (S::decode::<K>(&group), T::decode_tail(&best))
        {
            (Ok(group), Ok(best)) => Ok((group, best)),
            _ => Err(source.corrupt(part)),
        };
        within(found, window, self.reversed).into_iter().map(decode).collect()
    }
}

/// The sums that an index keeps. `part`: their table.
fn kept_sums(source: &Source<'_>, part: usize, place: usize) -> Result<ByKey<i128>> {
    let tables = source.tables()?;
    let table = tables.part(part)?;
    let all = ByteRange::all();
    let mut rows = table::rows(&source.permit, &source.view, tables, part, &all, Direction::Forward)?;
    let mut sums = ByKey::new();
    while rows.advance()? {
        let kept = Sums::read(tables, table, Some(rows.value()))?;
        sums.push((rows.key().to_vec(), kept.sums.get(place).copied().unwrap_or_default()));
    }
    Ok(sums)
}

/// An index over the fields of one key and then that of another, in which every record has one row.
fn index_over_both<M: NetabaseModel>(key: usize, of: usize) -> Option<usize> {
    let of = field_of_key::<M>(of)?;
    let key: Vec<(&str, bool)> = match M::SCHEMA.part(key)? {
        Part::Index(index) if index.when.is_some() => return None,
        Part::Index(index) => {
            index.columns().iter().map(|column| (column.field, column.descending)).collect()
        }
        _ => vec![(field_of_key::<M>(key)?, false)],
    };
    let has_both = |part: Part| {
        let Part::Index(index) = part else { return false };
        let KeySource::Columns(columns) = index.source else { return false };
        let columns = columns.iter().map(|column| (column.field, column.descending));
        let wanted = key.iter().copied().chain([(of, false)]);
        index.when.is_none() && index.shape == Shape::One && !key.is_empty() && columns.eq(wanted)
    };
    M::SCHEMA.parts().find(|(_, part)| has_both(*part)).map(|(number, _)| number)
}

/// The first row of each group in an index over the key of the group and another. Looks for each group once.
fn firsts<S: KeyShape, K: Key, T: Key>(
    source: &Source<'_>,
    part: usize,
    way: Direction,
) -> Result<Vec<(S::Of<K>, T)>> {
    let tables = source.tables()?;
    let mut found = Vec::new();
    let mut range = ByteRange::all();
    loop {
        let mut rows = table::rows(&source.permit, &source.view, tables, part, &range, way)?;
        if !rows.advance()? {
            break;
        }
        let key = rows.key();
        let mut rest = key;
        let group = S::decode_part::<K>(&mut rest).map_err(|_| source.corrupt(part))?;
        found.push((group, T::decode_tail(rest).map_err(|_| source.corrupt(part))?));
        let group = key.get(..key.len() - rest.len()).unwrap_or_default().to_vec();
        range = match way {
            Direction::Forward => ByteRange::behind_prefix(group),
            Direction::Reverse => ByteRange::Between(Bound::Unbounded, Bound::Excluded(group)),
        };
        if range.is_empty() {
            break;
        }
    }
    if way == Direction::Reverse {
        found.reverse();
    }
    Ok(found)
}
