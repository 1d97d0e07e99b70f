//! The guard, which makes the permits.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::decision::{Decision, Hook, tell};
use super::permit::{ANY, FeedAccess, OwnerAccess, Permit, ReadAccess, WriteAccess};
use super::rights::ModelRights;
use super::{Door, Ticket};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ModelSchema, Operation};

/// What somebody with a ticket may do, or nobody without one.
pub(crate) struct Session {
    /// of all definitions, numbered through
    models: Vec<ModelRights>,
    /// `None`: the store has a policy, and nobody came with a ticket
    ticket: Option<Ticket>,
    hook: Option<Hook>,
}

impl Session {
    /// The rights on a model.
    #[inline]
    pub(super) fn rights(&self, ordinal: usize) -> Option<&ModelRights> {
        self.models.get(ordinal)
    }

    pub(super) fn allows(&self, ordinal: usize, operation: Operation, record: &[u8]) -> Result<bool> {
        match self.rights(ordinal) {
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
pub(super) fn refused(session: Option<&Session>, door: Door, model: Option<&'static str>) -> Error {
    if let Some(session) = session {
        session.told(door, model, false);
    }
    let model = model.unwrap_or("the store");
    Error::new(ErrorKind::PermissionDenied { operation: door.name(), model })
}

/// Decides. Every handle of a store has one, and so has every transaction.
#[derive(Clone)]
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

    /// Whether somebody with a ticket has it.
    pub(crate) fn is_session(&self) -> bool {
        self.0.as_ref().is_some_and(|session| session.ticket.is_some())
    }

    /// Who it is, if his ticket says so.
    pub(crate) fn actor(&self) -> Option<&str> {
        self.0.as_ref()?.ticket.as_ref()?.name()
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
            permit.limit(rights);
            // Single records name no fields and no topics.
            if !door.is_by_key() {
                permit.give(session);
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
        if let Some((session, rights)) = self.pass(door, schema, ordinal)? {
            permit.limit(rights);
            permit.give(session);
        }
        Ok(permit)
    }

    /// The guard of what an operation brings with it in other records of a model: whether the policy of its definition leaves that
    /// to what the relations say, or asks for rights.
    pub(crate) fn of_cascades(&self, ordinal: usize) -> Guard {
        let rights = self.0.as_ref().and_then(|session| session.rights(ordinal));
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

    /// Leave to work through the journal: the owner's alone.
    pub(crate) fn feed(&self, door: Door) -> Result<Permit<FeedAccess>> {
        self.all(door)?;
        Ok(Permit::of(ANY, door))
    }

    /// Leave to publish to a topic, or to receive its messages. `ordinal`: the first model of its definition.
    pub(crate) fn topic(
        &self,
        door: Door,
        ordinal: usize,
        topic: &'static str,
    ) -> Result<Permit<FeedAccess>> {
        if let Some(session) = &self.0 {
            let rights = session.rights(ordinal);
            let topics =
                rights.map(|rights| if door == Door::Publish { &rights.publishes } else { &rights.topics });
            if !topics.is_some_and(|topics| topics.contains(&topic)) {
                return Err(refused(Some(session), door, Some(topic)));
            }
            session.told(door, Some(topic), true);
        }
        Ok(Permit::of(ANY, door))
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
        match session.rights(ordinal) {
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
            topic_conditions: &[],
            access,
            inbound: None,
            class: None,
            journal: false,
            versioned: false,
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
