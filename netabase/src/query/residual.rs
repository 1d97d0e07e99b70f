//! The conditions that no table answered, tested on each record.

use std::sync::Arc;

use super::source::Source;
use crate::error::Result;
use crate::model::{Entries, KeyTerm, NO_CUSTOMS, NetabaseModel, Term, Terms};
use crate::table::Layout;

/// Conditions that must all hold.
pub(super) struct Residual<M> {
    terms: Terms<M>,
    /// the record's own keys, in a buffer that is used again, if a condition looks at them
    entries: Option<Entries>,
    /// where registered indexes are, if a condition looks at one
    customs: Option<(Arc<Layout>, usize)>,
}

impl<M: NetabaseModel> Residual<M> {
    pub(super) fn new(terms: Terms<M>, source: &Source<'_>) -> Result<Self> {
        let mut parts = Vec::new();
        terms.iter().for_each(|term| add_parts(term, &mut parts));
        let first_custom = source.tables()?.customs.first;
        let has_customs = parts.iter().any(|part| *part >= first_custom);
        let customs = has_customs.then(|| (source.layout.clone(), source.ordinal));
        Ok(Residual { terms, entries: Entries::of_parts(parts), customs })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether all conditions hold for the record.
    pub(super) fn hold(&mut self, key: &[u8], record: &M) -> Result<bool> {
        if let Some(entries) = &mut self.entries {
            let customs = match &self.customs {
                Some((layout, ordinal)) => &layout.model(*ordinal)?.customs,
                None => &NO_CUSTOMS,
            };
            entries.collect_unsorted(record, key, customs)?;
        }
        Ok(all_hold(&self.terms, key, record, self.entries.as_ref()))
    }
}

/// The tables whose keys the condition looks at.
fn add_parts<M>(term: &Term<M>, parts: &mut Vec<usize>) {
    match term {
        Term::Keys(term) => parts.push(term.part),
        Term::Test(_) => {}
        Term::Any(either) => either.iter().flatten().for_each(|term| add_parts(term, parts)),
        Term::Not(terms) => terms.iter().for_each(|term| add_parts(term, parts)),
    }
}

fn all_hold<M>(terms: &[Term<M>], key: &[u8], record: &M, entries: Option<&Entries>) -> bool {
    terms.iter().all(|term| match term {
        Term::Keys(term) => has_key(term, key, entries),
        Term::Test(test) => test(record),
        Term::Any(either) => either.iter().any(|terms| all_hold(terms, key, record, entries)),
        Term::Not(terms) => !all_hold(terms, key, record, entries),
    })
}

/// Whether the record's own row of a table, if it has one, lies in the ranges: the same keys that are stored.
fn has_key(term: &KeyTerm, key: &[u8], entries: Option<&Entries>) -> bool {
    // Several ranges are sorted points: a long `any_of`.
    let within = |entry: &[u8]| match term.ranges.as_slice() {
        [range] => range.contains(entry),
        points => points.binary_search_by(|point| point.as_point().unwrap_or_default().cmp(entry)).is_ok(),
    };
    if term.part == 0 {
        return within(key);
    }
    entries.is_some_and(|entries| entries.keys(term.part).any(within))
}
