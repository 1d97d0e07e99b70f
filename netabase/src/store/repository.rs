//! Several definitions in one file.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use super::retry::retry;
use super::shared::Shared;
use super::{Builder, Store};
use crate::engine::Stats;
use crate::error::{Error, Result};
use crate::maintenance::{Progress, Rebuilt, Report};
use crate::model::{DefinitionOf, NetabaseRepository, assert_member};
use crate::permission::{Guard, Ticket};
use crate::schema::{DefinitionSchema, ModelSchema};
use crate::transaction::{Context, RepositoryRead, RepositoryWrite};

/// A database of the definitions that `R` lists, in one file: one snapshot and one commit for all of them. A clone is a
/// second handle to the same repository; threads may share it.
///
/// Definitions stay what they are: a program that knows only one of them opens the file as a [`Store`](crate::Store).
///
/// ```
/// use netabase::{NetabaseDefinition, NetabaseModel, NetabaseRepository, Repository};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(NetabaseModel, Serialize, Deserialize)]
/// struct Employee {
///     #[primary_key]
///     id: u64,
///     hours: u32,
/// }
///
/// #[derive(NetabaseModel, Serialize, Deserialize)]
/// struct Project {
///     #[primary_key]
///     id: u64,
///     hours: u32,
/// }
///
/// #[derive(NetabaseDefinition)]
/// enum Staff {
///     Employee(Employee),
/// }
///
/// #[derive(NetabaseDefinition)]
/// enum Work {
///     Project(Project),
/// }
///
/// #[derive(NetabaseRepository)]
/// enum Company {
///     Staff(Staff),
///     Work(Work),
/// }
///
/// # fn main() -> netabase::Result<()> {
/// let company = Repository::<Company>::in_memory()?;
/// company.write(|txn| {
///     txn.definition::<Staff>().create(&Employee { id: 1, hours: 8 })?;
///     txn.definition::<Work>().create(&Project { id: 1, hours: 8 })
/// })?;
///
/// let snapshot = company.begin_read()?;
/// assert_eq!(snapshot.definition::<Staff>().len::<Employee>()?, 1);
/// assert_eq!(snapshot.definition::<Work>().len::<Project>()?, 1);
/// # Ok(())
/// # }
/// ```
pub struct Repository<R> {
    shared: Arc<Shared>,
    guard: Guard,
    lists: PhantomData<fn() -> R>,
}

impl<R> Clone for Repository<R> {
    fn clone(&self) -> Self {
        self.with_guard(self.guard.clone())
    }
}

impl<R> Repository<R> {
    fn with_guard(&self, guard: Guard) -> Self {
        Repository { shared: self.shared.clone(), guard, lists: PhantomData }
    }

    /// Refuses to begin anything with a ticket that has ended.
    fn admit(&self) -> Result<()> {
        self.guard.admit(|| self.shared.core.clock.now())
    }
}

impl<R: NetabaseRepository> fmt::Debug for Repository<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository<{}>({:?})", R::NAME, self.shared)
    }
}

impl<R: NetabaseRepository> Repository<R> {
    pub(super) fn new(shared: Shared) -> Self {
        let guard = shared.core.guard();
        Repository { shared: Arc::new(shared), guard, lists: PhantomData }
    }

    /// Opens the file, or makes it.
    ///
    /// Each definition is brought up to the program as [`Store::open`](crate::Store::open) says. One that the file has not
    /// is added; the file has to have one of them at least, or be new.
    ///
    /// # Errors
    /// Those of [`Store::open`](crate::Store::open). Nothing is written before all definitions are known to fit. If the records of one do
    /// not allow what it is to get (`NotUnique`), definitions that were brought up before it stay so.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().path(path).open()
    }

    /// Makes the file; refuses one that is there.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().path(path).create_new(true).open()
    }

    /// Opens the file and verifies all of it, see [`Store::open_checked`](crate::Store::open_checked).
    pub fn open_checked(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().path(path).open_checked()
    }

    /// A repository in memory, gone with its last handle.
    pub fn in_memory() -> Result<Self> {
        Self::builder().in_memory().open()
    }

    /// A repository with other settings.
    pub fn builder() -> Builder<R, Repository<R>> {
        Builder::new()
    }

    /// The definitions as data, in the order of the enum: for tools that know no types.
    pub fn definitions(&self) -> &'static [&'static DefinitionSchema] {
        R::DEFINITIONS
    }

    /// The definition with this recorded name.
    pub fn definition(&self, name: &str) -> Option<&'static DefinitionSchema> {
        self.definitions().iter().copied().find(|definition| definition.name == name)
    }

    /// A model of a definition, by recorded names.
    pub fn model(&self, definition: &str, name: &str) -> Option<&'static ModelSchema> {
        self.definition(definition)?.model(name)
    }

    /// One definition as a store of its own: for single reads, watchers, consumers and topics. Its transactions are of that
    /// definition alone; it is a handle to the same file as this.
    pub fn store<D: DefinitionOf<R>>(&self) -> Store<D> {
        const { assert_member::<R, D>() };
        let context = Context::new(self.shared.core.clone(), self.guard.clone(), D::PLACE);
        Store { shared: self.shared.clone(), context }
    }

    /// The repository as somebody with this ticket may use it, with the rights that the policy of each definition gives him, see
    /// [`Store::session`](crate::Store::session).
    ///
    /// # Errors
    /// Those of [`Store::session`](crate::Store::session).
    pub fn session(&self, ticket: &Ticket) -> Result<Self> {
        self.guard.check_root()?;
        Ok(self.with_guard(self.shared.core.session(ticket)?))
    }

    /// The repository without its policies, see [`Store::as_owner`](crate::Store::as_owner).
    ///
    /// # Errors
    /// `PermissionDenied` from a session.
    pub fn as_owner(&self) -> Result<Self> {
        self.guard.check_root()?;
        Ok(self.with_guard(Guard::owner()))
    }

    /// A snapshot of the last commit. Does not wait for writers.
    pub fn begin_read(&self) -> Result<RepositoryRead<R>> {
        self.admit()?;
        Ok(RepositoryRead::new(self.shared.latest()?, self.shared.core.clone(), self.guard.clone()))
    }

    /// Begins a write transaction, when the one before it has ended.
    ///
    /// # Errors
    /// Those of [`Store::begin_write`](crate::Store::begin_write).
    pub fn begin_write(&self) -> Result<RepositoryWrite<R>> {
        self.admit()?;
        Ok(RepositoryWrite::new(
            self.shared.begin_write(&self.guard)?,
            self.shared.core.clone(),
            self.guard.clone(),
        ))
    }

    /// Runs the closure in a write transaction: commits on `Ok`, leaves nothing on `Err` or a panic, in any definition.
    ///
    /// The closure runs again if the engine reports a conflict (redb never does), so it borrows what it uses.
    ///
    /// # Errors
    /// What the closure returns, and what [`begin_write`](Self::begin_write) and
    /// [`commit`](RepositoryWrite::commit) do.
    pub fn write<T>(&self, work: impl FnMut(&mut RepositoryWrite<R>) -> Result<T>) -> Result<T> {
        self.try_write(work)
    }

    /// As [`write`](Self::write), with an error type of the caller's.
    pub fn try_write<T, E: From<Error>>(
        &self,
        mut work: impl FnMut(&mut RepositoryWrite<R>) -> Result<T, E>,
    ) -> Result<T, E> {
        retry(|| {
            let mut transaction = self.begin_write()?;
            let done = transaction.observed().within(|| work(&mut transaction))?;
            Ok(transaction.commit().map(|()| done))
        })
    }

    /// Reads everything of all definitions and names what is not as it should be, see
    /// [`Store::verify`](crate::Store::verify).
    pub fn verify(&self, mut progress: impl FnMut(Progress<'_>)) -> Result<Report> {
        self.shared.verify(&self.guard, &mut progress)
    }

    /// Fills every index, relation and topic of all definitions anew, see
    /// [`Store::rebuild_indexes`](crate::Store::rebuild_indexes).
    pub fn rebuild_indexes(&self, mut progress: impl FnMut(Progress<'_>)) -> Result<Rebuilt> {
        self.shared.rebuild_indexes(&self.guard, &mut progress)
    }

    /// Makes every commit so far durable, see [`Store::sync`](crate::Store::sync).
    pub fn sync(&self) -> Result<()> {
        self.admit()?;
        self.shared.sync()
    }

    /// Gives the file what the write-ahead journal has, see [`Store::checkpoint`](crate::Store::checkpoint).
    pub fn checkpoint(&self) -> Result<()> {
        self.admit()?;
        self.shared.checkpoint()
    }

    /// Gives free space back to the system, see [`Store::compact`](crate::Store::compact).
    pub fn compact(&self) -> Result<bool> {
        self.shared.compact(&self.guard)
    }

    /// What the file takes, and what each table holds, see [`Store::stats`](crate::Store::stats).
    pub fn stats(&self) -> Result<Stats> {
        self.shared.stats(&self.guard)
    }
}
