//! Who waits for commits: by model, and where a watcher asks for few keys, by those.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::items::Items;
use super::log::Wanted;
use super::mailbox::Mailbox;
use super::set::Batch;
use crate::error::Result;
use crate::model::Entries;
use crate::table::{Layout, ModelTables};

/// The watchers of a store, and the gate that commits and new watchers pass one at a time: so a watcher's snapshot and the first
/// commit he is told of fit together.
#[derive(Debug, Default)]
pub(crate) struct Feed(Mutex<Gate>);

/// What the gate guards.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// number of the last commit, where no journal counts
    seq: u64,
    watchers: HashMap<u64, (Interest, Arc<Mailbox>)>,
    next: u64,
    /// by number of the model
    models: HashMap<usize, Listeners>,
    is_closed: bool,
}

/// What a watcher wants to be told of.
#[derive(Clone, Debug)]
pub(crate) struct Interest {
    /// number of the model
    pub(crate) ordinal: usize,
    /// Records that have, or had, one of these keys; `None`: all.
    pub(crate) anchors: Option<Vec<Anchor>>,
}

/// A key in one of a model's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) part: usize,
    pub(crate) key: Vec<u8>,
}

#[derive(Debug, Default)]
struct Listeners {
    all: BTreeSet<u64>,
    /// by number of the table and key
    anchored: HashMap<usize, HashMap<Vec<u8>, BTreeSet<u64>>>,
}

impl Interest {
    /// All commits, whatever they change.
    pub(crate) const ANY: Interest = Interest { ordinal: usize::MAX, anchors: None };
}

impl Feed {
    /// Passes the gate.
    pub(crate) fn enter(&self) -> MutexGuard<'_, Gate> {
        // What it guards is whole between any two statements, so a panic elsewhere spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all watchers.
    pub(crate) fn close(&self) {
        let mut gate = self.enter();
        gate.is_closed = true;
        let wakers: Vec<_> = gate.watchers.values().filter_map(|(_, mailbox)| mailbox.close()).collect();
        drop(gate);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Forgets a watcher.
    pub(crate) fn forget(&self, watcher: u64) {
        let mut gate = self.enter();
        let Some((interest, _)) = gate.watchers.remove(&watcher) else { return };
        let Some(listeners) = gate.models.get_mut(&interest.ordinal) else { return };
        listeners.all.remove(&watcher);
        for Anchor { part, key } in interest.anchors.into_iter().flatten() {
            if let Some(keys) = listeners.anchored.get_mut(&part) {
                if let Some(watchers) = keys.get_mut(&key) {
                    watchers.remove(&watcher);
                    if watchers.is_empty() {
                        keys.remove(&key);
                    }
                }
                if keys.is_empty() {
                    listeners.anchored.remove(&part);
                }
            }
        }
        if listeners.all.is_empty() && listeners.anchored.is_empty() {
            gate.models.remove(&interest.ordinal);
        }
    }
}

impl Gate {
    /// Adds a watcher; returns his number.
    pub(crate) fn add(&mut self, interest: Interest, mailbox: Arc<Mailbox>) -> u64 {
        let watcher = self.next;
        self.next += 1;
        let listeners = self.models.entry(interest.ordinal).or_default();
        match &interest.anchors {
            None => {
                listeners.all.insert(watcher);
            }
            Some(anchors) => {
                for Anchor { part, key } in anchors {
                    let keys = listeners.anchored.entry(*part).or_default();
                    keys.entry(key.clone()).or_default().insert(watcher);
                }
            }
        }
        if self.is_closed {
            mailbox.close();
        }
        self.watchers.insert(watcher, (interest, mailbox));
        watcher
    }

    /// Number of the next commit, where no journal counts.
    pub(crate) fn next(&self) -> u64 {
        self.seq.saturating_add(1)
    }

    /// Counts a commit.
    pub(crate) fn count(&mut self) {
        self.seq = self.next();
    }

    pub(crate) fn has_watchers(&self) -> bool {
        !self.models.is_empty()
    }

    /// The models that are journaled, watched, or asked for by their numbers.
    pub(crate) fn wanted(&self, layout: &Layout, all: bool) -> Wanted {
        let is_wanted =
            |ordinal: usize| all || self.models.contains_key(&ordinal) || layout.is_journaled(ordinal);
        (0..layout.models().len()).map(is_wanted).collect()
    }

    /// Hands a commit to those who wait for it. What is returned is to be woken, when the gate is open again.
    pub(crate) fn publish(&self, batch: &Arc<Batch>, layout: &Layout) -> Vec<Waker> {
        let mut told = BTreeSet::new();
        told.extend(self.models.get(&Interest::ANY.ordinal).into_iter().flat_map(|any| &any.all));
        for piece in &batch.pieces {
            let Some(listeners) = self.models.get(&piece.ordinal) else { continue };
            told.extend(&listeners.all);
            // A record that is stored is one that can be read; if it is damaged, whoever watches finds that out.
            if !listeners.anchored.is_empty()
                && layout
                    .model(piece.ordinal)
                    .and_then(|tables| listeners.find(tables, &piece.items, &mut told))
                    .is_err()
            {
                told.extend(listeners.anchored.values().flat_map(|keys| keys.values().flatten()));
            }
        }
        self.each(told, |mailbox| mailbox.push(batch))
    }

    /// Tells the watchers of these models that a commit may have passed them by. As [`publish`](Self::publish).
    pub(crate) fn miss(&self, seq: u64, is_touched: impl Fn(usize) -> bool) -> Vec<Waker> {
        let touched = self.watchers.iter().filter(|(_, (interest, _))| is_touched(interest.ordinal));
        self.each(touched.map(|(watcher, _)| *watcher).collect(), |mailbox| mailbox.miss(seq))
    }

    fn each(&self, told: BTreeSet<u64>, tell: impl Fn(&Mailbox) -> Option<Waker>) -> Vec<Waker> {
        let mailboxes = told.iter().filter_map(|watcher| self.watchers.get(watcher));
        mailboxes.filter_map(|(_, mailbox)| tell(mailbox)).collect()
    }
}

impl Listeners {
    /// Finds who waits for the keys that the records have, or had.
    fn find(&self, tables: &ModelTables, items: &[u8], told: &mut BTreeSet<u64>) -> Result<()> {
        let by_record = self.anchored.keys().any(|part| *part != 0);
        let (mut own, mut entries) = (Vec::new(), Entries::default());
        for change in Items::new([items].into_iter()) {
            let change = change?;
            self.find_key(0, change.key, told);
            if by_record {
                for record in [change.before, change.after].into_iter().flatten() {
                    tables.read(record, &mut own, &mut entries)?;
                    entries.iter().for_each(|entry| self.find_key(entry.part, entry.key, told));
                }
            }
        }
        Ok(())
    }

    fn find_key(&self, part: usize, key: &[u8], told: &mut BTreeSet<u64>) {
        if let Some(watchers) = self.anchored.get(&part).and_then(|keys| keys.get(key)) {
            told.extend(watchers);
        }
    }
}
