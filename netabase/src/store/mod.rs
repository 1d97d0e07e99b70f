//! The store: opens the file and hands out transactions.

mod builder;
mod building;
mod chunked;
mod feed;
mod grow;
mod hooks;
mod maintain;
mod open;
mod read;
mod record;
mod repository;
mod retry;
mod shared;
mod write_ahead;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use builder::Builder;
pub use chunked::Chunked;
pub use repository::Repository;
pub use write_ahead::WriteAhead;

use crate::error::{Error, Result};
use crate::model::NetabaseDefinition;
use crate::overlay::View;
use crate::permission::{Guard, Ticket};
use crate::schema::DefinitionSchema;
use crate::transaction::{Context, ReadTransaction, WriteTransaction};

use retry::retry;
use shared::Shared;

/// A database of the models that `D` lists. A clone is a second handle to the same store; threads may share it.
///
/// One writer at a time, any number of readers, and neither waits for the other. In a file, commits go to a
/// [journal](crate::WriteAhead) first.
///
/// ```
/// use netabase::{NetabaseDefinition, NetabaseModel, Store};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(NetabaseModel, Serialize, Deserialize, Debug, PartialEq)]
/// struct Author {
///     #[primary_key]
///     id: u64,
///     #[secondary_key(unique)]
///     email: String,
/// }
///
/// #[derive(NetabaseDefinition)]
/// enum Blog {
///     Author(Author),
/// }
///
/// # fn main() -> netabase::Result<()> {
/// let store = Store::<Blog>::in_memory()?;
/// let ada = Author { id: 1, email: "ada@example.org".into() };
/// store.write(|txn| txn.create(&ada))?;
///
/// let snapshot = store.begin_read()?;
/// assert_eq!(snapshot.get::<Author>(1)?, Some(ada));
/// # Ok(())
/// # }
/// ```
#[doc(alias = "RedbStore")]
pub struct Store<D> {
    shared: Arc<Shared>,
    pub(crate) context: Context<D>,
}

impl<D> Clone for Store<D> {
    fn clone(&self) -> Self {
        Store { shared: self.shared.clone(), context: self.context.clone() }
    }
}

impl<D: NetabaseDefinition> fmt::Debug for Store<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store<{}>({:?})", D::NAME, self.shared)
    }
}

impl<D: NetabaseDefinition> Store<D> {
    fn new(shared: Shared) -> Self {
        let context = Context::new(shared.core.clone(), shared.core.guard(), 0);
        Store { shared: Arc::new(shared), context }
    }

    /// Opens the file, or makes it.
    ///
    /// If the program has models, indexes, relations or topics that the file has not, they are added: filled from the
    /// records before this returns, in transactions of about the [staging limit](Builder::staging_limit) each.
    /// [`Builder::on_progress`] tells how far that is. The file has the new schema when all is filled. A fill that was
    /// interrupted goes on where it was; if the older program opens the file before, what was built is dropped.
    ///
    /// # Errors
    /// - `SchemaMismatch` if the file was written for other models, with every difference; the file stays as it is.
    ///   `NotUnique` if a unique key was added and records have equal values of it; the file is as it was then.
    /// - `DatabaseLocked` if it is open elsewhere; `NotWritable` if it may only be read, `NotClosed` if it is to be read
    ///   only and needs mending first.
    /// - `NotAStore` if something else wrote it, `NotAFile` for a folder, `EmptyFile`, `Truncated`, `NewerFormat`,
    ///   `OlderFormat`, `Corrupt`.
    /// - `JournalMismatch` if the [journal](crate::WriteAhead) beside it is not its own, or is missing after a crash.
    /// - `Open` if the system refuses it for another reason.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().path(path).open()
    }

    /// Makes the file; refuses one that is there.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().path(path).create_new(true).open()
    }

    /// Opens the file and verifies all of it, see [`Builder::open_checked`].
    pub fn open_checked(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().path(path).open_checked()
    }

    /// A store in memory, gone with its last handle.
    pub fn in_memory() -> Result<Self> {
        Self::builder().in_memory().open()
    }

    /// What the store holds, as data: for tools that look models up by their recorded names while they run.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Author { #[primary_key] id: u64, #[secondary_key] name: String }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author) }
    /// # fn main() -> netabase::Result<()> {
    /// let store = Store::<Blog>::in_memory()?;
    /// let author = store.schema().model("Author");
    /// assert_eq!(author.map(|model| model.indexes[0].name), Some("name"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn schema(&self) -> &'static DefinitionSchema {
        D::SCHEMA
    }

    /// A store with other settings.
    pub fn builder() -> Builder<D> {
        Builder::new()
    }

    /// The store as somebody with this ticket may use it: all its doors, each of which asks the [policy](Builder::policy). It is a
    /// handle as any other; what is denied fails with `PermissionDenied`, and records that may not be seen are not there.
    ///
    /// # Errors
    /// `NoPolicy` if the store has none, `TicketEnded` for a ticket that has expired or was revoked, `PermissionDenied` from a session,
    /// `InvalidPolicy` if the rows of a rule are asked of a registered index.
    pub fn session(&self, ticket: &Ticket) -> Result<Self> {
        self.context.guard.check_root()?;
        let guard = self.shared.core.session(ticket)?;
        Ok(Store { shared: self.shared.clone(), context: self.context.with_guard(guard) })
    }

    /// The store without its policy, for whoever opened it: migrations, maintenance, tests.
    ///
    /// # Errors
    /// `PermissionDenied` from a session.
    pub fn as_owner(&self) -> Result<Self> {
        self.context.guard.check_root()?;
        Ok(Store { shared: self.shared.clone(), context: self.context.with_guard(Guard::owner()) })
    }

    fn latest(&self) -> Result<View<'static>> {
        self.context.admit()?;
        self.shared.latest()
    }

    /// A snapshot of the last commit. Does not wait for writers.
    pub fn begin_read(&self) -> Result<ReadTransaction<D>> {
        Ok(ReadTransaction::new(self.latest()?, self.context.clone()))
    }

    /// Begins a write transaction, when the one before it has ended.
    ///
    /// # Errors
    /// `Nested` if this thread began one that is still alive, `WriterBusy` if another one does not end in the time that
    /// [`Builder::write_wait`] allows, `ReadOnly` if the store is.
    pub fn begin_write(&self) -> Result<WriteTransaction<D>> {
        self.context.admit()?;
        Ok(WriteTransaction::new(self.shared.begin_write(&self.context.guard)?, self.context.clone()))
    }

    /// Runs the closure in a write transaction: commits on `Ok`, leaves nothing on `Err` or a panic.
    ///
    /// The closure runs again if the engine reports a conflict (redb never does), so it borrows what it uses.
    /// End it with [`Error::user`] for an error of your own, or use [`try_write`](Self::try_write).
    ///
    /// # Errors
    /// What the closure returns, and what [`begin_write`](Self::begin_write) and
    /// [`commit`](WriteTransaction::commit) do.
    pub fn write<T>(&self, work: impl FnMut(&mut WriteTransaction<D>) -> Result<T>) -> Result<T> {
        self.try_write(work)
    }

    /// As [`write`](Self::write), with an error type of the caller's.
    pub fn try_write<T, E: From<Error>>(
        &self,
        mut work: impl FnMut(&mut WriteTransaction<D>) -> Result<T, E>,
    ) -> Result<T, E> {
        retry(|| {
            let mut transaction = self.begin_write()?;
            let done = transaction.observed().within(|| work(&mut transaction))?;
            Ok(transaction.commit().map(|()| done))
        })
    }
}
