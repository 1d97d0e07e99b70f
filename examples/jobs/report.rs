//! Lists of jobs.

use std::io::Write;

use netabase::Store;

use crate::Result;
use crate::model::{Job, Status, Work};

/// Prints jobs, the newest first, and how they were found if that is asked for.
pub(crate) fn list(
    store: &Store<Work>,
    status: Option<Status>,
    queue: Option<&str>,
    limit: usize,
    explain: bool,
    out: &mut impl Write,
) -> Result<()> {
    let query = || {
        let jobs = store.query::<Job>();
        let jobs = match (status, queue) {
            (Some(status), Some(queue)) => jobs.filter(Job::QUEUE_STATUS.eq((queue, status))),
            (Some(status), None) => jobs.filter(Job::STATUS_CREATED.prefix((status,))),
            (None, Some(queue)) => jobs.filter(Job::QUEUE_STATUS.prefix((queue,))),
            (None, None) => jobs,
        };
        jobs.order_by(Job::ID.desc()).limit(limit)
    };
    for job in query().iter()? {
        let job = job?;
        let once = job.once.map(|key| format!(" once as {key}")).unwrap_or_default();
        writeln!(
            out,
            "{:>5} {:<8} {:<12}{} {}",
            job.id,
            job.status.to_string(),
            job.queue,
            once,
            job.command.join(" ")
        )?;
    }
    if explain {
        writeln!(out, "{}", query().explain_run()?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue;

    #[test]
    fn a_list_says_how_it_was_found() {
        let store = Store::in_memory().unwrap();
        for queue in ["a", "b", "a"] {
            queue::add(&store, queue, None, &["true".to_owned()]).unwrap();
        }
        let mut out = Vec::new();
        list(&store, Some(Status::Queued), Some("a"), 5, true, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "    3 queued   a            true\n    1 queued   a            true\n\
             limit 5: 2 rows\n  index queue_status, one key: 2 rows expected, 2 read\n"
        );
    }
}
