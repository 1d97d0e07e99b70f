//! Writers take turns, and a thread that would wait for itself is told so.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// The turn of a store's writers.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// the thread that began the running write transaction
    owner: Mutex<Option<ThreadId>>,
    free: Condvar,
    /// how long a writer waits; `None`: for ever
    patience: Option<Duration>,
}

impl Queue {
    pub(crate) fn new(patience: Option<Duration>) -> Self {
        Queue { patience, ..Queue::default() }
    }

    /// Waits for the turn.
    ///
    /// # Errors
    /// `Nested` if this thread began the transaction that has the turn, `WriterBusy` if it is not passed on in time.
    pub(crate) fn wait(self: &Arc<Self>) -> Result<Turn> {
        let me = thread::current().id();
        let mut owner = self.lock();
        if *owner == Some(me) {
            return Err(Error::new(ErrorKind::Nested));
        }
        let is_taken = |owner: &mut Option<ThreadId>| owner.is_some();
        owner = match self.patience {
            None => self.free.wait_while(owner, is_taken).unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                let waited = self.free.wait_timeout_while(owner, patience, is_taken);
                let (owner, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                if waited.timed_out() {
                    return Err(Error::new(ErrorKind::WriterBusy { waited: patience }));
                }
                owner
            }
        };
        *owner = Some(me);
        Ok(Turn(self.clone()))
    }

    // The lock guards one word that is never half-changed, so a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to write. Dropping it passes it on.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Queue>);

impl Turn {
    /// Notes that this thread has it, until what is returned is dropped: so it is told when it would wait for itself.
    pub(super) fn lend(&self) -> Lent {
        let to = thread::current().id();
        let before = self.0.lock().replace(to);
        Lent { queue: self.0.clone(), to, before }
    }
}

/// A turn in the hands of another thread.
pub(super) struct Lent {
    queue: Arc<Queue>,
    to: ThreadId,
    before: Option<ThreadId>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut owner = self.queue.lock();
        // Unless it was passed on meanwhile.
        if *owner == Some(self.to) {
            *owner = self.before;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.lock() = None;
        self.0.free.notify_one();
    }
}
