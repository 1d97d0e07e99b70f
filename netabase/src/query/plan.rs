//! Which tables a query goes through.

use smallvec::{SmallVec, smallvec};

use super::source::Source;
use super::walk::Walk;
use crate::engine::Direction;
use crate::error::Result;
use crate::key::ByteRange;
use crate::model::{KeyTerm, Term, Terms};
use crate::schema::Shape;
use crate::table;

/// A range of one table.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) part: usize,
    pub(super) range: ByteRange,
    /// The primary key where the rows of the only key begin, if not at its first.
    pub(super) from: Option<Vec<u8>>,
}

impl Piece {
    pub(super) fn new(part: usize, range: ByteRange) -> Self {
        Piece { part, range, from: None }
    }
}

/// Pieces that are walked over one after the other; mostly one.
pub(super) type Pieces = SmallVec<[Piece; 1]>;

/// What is done about records that have several rows in the pieces, as each is to come once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeats {
    /// there are none
    Never,
    /// The rows of every piece come by primary key, so all pieces are walked over side by side.
    Merged,
    /// primary keys that were given are remembered
    Remembered,
}

/// Pieces that are walked over side by side at most: each step looks at all of them.
const MERGED: usize = 16;

impl Repeats {
    fn of(may_repeat: bool, pieces: &[Piece]) -> Self {
        match may_repeat {
            false => Repeats::Never,
            true if may_merge(pieces) => Repeats::Merged,
            true => Repeats::Remembered,
        }
    }
}

/// Whether the rows of several pieces can be merged into the order of the primary keys.
pub(super) fn may_merge(pieces: &[Piece]) -> bool {
    let by_primary = |piece: &Piece| piece.part == 0 || piece.range.as_point().is_some();
    (2..=MERGED).contains(&pieces.len()) && pieces.iter().all(by_primary)
}

/// What is read, and what is left to test on each record.
pub(super) struct Plan<M> {
    pub(super) pieces: Pieces,
    pub(super) repeats: Repeats,
    /// Keys whose records it must be among, too. Their rows come by primary key, as those of the only piece do.
    pub(super) meet: Vec<Piece>,
    pub(super) residual: Terms<M>,
}

/// Rows of the chosen index from which on it is worth while to walk over others beside it.
const MANY: u64 = 64;

/// How many times as many rows another index may have for that: stepping over one is so much cheaper than a record.
const TIMES: u64 = 16;

/// Rows of a range that are counted to compare it with others. One with more is taken for endless.
pub(super) const COUNTED: u64 = 128;

/// A condition that finds so few records is not worth beating.
const FEW: u64 = 4;

impl<M> Plan<M> {
    /// Tests every record.
    fn scan(residual: Terms<M>) -> Self {
        let all = Piece::new(0, ByteRange::all());
        Plan { pieces: smallvec![all], repeats: Repeats::Never, meet: Vec::new(), residual }
    }

    /// Takes the condition that finds the fewest records, or the whole main table.
    pub(super) fn choose(source: &Source<'_>, mut terms: Terms<M>) -> Result<Self> {
        if let [Term::Keys(_)] = terms.as_slice()
            && let Some(Term::Keys(term)) = terms.pop()
        {
            // Nothing to compare it with.
            let (may_repeat, pieces) = (may_repeat(&term), pieces(term));
            let repeats = Repeats::of(may_repeat, &pieces);
            return Ok(Plan { repeats, pieces, meet: Vec::new(), residual: terms });
        }
        narrow(&mut terms);
        let Some(driver) = drive(source, &terms)? else {
            return Ok(Plan::scan(terms));
        };
        // Both sides of an `or` may find most of what there is; a scan needs not remember what it gave.
        if driver.pieces.len() > 1
            && driver.once
            && source.stored_count(0, &[ByteRange::all()])?.is_some_and(|all| driver.rows >= all / 2)
            && driver.rows != u64::MAX
        {
            return Ok(Plan::scan(terms));
        }
        if driver.answers {
            terms.swap_remove(driver.at);
        }
        let meet = meet(source, &driver, &mut terms)?;
        let repeats = Repeats::of(driver.once, &driver.pieces);
        Ok(Plan { pieces: driver.pieces, repeats, meet, residual: terms })
    }

    /// Begins the walk, and gives what is left to test.
    pub(super) fn walk(self, source: Source<'_>, way: Direction) -> (Walk<'_>, Terms<M>) {
        (Walk::new(source, self.pieces, self.repeats, way).meeting(self.meet), self.residual)
    }
}

/// How many rows the pieces have; `None` if a range has more than `most`.
pub(super) fn rows_of(source: &Source<'_>, pieces: &[Piece], most: u64) -> Result<Option<u64>> {
    let mut rows = 0_u64;
    for Piece { part, range, .. } in pieces {
        let more = match range {
            range if *part == 0 && range.is_all() => source.stored_count(0, &[ByteRange::all()])?,
            range => range_rows(source, *part, range, most)?,
        };
        let Some(more) = more else { return Ok(None) };
        rows = rows.saturating_add(more);
    }
    Ok(Some(rows))
}

fn pieces(KeyTerm { part, ranges, .. }: KeyTerm) -> Pieces {
    ranges.into_iter().filter(|range| !range.is_empty()).map(|range| Piece::new(part, range)).collect()
}

/// Whether a record may have several rows in the ranges.
fn may_repeat(KeyTerm { shape, ranges, .. }: &KeyTerm) -> bool {
    *shape == Shape::Each && !matches!(ranges.as_slice(), [] | [ByteRange::Point(_)])
}

/// Makes one condition of those on the same single key: `x > 5` and `x < 3` is nothing at all.
fn narrow<M>(terms: &mut Terms<M>) {
    let mut at = 0;
    while let Some(term) = terms.get_mut(at) {
        if let Term::Any(either) = term {
            either.iter_mut().for_each(narrow);
        }
        let Term::Keys(KeyTerm { part, shape, .. }) = *term else {
            at += 1;
            continue;
        };
        let same = |term: &Term<M>| matches!(term, Term::Keys(other) if other.part == part);
        let other = terms.iter().skip(at + 1).position(same).map(|behind| at + 1 + behind);
        match other.filter(|_| shape != Shape::Each).map(|other| terms.swap_remove(other)) {
            Some(Term::Keys(other)) => {
                if let Some(Term::Keys(term)) = terms.get_mut(at) {
                    term.ranges = crate::key::common(&term.ranges, &other.ranges).into();
                }
            }
            _ => at += 1,
        }
    }
}

/// A condition that leads to records.
struct Driver {
    /// its place among the conditions
    at: usize,
    pieces: Pieces,
    once: bool,
    /// it holds for every record found, so it need not be tested
    answers: bool,
    rows: u64,
}

/// The condition that reads the fewest rows, if any leads to records.
fn drive<M>(source: &Source<'_>, terms: &[Term<M>]) -> Result<Option<Driver>> {
    let mut best: Option<Driver> = None;
    // Equal keys have stored counts; what has to be counted comes after them, and is counted no further than the best.
    let is_counted = |term: &Term<M>| matches!(term, Term::Keys(term) if term.ranges.iter().all(is_point));
    let (stored, others): (Vec<_>, Vec<_>) = terms.iter().enumerate().partition(|(_, term)| is_counted(term));
    for (at, term) in stored.into_iter().chain(others) {
        let enough = best.as_ref().map_or(u64::MAX, |best| best.rows);
        let driver = match term {
            Term::Keys(term) => {
                let rows = estimate(source, term, enough)?;
                Driver { at, pieces: pieces(term.clone()), once: may_repeat(term), answers: true, rows }
            }
            Term::Any(either) => match drive_any(source, either, at)? {
                Some(driver) => driver,
                None => continue,
            },
            Term::Test(..) | Term::Not(_) => continue,
        };
        if driver.rows < enough || best.is_none() {
            best = Some(driver);
        }
    }
    Ok(best)
}

fn is_point(range: &ByteRange) -> bool {
    range.as_point().is_some()
}

/// Each alternative needs a way of its own; together they lead to all records, some of them more than once.
fn drive_any<M>(source: &Source<'_>, either: &[Terms<M>], at: usize) -> Result<Option<Driver>> {
    let mut all = Driver { at, pieces: Pieces::new(), once: false, answers: true, rows: 0 };
    for terms in either {
        let Some(driver) = drive(source, terms)? else { return Ok(None) };
        all.rows = all.rows.saturating_add(driver.rows);
        all.answers &= driver.answers && terms.len() == 1;
        all.once |= driver.once;
        all.pieces.extend(driver.pieces);
    }
    all.once |= all.pieces.len() > 1;
    Ok(Some(all))
}

/// Takes the conditions whose rows can be walked over beside those of the driver: primary keys that ascend in both.
fn meet<M>(source: &Source<'_>, driver: &Driver, terms: &mut Terms<M>) -> Result<Vec<Piece>> {
    let mut meet = Vec::new();
    let [Piece { part, range: ByteRange::Point(_), .. }] = driver.pieces.as_slice() else { return Ok(meet) };
    if driver.rows < MANY || source.is_map(*part)? {
        return Ok(meet);
    }
    let most = driver.rows.saturating_mul(TIMES);
    let mut at = 0;
    while let Some(term) = terms.get(at) {
        if let Term::Keys(KeyTerm { part, ranges, .. }) = term
            && let [ByteRange::Point(key)] = ranges.as_slice()
            && !source.is_map(*part)?
            && source.count(*part, key)? <= most
        {
            let piece = Piece::new(*part, ByteRange::Point(key.clone()));
            terms.swap_remove(at);
            meet.push(piece);
        } else {
            at += 1;
        }
    }
    Ok(meet)
}

/// The one key of a map that is asked for, if that is all: its table's number, and the key.
pub(super) fn single_key<'t, M>(
    source: &Source<'_>,
    terms: &'t [Term<M>],
) -> Result<Option<(usize, &'t [u8])>> {
    let [Term::Keys(KeyTerm { part, ranges, .. })] = terms else { return Ok(None) };
    let [ByteRange::Point(key)] = ranges.as_slice() else { return Ok(None) };
    Ok(source.is_map(*part)?.then_some((*part, key)))
}

/// The number of records, if one stored number says it.
pub(super) fn stored_count<M>(source: &Source<'_>, terms: &[Term<M>]) -> Result<Option<u64>> {
    match terms {
        [] => source.stored_count(0, &[ByteRange::all()]),
        [Term::Keys(term)] if !may_repeat(term) => source.stored_count(term.part, &term.ranges),
        _ => Ok(None),
    }
}

/// How many rows the condition reads: exact for equal keys, since an index stores its counts, and for short ranges.
/// Stops counting at `enough`.
fn estimate(source: &Source<'_>, term: &KeyTerm, enough: u64) -> Result<u64> {
    let mut rows = 0_u64;
    for range in &term.ranges {
        if rows >= enough {
            break;
        }
        let left = COUNTED.min(enough - rows);
        rows = rows.saturating_add(range_rows(source, term.part, range, left)?.unwrap_or(u64::MAX));
    }
    Ok(rows)
}

/// The rows in a range; `None` if they have to be counted and there are more than `most`.
fn range_rows(source: &Source<'_>, part: usize, range: &ByteRange, most: u64) -> Result<Option<u64>> {
    match range.as_point() {
        None if range.is_empty() => Ok(Some(0)),
        Some(_) if source.is_map(part)? => Ok(Some(1)),
        Some(key) => source.count(part, key).map(Some),
        None if most <= FEW => Ok(None),
        None => {
            let tables = source.tables()?;
            let (permit, view) = (&source.permit, &source.view);
            let mut cursor = table::rows(permit, view, tables, part, range, Direction::Forward)?;
            for rows in 0..=most {
                if !cursor.advance()? {
                    return Ok(Some(rows));
                }
            }
            Ok(None)
        }
    }
}
