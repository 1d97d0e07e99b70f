//! Deleting a record that others link to: what each relation says is found out first, for all records, and then done.
//!
//! Nothing here is generic over a model, as the records that link to one are of any.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::state::no_layer;
use super::write::WriteTransaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Entries, NetabaseDefinition, Relink};
use crate::permission::{Door, Guard, Permit, WriteAccess};
use crate::schema::{OnDelete, Operation};
use crate::table::{self, Change, Incoming, Layout, Links, ModelTables};

/// A record: the number of its model, and its key.
pub(super) type Record = (usize, Rc<[u8]>);

/// What a deletion does.
#[derive(Default)]
struct Deletion {
    /// in the order in which they were found
    records: Vec<Record>,
    known: HashSet<Record>,
    /// links that are taken out of records
    detached: BTreeMap<Record, Vec<Detached>>,
}

/// A link that is taken out: number of the relation, and the key where it led.
type Detached = (usize, Rc<[u8]>);

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Whether any record links to this one. One look-up for each relation that leads to the model.
    pub(super) fn has_referrers(&self, ordinal: usize, key: &[u8]) -> Result<bool> {
        let layout = &self.context.layout;
        for incoming in &layout.model(ordinal)?.incoming {
            let permit = Guard::follow(incoming.ordinal);
            let keeps = incoming.relation.on_delete == OnDelete::Keep;
            if !keeps && table::count_referrers(&permit, self.staged()?, layout, incoming, key)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Deletes a record, and does to those that link to it what their relations say.
    ///
    /// # Errors
    /// `StillReferenced` if one may not be left alone.
    pub(super) fn delete_with_referrers(
        &mut self,
        permit: &Permit<WriteAccess>,
        ordinal: usize,
        key: &[u8],
    ) -> Result<()> {
        let deletion = self.deletion(permit, ordinal, key)?;
        let Deletion { records, known, detached } = &deletion;
        self.admit(Door::Cascade, records.iter().skip(1))?;
        self.admit(Door::Relink, detached.keys().filter(|record| !known.contains(*record)))?;
        let done = self.atomically(|txn| {
            for (ordinal, key) in records {
                txn.delete_record(*ordinal, key)?;
            }
            for ((ordinal, key), links) in detached.iter().filter(|(record, _)| !known.contains(*record)) {
                let links: Vec<_> = links
                    .iter()
                    .map(|(relation, old)| Relink { relation: *relation, old, new: None })
                    .collect();
                txn.relink_record(*ordinal, key, &links)?;
            }
            Ok(())
        });
        done.map_err(|error| self.hushed(permit, ordinal, error))
    }

    /// Refuses what an operation brings with it, where its model or the policy does not allow that.
    pub(super) fn admit<'r>(&self, door: Door, records: impl Iterator<Item = &'r Record>) -> Result<()> {
        let context = &self.context;
        let operation = if door == Door::Cascade { Operation::Delete } else { Operation::Update };
        for (ordinal, key) in records {
            let tables = context.layout.model(*ordinal)?;
            let own = context.guard.of_cascades(*ordinal).write(door, tables.schema, *ordinal)?;
            if own.is_of_a_session()
                && let Some(bytes) = table::find(&own, self.staged()?, tables, key)?
            {
                own.check(tables.schema.name, operation, &bytes)?;
            }
        }
        Ok(())
    }

    /// Refuses a record that would come to be what the policy does not allow, as its links change.
    pub(super) fn admit_relinked(&self, ordinal: usize, value: &[u8]) -> Result<()> {
        let schema = self.context.layout.model(ordinal)?.schema;
        let own = self.context.guard.of_cascades(ordinal).write(Door::Relink, schema, ordinal)?;
        own.check(schema.name, Operation::Update, value)
    }

    /// An error about another record than the one that was asked for, which somebody with a ticket may not see.
    pub(super) fn hushed(&self, permit: &Permit<WriteAccess>, ordinal: usize, error: Error) -> Error {
        let tells =
            matches!(error.kind(), ErrorKind::ConstraintViolation { .. } | ErrorKind::AlreadyExists { .. });
        match self.context.layout.model(ordinal) {
            Ok(tables) if tells && permit.is_of_a_session() => permit.denied(tables.schema.name),
            _ => error,
        }
    }

    /// Finds all that is to be done. Each record is looked at once, however many ways lead to it.
    fn deletion(&self, permit: &Permit<WriteAccess>, ordinal: usize, key: &[u8]) -> Result<Deletion> {
        let layout = &*self.context.layout;
        let mut deletion = Deletion::default();
        deletion.add((ordinal, key.into()));
        let mut restricted: Vec<(Incoming, Record)> = Vec::new();
        let mut at = 0;
        while let Some((ordinal, key)) = deletion.records.get(at).cloned() {
            at += 1;
            for incoming in &layout.model(ordinal)?.incoming {
                match incoming.relation.on_delete {
                    OnDelete::Keep => continue,
                    // Whether they are among the deleted ones is known at the end.
                    OnDelete::Restrict => {
                        restricted.push((*incoming, (ordinal, key.clone())));
                        continue;
                    }
                    OnDelete::Cascade | OnDelete::SetNull => {}
                }
                let follow = Guard::follow(incoming.ordinal);
                let mut rows = table::referrers(&follow, self.staged()?, layout, incoming, &key)?;
                while rows.advance()? {
                    let record = (incoming.ordinal, Rc::from(rows.value()));
                    if incoming.relation.on_delete == OnDelete::Cascade {
                        deletion.add(record);
                    } else {
                        deletion.detached.entry(record).or_default().push((incoming.number, key.clone()));
                    }
                }
            }
        }
        for (incoming, (ordinal, key)) in restricted {
            self.check_restricted(permit, &deletion, &incoming, (ordinal, &key))?;
        }
        Ok(deletion)
    }

    /// Refuses a deletion that leaves records which link to a deleted one and may not.
    fn check_restricted(
        &self,
        permit: &Permit<WriteAccess>,
        deletion: &Deletion,
        incoming: &Incoming,
        (ordinal, key): (usize, &[u8]),
    ) -> Result<()> {
        let layout = &*self.context.layout;
        let (follow, tables) = (Guard::follow(incoming.ordinal), layout.model(incoming.ordinal)?);
        let by = tables.schema;
        let mut rows = table::referrers(&follow, self.staged()?, layout, incoming, key)?;
        // Those that may not be seen are not counted, but they stand in the way all the same.
        let (mut count, mut unseen) = (0, false);
        while rows.advance()? {
            if deletion.known.contains(&(incoming.ordinal, Rc::from(rows.value()))) {
                continue;
            }
            let is_seen = !permit.is_of_a_session() || {
                let record = table::find(&follow, self.staged()?, tables, rows.value())?;
                let link = (incoming.ordinal, incoming.part);
                record.map_or(Ok(true), |record| permit.sees_link(by, link, &record))?
            };
            count += u64::from(is_seen);
            unseen |= !is_seen;
        }
        let target = layout.model(ordinal)?;
        match (count, unseen) {
            (0, false) => return Ok(()),
            (0, true) => return Err(permit.denied(target.schema.name)),
            _ => {}
        }
        Err(Error::new(ErrorKind::StillReferenced {
            model: target.schema.name,
            key: target.reader.spell(key),
            by: by.name,
            relation: incoming.relation.name,
            count,
        }))
    }

    /// Deletes a record that is known to be there, and looks at nobody else.
    fn delete_record(&mut self, ordinal: usize, key: &[u8]) -> Result<()> {
        let mut before = Entries::default();
        self.read_record(ordinal, key, &mut before)?;
        self.stage_record(&Guard::follow(ordinal), (ordinal, key), Some(&before), None, Links::Trusted)
    }

    /// Changes links of a record, whose key stays.
    pub(super) fn relink_record(&mut self, ordinal: usize, key: &[u8], links: &[Relink<'_>]) -> Result<()> {
        let (mut before, mut after) = (Entries::default(), Entries::default());
        let bytes = self.read_record(ordinal, key, &mut before)?;
        let (mut value, mut new_key) = (Vec::new(), Vec::new());
        {
            let tables = self.context.layout.model(ordinal)?;
            let is_read = tables.reader.relink(&bytes, links, &mut value)?
                && tables.read(&value, &mut new_key, &mut after)?;
            if !is_read || new_key != key {
                return Err(damaged(&self.context.layout, tables));
            }
            self.admit_relinked(ordinal, &value)?;
        }
        self.stage_record(
            &Guard::follow(ordinal),
            (ordinal, key),
            Some(&before),
            Some((&value, &after)),
            Links::Trusted,
        )
    }

    /// The bytes of a record that must be there, and its entries.
    pub(super) fn read_record(&self, ordinal: usize, key: &[u8], entries: &mut Entries) -> Result<Vec<u8>> {
        let context = &self.context;
        let tables = context.layout.model(ordinal)?;
        let permit = Guard::follow(ordinal);
        let mut own = Vec::new();
        let found = table::find(&permit, self.staged()?, tables, key)?;
        let bytes = found.ok_or_else(|| damaged(&context.layout, tables))?;
        if !tables.read(&bytes, &mut own, entries)? || own != key {
            return Err(damaged(&context.layout, tables));
        }
        Ok(bytes.to_vec())
    }

    /// Stages what becomes of a record, once it is checked.
    pub(super) fn stage_record(
        &mut self,
        permit: &Permit<WriteAccess>,
        (ordinal, key): (usize, &[u8]),
        before: Option<&Entries>,
        after: Option<(&[u8], &Entries)>,
        links: Links,
    ) -> Result<()> {
        let context = &self.context;
        let tables = context.layout.model(ordinal)?;
        let change = Change { tables, key, before, after, links, now: self.state.now };
        let checked = table::check(permit, self.staged()?, context.limits, &change)?;
        self.state.note(context, permit, &change)?;
        let layer = self.state.layers.last_mut().ok_or_else(no_layer)?;
        let deferred = table::stage(permit, checked, layer, &change)?;
        self.state.deferred.extend(deferred.into_iter().map(|link| (ordinal, link)));
        self.state.spill_if_full(context)
    }

    /// Refuses a key under which there is a record.
    pub(super) fn refuse_taken(&self, ordinal: usize, key: &[u8]) -> Result<()> {
        let context = &self.context;
        let tables = context.layout.model(ordinal)?;
        let permit = Guard::follow(ordinal);
        if table::find(&permit, self.staged()?, tables, key)?.is_none() {
            return Ok(());
        }
        let (model, key) = (tables.schema.name, tables.reader.spell(key));
        Err(Error::new(ErrorKind::AlreadyExists { model, key }))
    }
}

impl Deletion {
    fn add(&mut self, record: Record) {
        if self.known.insert(record.clone()) {
            self.records.push(record);
        }
    }
}

/// A row of a relation that leads to no readable record.
#[cold]
pub(super) fn damaged(layout: &Layout, tables: &ModelTables) -> Error {
    let table = tables.main().map(|main| layout.name(main).to_owned()).unwrap_or_default();
    Error::new(ErrorKind::Corrupt { place: table })
}
