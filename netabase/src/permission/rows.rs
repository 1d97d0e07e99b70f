//! Single records: whether they may be seen or changed, and what is hidden in them.

use std::any::Any;

use crate::codec;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Entries, NO_CUSTOMS, NetabaseModel, Term, Terms, add_parts, all_hold};
use crate::schema::{Operation, Operations};

/// Rules for the records of one model, without its type.
pub(super) trait Rows: Send + Sync {
    /// Whether it may be done with the record in these bytes.
    fn allows(&self, operation: Operation, record: &[u8]) -> Result<bool>;
    /// Recorded names of the fields that are hidden in some record from who reads it.
    fn masked(&self) -> &[&'static str];
    /// The record with what may be seen of it.
    fn mask_bytes(&self, record: &[u8]) -> Result<Vec<u8>>;
    /// A new record with the hidden fields of the old one; `None` if it has something else in their place than nothing, or would
    /// show them.
    fn restore(&self, old: &[u8], new: &[u8]) -> Result<Option<Vec<u8>>>;
    fn as_any(&self) -> &dyn Any;
}

/// One way to be allowed something.
pub(super) struct Alternative<M> {
    pub(super) operations: Operations,
    /// with which records; `None`: all
    pub(super) rows: Option<Terms<M>>,
    /// recorded names of the fields that are not seen
    pub(super) masks: Vec<&'static str>,
}

impl<M> Alternative<M> {
    fn has(&self, operation: Operation) -> bool {
        self.operations.has(operation)
    }
}

/// What conditions look at in a record.
struct Known<'r, M> {
    record: &'r M,
    /// nothing, where no condition asks for keys
    key: Vec<u8>,
    entries: Option<Entries>,
}

/// What a ticket may do with the records of a model: what one of several alternatives allows.
pub(super) struct Rule<M> {
    alternatives: Vec<Alternative<M>>,
    /// the tables whose keys decide
    parts: Vec<usize>,
    /// fields that are hidden in some records, from who reads or changes them
    hidden: Vec<&'static str>,
    /// those of them that are hidden from who reads, and are not named
    masked: Vec<&'static str>,
}

impl<M: NetabaseModel> Rule<M> {
    /// # Errors
    /// `InvalidPolicy` for a condition on an index that is registered, whose code may not be there.
    pub(super) fn new(alternatives: Vec<Alternative<M>>) -> Result<Self> {
        let (mut parts, mut hidden) = (Vec::new(), Vec::new());
        for alternative in &alternatives {
            for term in alternative.rows.iter().flatten() {
                refuse_registered(term)?;
                add_parts(term, &mut parts);
            }
            if alternative.has(Operation::Read) || alternative.has(Operation::Update) {
                hidden.extend_from_slice(&alternative.masks);
            }
        }
        hidden.sort_unstable();
        hidden.dedup();
        // What one alternative shows of all records is hidden in none.
        let readable = || alternatives.iter().filter(|one| one.has(Operation::Read));
        hidden.retain(|field| !readable().any(|one| one.rows.is_none() && !one.masks.contains(field)));
        let is_masked = |field: &&&'static str| readable().any(|one| one.masks.contains(field));
        let masked = hidden.iter().filter(is_masked).copied().collect();
        Ok(Rule { alternatives, parts, hidden, masked })
    }

    /// Whether there may be records with which it is not allowed.
    pub(super) fn restricts(&self, operation: Operation) -> bool {
        !self.alternatives.iter().any(|one| one.has(operation) && one.rows.is_none())
    }

    pub(super) fn has_masks(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// What the conditions look at in a record.
    fn known<'r>(&self, record: &'r M) -> Result<Known<'r, M>> {
        let mut known = Known { record, key: Vec::new(), entries: None };
        if !self.parts.is_empty() {
            record.encode_key(&mut known.key)?;
            known.entries = Entries::of_parts(self.parts.iter().copied());
            if let Some(entries) = &mut known.entries {
                entries.collect_unsorted(record, &known.key, &NO_CUSTOMS)?;
            }
        }
        Ok(known)
    }

    /// The alternatives that allow it with a record.
    fn that_allow(
        &self,
        operation: Operation,
        Known { record, key, entries }: &Known<'_, M>,
    ) -> impl Iterator<Item = &Alternative<M>> {
        let holds = move |rows: &Terms<M>| all_hold(rows, key, record, entries.as_ref());
        let allows = move |one: &&Alternative<M>| one.has(operation) && one.rows.as_ref().is_none_or(holds);
        self.alternatives.iter().filter(allows)
    }

    fn allows(&self, operation: Operation, record: &M) -> Result<bool> {
        Ok(self.that_allow(operation, &self.known(record)?).next().is_some())
    }

    fn decode(bytes: &[u8]) -> Result<M> {
        let corrupt = || Error::new(ErrorKind::Corrupt { place: M::NAME.to_owned() });
        codec::decode(M::SCHEMA.version, bytes).map_err(|_| corrupt())
    }

    fn encode(record: &M) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        codec::encode(M::SCHEMA.version, record, &mut bytes)
            .ok_or_else(|| Error::new(ErrorKind::Codec { model: M::NAME }))?;
        Ok(bytes)
    }

    /// The fields that no alternative shows of this record.
    fn hidden_in(&self, record: &M) -> Result<Vec<&'static str>> {
        let known = self.known(record)?;
        // Who changes what he does not read has the masks of that.
        let is_read = self.that_allow(Operation::Read, &known).next().is_some();
        let by = if is_read { Operation::Read } else { Operation::Update };
        let is_hidden =
            |field: &&&'static str| self.that_allow(by, &known).all(|one| one.masks.contains(field));
        Ok(self.hidden.iter().filter(is_hidden).copied().collect())
    }

    fn mask(&self, mut record: M) -> Result<M> {
        let hidden = self.hidden_in(&record)?;
        for classed in record.classed() {
            if hidden.contains(&classed.field) {
                classed.value.blank();
            }
        }
        Ok(record)
    }

    /// The conditions for seeing a record. `is_all`: these are to be all of them; else those that look at no hidden field.
    fn terms(&self, is_all: bool) -> Terms<M> {
        let readable = self.alternatives.iter().filter(|one| one.has(Operation::Read));
        let mut either: Vec<Terms<M>> = readable.filter_map(|one| one.rows.clone()).collect();
        if !is_all {
            // A condition less finds a record more.
            for terms in &mut either {
                terms.retain(|term| is_about_shown(term, &self.masked));
            }
            if either.iter().any(Terms::is_empty) {
                return Terms::new();
            }
        }
        match either.len() {
            1 => either.pop().unwrap_or_default(),
            _ => Terms::from_iter([Term::Any(either)]),
        }
    }
}

/// Whether a condition asks for keys alone that are made of fields which are seen.
fn is_about_shown<M: NetabaseModel>(term: &mut Term<M>, masked: &[&'static str]) -> bool {
    match term {
        Term::Keys(term) => !M::SCHEMA.looks_at(term.part, masked),
        Term::Test(..) | Term::Any(_) | Term::Not(_) => false,
    }
}

fn refuse_registered<M: NetabaseModel>(term: &Term<M>) -> Result<()> {
    let all = |terms: &[Term<M>]| terms.iter().try_for_each(refuse_registered);
    match term {
        Term::Keys(term) => match term.custom {
            Some(name) => {
                let reason = format!("the rows of {} are those of a registered index, `{name}`", M::NAME);
                Err(Error::new(ErrorKind::InvalidPolicy { reason }))
            }
            None => Ok(()),
        },
        Term::Test(..) => Ok(()),
        Term::Any(either) => either.iter().try_for_each(|terms| all(terms)),
        Term::Not(terms) => all(terms),
    }
}

impl<M: NetabaseModel> Rows for Rule<M> {
    fn allows(&self, operation: Operation, record: &[u8]) -> Result<bool> {
        Rule::allows(self, operation, &Self::decode(record)?)
    }

    fn masked(&self) -> &[&'static str] {
        &self.masked
    }

    fn mask_bytes(&self, record: &[u8]) -> Result<Vec<u8>> {
        Self::encode(&self.mask(Self::decode(record)?)?)
    }

    fn restore(&self, old: &[u8], new: &[u8]) -> Result<Option<Vec<u8>>> {
        let (mut old, mut new) = (Self::decode(old)?, Self::decode(new)?);
        let hidden = self.hidden_in(&old)?;
        for (new, old) in new.classed().into_iter().zip(old.classed()) {
            if !hidden.contains(&new.field) {
                continue;
            }
            if !new.value.is_blank() {
                return Ok(None);
            }
            if !new.value.take_from(old.value) {
                return Err(Error::internal("a field of two types"));
            }
        }
        // Nobody brings a record to where he would see what he does not see here.
        let hidden_then = self.hidden_in(&new)?;
        if hidden.iter().any(|field| !hidden_then.contains(field)) {
            return Ok(None);
        }
        Self::encode(&new).map(Some)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn rule<M: NetabaseModel>(rows: &dyn Rows) -> Result<&Rule<M>> {
    rows.as_any().downcast_ref().ok_or_else(|| Error::internal("rules of another model"))
}

/// Whether it may be done with a record.
pub(super) fn allows<M: NetabaseModel>(rows: &dyn Rows, operation: Operation, record: &M) -> Result<bool> {
    rule::<M>(rows)?.allows(operation, record)
}

/// Hides in a record what has to be.
pub(super) fn mask<M: NetabaseModel>(rows: &dyn Rows, record: M) -> Result<M> {
    rule::<M>(rows)?.mask(record)
}

/// The conditions for seeing a record, see [`Rule::terms`].
pub(super) fn terms<M: NetabaseModel>(rows: &dyn Rows, is_all: bool) -> Result<Terms<M>> {
    Ok(rule::<M>(rows)?.terms(is_all))
}
