//! Transactions over all definitions of a repository, and the scopes that show one of them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::SystemTime;

use super::context::{Context, Core};
use super::read::ReadTransaction;
use super::state::State;
use super::write::WriteTransaction;
use crate::engine::Durability;
use crate::error::Result;
use crate::model::{
    DefinitionOf, ModelOf, NetabaseDefinition, NetabaseRepository, Reads, ReadsFrom, assert_granted,
    assert_member,
};
use crate::observe::{Kind, Observed};
use crate::overlay::View;
use crate::permission::Guard;
use crate::schema::Access;

/// A snapshot of all definitions of a repository. It is owned, a clone is cheap, and threads may share it.
pub struct RepositoryRead<R> {
    view: View<'static>,
    core: Arc<Core>,
    guard: Guard,
    observed: Observed,
    repository: PhantomData<fn() -> R>,
}

impl<R> Clone for RepositoryRead<R> {
    fn clone(&self) -> Self {
        let (view, core, guard) = (self.view.clone(), self.core.clone(), self.guard.clone());
        RepositoryRead { view, core, guard, observed: self.observed.clone(), repository: PhantomData }
    }
}

impl<R: NetabaseRepository> fmt::Debug for RepositoryRead<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RepositoryRead<{}>", R::NAME)
    }
}

impl<R: NetabaseRepository> RepositoryRead<R> {
    pub(crate) fn new(view: View<'static>, core: Arc<Core>, guard: Guard) -> Self {
        RepositoryRead {
            view,
            core,
            guard,
            observed: Observed::begin(Kind::Read, ""),
            repository: PhantomData,
        }
    }

    /// The same snapshot as one definition sees it. Costs next to nothing, and may outlive this.
    pub fn definition<D: DefinitionOf<R>>(&self) -> ReadTransaction<D> {
        const { assert_member::<R, D>() };
        let context = Context::new(self.core.clone(), self.guard.clone(), D::PLACE);
        ReadTransaction::part_of(self.observed.clone(), self.view.clone(), context)
    }
}

/// The one write transaction of its moment, over all definitions of a repository: what is done in all of them is
/// committed together, or not at all. Dropping it undoes everything.
///
/// Records are read and written through [`definition`](Self::definition).
pub struct RepositoryWrite<R> {
    state: State,
    core: Arc<Core>,
    guard: Guard,
    repository: PhantomData<fn() -> R>,
}

impl<R: NetabaseRepository> fmt::Debug for RepositoryWrite<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RepositoryWrite<{}>", R::NAME)
    }
}

impl<R: NetabaseRepository> RepositoryWrite<R> {
    pub(crate) fn new(state: State, core: Arc<Core>, guard: Guard) -> Self {
        RepositoryWrite { state, core, guard, repository: PhantomData }
    }

    /// The same transaction as one definition sees it, until the scope is dropped.
    pub fn definition<D: DefinitionOf<R>>(&mut self) -> Scope<'_, D> {
        const { assert_member::<R, D>() };
        Scope::new(&mut self.state, &self.core, &self.guard, D::PLACE)
    }

    /// When the commit is to be safe, instead of what the repository was opened with.
    pub fn set_durability(&mut self, durability: Durability) {
        self.state.durability = durability;
    }

    /// Runs its work as a part of what is told of it.
    pub(crate) fn observed(&self) -> Observed {
        self.state.observed.clone()
    }

    /// Names who writes, see [`WriteTransaction::set_actor`].
    pub fn set_actor(&mut self, name: impl Into<String>) -> Result<()> {
        self.guard.check_root()?;
        self.state.actor = Some(name.into());
        Ok(())
    }

    /// The time this transaction began, from the repository's clock.
    pub fn now(&self) -> SystemTime {
        self.state.now
    }

    /// Makes everything visible and durable, in all definitions, or nothing.
    ///
    /// # Errors
    /// Those of [`WriteTransaction::commit`]; `ScopeLost` if a scope did not give back what it had.
    pub fn commit(self) -> Result<()> {
        self.state.commit(&self.core)
    }

    /// Undoes everything, as dropping does.
    pub fn abort(self) {}
}

/// A definition's view of a [`RepositoryWrite`]: a [`WriteTransaction`], but for `commit`, which is the repository's.
///
/// A scope that is forgotten ([`std::mem::forget`]) takes the transaction with it: it cannot be committed, and as with a
/// transaction that is forgotten, nobody writes after it until the store is opened anew.
#[must_use = "a scope does nothing by itself"]
pub struct Scope<'t, D: NetabaseDefinition> {
    transaction: WriteTransaction<D>,
    home: &'t mut State,
    core: &'t Arc<Core>,
    /// Whether what it was taken from is a scope itself.
    was_lent: bool,
}

impl<'t, D: NetabaseDefinition> Scope<'t, D> {
    pub(super) fn new(home: &'t mut State, core: &'t Arc<Core>, guard: &Guard, place: usize) -> Self {
        let mut state = home.take();
        let was_lent = std::mem::replace(&mut state.is_lent, true);
        let context = Context::new(core.clone(), guard.clone(), place);
        Scope { transaction: WriteTransaction::new(state, context), home, core, was_lent }
    }
}

impl<D: NetabaseDefinition> ReadTransaction<D> {
    /// The same snapshot as another definition of the file sees it, which lets this one read it
    /// (`#[netabase(grants(Shop = "read"))]`). Without that grant it does not compile.
    ///
    /// # Errors
    /// `UnknownDefinition` if the file was opened without it.
    pub fn definition<T: NetabaseDefinition>(&self) -> Result<ReadTransaction<T>> {
        const { assert_granted::<T, D>() };
        let core = self.context.core();
        let context = Context::new(core.clone(), self.context.guard.clone(), core.layout.place::<T>()?);
        Ok(ReadTransaction::part_of(self.observed.clone(), self.view.clone(), context))
    }
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// The same transaction as another definition of the file sees it, until the scope is dropped. That definition lets this
    /// one write it (`#[netabase(grants(Shop = "write"))]`); without that grant it does not compile.
    ///
    /// # Errors
    /// `UnknownDefinition` if the file was opened without it.
    pub fn definition<T: NetabaseDefinition>(&mut self) -> Result<Scope<'_, T>> {
        const { T::SCHEMA.assert_granted(D::NAME, Access::Write) };
        let WriteTransaction { state, context } = self;
        let core = context.core();
        Ok(Scope::new(state, core, &context.guard, core.layout.place::<T>()?))
    }
}

impl<D: NetabaseDefinition> fmt::Debug for Scope<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope<{}>", D::NAME)
    }
}

impl<D: NetabaseDefinition> Deref for Scope<'_, D> {
    type Target = WriteTransaction<D>;

    fn deref(&self) -> &WriteTransaction<D> {
        &self.transaction
    }
}

impl<D: NetabaseDefinition> DerefMut for Scope<'_, D> {
    fn deref_mut(&mut self) -> &mut WriteTransaction<D> {
        &mut self.transaction
    }
}

impl<D: NetabaseDefinition> ReadsFrom for Scope<'_, D> {}

impl<D: NetabaseDefinition, M: ModelOf<D>> Reads<M> for Scope<'_, D> {
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>> {
        self.get(key)
    }
}

/// Links into another definition.
impl<D: NetabaseDefinition, T: NetabaseDefinition, M: ModelOf<T>> Reads<M, T> for Scope<'_, D> {
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>> {
        Reads::<M, T>::look_up(&self.transaction, key)
    }
}

impl<D: NetabaseDefinition> Drop for Scope<'_, D> {
    fn drop(&mut self) {
        let mut state = self.transaction.state.take();
        // A transaction that was put in its place, as by `mem::swap`, is another store's: it ends here, and so does this one.
        if state.is_lent && self.transaction.context.is_of(self.core) {
            state.is_lent = self.was_lent;
            *self.home = state;
        }
    }
}
