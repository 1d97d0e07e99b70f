//! Which table a query goes through.

use smallvec::smallvec;

use super::walk::Source;
use crate::error::Result;
use crate::key::ByteRange;
use crate::model::{KeyTerm, Ranges, Term, Terms};
use crate::schema::Shape;
use crate::table;

/// One table's ranges, and the conditions that are left to test on each record.
pub(super) struct Plan<M> {
    pub(super) part: usize,
    pub(super) ranges: Ranges,
    /// a record may have several rows in the ranges, and counts once
    pub(super) once: bool,
    pub(super) residual: Terms<M>,
}

impl<M> Plan<M> {
    /// Takes the condition that finds the fewest records, or the whole main table.
    pub(super) fn choose(source: &Source<'_>, mut terms: Terms<M>) -> Result<Self> {
        let chosen = match terms.as_slice() {
            [Term::Keys(_)] => Some(0),
            terms => cheapest(source, terms)?,
        };
        if let Some(at) = chosen
            && let Term::Keys(KeyTerm { part, shape, mut ranges }) = terms.swap_remove(at)
        {
            if ranges.iter().any(ByteRange::is_empty) {
                ranges.retain(|range| !range.is_empty());
            }
            let point = matches!(ranges.as_slice(), [] | [_])
                && ranges.iter().all(|range| range.as_point().is_some());
            let once = shape == Shape::Each && !point;
            return Ok(Plan { part, ranges, once, residual: terms });
        }
        Ok(Plan { part: 0, ranges: smallvec![ByteRange::all()], once: false, residual: terms })
    }
}

/// Whether a record may have several rows in the ranges.
fn may_repeat(shape: Shape, ranges: &[ByteRange]) -> bool {
    shape == Shape::Each && !matches!(ranges, [] | [ByteRange::Point(_)])
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
        [Term::Keys(KeyTerm { part, shape, ranges })] if !may_repeat(*shape, ranges) => {
            source.stored_count(*part, ranges)
        }
        _ => Ok(None),
    }
}

/// The place of the condition on keys that reads the fewest rows.
fn cheapest<M>(source: &Source<'_>, terms: &[Term<M>]) -> Result<Option<usize>> {
    let mut best = None;
    for (at, term) in terms.iter().enumerate() {
        if let Term::Keys(term) = term {
            let rows = estimate(source, term, best.map_or(u64::MAX, |(fewest, _)| fewest))?;
            if best.is_none_or(|(fewest, _)| rows < fewest) {
                best = Some((rows, at));
            }
        }
    }
    Ok(best.map(|(_, at)| at))
}

/// How many rows the condition reads: exact for equal keys, since an index stores its counts, and beyond
/// comparison for ranges. Stops counting at `enough`.
fn estimate(source: &Source<'_>, term: &KeyTerm, enough: u64) -> Result<u64> {
    let tables = source.tables()?;
    let single = source.is_map(term.part)?;
    let mut rows = 0_u64;
    for range in &term.ranges {
        if rows >= enough {
            break;
        }
        rows = rows.saturating_add(match range.as_point() {
            None if range.is_empty() => 0,
            None => return Ok(u64::MAX),
            Some(_) if single => 1,
            Some(key) => table::count(&source.permit, &source.view, tables, term.part, key)?,
        });
    }
    Ok(rows)
}
