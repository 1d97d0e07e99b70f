//! Calls that wait, on threads made for that: as many at a time as is good for the machine.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task;

use crate::error::{Error, ErrorKind, Result};

/// Bounds the calls of a store.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    reads: Arc<Semaphore>,
    /// One writer works at a time, so the others wait here and not on a thread each.
    writes: Arc<Semaphore>,
}

impl Calls {
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        Calls { reads: Arc::new(Semaphore::new(limit)), writes: Arc::new(Semaphore::new(1)) }
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        run(self.reads.clone(), call).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        run(self.writes.clone(), call).await
    }
}

async fn run<T: Send + 'static>(
    turns: Arc<Semaphore>,
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    // It is never closed.
    let turn = turns.acquire_owned().await.map_err(|_| Error::new(ErrorKind::Closed))?;
    // Once begun it goes on to its end, whoever waits for it. The turn is over when it ends.
    let mut running = Running(task::spawn_blocking(move || {
        let done = call();
        drop(turn);
        done
    }));
    match (&mut running.0).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, and had not begun it.
            Err(_) => Err(Error::new(ErrorKind::Closed)),
        },
    }
}

/// A call that is taken back if nobody waits for it, unless it has begun.
struct Running<T>(task::JoinHandle<T>);

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
