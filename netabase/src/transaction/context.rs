//! What all transactions of a store share.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Clock;
use crate::codec;
use crate::engine::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key};
use crate::model::{Entries, ModelOf, NetabaseDefinition, NetabaseModel, assert_listed};
use crate::overlay::View;
use crate::permission::Guard;
use crate::table::{self, Layout, ModelTables};

/// The store's part of a transaction.
#[derive(Debug)]
pub(crate) struct Context<D> {
    pub(crate) layout: Arc<Layout>,
    pub(crate) guard: Guard,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    /// bytes that a transaction stages before it gives them to the engine
    pub(crate) staging: usize,
    /// models of which a record was seen to survive its encoding, by ordinal
    proven: Box<[AtomicBool]>,
    definition: PhantomData<fn() -> D>,
}

impl<D: NetabaseDefinition> Context<D> {
    pub(crate) fn new(layout: Layout, limits: Limits, clock: Clock, staging: usize) -> Self {
        let proven = D::SCHEMA.models.iter().map(|_| AtomicBool::new(false)).collect();
        Context {
            layout: Arc::new(layout),
            guard: Guard::default(),
            limits,
            clock,
            staging,
            proven,
            definition: PhantomData,
        }
    }

    /// The tables of a model. A model that only claims to be one of `D` does not compile.
    #[inline]
    pub(crate) fn tables<M: ModelOf<D>>(&self) -> Result<&ModelTables> {
        const { assert_listed::<D, M>() };
        self.layout.model(M::ORDINAL)
    }

    /// Holds the first record of a type against its own bytes: what is written must be readable.
    pub(crate) fn prove<M: ModelOf<D>>(&self, record: &Encoded) -> Result<()> {
        let Some(proven) = self.proven.get(M::ORDINAL) else { return Ok(()) };
        if proven.load(Ordering::Relaxed) {
            return Ok(());
        }
        let back = codec::decode::<M>(M::SCHEMA.version, &record.value).ok();
        let mut again = Encoded::default();
        // Not byte by byte: a hash map comes back in another order.
        let same = back.is_some_and(|back| again.fill(&back).is_ok())
            && again.value.len() == record.value.len()
            && again.key == record.key
            && again.entries.iter().eq(record.entries.iter());
        if !same {
            return Err(Error::new(ErrorKind::Codec { model: M::NAME }));
        }
        proven.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The entries of the stored record, never of a copy the caller has. A model without any is not decoded.
    pub(super) fn old_entries<M: ModelOf<D>>(
        &self,
        tables: &ModelTables,
        key: &[u8],
        bytes: &[u8],
        out: &mut Entries,
    ) -> Result<()> {
        if M::SCHEMA.has_entries() {
            let record: M = table::decode(&self.layout, tables, bytes)?;
            return entries(&record, key, out);
        }
        out.begin(key);
        Ok(())
    }

    pub(crate) fn get<M: ModelOf<D>>(
        &self,
        view: &View<'_>,
        key: &impl AsKey<M::PrimaryKey>,
    ) -> Result<Option<M>> {
        let permit = self.guard.read(M::SCHEMA)?;
        let tables = self.tables::<M>()?;
        with_key(key, |key| {
            let found = table::get(&permit, view, tables, key)?;
            found.map(|bytes| table::decode(&self.layout, tables, &bytes)).transpose()
        })
    }

    pub(crate) fn contains<M: ModelOf<D>>(
        &self,
        view: &View<'_>,
        key: &impl AsKey<M::PrimaryKey>,
    ) -> Result<bool> {
        let permit = self.guard.read(M::SCHEMA)?;
        let tables = self.tables::<M>()?;
        with_key(key, |key| Ok(table::get(&permit, view, tables, key)?.is_some()))
    }

    pub(crate) fn len<M: ModelOf<D>>(&self, view: &View<'_>) -> Result<u64> {
        table::len(&self.guard.read(M::SCHEMA)?, view, self.tables::<M>()?)
    }
}

thread_local! {
    /// The key of a read, which is encoded anew each time but need not be allocated anew.
    static KEY: std::cell::Cell<Vec<u8>> = const { std::cell::Cell::new(Vec::new()) };
}

/// Encodes a key into a buffer of the thread's.
pub(super) fn with_key<K: Key, T>(key: &impl AsKey<K>, read: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
    let mut buffer = KEY.take();
    buffer.clear();
    let done = key.write_tail(&mut buffer).and_then(|()| read(&buffer));
    KEY.set(buffer);
    done
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
    pub(super) fn fill<M: NetabaseModel>(&mut self, record: &M) -> Result<()> {
        self.key.clear();
        record.encode_key(&mut self.key)?;
        self.value.clear();
        codec::encode(M::SCHEMA.version, record, &mut self.value)
            .ok_or_else(|| Error::new(ErrorKind::Codec { model: M::NAME }))?;
        entries(record, &self.key, &mut self.entries)
    }
}

/// Collects what a record has in all tables but the main one.
pub(super) fn entries<M: NetabaseModel>(record: &M, key: &[u8], out: &mut Entries) -> Result<()> {
    out.begin(key);
    record.entries(out)?;
    out.add_topics(M::SCHEMA);
    out.sort();
    Ok(())
}

/// The key as a person reads it.
#[cold]
pub(super) fn spell<M: NetabaseModel>(key: &[u8]) -> String {
    M::PrimaryKey::decode_tail(key).map_or_else(|_| format!("{key:02x?}"), |key| format!("{key:?}"))
}
