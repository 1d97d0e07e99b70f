//! What can be done with the queue. Each is one transaction, so several programs may use the store in turn.

use std::cmp::Reverse;
use std::process::Command;
use std::time::UNIX_EPOCH;

use netabase::{ErrorKind, Store, WriteTransaction};

use crate::Result;
use crate::model::{Job, Status, Work};

/// Adds a job; `None` if a pending one is the same.
pub(crate) fn add(
    store: &Store<Work>,
    queue: &str,
    once: Option<&str>,
    command: &[String],
) -> Result<Option<u64>> {
    let added = store.write(|txn| {
        let last = txn.query::<Job>().reverse().keys()?.next().transpose()?;
        let job = Job {
            id: last.map_or(1, |last| last.0 + 1),
            queue: queue.to_owned(),
            status: Status::Queued,
            created: seconds(txn),
            once: once.map(str::to_owned),
            command: command.to_vec(),
        };
        txn.create(&job)?;
        Ok(job.id)
    });
    match added {
        Ok(id) => Ok(Some(id)),
        // The unique index over pending jobs refused it.
        Err(error) if matches!(error.kind(), ErrorKind::ConstraintViolation { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn seconds(txn: &WriteTransaction<Work>) -> u64 {
    txn.now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Takes the oldest job that waits, and marks it as running.
pub(crate) fn take(store: &Store<Work>, queue: Option<&str>) -> Result<Option<Job>> {
    Ok(store.write(|txn| {
        let waiting = txn.query::<Job>();
        let waiting = match queue {
            Some(queue) => waiting.filter(Job::QUEUE_STATUS.eq((queue, Status::Queued))),
            None => waiting.filter(Job::STATUS_CREATED.prefix((Status::Queued,))),
        };
        let Some(mut job) = waiting.order_by(Job::ID.asc()).first()? else { return Ok(None) };
        job.status = Status::Running;
        txn.update(&job)?;
        Ok(Some(job))
    })?)
}

/// Whether the command succeeds.
pub(crate) fn execute(command: &[String]) -> bool {
    let Some((program, arguments)) = command.split_first() else { return false };
    Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
}

/// Notes how a job ended.
pub(crate) fn finish(store: &Store<Work>, id: u64, succeeded: bool) -> Result<Status> {
    let status = if succeeded { Status::Done } else { Status::Failed };
    store.write(|txn| txn.update_with(id, |job: &mut Job| job.status = status))?;
    Ok(status)
}

/// Forgets the jobs that ended and were added more than so many seconds ago: two ranges of an index.
pub(crate) fn clean(store: &Store<Work>, older_than: u64) -> Result<u64> {
    Ok(store.write(|txn| {
        let before = seconds(txn).saturating_sub(older_than);
        let old = |status| Job::STATUS_CREATED.within((status,), Reverse(before)..);
        txn.delete_where(old(Status::Done).or(old(Status::Failed)))
    })?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    fn store(clock: &Arc<AtomicU64>) -> Store<Work> {
        let clock = clock.clone();
        let now = move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed));
        Store::builder().in_memory().clock(now).open().unwrap()
    }

    fn echo() -> Vec<String> {
        vec!["echo".to_owned()]
    }

    #[test]
    fn jobs_are_taken_in_the_order_in_which_they_came() {
        let store = store(&Arc::default());
        for queue in ["a", "b", "a"] {
            add(&store, queue, None, &echo()).unwrap();
        }
        let taken = |queue| take(&store, queue).unwrap().map(|job| job.id);
        assert_eq!(
            [taken(Some("b")), taken(None), taken(Some("a")), taken(None)],
            [Some(2), Some(1), Some(3), None]
        );
    }

    #[test]
    fn a_key_is_pending_once() {
        let store = store(&Arc::default());
        let nightly = |queue| add(&store, queue, Some("nightly"), &echo()).unwrap();
        assert_eq!([nightly("a"), nightly("a"), nightly("b")], [Some(1), None, Some(2)]);
        let job = take(&store, Some("a")).unwrap().unwrap();
        assert_eq!(nightly("a"), None, "it runs");
        finish(&store, job.id, false).unwrap();
        assert_eq!(nightly("a"), Some(3));
    }

    #[test]
    fn what_ended_long_ago_is_forgotten() {
        let clock = Arc::new(AtomicU64::new(0));
        let store = store(&clock);
        for (created, succeeds) in [(10, Some(true)), (20, Some(false)), (30, None), (90, Some(true))] {
            clock.store(created, Ordering::Relaxed);
            let id = add(&store, "a", None, &echo()).unwrap().unwrap();
            if let Some(succeeded) = succeeds {
                finish(&store, id, succeeded).unwrap();
            }
        }
        clock.store(100, Ordering::Relaxed);
        assert_eq!(clean(&store, 50).unwrap(), 2);
        let left: Vec<u64> = store.query::<Job>().keys().unwrap().map(|key| key.unwrap().0).collect();
        assert_eq!(left, [3, 4]);
    }
}
