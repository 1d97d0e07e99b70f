//! What the program does with every change, given to the builder.

use super::{Builder, Repository};
use crate::change::{Change, ChangeSet};
use crate::error::Result;
use crate::model::{DefinitionOf, ModelOf, NetabaseDefinition, NetabaseRepository};
use crate::transaction::WriteTransaction;

/// Hooks.
impl<D: NetabaseDefinition> Builder<D> {
    /// Runs a hook on each change of the model's records, in the transaction, when the verb that made it has done all of its
    /// work. It may write; with an error it takes the verb back, and all that the verb brought with it.
    ///
    /// Hooks are the program's own: they may do everything, whoever writes. What they write runs hooks in turn, up to 32 deep. They
    /// run in the order in which they were given, and are not run by `rebuild_indexes`. To begin another write transaction in one
    /// fails with `Nested`.
    ///
    /// ```
    /// # use netabase::{Error, NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Account { #[primary_key] id: u64, cents: i64 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Bank { Account(Account) }
    /// use netabase::change::Change;
    ///
    /// # fn main() -> netabase::Result<()> {
    /// let bank = Store::<Bank>::builder().in_memory().before(|_, change: &Change<Account>| {
    ///     let is_bad = |account: &Account| account.cents < 0;
    ///     if change.after.as_ref().is_some_and(is_bad) { Err(Error::user("no credit")) } else { Ok(()) }
    /// });
    /// let bank = bank.open()?;
    /// assert!(bank.write(|txn| txn.create(&Account { id: 1, cents: -5 })).is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "trigger")]
    pub fn before<M: ModelOf<D>>(
        mut self,
        hook: impl Fn(&mut WriteTransaction<D>, &Change<M>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.add_before::<D, M>(hook);
        self
    }

    /// Runs a hook with the changes of each commit, when it has taken place, in the thread that committed. Commits are told in
    /// their order, and the next writer waits, so that commits share no sync; to begin a write transaction in it fails with `Nested`. If the process ends in
    /// between, it is not run: what must not be missed is for a [consumer](crate::Store::consumer) of the journal.
    #[doc(alias = "trigger")]
    pub fn after(mut self, hook: impl Fn(&ChangeSet<D>) + Send + Sync + 'static) -> Self {
        self.hooks.add_after::<D>(hook);
        self
    }
}

/// Hooks on the definitions of a repository.
impl<R: NetabaseRepository> Builder<R, Repository<R>> {
    /// Runs a hook on each change of the records of a model of definition `D`, as `before` of a [`Store`](crate::Store)'s builder does.
    pub fn before<D: DefinitionOf<R>, M: ModelOf<D>>(
        mut self,
        hook: impl Fn(&mut WriteTransaction<D>, &Change<M>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.add_before::<D, M>(hook);
        self
    }

    /// Runs a hook with the changes of each commit, as definition `D` sees them, as `after` of a [`Store`](crate::Store)'s builder does.
    pub fn after<D: DefinitionOf<R>>(mut self, hook: impl Fn(&ChangeSet<D>) + Send + Sync + 'static) -> Self {
        self.hooks.add_after::<D>(hook);
        self
    }
}
