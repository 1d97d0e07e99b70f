//! Where a query reads: single rows, counts and kept sums of one model.

use std::fmt;
use std::sync::Arc;

use crate::engine::Slice;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ByteRange;
use crate::model::{By, Index, NetabaseModel, Order, Term, Viewed};
use crate::observe::Observed;
use crate::overlay::View;
use crate::permission::{Door, Guard, Permit, ReadAccess};
use crate::schema::Access;
use crate::table::{self, KeyList, Layout, ModelTables, Sums, Target};

/// Where a query reads, and the leave to do so. (Public in name only: no path leads here.)
#[doc(hidden)]
#[derive(Clone)]
pub struct Source<'r> {
    pub(super) view: View<'r>,
    pub(super) guard: Guard,
    pub(super) permit: Permit<ReadAccess>,
    pub(super) layout: Arc<Layout>,
    pub(super) ordinal: usize,
    /// the model that the query is about, whose definition is the one that reads
    pub(super) home: usize,
    pub(super) observed: Observed,
}

/// Gives the conditions on registered indexes the numbers of their tables.
pub(super) fn resolve<M>(terms: &mut [Term<M>], tables: &ModelTables) -> Result<()> {
    terms.iter_mut().try_for_each(|term| match term {
        Term::Keys(term) => {
            if let Some(name) = term.custom {
                term.part = registered(tables, name)?;
            }
            Ok(())
        }
        Term::Test(..) => Ok(()),
        Term::Any(either) => either.iter_mut().try_for_each(|terms| resolve(terms, tables)),
        Term::Not(terms) => resolve(terms, tables),
    })
}

/// A link that is not followed is a key and nothing more.
fn refuse_closed(door: Door, target: &Target) -> Result<()> {
    if target.relation.access != Access::None {
        return Ok(());
    }
    let (operation, model) = (door.name(), target.relation.target);
    Err(Error::new(ErrorKind::PermissionDenied { operation, model }))
}

/// A key that leads to a record, and is no relation, is followed as a relation would be.
fn refuse_inbound(door: Door, from: &ModelTables, to: &ModelTables) -> Result<()> {
    if to.schema.is_open_to(from.schema.name) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::PermissionDenied { operation: door.name(), model: to.schema.name }))
}

fn registered(tables: &ModelTables, name: &'static str) -> Result<usize> {
    let unknown = || Error::new(ErrorKind::UnknownIndex { model: tables.schema.name, name });
    tables.customs.part(name).ok_or_else(unknown)
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.ordinal)
    }
}

impl<'r> Source<'r> {
    /// The tables of another model, at the same moment.
    fn at<M: NetabaseModel>(&self, door: Door, ordinal: usize) -> Result<Source<'r>> {
        self.layout.check_granted(self.home, ordinal)?;
        let Source { view, guard, layout, home, .. } = self;
        let permit = guard.read(door, M::SCHEMA, ordinal)?;
        Ok(Source {
            view: view.clone(),
            guard: guard.clone(),
            permit,
            layout: layout.clone(),
            ordinal,
            home: *home,
            observed: self.observed.clone(),
        })
    }

    /// The tables of the model that a table of this one leads to.
    pub(super) fn behind<M: NetabaseModel>(&self, door: Door, part: usize) -> Result<Source<'r>> {
        match self.tables()?.part(part)?.target {
            Some(target) => {
                refuse_closed(door, &target)?;
                self.at::<M>(door, target.ordinal)
            }
            None => {
                let target = self.at::<M>(door, self.layout.ordinal_of::<M>(self.ordinal)?)?;
                refuse_inbound(door, self.tables()?, target.tables()?)?;
                Ok(target)
            }
        }
    }

    /// The tables of a model that has a handle which leads here: of the same definition, or of one that links into it.
    pub(super) fn before<C: NetabaseModel, K, S>(
        &self,
        door: Door,
        handle: Index<C, K, S>,
    ) -> Result<Source<'r>> {
        // Of a model that several definitions list, the one whose links lead here.
        let leads_here = |ordinal: &usize| {
            let part = self.layout.model(*ordinal).and_then(|tables| tables.part(handle.part()));
            let target = part.ok().and_then(|part| part.target);
            target.is_none_or(|target| target.ordinal == self.ordinal)
        };
        let own = self.layout.ordinal_of::<C>(self.ordinal);
        let ordinal = match own.as_ref().ok().filter(|own| leads_here(own)) {
            Some(own) => *own,
            None => {
                let unknown = || Error::new(ErrorKind::UnknownModel { model: C::NAME });
                self.layout.linking::<C>((self.home, self.ordinal), handle.part())?.ok_or_else(unknown)?
            }
        };
        let source = self.at::<C>(door, ordinal)?;
        let tables = source.tables()?;
        match tables.part(source.part_of(handle)?)?.target {
            Some(target) => refuse_closed(door, &target)?,
            None => refuse_inbound(door, tables, self.tables()?)?,
        }
        Ok(source)
    }

    /// The records of many keys, in the order of the list, read as one batch in the order of their table.
    pub(super) fn records<M: NetabaseModel>(&self, keys: &KeyList) -> Result<Vec<Option<M>>> {
        let mut found: Vec<Option<M>> = (0..keys.len()).map(|_| None).collect();
        let tables = self.tables()?;
        table::each(&self.permit, &self.view, tables, keys, |place, stored| {
            if let Some(slot) = found.get_mut(place) {
                *slot = stored.map(|bytes| self.decode(bytes)).transpose()?;
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Number of the table that a handle leads to.
    pub(super) fn part_of<M, K, S>(&self, handle: Index<M, K, S>) -> Result<usize> {
        let part = handle.custom_name().map_or(Ok(handle.part()), |name| self.registered(name))?;
        self.check_part(part)?;
        Ok(part)
    }

    /// Refuses to name a table whose keys are hidden.
    pub(super) fn check_part(&self, part: usize) -> Result<()> {
        let schema = self.tables()?.schema;
        if self.permit.hides_part(schema, part) {
            return Err(self.permit.denied(Door::NameField, schema.name));
        }
        Ok(())
    }

    /// Refuses to name a hidden field.
    pub(super) fn check_field(&self, field: &str) -> Result<()> {
        if self.permit.hides_field(field) {
            return Err(self.permit.denied(Door::NameField, self.tables()?.schema.name));
        }
        Ok(())
    }

    /// Refuses an order by what is hidden.
    pub(super) fn check_order<M>(&self, order: &Order<M>) -> Result<()> {
        match &order.by {
            By::Key(part) => self.check_part(*part),
            By::Field(name, _) => self.check_field(name),
        }
    }

    /// Refuses conditions that name what is hidden.
    pub(super) fn check_terms<M>(&self, terms: &[Term<M>]) -> Result<()> {
        terms.iter().try_for_each(|term| match term {
            Term::Keys(term) => {
                let tables = self.tables()?;
                self.check_part(term.part)?;
                if tables.schema.topics.is_empty() || term.part != tables.schema.topics_part() {
                    return Ok(());
                }
                let is_told =
                    |range: &ByteRange| range.as_point().is_some_and(|topic| self.permit.tells_topic(topic));
                let all_told = term.ranges.iter().all(is_told);
                if all_told { Ok(()) } else { Err(self.permit.denied(Door::Topic, tables.schema.name)) }
            }
            Term::Test(field, _) => field.map_or(Ok(()), |field| self.check_field(field)),
            Term::Any(either) => either.iter().try_for_each(|terms| self.check_terms(terms)),
            Term::Not(terms) => self.check_terms(terms),
        })
    }

    /// Number of the table of a registered index.
    ///
    /// # Errors
    /// `UnknownIndex` if the store was opened without it.
    pub(super) fn registered(&self, name: &'static str) -> Result<usize> {
        registered(self.tables()?, name)
    }

    #[inline]
    pub(super) fn tables(&self) -> Result<&ModelTables> {
        self.layout.model(self.ordinal)
    }

    #[inline]
    pub(super) fn decode<M: NetabaseModel>(&self, bytes: &[u8]) -> Result<M> {
        table::decode(&self.permit, &self.layout, self.tables()?, bytes)
    }

    /// Shows a view of a record.
    pub(super) fn view<M: Viewed>(
        &self,
        bytes: &[u8],
        look: impl FnOnce(M::View<'_>) -> Result<()>,
    ) -> Result<()> {
        table::view::<M, _>(&self.permit, &self.layout, self.tables()?, bytes, look)?
    }

    /// Whether the rows of a table are key -> primary key, one for each key.
    pub(super) fn is_map(&self, part: usize) -> Result<bool> {
        Ok(part == 0 || self.tables()?.part(part)?.unique)
    }

    /// The record that one key of a map leads to.
    pub(super) fn find<M: NetabaseModel>(&self, part: usize, key: &[u8]) -> Result<Option<M>> {
        let Source { view, permit, layout, .. } = self;
        let tables = self.tables()?;
        let record = if part == 0 {
            table::get(permit, view, tables, key)?
        } else {
            let Some(primary) = table::lookup(permit, view, tables, part, key)? else { return Ok(None) };
            Some(table::get(permit, view, tables, &primary)?.ok_or_else(|| self.corrupt(part))?)
        };
        record.map(|bytes| table::decode(permit, layout, tables, &bytes)).transpose()
    }

    /// The bytes of the record with this key.
    pub(super) fn record(&self, key: &[u8]) -> Result<Option<Slice<'_>>> {
        table::get(&self.permit, &self.view, self.tables()?, key)
    }

    /// A row of the table that is not what was written.
    #[cold]
    pub(super) fn corrupt(&self, part: usize) -> Error {
        let table = self.tables().and_then(|tables| tables.part(part));
        let table = table.map(|table| self.layout.name(table.id).to_owned()).unwrap_or_default();
        Error::new(ErrorKind::Corrupt { place: table })
    }

    /// How many rows an index has under a key.
    pub(super) fn count(&self, part: usize, key: &[u8]) -> Result<u64> {
        table::count(&self.permit, &self.view, self.tables()?, part, key)
    }

    /// One of the sums that an index keeps for a key. `part`: the table of sums.
    pub(super) fn kept_sum(&self, part: usize, key: &[u8], place: usize) -> Result<i128> {
        let tables = self.tables()?;
        let row = table::lookup(&self.permit, &self.view, tables, part, key)?;
        let kept = Sums::read(tables, tables.part(part)?, row.as_deref())?;
        Ok(kept.sums.get(place).copied().unwrap_or_default())
    }

    /// The number of rows in these ranges of a table, if it is stored.
    pub(super) fn stored_count(&self, part: usize, ranges: &[ByteRange]) -> Result<Option<u64>> {
        if part == 0 && matches!(ranges, [range] if range.is_all()) {
            return table::len(&self.permit, &self.view, self.tables()?).map(Some);
        }
        let mut sum = 0;
        for range in ranges {
            let Some(key) = range.as_point() else { return Ok(None) };
            sum += self.count(part, key)?;
        }
        Ok(Some(sum))
    }
}
