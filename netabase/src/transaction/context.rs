//! What all transactions of a store share.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use super::hooks::Hooks;
use super::latest::Latest;
use crate::change::{Feed, Retention};
use crate::clock::Clock;
use crate::codec;
use crate::engine::{Durability, Limits};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key};
use crate::model::{
    Customs, Entries, ModelOf, NetabaseDefinition, NetabaseModel, Viewed, assert_granted, assert_listed,
};
use crate::overlay::View;
use crate::permission::{AnyPolicy, Door, Guard, Hook, ModelRights, Permit, ReadAccess, Ticket, WriteAccess};
use crate::table::{self, KeyList, Layout, ModelTables};

/// The store's part of a transaction, whatever the definition.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) layout: Arc<Layout>,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    /// of write transactions that do not say otherwise
    pub(crate) durability: Durability,
    /// the snapshot that readers share
    pub(crate) latest: Latest,
    /// bytes that a transaction stages before it gives them to the engine
    pub(crate) staging: usize,
    pub(crate) policies: Policies,
    /// who waits for commits
    pub(crate) feed: Feed,
    pub(crate) hooks: Hooks,
    /// whether any model is journaled
    pub(crate) journals: bool,
    pub(crate) retention: Retention,
}

/// The policies that the definitions were opened with, and who is told of decisions.
#[derive(Clone, Default)]
pub(crate) struct Policies {
    /// with the recorded name of the definition
    pub(crate) list: Vec<(&'static str, Arc<dyn AnyPolicy>)>,
    pub(crate) hook: Option<Hook>,
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policies({})", self.list.len())
    }
}

impl Core {
    /// The guard of whoever opened the store: with a policy nobody passes without a ticket.
    pub(crate) fn guard(&self) -> Guard {
        if self.policies.list.is_empty() { Guard::owner() } else { Guard::closed(self.policies.hook.clone()) }
    }

    /// The guard of somebody with a ticket, for all definitions. What has no policy is closed.
    pub(crate) fn session(&self, ticket: &Ticket) -> Result<Guard> {
        if self.policies.list.is_empty() {
            return Err(Error::new(ErrorKind::NoPolicy));
        }
        let mut models = Vec::new();
        for (name, count) in self.layout.definitions() {
            match self.policies.list.iter().find(|(of, _)| *of == name) {
                Some((_, policy)) => models.extend(policy.compile(ticket)?),
                None => models.extend((0..count).map(|_| ModelRights::default())),
            }
        }
        let guard = Guard::session(models, ticket.clone(), self.policies.hook.clone());
        guard.admit(|| self.clock.now())?;
        Ok(guard)
    }
}

/// The same as one definition of the store sees it.
#[derive(Debug)]
pub(crate) struct Context<D> {
    core: Arc<Core>,
    pub(crate) guard: Guard,
    /// the number of the definition's first model
    base: usize,
    definition: PhantomData<fn() -> D>,
}

impl<D> Clone for Context<D> {
    fn clone(&self) -> Self {
        let (core, guard) = (self.core.clone(), self.guard.clone());
        Context { core, guard, base: self.base, definition: PhantomData }
    }
}

impl<D> Deref for Context<D> {
    type Target = Core;

    #[inline]
    fn deref(&self) -> &Core {
        &self.core
    }
}

impl<D: NetabaseDefinition> Context<D> {
    /// `place`: the number of the definition.
    pub(crate) fn new(core: Arc<Core>, guard: Guard, place: usize) -> Self {
        let base = core.layout.base(place);
        Context { core, guard, base, definition: PhantomData }
    }

    /// The same for somebody else.
    pub(crate) fn with_guard(&self, guard: Guard) -> Self {
        Context { guard, ..self.clone() }
    }

    /// Refuses to begin anything with a ticket that has ended.
    #[inline]
    pub(crate) fn admit(&self) -> Result<()> {
        self.guard.admit(|| self.core.clock.now())
    }

    /// Leave to read records of a model.
    #[inline]
    pub(crate) fn read<M: ModelOf<D>>(&self, door: Door) -> Result<Permit<ReadAccess>> {
        self.guard.read(door, M::SCHEMA, self.ordinal::<M>())
    }

    /// Leave to change records of a model.
    #[inline]
    pub(crate) fn write<M: ModelOf<D>>(&self, door: Door) -> Result<Permit<WriteAccess>> {
        self.guard.write(door, M::SCHEMA, self.ordinal::<M>())
    }

    /// The number of the definition's first model.
    pub(crate) fn first_ordinal(&self) -> usize {
        self.base
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Whether it is part of this store.
    pub(crate) fn is_of(&self, core: &Arc<Core>) -> bool {
        Arc::ptr_eq(&self.core, core)
    }

    /// The number of a model among those of all definitions.
    #[inline]
    pub(crate) fn ordinal<M: ModelOf<D>>(&self) -> usize {
        self.base.saturating_add(M::ORDINAL)
    }

    /// The tables of a model. A model that only claims to be one of `D` does not compile.
    #[inline]
    pub(crate) fn tables<M: ModelOf<D>>(&self) -> Result<&ModelTables> {
        const { assert_listed::<D, M>() };
        self.layout.model(self.ordinal::<M>())
    }

    /// The stored record and its entries, never those of a copy the caller has. It is decoded once, and not at all
    /// where neither the caller nor an index asks for it.
    pub(super) fn old<M: ModelOf<D>>(
        &self,
        permit: &Permit<WriteAccess>,
        tables: &ModelTables,
        key: &[u8],
        stored: Option<&[u8]>,
        keep: Keep,
        out: &mut Entries,
    ) -> Result<Old<M>> {
        out.begin(key);
        let Some(bytes) = stored else { return Ok(Old { found: false, record: None }) };
        if keep == Keep::No && !M::SCHEMA.has_entries() && tables.customs.list.is_empty() {
            return Ok(Old::unread());
        }
        let record: M = table::decode_whole(permit, &self.layout, tables, bytes)?;
        out.collect(&record, key, &tables.customs)?;
        let record = (keep == Keep::Yes).then(|| permit.mask(record)).transpose()?;
        Ok(Old { found: true, record })
    }

    pub(crate) fn get<M: ModelOf<D>>(
        &self,
        view: &View<'_>,
        key: &impl AsKey<M::PrimaryKey>,
    ) -> Result<Option<M>> {
        self.get_of(&self.read::<M>(Door::Get)?, view, self.tables::<M>()?, key)
    }

    /// The same of a model of another definition, which lets this one read it.
    pub(crate) fn get_in<T: NetabaseDefinition, M: ModelOf<T>>(
        &self,
        view: &View<'_>,
        key: &impl AsKey<M::PrimaryKey>,
    ) -> Result<Option<M>> {
        const { assert_granted::<T, D>() };
        let ordinal = self.layout.ordinal_in::<M>(T::NAME)?;
        let permit = self.guard.read(Door::Get, M::SCHEMA, ordinal)?;
        self.get_of(&permit, view, self.layout.model(ordinal)?, key)
    }

    fn get_of<M: NetabaseModel>(
        &self,
        permit: &Permit<ReadAccess>,
        view: &View<'_>,
        tables: &ModelTables,
        key: &impl AsKey<M::PrimaryKey>,
    ) -> Result<Option<M>> {
        with_key(key, |key| table::get_record(permit, view, &self.layout, tables, key))
    }

    pub(crate) fn view<M: ModelOf<D> + Viewed, T>(
        &self,
        view: &View<'_>,
        key: &impl AsKey<M::PrimaryKey>,
        look: impl FnOnce(M::View<'_>) -> T,
    ) -> Result<Option<T>> {
        let permit = self.read::<M>(Door::View)?;
        let tables = self.tables::<M>()?;
        with_key(key, |key| {
            let Some(bytes) = table::get(&permit, view, tables, key)? else { return Ok(None) };
            table::view::<M, T>(&permit, &self.layout, tables, &bytes, look).map(Some)
        })
    }

    /// Keys are sought in their own order, as neighbours mostly stand on one page, and answered in the caller's.
    pub(crate) fn get_many<M: ModelOf<D>>(
        &self,
        view: &View<'_>,
        keys: impl IntoIterator<Item = impl AsKey<M::PrimaryKey>>,
    ) -> Result<Vec<Option<M>>> {
        let permit = self.read::<M>(Door::GetMany)?;
        let tables = self.tables::<M>()?;
        let mut list = KeyList::default();
        for key in keys {
            list.push_with(|bytes| key.write_tail(bytes))?;
        }
        let mut found: Vec<Option<M>> = (0..list.len()).map(|_| None).collect();
        table::each(&permit, view, tables, &list, |place, stored| {
            if let Some(slot) = found.get_mut(place) {
                *slot =
                    stored.map(|bytes| table::decode(&permit, &self.layout, tables, bytes)).transpose()?;
            }
            Ok(())
        })?;
        Ok(found)
    }

    pub(crate) fn contains<M: ModelOf<D>>(
        &self,
        view: &View<'_>,
        key: &impl AsKey<M::PrimaryKey>,
    ) -> Result<bool> {
        let permit = self.read::<M>(Door::Contains)?;
        let tables = self.tables::<M>()?;
        with_key(key, |key| Ok(table::get(&permit, view, tables, key)?.is_some()))
    }

    pub(crate) fn len<M: ModelOf<D>>(&self, view: &View<'_>) -> Result<u64> {
        table::len(&self.read::<M>(Door::Len)?, view, self.tables::<M>()?)
    }
}

thread_local! {
    /// The key of a read, which is encoded anew each time but need not be allocated anew.
    static KEY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The largest buffer a thread keeps.
const KEPT: usize = 4096;

/// Encodes a key into a buffer of the thread's.
pub(super) fn with_key<K: Key, T>(key: &impl AsKey<K>, read: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
    // A thread that ends may read in a destructor of its own, when this buffer is gone already.
    let mut buffer = KEY.try_with(Cell::take).unwrap_or_default();
    buffer.clear();
    let done = key.write_tail(&mut buffer).and_then(|()| read(&buffer));
    if buffer.capacity() <= KEPT {
        let _ = KEY.try_with(|kept| kept.set(buffer));
    }
    done
}

/// Whether a verb returns the record that was there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    No,
    Yes,
}

/// What was there before a change.
pub(super) struct Old<M> {
    pub(super) found: bool,
    /// if it was found and asked for
    pub(super) record: Option<M>,
}

impl<M> Old<M> {
    /// It is there, and nobody asked for it.
    pub(super) fn unread() -> Self {
        Old { found: true, record: None }
    }
}

/// A record in bytes, in buffers that are used again.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) entries: Entries,
}

impl Encoded {
    /// Encodes the whole record.
    pub(super) fn fill<M: NetabaseModel>(&mut self, record: &M, customs: &Customs) -> Result<()> {
        self.key.clear();
        record.encode_key(&mut self.key)?;
        self.value.clear();
        codec::encode(M::SCHEMA.version, record, &mut self.value)
            .ok_or_else(|| Error::new(ErrorKind::Codec { model: M::NAME }))?;
        self.entries.collect(record, &self.key, customs)
    }

    /// Holds a record against its own bytes: they must be readable, and lead to the same key and entries. A serde
    /// impl that loses part of a key would otherwise leave index rows that no later change can find.
    pub(super) fn prove<M: NetabaseModel>(&self, scratch: &mut Encoded, customs: &Customs) -> Result<()> {
        let unreadable = || Error::new(ErrorKind::Codec { model: M::NAME });
        let back: M = codec::decode(M::SCHEMA.version, &self.value).map_err(|_| unreadable())?;
        scratch.key.clear();
        back.encode_key(&mut scratch.key)?;
        scratch.entries.collect(&back, &scratch.key, customs)?;
        let same = scratch.key == self.key && scratch.entries.iter().eq(self.entries.iter());
        if same { Ok(()) } else { Err(unreadable()) }
    }
}
