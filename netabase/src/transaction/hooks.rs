//! Hooks: what the program does before a change is final, and when a commit has taken place.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::context::Core;
use super::repository::Scope;
use super::state::State;
use super::write::WriteTransaction;
use crate::change::{Batch, ChangeSet};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Change, ModelOf, NetabaseDefinition, RawChange};
use crate::permission::{Guard, Permit, WriteAccess};
use crate::table;

type BeforeHook = Arc<dyn Fn(&mut State, &Arc<Core>, &RawChange<'_>) -> Result<()> + Send + Sync>;
type AfterHook = Arc<dyn Fn(&Arc<Batch>) + Send + Sync>;

/// How many hooks may run because of each other.
const DEEPEST: usize = 32;

/// The hooks of a store.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    /// by recorded name of the definition and place of the model in it
    before: HashMap<(&'static str, usize), Vec<BeforeHook>>,
    after: Vec<AfterHook>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hooks({}, {})", self.before.len(), self.after.len())
    }
}

impl Hooks {
    pub(crate) fn add_before<D: NetabaseDefinition, M: ModelOf<D>>(
        &mut self,
        hook: impl Fn(&mut WriteTransaction<D>, &Change<M>) -> Result<()> + Send + Sync + 'static,
    ) {
        let run = move |state: &mut State, core: &Arc<Core>, change: &RawChange<'_>| {
            // Hooks are the program's own, whoever writes.
            let mut scope = Scope::<D>::new(state, core, &Guard::owner(), core.layout.place::<D>()?);
            hook(&mut scope, &change.read()?)
        };
        self.before.entry((D::NAME, M::ORDINAL)).or_default().push(Arc::new(run));
    }

    pub(crate) fn add_after<D: NetabaseDefinition>(
        &mut self,
        hook: impl Fn(&ChangeSet<D>) + Send + Sync + 'static,
    ) {
        self.after.push(Arc::new(move |batch| hook(&ChangeSet::new(batch.clone()))));
    }

    /// Whether all changes are asked for when they are committed.
    pub(super) fn are_after(&self) -> bool {
        !self.after.is_empty()
    }

    /// Runs all of them, also if one panics.
    pub(super) fn run_after(&self, batch: &Arc<Batch>) {
        let run = |hook: &AfterHook| catch_unwind(AssertUnwindSafe(|| hook(batch))).err();
        let mut panics: Vec<_> = self.after.iter().filter_map(run).collect();
        if let Some(panic) = panics.pop() {
            resume_unwind(panic);
        }
    }

    fn of(&self, core: &Core, ordinal: usize) -> Option<&Vec<BeforeHook>> {
        if self.before.is_empty() {
            return None;
        }
        let (definition, place) = core.layout.place_in_definition(ordinal)?;
        self.before.get(&(definition, place))
    }
}

/// The verbs with hooks that are running, each because of a hook of the one before.
#[derive(Default)]
pub(super) struct Hooked(Vec<Frame>);

struct Frame {
    /// how many layers the verb lies on, by which one is known that a panic has ended
    level: usize,
    pending: Vec<Pending>,
}

impl Hooked {
    /// Forgets the verbs that lay on this many layers or more.
    pub(super) fn forget(&mut self, level: usize) {
        self.0.retain(|frame| frame.level < level);
    }

    pub(super) fn is_running(&self) -> bool {
        !self.0.is_empty()
    }
}

/// A change that a verb staged, for the hooks of its model.
struct Pending {
    ordinal: usize,
    key: Vec<u8>,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
}

impl State {
    /// Notes a change that is about to be staged, if a hook asks for its model.
    pub(super) fn note(
        &mut self,
        core: &Core,
        permit: &Permit<WriteAccess>,
        change: &table::Change<'_>,
    ) -> Result<()> {
        let ordinal = change.tables.ordinal;
        if core.hooks.of(core, ordinal).is_some() {
            let before = table::find(permit, self.staged()?, change.tables, change.key)?;
            let (key, before) = (change.key.to_vec(), before.map(|bytes| bytes.to_vec()));
            let after = change.after.map(|(bytes, _)| bytes.to_vec());
            if let Some(frame) = self.hooked.0.last_mut() {
                frame.pending.push(Pending { ordinal, key, before, after });
            }
        }
        Ok(())
    }
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Runs a verb and the hooks on what it changed: one operation, which happens as a whole or not at all.
    pub(super) fn hooked<T>(&mut self, verb: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.context.hooks.before.is_empty() {
            return verb(self);
        }
        let level = self.state.layers.len();
        let done = self.atomically(|txn| {
            if txn.state.hooked.0.len() >= DEEPEST {
                return Err(Error::new(ErrorKind::HooksTooDeep { limit: DEEPEST }));
            }
            txn.state.hooked.0.push(Frame { level, pending: Vec::new() });
            let done = verb(txn).and_then(|done| {
                let frame = txn.state.hooked.0.last_mut();
                let pending = frame.map(|frame| std::mem::take(&mut frame.pending)).unwrap_or_default();
                pending.iter().try_for_each(|change| txn.run_hooks(change)).map(|()| done)
            });
            txn.state.hooked.forget(level);
            done
        })?;
        self.state.spill_if_full(&self.context)?;
        Ok(done)
    }

    fn run_hooks(&mut self, pending: &Pending) -> Result<()> {
        let core = self.context.core().clone();
        // A hook that would wait for this transaction is told so, also where another thread began it.
        let _lent = self.state.lend();
        let Pending { ordinal, key, before, after } = pending;
        let schema = core.layout.model(*ordinal)?.schema;
        let name = (core.layout.definition_of(*ordinal), schema.name);
        let change = RawChange::new(name, key, before.as_deref(), after.as_deref());
        let hooks = core.hooks.of(&core, *ordinal).into_iter().flatten();
        for hook in hooks {
            hook(&mut self.state, &core, &change)?;
        }
        Ok(())
    }
}
