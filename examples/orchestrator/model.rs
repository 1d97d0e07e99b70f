//! What is in the store: workloads under `/workloads/`, nodes and what they run under `/nodes/`.

use netabase::state::StateStore;
use netabase::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What is to run, and where it does.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Workload {
    pub(crate) image: String,
    pub(crate) cpus: u32,
    /// where it runs, once a controller has said so
    pub(crate) node: Option<String>,
}

/// Where something can run.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) cpus: u32,
    /// those that no workload has
    pub(crate) free: u32,
    pub(crate) is_alive: bool,
}

/// Where the workload is.
pub(crate) fn workload_key(name: &str) -> String {
    format!("/workloads/{name}")
}

/// Where the node is.
pub(crate) fn node_key(name: &str) -> String {
    format!("/nodes/{name}/status")
}

/// The order to a node to run a workload: its value is the image.
pub(crate) fn run_key(node: &str, workload: &str) -> String {
    format!("/nodes/{node}/runs/{workload}")
}

/// A value, and the version that a step can ask for.
pub(crate) struct Seen<T> {
    pub(crate) value: T,
    pub(crate) version: u64,
}

/// Reads a value with its version.
pub(crate) fn read<T: DeserializeOwned>(state: &StateStore, key: &str) -> Result<Option<Seen<T>>> {
    let Some(entry) = state.get(key)? else { return Ok(None) };
    let value = serde_json::from_slice(&entry.value).map_err(Error::user)?;
    Ok(Some(Seen { value, version: entry.version }))
}

/// A value as it is stored.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Error::user)
}

/// Whether somebody else has written in between.
pub(crate) fn is_stale(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::VersionConflict { .. })
}
