//! Who waits for commits: by model, and where a watcher asks for few keys, by those.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::items::Items;
use super::log::Wanted;
use super::mailbox::Mailbox;
use super::set::Batch;
use crate::error::Result;
use crate::model::{Entries, RawChange};
use crate::table::{Layout, ModelTables};

/// The watchers of a store, and the gate that commits and new watchers pass one at a time: so a watcher's snapshot and the first
/// commit he is told of fit together.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    gate: Mutex<Gate>,
    /// a commit was told, or somebody who wanted to be alone has gone
    moved: Condvar,
}

/// What the gate guards.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// number of the last commit that was told; `None`: nobody has looked
    seq: Option<u64>,
    /// number of the last one that has come, told or on its way
    assigned: u64,
    /// Commits that came to the gate, and those of them that have passed; some may pass before others that came before them.
    came: u64,
    passed: u64,
    early: BTreeSet<u64>,
    /// how many want no commit to be on its way
    alone: u64,
    watchers: HashMap<u64, (Interest, Arc<Mailbox>)>,
    next: u64,
    /// by number of the model
    models: HashMap<usize, Listeners>,
    is_closed: bool,
}

/// What a watcher wants to be told of.
pub(crate) struct Interest {
    /// number of the model
    pub(crate) ordinal: usize,
    /// Records that have, or had, one of these keys; `None`: all.
    pub(crate) anchors: Option<Vec<Anchor>>,
    /// Whether a change may be told of at all; `None`: every one may. What may not wakes nobody, and takes no room.
    pub(crate) sees: Option<Sees>,
}

/// Whether somebody sees anything of a change.
pub(crate) type Sees = Box<dyn Fn(&RawChange<'_>) -> bool + Send + Sync>;

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interest({}, {:?})", self.ordinal, self.anchors)
    }
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
    pub(crate) const ANY: Interest = Interest { ordinal: usize::MAX, anchors: None, sees: None };
}

impl Feed {
    /// Looks at what the gate guards.
    pub(crate) fn enter(&self) -> MutexGuard<'_, Gate> {
        // What it guards is whole between any two statements, so a panic elsewhere spoils nothing.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same when all commits that have come have passed, so that whoever comes to wait is told of the next one and of all after it.
    pub(crate) fn enter_alone(&self) -> MutexGuard<'_, Gate> {
        let mut gate = self.enter();
        gate.alone += 1;
        let is_busy = |gate: &mut Gate| gate.passed != gate.came;
        let mut gate = self.moved.wait_while(gate, is_busy).unwrap_or_else(PoisonError::into_inner);
        gate.alone -= 1;
        if gate.alone == 0 {
            self.moved.notify_all();
        }
        gate
    }

    /// A commit comes to the gate, in the turn of its writer. It passes behind those that came before it.
    pub(crate) fn come(&self) -> (MutexGuard<'_, Gate>, Passage<'_>) {
        let is_kept = |gate: &mut Gate| gate.alone > 0;
        let mut gate = self.moved.wait_while(self.enter(), is_kept).unwrap_or_else(PoisonError::into_inner);
        let place = gate.came;
        gate.came += 1;
        (gate, Passage { feed: self, place, has_passed: false })
    }

    /// Ends all watchers.
    pub(crate) fn close(&self) {
        let mut gate = self.enter();
        gate.is_closed = true;
        let wakers: Vec<_> = gate.watchers.values().filter_map(|(_, mailbox)| mailbox.close()).collect();
        drop(gate);
        // It is called when something is dropped, where a panic of a waker would have nowhere to go.
        drop(catch_unwind(AssertUnwindSafe(|| wake(wakers))));
    }

    /// Forgets a watcher.
    pub(crate) fn forget(&self, watcher: u64) {
        let mut gate = self.enter();
        let Some((interest, _)) = gate.watchers.remove(&watcher) else { return };
        let Some(listeners) = gate.models.get_mut(&interest.ordinal) else { return };
        listeners.all.remove(&watcher);
        for Anchor { part, key } in interest.anchors.iter().flatten() {
            if let Some(keys) = listeners.anchored.get_mut(part) {
                if let Some(watchers) = keys.get_mut(key) {
                    watchers.remove(&watcher);
                    if watchers.is_empty() {
                        keys.remove(key);
                    }
                }
                if keys.is_empty() {
                    listeners.anchored.remove(part);
                }
            }
        }
        if listeners.all.is_empty() && listeners.anchored.is_empty() {
            gate.models.remove(&interest.ordinal);
        }
        // The user's claims go with the interest, so it is dropped when nobody waits for it.
        drop(gate);
    }
}

/// A commit on its way through the gate. Dropped, it passes without a word.
pub(crate) struct Passage<'f> {
    feed: &'f Feed,
    place: u64,
    has_passed: bool,
}

impl<'f> Passage<'f> {
    /// Passes, and tells of the commit while the next one waits.
    pub(crate) fn pass<T>(mut self, tell: impl FnOnce(&mut Gate) -> T) -> T {
        let feed = self.feed;
        let is_early = |gate: &mut Gate| gate.passed != self.place;
        let mut gate = feed.moved.wait_while(feed.enter(), is_early).unwrap_or_else(PoisonError::into_inner);
        let told = tell(&mut gate);
        self.leave(gate);
        told
    }

    /// Passes, in whatever order, as nobody has to be told of the commit. `seq`: its number, if it has one.
    pub(crate) fn pass_by(mut self, seq: Option<u64>) {
        let feed = self.feed;
        let mut gate = feed.enter();
        if let Some(seq) = seq {
            gate.seq = Some(gate.seq().max(seq));
        }
        self.leave(gate);
    }

    fn leave(&mut self, mut gate: MutexGuard<'f, Gate>) {
        self.has_passed = true;
        gate.pass(self.place);
        // Somebody waits for it who has something to tell, or wants to be alone.
        let is_awaited = gate.alone > 0 || gate.passed != gate.came;
        drop(gate);
        if is_awaited {
            self.feed.moved.notify_all();
        }
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        if !self.has_passed {
            let feed = self.feed;
            self.leave(feed.enter());
        }
    }
}

impl Gate {
    fn pass(&mut self, place: u64) {
        self.early.insert(place);
        while self.early.remove(&self.passed) {
            self.passed += 1;
        }
        if self.passed == self.came {
            // Numbers of commits that failed are given again.
            self.assigned = self.seq();
        }
    }

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

    /// Gives a commit its number, where no journal has given it one. `counts`: whether it changed records.
    pub(crate) fn assign(&mut self, journaled: Option<u64>, counts: bool) -> u64 {
        let next = self.assigned.max(self.seq()).saturating_add(1);
        let seq = journaled.unwrap_or(next);
        if counts {
            self.assigned = seq;
        }
        seq
    }

    /// Notes the number of the last commit. Tells all watchers that others have committed before that, if they have; what is returned
    /// is to be woken, when the gate is open again.
    pub(crate) fn reach(&mut self, seq: u64, others: u64) -> Vec<Waker> {
        let known = self.seq.replace(self.seq().max(seq));
        match known {
            Some(known) if others > known => {
                let missed = others - known;
                self.each(&self.of_models(|_| true), |mailbox| mailbox.miss(known.saturating_add(1), missed))
            }
            _ => Vec::new(),
        }
    }

    /// Number of the last commit, as far as it is known.
    pub(crate) fn seq(&self) -> u64 {
        self.seq.unwrap_or(0)
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

    /// Who is to be told of a commit. `is_asked`: of which models.
    pub(crate) fn told_of(
        &self,
        batch: &Batch,
        layout: &Layout,
        is_asked: impl Fn(usize) -> bool,
    ) -> BTreeSet<u64> {
        let mut told = BTreeSet::new();
        for piece in batch.pieces.iter().filter(|piece| is_asked(piece.ordinal)) {
            let Some(listeners) = self.models.get(&piece.ordinal) else { continue };
            let mut asked: BTreeSet<u64> = listeners.all.difference(&told).copied().collect();
            // A record that is stored is one that can be read; if it is damaged, whoever watches finds that out.
            if !listeners.anchored.is_empty()
                && layout
                    .model(piece.ordinal)
                    .and_then(|tables| listeners.find(tables, &piece.items, &mut asked))
                    .is_err()
            {
                asked.extend(listeners.anchored.values().flat_map(|keys| keys.values().flatten()));
            }
            told.extend(asked.into_iter().filter(|watcher| self.sees(*watcher, &piece.items)));
        }
        told
    }

    /// Who waits for commits, whatever they change.
    pub(crate) fn any(&self) -> BTreeSet<u64> {
        self.models.get(&Interest::ANY.ordinal).map(|any| any.all.clone()).unwrap_or_default()
    }

    /// Who watches a model of these.
    pub(crate) fn of_models(&self, is_asked: impl Fn(usize) -> bool) -> BTreeSet<u64> {
        let of_model = |(watcher, (interest, _)): (&u64, &(Interest, Arc<Mailbox>))| {
            is_asked(interest.ordinal).then_some(*watcher)
        };
        self.watchers.iter().filter_map(of_model).collect()
    }

    fn sees(&self, watcher: u64, items: &[u8]) -> bool {
        match self.watchers.get(&watcher) {
            Some((Interest { sees: Some(sees), .. }, _)) => Items::new([items].into_iter())
                .any(|change| change.is_ok_and(|change| may_see(sees, &change))),
            Some(_) => true,
            None => false,
        }
    }

    /// Hands a commit to them. What is returned is to be woken, when the gate is open again.
    pub(crate) fn publish(&self, told: &BTreeSet<u64>, batch: &Arc<Batch>) -> Vec<Waker> {
        self.each(told, |mailbox| mailbox.push(batch))
    }

    /// Tells them that a commit may have passed them by. As [`publish`](Self::publish).
    pub(crate) fn miss(&self, told: &BTreeSet<u64>, seq: u64) -> Vec<Waker> {
        self.each(told, |mailbox| mailbox.miss(seq, 1))
    }

    fn each(&self, told: &BTreeSet<u64>, tell: impl Fn(&Mailbox) -> Option<Waker>) -> Vec<Waker> {
        let mailboxes = told.iter().filter_map(|watcher| self.watchers.get(watcher));
        mailboxes.filter_map(|(_, mailbox)| tell(mailbox)).collect()
    }
}

/// A rule is code of the program's, which may panic; whoever commits is not the one to be told.
fn may_see(sees: &Sees, change: &RawChange<'_>) -> bool {
    catch_unwind(AssertUnwindSafe(|| sees(change))).unwrap_or(false)
}

/// Wakes all of them, also if one panics.
pub(crate) fn wake(wakers: Vec<Waker>) {
    let mut panics = Vec::new();
    for waker in wakers {
        panics.extend(catch_unwind(AssertUnwindSafe(|| waker.wake())).err());
    }
    if let Some(panic) = panics.pop() {
        resume_unwind(panic);
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
