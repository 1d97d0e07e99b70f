//! Settings of a store.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::open::Settings;
use super::record::Discard;
use super::shared::Shared;
use super::write_ahead::{self, Journal, WriteAhead};
use super::{Repository, Store};
use crate::change::Retention;
use crate::clock::Clock;
use crate::engine::{Durability, Engine, Redb, RedbOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::Progress;
use crate::model::{Custom, CustomIndex, DefinitionOf, ModelOf, NetabaseDefinition, NetabaseRepository};
use crate::overlay;
use crate::permission::{Decision, Guard, Policy};
use crate::table::Member;
use crate::transaction::{Hooks, Policies};
use crate::wal::WalOptions;

/// How to open a store, from [`Store::builder`], or a repository, from [`Repository::builder`].
///
/// ```no_run
/// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
/// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
/// # struct Author { #[primary_key] id: u64 }
/// # #[derive(NetabaseDefinition)]
/// # enum Blog { Author(Author) }
/// # fn main() -> netabase::Result<()> {
/// let store = Store::<Blog>::builder().path("blog.redb").cache_size(64 << 20).open()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `open`"]
pub struct Builder<D, S = Store<D>> {
    place: Option<Place>,
    options: RedbOptions,
    clock: Clock,
    staging: usize,
    durability: Durability,
    patience: Option<Duration>,
    discard: Vec<Discard>,
    progress: Arc<dyn Fn(Progress<'_>) + Send + Sync>,
    indexes: Vec<Arc<Custom>>,
    policies: Policies,
    pub(super) hooks: Hooks,
    retention: Retention,
    pub(super) write_ahead: WriteAhead,
    pub(super) wal: WalOptions,
    opens: PhantomData<fn() -> (D, S)>,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Memory,
    Engine(Arc<dyn Engine>),
}

impl<D, S> Clone for Builder<D, S> {
    fn clone(&self) -> Self {
        Builder {
            place: self.place.clone(),
            options: self.options.clone(),
            clock: self.clock.clone(),
            staging: self.staging,
            durability: self.durability,
            patience: self.patience,
            discard: self.discard.clone(),
            progress: self.progress.clone(),
            indexes: self.indexes.clone(),
            policies: self.policies.clone(),
            hooks: self.hooks.clone(),
            retention: self.retention.clone(),
            write_ahead: self.write_ahead,
            wal: self.wal.clone(),
            opens: PhantomData,
        }
    }
}

impl<D, S> fmt::Debug for Builder<D, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("place", &self.place)
            .field("options", &self.options)
            .field("staging", &self.staging)
            .field("discard", &self.discard)
            .finish_non_exhaustive()
    }
}

/// Settings of stores and repositories.
impl<D, S> Builder<D, S> {
    pub(super) fn new() -> Self {
        Builder {
            place: None,
            options: RedbOptions::default(),
            clock: Clock::default(),
            staging: 64 << 20,
            durability: Durability::default(),
            patience: None,
            discard: Vec::new(),
            progress: Arc::new(|_| {}),
            indexes: Vec::new(),
            policies: Policies::default(),
            hooks: Hooks::default(),
            retention: Retention::default(),
            write_ahead: WriteAhead::default(),
            wal: WalOptions::default(),
            opens: PhantomData,
        }
    }

    /// In this file. Of `path`, `in_memory` and `engine` the last one counts.
    pub fn path(mut self, path: impl AsRef<Path>) -> Self {
        self.place = Some(Place::File(path.as_ref().to_path_buf()));
        self
    }

    /// In memory, gone with the last handle.
    pub fn in_memory(mut self) -> Self {
        self.place = Some(Place::Memory);
        self
    }

    /// In another engine than redb. One store for each engine: two do not know of each other's writers.
    pub fn engine(mut self, engine: Arc<dyn Engine>) -> Self {
        self.place = Some(Place::Engine(engine));
        self
    }

    /// Bytes of pages kept in memory. The engine's own default is 1 GiB, used as it is needed.
    pub fn cache_size(mut self, bytes: usize) -> Self {
        self.options.cache_size = Some(bytes);
        self
    }

    /// Refuses a file that is there already. Says nothing of a store in memory or in another engine.
    pub fn create_new(mut self, yes: bool) -> Self {
        self.options.create_new = yes;
        self
    }

    /// Opens an existing file for reading only. Several processes may do so at once. Says nothing of a store in memory
    /// or in another engine.
    pub fn read_only(mut self, yes: bool) -> Self {
        self.options.read_only = yes;
        self
    }

    /// Where the store takes the time from, instead of the system: see [`WriteTransaction::now`].
    ///
    /// [`WriteTransaction::now`]: crate::WriteTransaction::now
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// About how many bytes of changes a transaction keeps in memory before it gives them to the engine; 64 MiB
    /// unless set, 1 GiB at most. More keeps large loads in key order, which makes them faster; less bounds the memory.
    pub fn staging_limit(mut self, bytes: usize) -> Self {
        self.staging = bytes.min(overlay::MOST);
        self
    }

    /// When commits are safe, unless a transaction [says otherwise](crate::WriteTransaction::set_durability): immediately,
    /// if not set.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long a writer waits for the one before it, before it gives up with `WriterBusy`; for ever unless set.
    pub fn write_wait(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Is called while opening fills a new index, or checks the store: see [`Progress`].
    pub fn on_progress(mut self, call: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.progress = Arc::new(call);
        self
    }

    /// Is told of each decision about somebody with a ticket, or without one where one is needed: which door, which model,
    /// and whether it was allowed. It is called while the operation runs, so it should not take long, and not write.
    pub fn on_decision(mut self, call: impl Fn(&Decision<'_>) + Send + Sync + 'static) -> Self {
        self.policies.hook = Some(Arc::new(call));
        self
    }

    /// How long the journal keeps what was committed; for ever, unless set.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    fn opened(self, members: &[Member]) -> Result<Shared> {
        let path = match &self.place {
            Some(Place::File(path)) => Some(path.clone()),
            _ => None,
        };
        let engine: Arc<dyn Engine> = match self.place {
            Some(Place::File(path)) => {
                let options = WalOptions { patience: self.patience, ..self.wal };
                let journal = Journal { write_ahead: self.write_ahead, options, progress: &*self.progress };
                write_ahead::open(&path, &self.options, journal)?
            }
            Some(Place::Memory) => Arc::new(Redb::in_memory(self.options.cache_size)?),
            Some(Place::Engine(engine)) => engine,
            None => return Err(Error::new(ErrorKind::NoPlace)),
        };
        let Builder { clock, staging, durability, patience, discard, progress, indexes, .. } = self;
        let Builder { policies, hooks, retention, .. } = self;
        let settings = Settings {
            clock,
            staging,
            durability,
            patience,
            discard,
            progress,
            indexes,
            policies,
            hooks,
            retention,
        };
        super::open::open(engine, members, settings).map_err(|error| match path {
            Some(path) => error.context(format_args!("opening `{}`", path.display())),
            None => error,
        })
    }

    /// As [`opened`](Self::opened), and verifies all of it.
    fn opened_checked(mut self, members: &[Member]) -> Result<Shared> {
        self.options.check = true;
        let progress = self.progress.clone();
        let opened = self.opened(members)?;
        opened.verify(&Guard::owner(), &mut |at| progress(at))?.into_result()?;
        Ok(opened)
    }
}

/// What names models of the one definition.
impl<D: NetabaseDefinition> Builder<D> {
    /// Lets opening drop what the file has and the program no longer lists: a model (`"Note"`), an index or relation
    /// (`"Author.country"`), a topic of a model (`"Post.Feed"`), by recorded names.
    ///
    /// Without it such a file is refused, as it may be the program that is too old. A model goes with its records; of
    /// all else no record is touched. What is not in the file, or still in the program, is left alone. Take the call out
    /// again after a release: a program that keeps it would also drop what a newer one has added under that name.
    pub fn discard(mut self, piece: impl Into<String>) -> Self {
        self.discard.push(Discard { definition: D::NAME, piece: piece.into() });
        self
    }

    /// Says what roles may do. From then on nobody passes without a ticket: [`Store::session`] takes one, and [`Store::as_owner`] is
    /// the way around for whoever has the store itself. A second call takes the place of the first.
    ///
    /// # Errors
    /// When it is opened: `InvalidPolicy`.
    pub fn policy(mut self, policy: Policy<D>) -> Self {
        self.policies.list = vec![(D::NAME, Arc::new(policy))];
        self
    }

    /// Keeps an index that is written by hand, beside those that attributes declare. Every program that opens the file
    /// registers the same ones; one that does not is refused, unless it [discards](Self::discard) them by name
    /// (`"Post.words"`).
    pub fn index<M: ModelOf<D>, I: CustomIndex<M>>(mut self, index: I) -> Self {
        self.indexes.push(Arc::new(Custom::new::<D, M, I>(index)));
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open(self) -> Result<Store<D>> {
        self.opened(&alone::<D>()).map(Store::new)
    }

    /// Opens the store and [verifies](Store::verify) all of it, for a file that may have been damaged: the engine holds
    /// every page against its checksum before anything is read. (It cannot in a store opened for reading only; what
    /// [`Store::verify`] sees is checked there too.) Reads the file about three times.
    ///
    /// Do it before anything is written: a damaged page that is rewritten gets a new checksum.
    ///
    /// # Errors
    /// Those of [`Store::open`], and `Inconsistent` with what was found. Plain [`open`](Self::open) and
    /// [`Store::rebuild_indexes`] mend that.
    pub fn open_checked(self) -> Result<Store<D>> {
        self.opened_checked(&alone::<D>()).map(Store::new)
    }
}

/// What names definitions and their models.
impl<R: NetabaseRepository> Builder<R, Repository<R>> {
    /// Lets opening drop what the file has of definition `D` and the program no longer lists: a model (`"Note"`), an index
    /// or relation (`"Author.country"`), a topic of a model (`"Post.Feed"`), by recorded names.
    ///
    /// As `discard` of a [`Store`]'s builder. A definition that the repository no longer lists stays in the file, untouched.
    pub fn discard<D: DefinitionOf<R>>(mut self, piece: impl Into<String>) -> Self {
        self.discard.push(Discard { definition: D::NAME, piece: piece.into() });
        self
    }

    /// Says what roles may do in definition `D`, as `policy` of a [`Store`]'s builder. Definitions without a policy are closed to
    /// sessions once one has a policy.
    pub fn policy<D: DefinitionOf<R>>(mut self, policy: Policy<D>) -> Self {
        self.policies.list.retain(|(definition, _)| *definition != D::NAME);
        self.policies.list.push((D::NAME, Arc::new(policy)));
        self
    }

    /// Keeps an index of a model of definition `D` that is written by hand, as `index` of a [`Store`]'s builder does.
    pub fn index<D: DefinitionOf<R>, M: ModelOf<D>, I: CustomIndex<M>>(mut self, index: I) -> Self {
        self.indexes.push(Arc::new(Custom::new::<D, M, I>(index)));
        self
    }

    /// Opens the repository.
    ///
    /// # Errors
    /// Those of [`Repository::open`].
    pub fn open(self) -> Result<Repository<R>> {
        self.opened(&members::<R>()).map(Repository::new)
    }

    /// Opens the repository and [verifies](Repository::verify) all of it, for a file that may have been damaged, as
    /// [`Store::open_checked`] does.
    ///
    /// # Errors
    /// Those of [`Repository::open`], and `Inconsistent` with what was found.
    pub fn open_checked(self) -> Result<Repository<R>> {
        self.opened_checked(&members::<R>()).map(Repository::new)
    }
}

/// A definition that needs no other one.
fn alone<D: NetabaseDefinition>() -> [Member; 1] {
    const { D::SCHEMA.assert_alone() };
    [Member::of::<D>()]
}

/// The definitions in the order of their places.
fn members<R: NetabaseRepository>() -> Vec<Member> {
    let all = R::DEFINITIONS.iter().zip(R::READERS);
    all.map(|(schema, readers)| Member { schema, readers }).collect()
}
