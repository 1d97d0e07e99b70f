//! What the tests of watchers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Wake;

use netabase::NetabaseModel;
use netabase::watch::Watcher;

/// The commits that a watcher is told of by now: their numbers, and errors by their kinds.
pub fn numbers<M: NetabaseModel>(watcher: &mut Watcher<M>) -> Vec<String> {
    let told = std::iter::from_fn(|| watcher.try_next());
    told.map(|notice| {
        notice.map_or_else(|error| format!("{:?}", error.kind()), |notice| notice.seq.to_string())
    })
    .collect()
}

/// A waker that counts how often it wakes.
#[derive(Debug, Default)]
pub struct Counting(AtomicU64);

impl Counting {
    /// How often that was.
    pub fn times(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
