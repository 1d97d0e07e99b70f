//! Who acts on what is written: controllers, which place workloads, and agents, which do what their node is told.

use netabase::Result;
use netabase::state::{EventKind, StateStore, StateWatcher};

use crate::moves::{Outcome, names, needs_place, plan, roomiest, take};

/// The key that ends controllers.
pub(crate) const SHUTDOWN: &str = "/shutdown";

/// Places workloads until it is told to end; returns how many it has placed.
///
/// An event says that something changed, and no more: what is to be done is read from the store. So nothing is lost if events were
/// missed, and what the controller itself wrote gives it nothing to do.
pub(crate) fn controller(state: &StateStore, name: &str, watcher: StateWatcher) -> Result<u64> {
    let mut placed = place_all(state, name)?;
    for event in watcher {
        match event {
            Ok(event) if event.key == SHUTDOWN => break,
            Ok(_) => {}
            Err(error) => println!("  the {name} controller: {error}"),
        }
        placed += place_all(state, name)?;
    }
    Ok(placed)
}

/// Places what has no place, or one that failed.
fn place_all(state: &StateStore, controller: &str) -> Result<u64> {
    let mut placed = 0;
    for name in names(state)? {
        while needs_place(state, &name)? {
            let Some(node) = roomiest(state)? else { break };
            match take(state, plan(state, &name, &node)?)? {
                Outcome::Moved => {
                    println!("  the {controller} controller places {name} on node {node}");
                    placed += 1;
                }
                // The other one has done it, or the node changed: read again.
                Outcome::TooLate => {}
                // No room. When there is some, that is an event.
                Outcome::NoNeed => break,
            }
        }
    }
    Ok(placed)
}

/// Starts and stops what its node is told to; returns what it did, in order.
pub(crate) fn agent(node: &str, orders: StateWatcher) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for event in orders {
        let event = event?;
        let workload = event.key.rsplit('/').next().unwrap_or_default();
        let deed = match event.kind {
            EventKind::Created => "starts",
            EventKind::Updated => "restarts",
            EventKind::Deleted => "stops",
        };
        println!("    node {node} {deed} {workload}");
        done.push(format!("{deed} {workload}"));
    }
    Ok(done)
}
