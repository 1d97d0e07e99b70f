//! What the guard decided, for whoever asks to be told.

use std::sync::Arc;

use super::{Door, Role};

/// A decision about somebody with a ticket, for [`Builder::on_decision`](crate::Builder::on_decision). No value of a record is in it, and
/// no key.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Decision<'d> {
    /// what was tried
    pub door: Door,
    /// recorded name of the model; `None`: the whole store
    pub model: Option<&'static str>,
    /// Whether it was allowed. A write that the role may try, and not with this record, is told twice: as allowed, and as not.
    pub allowed: bool,
    /// the roles of the ticket; none where there was no ticket
    pub roles: &'d [Role],
}

/// Who is told.
pub(crate) type Hook = Arc<dyn Fn(&Decision<'_>) + Send + Sync>;

/// Tells of a decision.
pub(super) fn tell(hook: Option<&Hook>, decision: &Decision<'_>) {
    #[cfg(feature = "tracing")]
    {
        let Decision { door, model, allowed, .. } = decision;
        tracing::debug!(door = door.name(), model, allowed, "decision");
    }
    if let Some(hook) = hook {
        hook(decision);
    }
}
