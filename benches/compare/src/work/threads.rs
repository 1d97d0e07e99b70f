//! Work on several threads.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use netabase_benches::{Data, User};

use super::{Run, delete_all, found, sum, timed, update_all};
use crate::engine::{Engine, Reads, Writes};
use crate::{Error, Result};

/// Records that are committed one by one, by all threads together.
const SINGLES: usize = 64;

/// Gets by all threads together.
const GETS: usize = 60_000;

/// Gets in one read transaction, so that readers see what is committed meanwhile.
const GETS_IN_ONE: usize = 100;

/// Records in a commit of the busy writer.
const BUSY: usize = 10;

/// Threads that work on a part of the items each, timed from when all of them have started.
fn parallel<T: Sync>(items: &[T], threads: usize, work: impl Fn(&[T]) -> Result<u64> + Sync) -> Result<Run> {
    let parts: Vec<&[T]> = items.chunks(items.len().div_ceil(threads)).collect();
    let started = Barrier::new(parts.len() + 1);
    let begin = |part| {
        started.wait();
        work(part)
    };
    let begin = &begin;
    thread::scope(|scope| {
        let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || begin(part))).collect();
        started.wait();
        timed(items.len(), || sum(threads, |thread| thread.join().map_err(panicked)?))
    })
}

/// New users, each in a commit of its own.
pub(crate) fn singles<E: Engine>(store: &E, data: &Data, threads: usize) -> Result<Run> {
    let users = data.spare.get(..SINGLES).ok_or("too few users to spare")?;
    let run = parallel(users, threads, |users| {
        users.iter().try_for_each(|user| store.write(|txn| txn.create(user))).map(|()| 0)
    })?;
    store.write(|txn| delete_all(txn, users))?;
    Ok(run)
}

/// Random gets, 100 in a read transaction.
pub(crate) fn reads<E: Engine>(store: &E, data: &Data, threads: usize) -> Result<Run> {
    let all: Vec<u64> = data.pick(data.users.len()).map(|user| user.id).collect();
    let ids: Vec<u64> = all.into_iter().cycle().take(GETS).collect();
    parallel(&ids, threads, |ids| read(store, ids))
}

fn read<E: Engine>(store: &E, ids: &[u64]) -> Result<u64> {
    sum(ids.chunks(GETS_IN_ONE), |ids| {
        let reader = store.begin_read()?;
        sum(ids, |&id| found(reader.get(id)?))
    })
}

/// The same while another thread commits without a pause: ten users get another bio of the same length.
pub(crate) fn busy_reads<E: Engine>(store: &E, data: &Data, threads: usize) -> Result<Run> {
    let before: Vec<User> = data.pick(BUSY).cloned().collect();
    let mut after = before.clone();
    for user in &mut after {
        user.bio.replace_range(..1, "z");
    }
    let (commits, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                store.write(|txn| update_all(txn, &after))?;
                commits.fetch_add(1, Ordering::Relaxed);
                store.write(|txn| update_all(txn, &before))?;
            }
            Ok::<_, Error>(())
        });
        // Readers begin when the writer is at work.
        while commits.load(Ordering::Relaxed) == 0 && !writer.is_finished() {
            thread::yield_now();
        }
        let run = reads(store, data, threads);
        stop.store(true, Ordering::Relaxed);
        writer.join().map_err(panicked)??;
        run
    })
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Error {
    "a thread panicked".into()
}
