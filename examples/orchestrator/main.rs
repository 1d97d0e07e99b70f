//! Workloads that are placed on nodes, moved, and saved from a node that fails: desired state in a store, and controllers that
//! watch it.
//!
//! ```sh
//! cargo run --example orchestrator
//! ```
//!
//! Two controllers do the same work at the same time, and neither knows of the other: each step is taken only if what was read is
//! still so.

mod control;
mod model;
mod moves;

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use netabase::state::{StateStore, StateWatcher};
use netabase::{Error, Result};

use crate::control::{SHUTDOWN, agent, controller};
use crate::model::{Node, Workload, node_key, read, workload_key};
use crate::moves::{Outcome, names, needs_place, plan, take};

const NODES: [&str; 3] = ["a", "b", "c"];

fn main() -> Result<()> {
    let folder = tempfile::tempdir().map_err(Error::user)?;
    let state = StateStore::open(folder.path().join("state.redb"))?;
    // An agent has a watcher and no handle of the store, so it ends with the store.
    let agents = NODES.map(|node| {
        let orders = state.watch(&format!("/nodes/{node}/runs/*"));
        thread::spawn(move || agent(node, orders?))
    });
    let told = thread::scope(|scope| {
        let controllers = ["first", "second"].map(|name| {
            let (state, watcher) = (&state, state.watch("*"));
            scope.spawn(move || controller(state, name, watcher?))
        });
        let told = tell(&state);
        // A controller writes, so it has a handle of the store, and would wait for ever: a key tells it to end.
        state.set(SHUTDOWN, "")?;
        controllers.into_iter().try_for_each(|controller| join(controller.join()).map(drop))?;
        told
    });
    drop(state);
    for agent in agents {
        join(agent.join())?;
    }
    told
}

fn join<T>(ended: thread::Result<Result<T>>) -> Result<T> {
    ended.unwrap_or_else(|_| Err(Error::user("a thread panicked")))
}

/// The story: three nodes, four workloads, two who move the same one, and a node that fails.
fn tell(state: &StateStore) -> Result<()> {
    let mut watcher = state.watch("/workloads/*")?;
    for name in NODES {
        state.set_json(&node_key(name), &Node { cpus: 8, free: 8, is_alive: true })?;
    }
    for (name, cpus) in [("web", 2), ("db", 3), ("cache", 1), ("mail", 1)] {
        state.set_json(&workload_key(name), &Workload { image: format!("{name}:1"), cpus, node: None })?;
    }
    settle(state, &mut watcher)?;
    print(state)?;

    println!("two move web at once:");
    let from = place_of(state, "web")?;
    let others: Vec<&str> = NODES.into_iter().filter(|node| *node != from).collect();
    for (to, outcome) in race(state, "web", &others)? {
        println!("  to {to}: {outcome}");
    }
    print(state)?;

    let failing = place_of(state, "web")?;
    println!("node {failing} fails:");
    fail(state, &failing)?;
    settle(state, &mut watcher)?;
    print(state)
}

/// Waits until every workload is where it can run.
fn settle(state: &StateStore, watcher: &mut StateWatcher) -> Result<()> {
    while names(state)?
        .iter()
        .map(|name| needs_place(state, name))
        .collect::<Result<Vec<_>>>()?
        .contains(&true)
    {
        match watcher.next_within(Duration::from_secs(30)) {
            Some(event) => event.map(drop)?,
            None => return Err(Error::user("nobody places the workloads")),
        }
    }
    Ok(())
}

/// Several move a workload at once, each to another node, after all of them have read the same state.
fn race<'n>(state: &StateStore, name: &str, nodes: &[&'n str]) -> Result<Vec<(&'n str, Outcome)>> {
    let all_have_read = Barrier::new(nodes.len());
    thread::scope(|scope| {
        let movers: Vec<_> = nodes
            .iter()
            .map(|to| {
                let all_have_read = &all_have_read;
                scope.spawn(move || {
                    let steps = plan(state, name, to);
                    all_have_read.wait();
                    take(state, steps?).map(|outcome| (*to, outcome))
                })
            })
            .collect();
        movers.into_iter().map(|mover| join(mover.join())).collect()
    })
}

/// A node fails: whoever looks after it says so.
fn fail(state: &StateStore, name: &str) -> Result<()> {
    loop {
        let Some(mut seen) = read::<Node>(state, &node_key(name))? else { return Ok(()) };
        seen.value.is_alive = false;
        match state.compare_and_set(&node_key(name), seen.version, model::json(&seen.value)?) {
            Ok(_) => return Ok(()),
            Err(error) if model::is_stale(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn place_of(state: &StateStore, name: &str) -> Result<String> {
    let workload = state.get_json::<Workload>(&workload_key(name))?;
    workload.and_then(|workload| workload.node).ok_or_else(|| Error::user(format!("{name} has no node")))
}

fn print(state: &StateStore) -> Result<()> {
    for name in names(state)? {
        println!("  {name} is on node {}", place_of(state, &name)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
