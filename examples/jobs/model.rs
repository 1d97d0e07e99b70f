//! What is stored: jobs, and the indexes that the commands go through.

use std::fmt;

use clap::ValueEnum;
use netabase::{NetabaseDefinition, NetabaseKey, NetabaseModel};
use serde::{Deserialize, Serialize};

/// What becomes of a job.
#[derive(NetabaseKey, Serialize, Deserialize, ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Queued = 1,
    Running = 2,
    Done = 3,
    Failed = 4,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Queued => "queued",
            Status::Running => "running",
            Status::Done => "done",
            Status::Failed => "failed",
        })
    }
}

/// A command to be run once.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(
    index(name = "status_created", fields(status, created desc)),
    index(name = "queue_status", fields(queue, status)),
    index(name = "pending_once", fields(queue, once), unique, when = Job::is_pending_once),
)]
pub(crate) struct Job {
    #[primary_key]
    pub(crate) id: u64,
    pub(crate) queue: String,
    pub(crate) status: Status,
    /// seconds since 1970
    pub(crate) created: u64,
    /// of pending jobs of a queue, one alone has this key
    pub(crate) once: Option<String>,
    pub(crate) command: Vec<String>,
}

impl Job {
    fn is_pending_once(&self) -> bool {
        self.once.is_some() && matches!(self.status, Status::Queued | Status::Running)
    }
}

#[derive(NetabaseDefinition)]
pub(crate) enum Work {
    Job(Job),
}
