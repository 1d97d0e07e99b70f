//! A write transaction: everything or nothing.

use std::fmt;
use std::time::SystemTime;

use super::admit::Seen;
use super::context::{Context, Keep, Old};
use super::state::{Buffers, State, no_layer};
use crate::engine::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::key::AsKey;
use crate::model::{ModelOf, NetabaseDefinition, NetabaseModel, Reads, ReadsFrom, Viewed, spell};
use crate::observe::Observed;
use crate::overlay::{Staged, View};
use crate::permission::{Door, Permit, WriteAccess};
use crate::table::{self, Change, Links};

/// The one write transaction of its moment. It sees its own writes; others see them when it is committed.
///
/// It is owned: it can be kept in a struct or sent to another thread. Dropping it undoes everything. The thread that
/// began it cannot begin another one before it ends; a thread that it was sent to must not, as it would wait for itself.
///
/// An operation that returns an error leaves no trace, even if the transaction goes on and is committed.
/// (One exception: if so much was written that part of it had to leave memory *during* a batch that then fails,
/// the transaction can only be given up; everything that is tried in it from then on says so, with `Doomed`.)
pub struct WriteTransaction<D> {
    pub(super) state: State,
    pub(crate) context: Context<D>,
}

/// What a verb expects to find under its key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Absent,
    Present,
    Either,
}

impl<D: NetabaseDefinition> fmt::Debug for WriteTransaction<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteTransaction<{}>", D::NAME)
    }
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    pub(crate) fn new(state: State, context: Context<D>) -> Self {
        WriteTransaction { state, context }
    }

    pub(super) fn staged(&self) -> Result<Staged<'_>> {
        self.state.staged()
    }

    pub(crate) fn as_view(&self) -> Result<View<'_>> {
        self.staged().map(View::Staged)
    }

    /// When the commit of this transaction is to be safe, instead of what the store was opened with.
    pub fn set_durability(&mut self, durability: Durability) {
        self.state.durability = durability;
    }

    /// Names who writes, for the [`ChangeSet`](crate::change::ChangeSet) of the commit.
    ///
    /// # Errors
    /// `PermissionDenied` in a session: there it is whoever the [ticket](crate::policy::Ticket::actor) names.
    pub fn set_actor(&mut self, name: impl Into<String>) -> Result<()> {
        self.context.guard.check_root()?;
        self.state.actor = Some(name.into());
        Ok(())
    }

    /// Runs its work as a part of what is told of it.
    pub(crate) fn observed(&self) -> Observed {
        self.state.observed.clone()
    }

    pub(crate) fn actor_name(&self) -> Option<&str> {
        self.state.actor.as_deref()
    }

    /// The time this transaction began, from the store's clock.
    pub fn now(&self) -> SystemTime {
        self.state.now
    }

    /// The record with this key, as this transaction has left it.
    pub fn get<M: ModelOf<D>>(&self, key: impl AsKey<M::PrimaryKey>) -> Result<Option<M>> {
        self.context.get(&self.as_view()?, &key)
    }

    /// Shows the record with this key to the closure, without copying its text and bytes; returns what that returns.
    pub fn view<M: ModelOf<D> + Viewed, T>(
        &self,
        key: impl AsKey<M::PrimaryKey>,
        look: impl FnOnce(M::View<'_>) -> T,
    ) -> Result<Option<T>> {
        self.context.view::<M, T>(&self.as_view()?, &key, look)
    }

    /// The records with these keys, in the order of the keys.
    pub fn get_many<M: ModelOf<D>>(
        &self,
        keys: impl IntoIterator<Item = impl AsKey<M::PrimaryKey>>,
    ) -> Result<Vec<Option<M>>> {
        self.context.get_many(&self.as_view()?, keys)
    }

    /// Whether a record has this key.
    pub fn contains<M: ModelOf<D>>(&self, key: impl AsKey<M::PrimaryKey>) -> Result<bool> {
        self.context.contains::<M>(&self.as_view()?, &key)
    }

    /// How many records there are, staged ones included.
    pub fn len<M: ModelOf<D>>(&self) -> Result<u64> {
        self.context.len::<M>(&self.as_view()?)
    }

    /// Whether there are no records.
    pub fn is_empty<M: ModelOf<D>>(&self) -> Result<bool> {
        Ok(self.len::<M>()? == 0)
    }

    /// Stores a new record.
    ///
    /// # Errors
    /// `AlreadyExists` if its key is taken, `ConstraintViolation` if a unique key is, `MissingReference` if a link leads
    /// nowhere. `InvalidKey` for a key
    /// that has no order (NaN), `LimitExceeded` for one that is too long, `Codec` for a type whose serde impl
    /// is wrong: these three hold for every verb that stores a record.
    #[doc(alias = "insert")]
    pub fn create<M: ModelOf<D>>(&mut self, record: &M) -> Result<()> {
        self.put(Door::Create, record, Expect::Absent, Keep::No).map(drop)
    }

    /// Replaces the record that has this one's key.
    ///
    /// # Errors
    /// `NotFound` if there is none, `ConstraintViolation` if a unique key is taken by another record.
    pub fn update<M: ModelOf<D>>(&mut self, record: &M) -> Result<()> {
        self.put(Door::Update, record, Expect::Present, Keep::No).map(drop)
    }

    /// Stores the record, new or not; `true` if it is new.
    ///
    /// # Errors
    /// `ConstraintViolation` if a unique key is taken by another record.
    #[doc(alias = "save")]
    pub fn upsert<M: ModelOf<D>>(&mut self, record: &M) -> Result<bool> {
        Ok(!self.put(Door::Upsert, record, Expect::Either, Keep::No)?.found)
    }

    /// As [`update`](Self::update), and returns the record that was there.
    pub fn replace<M: ModelOf<D>>(&mut self, record: &M) -> Result<M> {
        let old = self.put(Door::Replace, record, Expect::Present, Keep::Yes)?.record;
        old.ok_or_else(|| Error::internal("the record to replace is gone"))
    }

    /// Changes the record with this key in place and returns what the closure returns.
    ///
    /// The closure names the model, as nothing else does:
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Author { #[primary_key] id: u64, name: String }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// # store.write(|txn| txn.create(&Author { id: 1, name: "Ada".into() }))?;
    /// store.write(|txn| txn.update_with(1, |author: &mut Author| author.name.push_str(" Lovelace")))?;
    /// # assert_eq!(store.begin_read()?.get::<Author>(1)?.map(|author| author.name), Some("Ada Lovelace".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `NotFound` if there is none, `KeyChanged` if the closure changed the primary key.
    pub fn update_with<M: ModelOf<D>, T>(
        &mut self,
        key: impl AsKey<M::PrimaryKey>,
        change: impl FnOnce(&mut M) -> T,
    ) -> Result<T> {
        let mut bytes = Vec::new();
        key.write_tail(&mut bytes)?;
        let done = self.change(Door::UpdateWith, &bytes, |record| Ok(Some(change(record))))?;
        done.ok_or_else(|| not_found::<M>(&bytes))
    }

    /// Changes the record with this key if the test holds for it; `false` if it does not, or if there is no record.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Job { #[primary_key] id: u64, owner: Option<String> }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Work { Job(Job) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Work>::in_memory()?;
    /// # store.write(|txn| txn.create(&Job { id: 7, owner: None }))?;
    /// let claim = |name: &str| {
    ///     let name = name.to_owned();
    ///     store.write(|txn| txn.update_if(7, |job: &Job| job.owner.is_none(), |job| job.owner = Some(name.clone())))
    /// };
    /// assert!(claim("ada")?);
    /// assert!(!claim("bob")?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `KeyChanged` if the closure changed the primary key, and those of [`update`](Self::update).
    #[doc(alias = "compare_and_set")]
    pub fn update_if<M: ModelOf<D>>(
        &mut self,
        key: impl AsKey<M::PrimaryKey>,
        test: impl FnOnce(&M) -> bool,
        change: impl FnOnce(&mut M),
    ) -> Result<bool> {
        let mut bytes = Vec::new();
        key.write_tail(&mut bytes)?;
        let done = self.change(Door::UpdateIf, &bytes, |record| Ok(test(record).then(|| change(record))))?;
        Ok(done.is_some())
    }

    /// Changes the record with this key, unless the closure returns `None`. `None` also if there is no record.
    pub(crate) fn change<M: ModelOf<D>, T>(
        &mut self,
        door: Door,
        key: &[u8],
        change: impl FnOnce(&mut M) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let permit = self.context.write::<M>(door)?;
        let Some(mut record) = self.get_to_change::<M>(&permit, key)? else { return Ok(None) };
        let Some(done) = change(&mut record)? else { return Ok(None) };
        let mut after = Vec::with_capacity(key.len());
        record.encode_key(&mut after)?;
        if after != key {
            return Err(Error::new(ErrorKind::KeyChanged { model: M::NAME, key: spell::<M>(key) }));
        }
        self.put_permitted(&permit, &record, (Expect::Present, Keep::No))?;
        Ok(Some(done))
    }

    /// The record as whoever changes it may see it. Where there is one that he may not see, it is refused to write there.
    pub(super) fn get_to_change<M: ModelOf<D>>(
        &self,
        permit: &Permit<WriteAccess>,
        key: &[u8],
    ) -> Result<Option<M>> {
        let tables = self.context.tables::<M>()?;
        let Some(bytes) = table::find(permit, self.staged()?, tables, key)? else { return Ok(None) };
        if !permit.sees(tables.ordinal, &bytes)? {
            return Err(permit.denied(M::NAME));
        }
        permit.mask(table::decode_whole(permit, &self.context.layout, tables, &bytes)?).map(Some)
    }

    /// The four verbs that store a record.
    pub(super) fn put<M: ModelOf<D>>(
        &mut self,
        door: Door,
        record: &M,
        expect: Expect,
        keep: Keep,
    ) -> Result<Old<M>> {
        let permit = self.context.write::<M>(door)?;
        self.put_permitted(&permit, record, (expect, keep))
    }

    pub(super) fn put_permitted<M: ModelOf<D>>(
        &mut self,
        permit: &Permit<WriteAccess>,
        record: &M,
        how: (Expect, Keep),
    ) -> Result<Old<M>> {
        self.hooked(|txn| txn.put_unhooked(permit, record, how))
    }

    pub(super) fn put_unhooked<M: ModelOf<D>>(
        &mut self,
        permit: &Permit<WriteAccess>,
        record: &M,
        (expect, keep): (Expect, Keep),
    ) -> Result<Old<M>> {
        let mut restored = None;
        if permit.hides_fields() && expect != Expect::Absent {
            let mut key = Vec::new();
            record.encode_key(&mut key)?;
            restored = self.restored(permit, &key, record)?;
        }
        let record = restored.as_ref().unwrap_or(record);
        let mut buffers = std::mem::take(&mut self.state.buffers);
        let old = self.put_with(permit, &mut buffers, record, (expect, keep));
        self.state.buffers = buffers;
        old
    }

    fn put_with<M: ModelOf<D>>(
        &mut self,
        permit: &Permit<WriteAccess>,
        Buffers { new, proof, old: entries }: &mut Buffers,
        record: &M,
        (expect, keep): (Expect, Keep),
    ) -> Result<Old<M>> {
        let context = &self.context;
        let tables = context.tables::<M>()?;
        new.fill(record, &tables.customs)?;
        new.prove::<M>(proof, &tables.customs)?;

        let (change, checked, old) = {
            let staged = self.staged()?;
            let stored = table::find(permit, staged, tables, &new.key)?;
            let stored = stored.as_deref();
            if permit.is_of_a_session() {
                let seen = Seen { permit, tables, stored };
                seen.admit::<M>(new, expect, keep)?;
            }
            match (stored, expect) {
                (Some(_), Expect::Absent) => return Err(already_exists::<M>(&new.key)),
                (None, Expect::Present) => return Err(not_found::<M>(&new.key)),
                _ => {}
            }
            // A version counts how often a record was written, not how often it changed.
            let same = tables.versions.is_none() && stored.is_some_and(|bytes| *bytes == *new.value);
            if same && keep == Keep::No {
                return Ok(Old::unread());
            }
            let old = context.old::<M>(permit, tables, &new.key, stored, keep, entries)?;
            if same {
                return Ok(old);
            }
            let before = old.found.then_some(&*entries);
            let after = Some((&*new.value, &new.entries));
            let change =
                Change { tables, key: &new.key, before, after, links: Links::Checked, now: self.state.now };
            let checked = table::check(permit, staged, context.limits, &change)?;
            (change, checked, old)
        };
        let ordinal = context.ordinal::<M>();
        self.state.note(context, permit, &change)?;
        let layer = self.state.layers.last_mut().ok_or_else(no_layer)?;
        let deferred = table::stage(permit, checked, layer, &change)?;
        self.state.deferred.extend(deferred.into_iter().map(|link| (ordinal, link)));
        self.state.spill_if_full(context)?;
        Ok(old)
    }
}

impl<D: NetabaseDefinition> ReadsFrom for WriteTransaction<D> {}

impl<D: NetabaseDefinition, M: ModelOf<D>> Reads<M> for WriteTransaction<D> {
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>> {
        self.get(key)
    }
}

/// Links into another definition.
impl<D: NetabaseDefinition, T: NetabaseDefinition, M: ModelOf<T>> Reads<M, T> for WriteTransaction<D> {
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>> {
        self.context.get_in::<T, M>(&self.as_view()?, key)
    }
}

#[cold]
pub(super) fn not_found<M: NetabaseModel>(key: &[u8]) -> Error {
    Error::new(ErrorKind::NotFound { model: M::NAME, key: spell::<M>(key) })
}

#[cold]
pub(super) fn already_exists<M: NetabaseModel>(key: &[u8]) -> Error {
    Error::new(ErrorKind::AlreadyExists { model: M::NAME, key: spell::<M>(key) })
}
