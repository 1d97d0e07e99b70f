//! The conditions of a filter, for records that come from elsewhere than a query.

use super::residual::Residual;
use super::source::{self, Source};
use crate::change::Sees;
use crate::error::Result;
use crate::model::{ModelOf, NetabaseDefinition, NetabaseModel, Term, Terms};
use crate::observe::Observed;
use crate::overlay::View;
use crate::permission::{Door, Permit, ReadAccess};
use crate::transaction::Context;

/// Tests records that come one by one.
pub(crate) struct Conditions<M> {
    /// what may be seen of them
    pub(crate) permit: Permit<ReadAccess>,
    residual: Residual<M>,
}

/// Keys of one of a model's tables: a record that passes has one of them.
pub(crate) type Points = (usize, Vec<Vec<u8>>);

impl<M: NetabaseModel> Conditions<M> {
    /// # Errors
    /// Those of a query with this filter.
    pub(crate) fn new<D: NetabaseDefinition>(
        view: View<'static>,
        context: &Context<D>,
        door: Door,
        mut terms: Terms<M>,
    ) -> Result<(Self, Option<Points>)>
    where
        M: ModelOf<D>,
    {
        let permit = context.read::<M>(door)?;
        context.tables::<M>()?;
        let (guard, layout, ordinal) =
            (context.guard.clone(), context.layout.clone(), context.ordinal::<M>());
        let observed = Observed::none();
        let source = Source { view, guard, permit, layout, ordinal, home: ordinal, observed };
        source::resolve(&mut terms, source.tables()?)?;
        source.check_terms(&terms)?;
        let points = points(&terms);
        let residual = Residual::new(terms, &source)?;
        Ok((Conditions { permit: source.permit, residual }, points))
    }

    /// Whether anything of a change may be seen; `None` if all of every change may.
    pub(crate) fn sees(&self) -> Option<Sees> {
        if !self.permit.hides_anything() {
            return None;
        }
        let permit = self.permit.clone();
        Some(Box::new(move |change| {
            // What cannot be read is not seen.
            let seen = |bytes: Option<&[u8]>| {
                let bytes = bytes.filter(|bytes| permit.shows(bytes).unwrap_or(false))?;
                Some(permit.masked(bytes).ok()?.unwrap_or_else(|| bytes.to_vec()))
            };
            // A change of hidden fields alone is none.
            seen(change.before) != seen(change.after)
        }))
    }

    /// Whether all conditions hold for the record.
    pub(crate) fn hold(&mut self, key: &[u8], record: &M) -> Result<bool> {
        self.residual.hold(key, record)
    }
}

/// The fewest keys that one of the conditions asks for.
fn points<M>(terms: &[Term<M>]) -> Option<Points> {
    let keys = |term: &Term<M>| match term {
        Term::Keys(term) => {
            let points = term.ranges.iter().map(|range| range.as_point().map(<[u8]>::to_vec));
            Some((term.part, points.collect::<Option<Vec<_>>>()?))
        }
        Term::Test(..) | Term::Any(_) | Term::Not(_) => None,
    };
    terms.iter().filter_map(keys).min_by_key(|(_, keys)| keys.len())
}
