//! Moves of a workload, from nowhere or from another node: all of their steps are taken, or none.

use std::cmp::Reverse;
use std::fmt;

use netabase::Result;
use netabase::state::{Op, StateStore};

use crate::model::{Node, Workload, is_stale, json, node_key, read, run_key, workload_key};

/// What became of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Moved,
    /// Somebody else has written what the plan was made of.
    TooLate,
    /// There is no room, or it is there already.
    NoNeed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Moved => "moved",
            Outcome::TooLate => "somebody else was first",
            Outcome::NoNeed => "nothing to do",
        })
    }
}

/// The steps that bring a workload to a node. Everything they rest on is checked first, so they hold whatever was written since it was
/// read.
pub(crate) fn plan(state: &StateStore, name: &str, to: &str) -> Result<Option<Vec<Op>>> {
    let Some(mut workload) = read::<Workload>(state, &workload_key(name))? else { return Ok(None) };
    let Some(mut target) = read::<Node>(state, &node_key(to))? else { return Ok(None) };
    let from = workload.value.node.replace(to.to_owned());
    let cpus = workload.value.cpus;
    if from.as_deref() == Some(to) || !target.value.is_alive || target.value.free < cpus {
        return Ok(None);
    }
    target.value.free -= cpus;
    let mut steps = vec![
        Op::check(workload_key(name), workload.version),
        Op::check(node_key(to), target.version),
        Op::check(run_key(to, name), 0),
    ];
    if let Some(from) = from
        && let Some(mut source) = read::<Node>(state, &node_key(&from))?
    {
        source.value.free += cpus;
        steps.extend([
            Op::check(node_key(&from), source.version),
            Op::delete(run_key(&from, name)),
            Op::set(node_key(&from), json(&source.value)?),
        ]);
    }
    steps.extend([
        Op::set(run_key(to, name), workload.value.image.as_bytes()),
        Op::set(node_key(to), json(&target.value)?),
        Op::set(workload_key(name), json(&workload.value)?),
    ]);
    Ok(Some(steps))
}

/// Takes the steps of a plan.
pub(crate) fn take(state: &StateStore, steps: Option<Vec<Op>>) -> Result<Outcome> {
    let Some(steps) = steps else { return Ok(Outcome::NoNeed) };
    match state.apply(steps) {
        Ok(()) => Ok(Outcome::Moved),
        Err(error) if is_stale(&error) => Ok(Outcome::TooLate),
        Err(error) => Err(error),
    }
}

/// All workloads.
pub(crate) fn names(state: &StateStore) -> Result<Vec<String>> {
    let keys = state.list("/workloads/")?;
    Ok(keys.iter().filter_map(|key| key.strip_prefix("/workloads/")).map(str::to_owned).collect())
}

/// Whether a workload is nowhere, or on a node that failed.
pub(crate) fn needs_place(state: &StateStore, name: &str) -> Result<bool> {
    let Some(workload) = state.get_json::<Workload>(&workload_key(name))? else { return Ok(false) };
    let Some(node) = workload.node else { return Ok(true) };
    Ok(state.get_json::<Node>(&node_key(&node))?.is_none_or(|node| !node.is_alive))
}

/// The node with the most room.
pub(crate) fn roomiest(state: &StateStore) -> Result<Option<String>> {
    let mut nodes = Vec::new();
    for key in state.list("/nodes/")? {
        let name = key.strip_prefix("/nodes/").and_then(|key| key.strip_suffix("/status"));
        if let Some(name) = name
            && let Some(node) = state.get_json::<Node>(&key)?
            && node.is_alive
        {
            nodes.push((Reverse(node.free), name.to_owned()));
        }
    }
    Ok(nodes.into_iter().min().map(|(_, name)| name))
}
