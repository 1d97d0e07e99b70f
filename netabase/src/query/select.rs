//! Fields instead of whole records: `query.select((Post::ID, Post::TITLE))`.

use std::fmt;

use smallvec::smallvec;

use super::order::{Ordered, has_all_records};
use super::plan::{Pieces, Plan, Repeats};
use super::run::Arranged;
use super::skip::skip_keys;
use super::source::Source;
use super::{Index, OneKey, Order, Query, Rows, Select, Summed};
use crate::engine::{Cursor, Direction};
use crate::error::{Error, Result};
use crate::key::{ByteRange, Key};
use crate::model::{
    Amount, Entries, KeyTerm, Known, Need, NetabaseModel, Present, RecordOf, RowOf, Term, covered_place,
};
use crate::schema::{KeySource, Part, Shape};
use crate::table::{self, Covering};

impl<'r, M: NetabaseModel, Mode> Query<'r, M, Mode> {
    /// The values of a handle, or of a tuple of handles, read as they are asked for.
    ///
    /// No record is read if one index leads to the records and holds what is asked for: its own key, the primary key, and
    /// fields that it has in `covering(..)`. Of an index with `when` only records that have a key in it are given.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// #[netabase(index(name = "by_day", fields(day), covering(title)))]
    /// # struct Post { #[primary_key] id: u64, day: u32, title: String, body: String }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Post(Post) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// # store.write(|txn| txn.create(&Post { id: 7, day: 3, title: "Hi".into(), body: "..".into() }))?;
    /// let titles = store.query().filter(Post::BY_DAY.range((3,)..)).select((Post::ID, Post::TITLE))?;
    /// assert_eq!(titles.collect::<netabase::Result<Vec<_>>>()?, [(7.into(), "Hi".to_owned())]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn select<S: Select<M>>(self, what: S) -> Result<Selected<'r, M, S>> {
        let needs = needs_of(&what);
        let arranged = self.with_keys(&needs).over_covering(&needs).arrange()?;
        let parts = parts_of(&arranged.source, &needs)?;
        let steps = match covering_part(&arranged, &needs)? {
            Some(part) => Steps::Rows(RowsOfPieces::new(arranged, part)),
            None => {
                let source = arranged.source.clone();
                let entries = Entries::of_parts(parts);
                let rows = arranged.plan().into_rows()?;
                Steps::Records(Records { rows, source, primary: Vec::new(), entries })
            }
        };
        Ok(Selected { steps, what, ended: false })
    }

    /// Leaves out the records that lack a key which is asked for.
    pub(super) fn with_keys(mut self, needs: &[Need]) -> Self {
        for need in needs {
            let Need::Key(part) = *need else { continue };
            if let Some(Part::Index(index)) = M::SCHEMA.part(part)
                && index.when.is_some()
                && let Ok(terms) = &mut self.terms
            {
                let ranges = smallvec![ByteRange::all()];
                terms.push(Term::Keys(KeyTerm { part, custom: None, shape: index.shape, ranges }));
            }
        }
        self
    }

    /// Goes through an index that holds all that is asked for, instead of all records, if the caller asks for no order.
    fn over_covering(mut self, needs: &[Need]) -> Self {
        let holds_all = |part: usize| {
            part != 0 && has_all_records::<M>(part) && needs.iter().all(|need| is_known::<M>(need, part))
        };
        if let Ok(terms) = &mut self.terms
            && terms.is_empty()
            && self.orders.is_empty()
            && self.unordered
            && !needs.iter().all(|need| is_known::<M>(need, 0))
            && let Some((part, _)) = M::SCHEMA.parts().find(|(part, _)| holds_all(*part))
        {
            terms.push(Term::Keys(KeyTerm {
                part,
                custom: None,
                shape: Shape::One,
                ranges: smallvec![ByteRange::all()],
            }));
        }
        self
    }

    /// The sum of a field over all records that pass; an order, an offset and a limit say nothing here. Takes what an index keeps
    /// (`sum(cents)`) if one or more of its keys are all that is asked for, and else reads as [`select`](Self::select) does.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// #[netabase(index(name = "by_account", fields(account), sum(cents)))]
    /// # struct Entry { #[primary_key] id: u64, account: u32, cents: i64 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Books { Entry(Entry) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Books>::in_memory()?;
    /// # let entry = |id, account, cents| Entry { id, account, cents };
    /// # store.write(|txn| txn.create_batch(&[entry(1, 7, 500), entry(2, 7, -120), entry(3, 8, 1)]))?;
    /// assert_eq!(store.query().filter(Entry::BY_ACCOUNT.eq((7,))).sum(Entry::CENTS)?, 380);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sum<S: Summed<M>>(self, of: S) -> Result<i128> {
        if let Some(kept) = self.kept_sum(&of)? {
            return Ok(kept);
        }
        let mut values = self.all_that_pass().select(of)?;
        values.try_fold(0_i128, |sum, value| Ok(sum.saturating_add(value?.amount())))
    }

    /// The sum as an index keeps it.
    fn kept_sum(&self, of: &impl Select<M>) -> Result<Option<i128>> {
        let (Ok(source), Ok([Term::Keys(term)])) = (&self.source, self.terms.as_deref()) else {
            return Ok(None);
        };
        parts_of(source, &needs_of(of))?;
        // Sums are of all records.
        if source.permit.hides_records() {
            return Ok(None);
        }
        let Some((part, place)) = kept_place::<M>(of, term.part) else { return Ok(None) };
        // A record with two of the keys counts once.
        if term.shape == Shape::Each && term.ranges.len() > 1 {
            return Ok(None);
        }
        let mut sum = 0_i128;
        for range in &term.ranges {
            let Some(key) = range.as_point() else { return Ok(None) };
            sum = sum.saturating_add(source.kept_sum(part, key, place)?);
        }
        Ok(Some(sum))
    }

    /// The lowest key, of all records that pass and have one; an order, an offset and a limit say nothing here. The first row of
    /// the index where that answers.
    pub fn min<K: Key, S: OneKey>(self, of: Index<M, K, S>) -> Result<Option<K>> {
        self.first_key(of, of.asc())
    }

    /// The highest key, as [`min`](Self::min) is the lowest.
    pub fn max<K: Key, S: OneKey>(self, of: Index<M, K, S>) -> Result<Option<K>> {
        self.first_key(of, of.desc())
    }

    fn first_key<K: Key, S: OneKey>(self, of: Index<M, K, S>, order: Order<M>) -> Result<Option<K>> {
        let query = self.all_that_pass();
        // Absent keys lie in no range.
        let query = if S::SHAPE == Shape::Optional { query.with(of.range(..)) } else { query };
        query.ordered(order).limit(1).select(Present(of))?.next().transpose()
    }

    fn all_that_pass(self) -> Self {
        let (orders, offset, limit) = (Vec::new(), 0, usize::MAX);
        Query { orders, reversed: false, unordered: true, offset, limit, ..self }
    }
}

/// What a selection has to know.
pub(super) fn needs_of<M: NetabaseModel>(what: &impl Select<M>) -> Vec<Need> {
    let mut needs = Vec::new();
    what.needs(&mut needs);
    needs
}

/// The tables whose entries have to be known. Refuses the value of an index that the store was opened without, and what is hidden.
pub(super) fn parts_of(source: &Source<'_>, needs: &[Need]) -> Result<Vec<usize>> {
    let part = |need: &Need| match need {
        Need::Key(part) => Some(source.check_part(*part).map(|()| *part)),
        Need::Field(name) => source.check_field(name).err().map(Err),
        Need::Value(name) => {
            Some(source.registered(name).and_then(|part| source.check_part(part).map(|()| part)))
        }
    };
    needs.iter().filter_map(part).collect()
}

/// Where an index keeps the sum of a selected field: the number of the table, and the place of the sum.
pub(super) fn kept_place<M: NetabaseModel>(of: &impl Select<M>, part: usize) -> Option<(usize, usize)> {
    let field = match needs_of(of).as_slice() {
        [Need::Field(name)] => *name,
        [Need::Key(of)] => field_of_key::<M>(*of)?,
        _ => return None,
    };
    let Some(Part::Index(index)) = M::SCHEMA.part(part) else { return None };
    let place = index.sums.iter().position(|name| *name == field)?;
    Some((M::SCHEMA.sums_part(part)?, place))
}

/// The field whose value the keys of a table are.
pub(super) fn field_of_key<M: NetabaseModel>(part: usize) -> Option<&'static str> {
    match (M::SCHEMA.part(part)?, M::SCHEMA.primary) {
        (Part::Main, [name]) => Some(name),
        (Part::Index(index), _) if matches!(index.source, KeySource::Field) => Some(index.name),
        (Part::Relation(relation), _) => Some(relation.name),
        _ => None,
    }
}

/// The table whose rows alone give all that is asked for, if there is one.
fn covering_part<M: NetabaseModel>(arranged: &Arranged<'_, M>, needs: &[Need]) -> Result<Option<usize>> {
    let Ordered { plan: Plan { pieces, repeats, meet, residual }, sort, .. } = &arranged.ordered;
    if *repeats != Repeats::Never || *sort || !meet.is_empty() || !residual.is_empty() {
        return Ok(None);
    }
    let Some(part) = pieces.first().map(|piece| piece.part) else { return Ok(None) };
    let customs = &arranged.source.tables()?.customs;
    let is_known = needs.iter().all(|need| match need {
        Need::Value(name) => customs.part(name) == Some(part),
        need => is_known::<M>(need, part),
    });
    Ok((pieces.iter().all(|piece| piece.part == part) && is_known).then_some(part))
}

/// Whether the rows of a table tell it.
fn is_known<M: NetabaseModel>(need: &Need, part: usize) -> bool {
    match need {
        Need::Key(wanted) => *wanted == 0 || *wanted == part,
        Need::Field(name) => covered_place(M::SCHEMA, part, name).is_some(),
        Need::Value(_) => false,
    }
}

/// What a query selects, read as it is asked for. After an error it ends.
pub struct Selected<'r, M, S> {
    steps: Steps<'r, M>,
    what: S,
    /// nothing more comes, behind the last value or an error
    ended: bool,
}

/// Where the values come from.
#[allow(clippy::large_enum_variant, reason = "a box would cost each query an allocation")]
enum Steps<'r, M> {
    /// rows of one table
    Rows(RowsOfPieces<'r>),
    Records(Records<'r, M>),
}

impl<M: NetabaseModel, S> fmt::Debug for Selected<'_, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selected<{}>", M::NAME)
    }
}

impl<M: NetabaseModel, S: Select<M>> Iterator for Selected<'_, M, S> {
    type Item = Result<S::Value>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match &mut self.steps {
            Steps::Rows(rows) => match rows.advance() {
                Ok(found) => found.then(|| rows.take(&self.what)),
                Err(error) => Some(Err(error)),
            },
            Steps::Records(records) => {
                let next = records.rows.next();
                next.map(|record| records.take(&record?, &self.what))
            }
        };
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Records, and buffers for their keys.
struct Records<'r, M> {
    rows: Rows<'r, M>,
    source: Source<'r>,
    primary: Vec<u8>,
    /// if these are asked for
    entries: Option<Entries>,
}

impl<M: NetabaseModel> Records<'_, M> {
    fn take<S: Select<M>>(&mut self, record: &M, what: &S) -> Result<S::Value> {
        let Records { source, primary, entries, .. } = self;
        let customs = &source.tables()?.customs;
        primary.clear();
        record.encode_key(primary)?;
        if let Some(entries) = entries {
            entries.collect(record, primary, customs)?;
        }
        what.take(&Known::Record(RecordOf { primary, record, entries: entries.as_ref(), customs }))
    }
}

/// The rows of the pieces of a plan, all of one table.
struct RowsOfPieces<'r> {
    source: Source<'r>,
    part: usize,
    /// still to come, the next one last
    pieces: Pieces,
    way: Direction,
    rows: Option<Covering<'r>>,
    skip: usize,
    left: usize,
}

impl<'r> RowsOfPieces<'r> {
    fn new<M>(arranged: Arranged<'r, M>, part: usize) -> Self {
        let Arranged { source, ordered: Ordered { plan, way, .. }, offset, limit, .. } = arranged;
        let mut pieces = plan.pieces;
        if way == Direction::Forward {
            pieces.reverse();
        }
        RowsOfPieces { source, part, pieces, way, rows: None, skip: offset, left: limit }
    }

    /// Goes to the next row of the window.
    fn advance(&mut self) -> Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        let skip = std::mem::take(&mut self.skip);
        for _ in 0..skip_keys(&self.source, &mut self.pieces, self.way, skip)? {
            if !self.next_row()? {
                return Ok(false);
            }
        }
        self.left -= 1;
        self.next_row()
    }

    fn next_row(&mut self) -> Result<bool> {
        loop {
            if let Some(rows) = &mut self.rows
                && rows.advance()?
            {
                return Ok(true);
            }
            let Some(piece) = self.pieces.pop() else { return Ok(false) };
            let Source { view, permit, .. } = &self.source;
            let tables = self.source.tables()?;
            self.rows = Some(table::covering_rows(permit, view, tables, self.part, &piece.range, self.way)?);
        }
    }

    fn take<M: NetabaseModel, S: Select<M>>(&self, what: &S) -> Result<S::Value> {
        let Some(rows) = &self.rows else { return Err(Error::internal("no row to select from")) };
        let (key, part) = (rows.key(), self.part);
        let primary = if part == 0 { key } else { rows.value() };
        let row = RowOf { primary, part, key, payload: rows.payload() };
        // What cannot be read was damaged there.
        what.take(&Known::Row(row)).map_err(|_| self.source.corrupt(part))
    }
}
