//! The guard, and the permits that it makes.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::SystemTime;

use super::decision::{Decision, Hook, tell};
use super::rights::ModelRights;
use super::rows::{self, Rows};
use super::{Door, Ticket};
use crate::error::{Error, ErrorKind, Result};
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

const ANY: usize = usize::MAX;

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
    #[inline]
    fn of(ordinal: usize, door: Door) -> Self {
        Permit { ordinal, door, seen: None, masks: None, session: None, access: PhantomData }
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

    /// Whether the keys in a table may be made of hidden fields.
    pub(crate) fn hides_part(&self, schema: &ModelSchema, part: usize) -> bool {
        self.masks.as_ref().is_some_and(|masks| schema.looks_at(part, masks.masked()))
    }

    /// Whether some records are hidden, or some fields.
    pub(crate) fn hides_anything(&self) -> bool {
        self.seen.is_some() || self.masks.is_some()
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

    /// Hides in a record what has to be.
    #[inline]
    pub(crate) fn mask<M: NetabaseModel>(&self, record: M) -> Result<M> {
        match &self.masks {
            None => Ok(record),
            Some(masks) => rows::mask(&**masks, record),
        }
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
        let rights = session.models.get(self.ordinal);
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
        let rights = self.session.as_ref().and_then(|session| session.models.get(ordinal));
        Ok(rights.is_none_or(|rights| rights.masks().is_none()) && self.sees(ordinal, record)?)
    }

    /// Whether a record may be linked to by a relation. `part`: number of the relation's table.
    pub(crate) fn may_link(&self, part: usize, target: usize, record: &[u8]) -> Result<bool> {
        let Some(session) = &self.session else { return Ok(true) };
        let rights = session.models.get(self.ordinal);
        let is_free = rights.is_some_and(|rights| rights.links.contains(&part));
        Ok(is_free || session.allows(target, Operation::Read, record)?)
    }

    /// Hides in a record what has to be.
    pub(crate) fn mask<M: NetabaseModel>(&self, record: M) -> Result<M> {
        match self.masks() {
            None => Ok(record),
            Some(masks) => rows::mask(&**masks, record),
        }
    }

    /// A new record with the hidden fields of the old one, if there are any. Whoever does not see a field leaves it blank.
    pub(crate) fn restore(&self, model: &'static str, old: &[u8], new: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(masks) = self.masks() else { return Ok(None) };
        masks.restore(old, new)?.ok_or_else(|| self.denied(model)).map(Some)
    }

    /// Whether fields of some records are hidden.
    pub(crate) fn hides_fields(&self) -> bool {
        self.masks().is_some()
    }

    fn masks(&self) -> Option<&Arc<dyn Rows>> {
        self.session.as_ref()?.models.get(self.ordinal)?.masks()
    }

    /// Whether the keys in a table may be made of fields that are hidden.
    pub(crate) fn hides_part(&self, schema: &ModelSchema, part: usize) -> bool {
        self.masks().is_some_and(|masks| schema.looks_at(part, masks.masked()))
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
        let masks = session.models.get(ordinal).and_then(ModelRights::masks);
        let is_hidden = masks.is_some_and(|masks| schema.looks_at(part, masks.masked()));
        Ok(!is_hidden && session.allows(ordinal, Operation::Read, record)?)
    }

    /// The error for what this principal may not do.
    #[cold]
    pub(crate) fn denied(&self, model: &'static str) -> Error {
        refused(self.session.as_deref(), self.door, Some(model))
    }
}

/// What somebody with a ticket may do, or nobody without one.
pub(crate) struct Session {
    /// of all definitions, numbered through
    models: Vec<ModelRights>,
    /// `None`: the store has a policy, and nobody came with a ticket
    ticket: Option<Ticket>,
    hook: Option<Hook>,
}

impl Session {
    fn allows(&self, ordinal: usize, operation: Operation, record: &[u8]) -> Result<bool> {
        match self.models.get(ordinal) {
            Some(rights) => rights.allows(operation, record),
            None => Ok(false),
        }
    }

    fn told(&self, door: Door, model: Option<&'static str>, allowed: bool) {
        let roles = self.ticket.as_ref().map_or(&[][..], Ticket::roles);
        tell(self.hook.as_ref(), &Decision { door, model, allowed, roles });
    }
}

#[cold]
fn refused(session: Option<&Session>, door: Door, model: Option<&'static str>) -> Error {
    if let Some(session) = session {
        session.told(door, model, false);
    }
    let model = model.unwrap_or("the store");
    Error::new(ErrorKind::PermissionDenied { operation: door.name(), model })
}

/// Decides. Every handle of a store has one, and so has every transaction.
#[derive(Clone, Default)]
pub(crate) struct Guard(Option<Arc<Session>>);

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Guard" } else { "Guard(owner)" })
    }
}

impl Guard {
    /// Lets everything pass.
    pub(crate) fn owner() -> Self {
        Guard(None)
    }

    /// Lets nothing pass: the store has a policy, and there is no ticket.
    pub(crate) fn closed(hook: Option<Hook>) -> Self {
        Guard(Some(Arc::new(Session { models: Vec::new(), ticket: None, hook })))
    }

    /// Lets pass what these rights allow.
    pub(crate) fn session(models: Vec<ModelRights>, ticket: Ticket, hook: Option<Hook>) -> Self {
        Guard(Some(Arc::new(Session { models, ticket: Some(ticket), hook })))
    }

    /// Refuses to begin anything without a ticket where one is needed, and with one that has ended.
    #[inline]
    pub(crate) fn admit(&self, now: impl FnOnce() -> SystemTime) -> Result<()> {
        let Some(session) = &self.0 else { return Ok(()) };
        match &session.ticket {
            None => {
                session.told(Door::Session, None, false);
                let (operation, model) = ("a transaction without a ticket", "the store");
                Err(Error::new(ErrorKind::PermissionDenied { operation, model }))
            }
            Some(ticket) => ticket.check(now),
        }
    }

    /// Whether sessions may be begun here, and the owner's path: not from a session.
    pub(crate) fn check_root(&self) -> Result<()> {
        match &self.0 {
            Some(session) if session.ticket.is_some() => Err(refused(Some(session), Door::Session, None)),
            _ => Ok(()),
        }
    }

    /// Leave to read records of a model.
    #[inline]
    pub(crate) fn read(
        &self,
        door: Door,
        schema: &ModelSchema,
        ordinal: usize,
    ) -> Result<Permit<ReadAccess>> {
        let mut permit = Permit::of(ordinal, door);
        if let Some((session, rights)) = self.pass(door, schema, ordinal)? {
            permit.seen = rights.rows(Operation::Read).cloned();
            permit.masks = rights.masks().cloned();
            // Single records name no fields and no topics.
            if !door.is_by_key() {
                permit.session = Some(session.clone());
            }
        }
        Ok(permit)
    }

    /// Leave to change records of a model.
    #[inline]
    pub(crate) fn write(
        &self,
        door: Door,
        schema: &ModelSchema,
        ordinal: usize,
    ) -> Result<Permit<WriteAccess>> {
        let mut permit = Permit::of(ordinal, door);
        permit.session = self.pass(door, schema, ordinal)?.map(|(session, _)| session.clone());
        Ok(permit)
    }

    /// The guard of what an operation brings with it in other records of a model: whether the policy of its definition leaves that
    /// to what the relations say, or asks for rights.
    pub(crate) fn of_cascades(&self, ordinal: usize) -> Guard {
        let rights = self.0.as_ref().and_then(|session| session.models.get(ordinal));
        if rights.is_some_and(|rights| rights.trusts_cascades) { Guard::owner() } else { self.clone() }
    }

    /// Leave for what follows from an operation that was allowed: to look for those that link to a record, and change them.
    pub(crate) fn follow(ordinal: usize) -> Permit<WriteAccess> {
        Permit::of(ordinal, Door::Relink)
    }

    /// Leave to verify, rebuild and measure the whole store: the owner's alone.
    pub(crate) fn all(&self, door: Door) -> Result<Permit<OwnerAccess>> {
        match &self.0 {
            None => Ok(Permit::of(ANY, door)),
            Some(session) => Err(refused(Some(session), door, None)),
        }
    }

    /// Refuses what the model or the rights of a ticket do not allow; returns whose they are, if it is not the owner who asks.
    #[inline]
    fn pass(
        &self,
        door: Door,
        schema: &ModelSchema,
        ordinal: usize,
    ) -> Result<Option<(&Arc<Session>, &ModelRights)>> {
        // A constant, which folds away where the model is known.
        if !schema.access.has_all(door.needs()) {
            return Err(refused(self.0.as_deref(), door, Some(schema.name)));
        }
        let Some(session) = &self.0 else { return Ok(None) };
        match session.models.get(ordinal) {
            Some(rights) if rights.opens(door) => {
                if session.hook.is_some() || cfg!(feature = "tracing") {
                    session.told(door, Some(schema.name), true);
                }
                Ok(Some((session, rights)))
            }
            _ => Err(refused(Some(session), door, Some(schema.name))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyType;
    use crate::schema::Operations;

    const fn model(access: Operations) -> ModelSchema {
        ModelSchema {
            name: "Author",
            version: 1,
            fields: &[],
            primary: &[],
            key: KeyType::U8,
            key_width: Some(1),
            indexes: &[],
            relations: &[],
            topics: &[],
            access,
            inbound: None,
            class: None,
        }
    }

    #[test]
    fn a_permit_for_one_model_opens_no_other() {
        let permit = Guard::owner().read(Door::Get, &model(Operations::ALL), 3).unwrap();
        assert!(permit.covers(3).is_ok());
        assert!(permit.covers(4).is_err());
    }

    #[test]
    fn what_a_model_does_not_allow_nobody_may() {
        let read_only = model(Operations::of(&[Operation::Read]));
        assert!(Guard::owner().read(Door::Get, &read_only, 0).is_ok());
        for door in [Door::Create, Door::Update, Door::Upsert, Door::Take, Door::Cascade] {
            let refused = Guard::owner().write(door, &read_only, 0).unwrap_err();
            assert!(
                matches!(refused.kind(), ErrorKind::PermissionDenied { model: "Author", .. }),
                "{door:?}"
            );
        }
    }

    #[test]
    fn without_a_ticket_nothing_passes() {
        let closed = Guard::closed(None);
        assert!(closed.read(Door::Get, &model(Operations::ALL), 0).is_err());
        assert!(closed.all(Door::Verify).is_err() && Guard::owner().all(Door::Verify).is_ok());
        assert!(closed.check_root().is_ok());
    }
}
