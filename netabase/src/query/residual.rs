//! The conditions that no table answered, tested on each record.

use std::sync::Arc;

use super::source::Source;
use crate::error::Result;
use crate::model::{Entries, NO_CUSTOMS, NetabaseModel, Terms, add_parts, all_hold};
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
