//! Principals: the roles and claims somebody comes with.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use crate::error::{Error, ErrorKind, Result};

/// What a principal may be: `const NURSE: Role = Role::new("nurse");`. Roles of one name are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(&'static str);

impl Role {
    /// The role of this name.
    pub const fn new(name: &'static str) -> Self {
        Role(name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// A principal, as the program made it out: roles, claims, and for how long. [`Store::session`](crate::Store::session) takes one.
///
/// A clone is the same ticket: revoking one revokes all.
///
/// ```
/// use netabase::policy::{Role, Ticket};
///
/// const NURSE: Role = Role::new("nurse");
/// #[derive(Debug, PartialEq)]
/// struct Ward(u32);
///
/// let ticket = Ticket::new([NURSE]).claim(Ward(3));
/// assert_eq!(ticket.get::<Ward>(), Some(&Ward(3)));
/// ```
#[derive(Clone)]
pub struct Ticket {
    roles: Vec<Role>,
    claims: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    expires: Option<SystemTime>,
    actor: Option<String>,
    revoked: Arc<AtomicBool>,
}

impl fmt::Debug for Ticket {
    /// Roles alone: claims may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.roles.iter().map(|role| role.name()).collect();
        write!(f, "Ticket({})", names.join(", "))
    }
}

impl Ticket {
    /// With these roles. What any of them may do, the ticket may.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Self {
        let (roles, claims) = (roles.into_iter().collect(), HashMap::new());
        Ticket { roles, claims, expires: None, actor: None, revoked: Arc::default() }
    }

    /// With something that policies may ask for by its type; one of each type.
    pub fn claim<T: Any + Send + Sync>(mut self, claim: T) -> Self {
        self.claims.insert(TypeId::of::<T>(), Arc::new(claim));
        self
    }

    /// No transaction begins with it from this time on, by the store's clock.
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// Names who it is, for the [change sets](crate::change::ChangeSet) of what is written with it.
    pub fn actor(mut self, name: impl Into<String>) -> Self {
        self.actor = Some(name.into());
        self
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// Ends it, in all its clones and sessions: the next transaction is refused. Those that are running go on.
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }

    /// Its roles.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The claim of this type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.claims.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// Refuses a ticket that has ended. The clock is asked if the ticket ends at all.
    pub(super) fn check(&self, now: impl FnOnce() -> SystemTime) -> Result<()> {
        let reason = if self.revoked.load(Ordering::Acquire) {
            "was revoked"
        } else if self.expires.is_some_and(|at| now() >= at) {
            "has expired"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::TicketEnded { reason }))
    }
}
