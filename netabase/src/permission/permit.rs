//! Permits: the leave that the table floor demands. The guard makes them.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Door;
use super::guard::{Session, refused};
use super::rights::ModelRights;
use super::rows::{self, Rows};
use crate::error::{Error, Result};
use crate::model::{NetabaseModel, Terms};
use crate::schema::{ModelSchema, Operation};

/// Marks a permit that allows to look.
#[derive(Debug)]
pub(crate) enum ReadAccess {}

/// Marks a permit that allows to change.
#[derive(Debug)]
pub(crate) enum WriteAccess {}

/// Marks a permit of the store's owner: to look at and mend the tables of every model.
#[derive(Debug)]
pub(crate) enum OwnerAccess {}

/// Marks a permit to touch what belongs to no model: the rows of consumers, and the messages of topics.
#[derive(Debug)]
pub(crate) enum FeedAccess {}

/// Leave to touch the tables of one model, or of all.
pub(crate) struct Permit<A> {
    /// number of the model; `ANY`: all
    ordinal: usize,
    door: Door,
    /// which records may be seen; `None`: all
    seen: Option<Arc<dyn Rows>>,
    /// what is hidden in those that are; `None`: nothing
    masks: Option<Arc<dyn Rows>>,
    /// whose it is; `None`: the owner's
    session: Option<Arc<Session>>,
    access: PhantomData<fn() -> A>,
}

pub(super) const ANY: usize = usize::MAX;

impl<A> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({}, {:?})", self.ordinal, self.door)
    }
}

impl<A> Clone for Permit<A> {
    fn clone(&self) -> Self {
        let Permit { ordinal, door, seen, masks, session, access } = self;
        let (seen, masks, session) = (seen.clone(), masks.clone(), session.clone());
        Permit { ordinal: *ordinal, door: *door, seen, masks, session, access: *access }
    }
}

impl<A> Permit<A> {
    /// For the guard alone: leave to touch all records of a model.
    #[inline]
    pub(super) fn of(ordinal: usize, door: Door) -> Self {
        Permit { ordinal, door, seen: None, masks: None, session: None, access: PhantomData }
    }

    /// Notes who has it, if it is somebody with a ticket.
    #[inline]
    pub(super) fn give(&mut self, session: &Arc<Session>) {
        self.session = Some(session.clone());
    }

    /// Limits it to some records, and some of their fields.
    #[inline]
    pub(super) fn limit(&mut self, rights: &ModelRights) {
        self.seen = rights.rows(Operation::Read).cloned();
        self.masks = rights.masks().cloned();
    }

    /// Whether the keys in a table may be made of hidden fields.
    pub(crate) fn hides_part(&self, schema: &ModelSchema, part: usize) -> bool {
        self.masks.as_ref().is_some_and(|masks| schema.looks_at(part, masks.masked()))
    }

    /// Whether there is anything to hide in a record.
    #[inline]
    pub(crate) fn is_masked(&self) -> bool {
        self.masks.is_some()
    }

    /// Hides in a record what has to be.
    #[inline]
    pub(crate) fn mask<M: NetabaseModel>(&self, record: M) -> Result<M> {
        match &self.masks {
            None => Ok(record),
            Some(masks) => rows::mask(&**masks, record),
        }
    }

    /// The table floor asks this, so that a permit for one model opens no other.
    #[inline]
    pub(crate) fn covers(&self, ordinal: usize) -> Result<()> {
        if self.ordinal == ordinal || self.ordinal == ANY {
            return Ok(());
        }
        Err(Error::internal("a permit for another model"))
    }
}

impl Permit<ReadAccess> {
    /// Whether there are records that may not be seen.
    #[inline]
    pub(crate) fn hides_records(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether a record may be seen.
    #[inline]
    pub(crate) fn shows(&self, record: &[u8]) -> Result<bool> {
        self.seen.as_ref().map_or(Ok(true), |rows| rows.allows(Operation::Read, record))
    }

    /// Whether a field is hidden in some records.
    pub(crate) fn hides_field(&self, field: &str) -> bool {
        self.masks.as_ref().is_some_and(|masks| masks.masked().contains(&field))
    }

    /// Whether some records are hidden from whoever has it, or some fields; also when conditions stand for that.
    pub(crate) fn hides_anything(&self) -> bool {
        let rights = self.session.as_ref().and_then(|session| session.rights(self.ordinal));
        rights.is_some_and(|rights| rights.rows(Operation::Read).is_some() || rights.masks().is_some())
    }

    /// The record as it may be seen, if it may.
    #[inline]
    pub(crate) fn see<M: NetabaseModel>(&self, record: M) -> Result<Option<M>> {
        let is_seen = match &self.seen {
            None => true,
            Some(rows) => rows::allows(&**rows, Operation::Read, &record)?,
        };
        if is_seen { self.mask(record).map(Some) } else { Ok(None) }
    }

    /// The record in bytes with what may be seen of it, if anything has to be hidden.
    pub(crate) fn masked(&self, record: &[u8]) -> Result<Option<Vec<u8>>> {
        self.masks.as_ref().map(|masks| masks.mask_bytes(record)).transpose()
    }

    /// Gives up to test each record, for conditions that a query tests instead: whoever takes them tests all of them. Where fields
    /// are hidden the table floor goes on testing, as the query sees no record whole, and the conditions only help to find.
    pub(crate) fn narrow<M: NetabaseModel>(&mut self) -> Result<Terms<M>> {
        let Some(rows) = &self.seen else { return Ok(Terms::new()) };
        let is_all = self.masks.is_none();
        let terms = rows::terms(&**rows, is_all)?;
        if is_all {
            self.seen = None;
        }
        Ok(terms)
    }

    /// The error for what this principal may not do.
    #[cold]
    pub(crate) fn denied(&self, door: Door, model: &'static str) -> Error {
        refused(self.session.as_deref(), door, Some(model))
    }

    /// Whether the members of a topic may be told.
    pub(crate) fn tells_topic(&self, topic: &[u8]) -> bool {
        let Some(session) = &self.session else { return true };
        let rights = session.rights(self.ordinal);
        rights.is_some_and(|rights| rights.topics.iter().any(|name| name.as_bytes() == topic))
    }
}

impl Permit<WriteAccess> {
    /// Refuses what the policy does not allow with this record.
    #[inline]
    pub(crate) fn check(&self, model: &'static str, operation: Operation, record: &[u8]) -> Result<()> {
        let Some(session) = &self.session else { return Ok(()) };
        if session.allows(self.ordinal, operation, record)? { Ok(()) } else { Err(self.denied(model)) }
    }

    /// Whether the record of a model may be seen, before an error tells of it.
    pub(crate) fn sees(&self, ordinal: usize, record: &[u8]) -> Result<bool> {
        let Some(session) = &self.session else { return Ok(true) };
        session.allows(ordinal, Operation::Read, record)
    }

    /// Whether the record of a model may be seen with all its fields.
    pub(crate) fn sees_whole(&self, ordinal: usize, record: &[u8]) -> Result<bool> {
        let rights = self.session.as_ref().and_then(|session| session.rights(ordinal));
        Ok(rights.is_none_or(|rights| rights.masks().is_none()) && self.sees(ordinal, record)?)
    }

    /// Whether a record may be linked to by a relation. `part`: number of the relation's table.
    pub(crate) fn may_link(&self, part: usize, target: usize, record: &[u8]) -> Result<bool> {
        let Some(session) = &self.session else { return Ok(true) };
        let rights = session.rights(self.ordinal);
        let is_free = rights.is_some_and(|rights| rights.links.contains(&part));
        Ok(is_free || session.allows(target, Operation::Read, record)?)
    }

    /// A new record with the hidden fields of the old one, if there are any. Whoever does not see a field leaves it blank.
    pub(crate) fn restore(&self, model: &'static str, old: &[u8], new: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(masks) = &self.masks else { return Ok(None) };
        masks.restore(old, new)?.ok_or_else(|| self.denied(model)).map(Some)
    }

    /// Whether fields of some records are hidden.
    pub(crate) fn hides_fields(&self) -> bool {
        self.masks.is_some()
    }

    /// Whether somebody with a ticket writes.
    #[inline]
    pub(crate) fn is_of_a_session(&self) -> bool {
        self.session.is_some()
    }

    /// Whether it may be told that a record links to another one. `part`: the table of its links.
    pub(crate) fn sees_link(
        &self,
        schema: &ModelSchema,
        (ordinal, part): (usize, usize),
        record: &[u8],
    ) -> Result<bool> {
        let Some(session) = &self.session else { return Ok(true) };
        let masks = session.rights(ordinal).and_then(ModelRights::masks);
        let is_hidden = masks.is_some_and(|masks| schema.looks_at(part, masks.masked()));
        Ok(!is_hidden && session.allows(ordinal, Operation::Read, record)?)
    }

    /// The error for what this principal may not do.
    #[cold]
    pub(crate) fn denied(&self, model: &'static str) -> Error {
        refused(self.session.as_deref(), self.door, Some(model))
    }
}
