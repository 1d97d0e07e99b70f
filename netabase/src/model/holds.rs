//! Whether conditions hold for a record that is at hand.

use super::{Entries, KeyTerm, Term};

/// The tables whose keys the condition looks at.
pub(crate) fn add_parts<M>(term: &Term<M>, parts: &mut Vec<usize>) {
    match term {
        Term::Keys(term) => parts.push(term.part),
        Term::Test(..) => {}
        Term::Any(either) => either.iter().flatten().for_each(|term| add_parts(term, parts)),
        Term::Not(terms) => terms.iter().for_each(|term| add_parts(term, parts)),
    }
}

/// Whether all conditions hold for a record. `entries`: its own keys in the tables that they look at.
pub(crate) fn all_hold<M>(terms: &[Term<M>], key: &[u8], record: &M, entries: Option<&Entries>) -> bool {
    terms.iter().all(|term| match term {
        Term::Keys(term) => has_key(term, key, entries),
        Term::Test(_, test) => test(record),
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
