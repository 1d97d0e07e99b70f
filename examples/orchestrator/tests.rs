//! What holds in the end, whoever was first.

use super::*;
use crate::model::run_key;

fn with_nodes(free: u32) -> StateStore {
    let state = StateStore::in_memory().unwrap();
    for name in NODES {
        state.set_json(&node_key(name), &Node { cpus: free, free, is_alive: true }).unwrap();
    }
    state
}

fn add(state: &StateStore, name: &str, cpus: u32) {
    let workload = Workload { image: format!("{name}:1"), cpus, node: None };
    state.set_json(&workload_key(name), &workload).unwrap();
}

/// Each workload has one order, at its own node, and the free processors of the nodes are those that no workload has.
fn assert_consistent(state: &StateStore) {
    let mut orders = Vec::new();
    let mut used = NODES.map(|_| 0);
    for name in names(state).unwrap() {
        let workload = state.get_json::<Workload>(&workload_key(&name)).unwrap().unwrap();
        if let Some(node) = workload.node {
            used[NODES.iter().position(|name| *name == node).unwrap()] += workload.cpus;
            orders.push(run_key(&node, &name));
        }
    }
    orders.sort();
    let found: Vec<_> =
        state.list("/nodes/").unwrap().into_iter().filter(|key| key.contains("/runs/")).collect();
    assert_eq!(found, orders);
    for (name, used) in NODES.into_iter().zip(used) {
        let node = state.get_json::<Node>(&node_key(name)).unwrap().unwrap();
        assert_eq!(node.free + used, node.cpus, "{name}");
    }
}

#[test]
fn the_story_ends() {
    main().unwrap();
}

#[test]
fn of_those_who_move_a_workload_one_wins() {
    for _ in 0..20 {
        let state = with_nodes(4);
        add(&state, "web", 2);
        assert_eq!(take(&state, plan(&state, "web", "a").unwrap()).unwrap(), Outcome::Moved);
        let mut outcomes = race(&state, "web", &["b", "c", "b"]).unwrap();
        outcomes.sort_by_key(|(_, outcome)| *outcome != Outcome::Moved);
        assert_eq!(outcomes[0].1, Outcome::Moved);
        assert!(outcomes[1..].iter().all(|(_, outcome)| *outcome == Outcome::TooLate));
        assert_eq!(place_of(&state, "web").unwrap(), outcomes[0].0);
        assert_consistent(&state);
    }
}

#[test]
fn who_was_too_late_reads_again() {
    let state = with_nodes(4);
    add(&state, "web", 2);
    let late = plan(&state, "web", "a").unwrap();
    take(&state, plan(&state, "web", "b").unwrap()).unwrap();
    assert_eq!(take(&state, late).unwrap(), Outcome::TooLate);
    assert!(!state.exists(&run_key("a", "web")).unwrap());
    assert_eq!(take(&state, plan(&state, "web", "a").unwrap()).unwrap(), Outcome::Moved);
    assert_eq!(take(&state, plan(&state, "web", "a").unwrap()).unwrap(), Outcome::NoNeed);
    assert_consistent(&state);
}

#[test]
fn two_controllers_place_each_workload_once() {
    let state = with_nodes(6);
    let mut settled = state.watch("/workloads/*").unwrap();
    let agents = NODES.map(|node| {
        let orders = state.watch(&format!("/nodes/{node}/runs/*")).unwrap();
        thread::spawn(move || agent(node, orders).unwrap())
    });
    let placed: u64 = thread::scope(|scope| {
        let controllers = ["first", "second"].map(|name| {
            let (state, watcher) = (&state, state.watch("*").unwrap());
            scope.spawn(move || controller(state, name, watcher).unwrap())
        });
        for number in 0..8 {
            add(&state, &format!("job-{number}"), 1);
        }
        settle(&state, &mut settled).unwrap();
        fail(&state, "b").unwrap();
        settle(&state, &mut settled).unwrap();
        state.set(SHUTDOWN, "").unwrap();
        controllers.into_iter().map(|controller| controller.join().unwrap()).sum()
    });
    assert_consistent(&state);
    assert_eq!(state.get_json::<Node>(&node_key("b")).unwrap().unwrap().free, 6, "nothing is left on it");
    drop(state);
    let done: Vec<String> = agents.into_iter().flat_map(|agent| agent.join().unwrap()).collect();
    let count = |deed: &str| done.iter().filter(|done| done.starts_with(deed)).count() as u64;
    assert_eq!((count("starts"), count("stops"), count("restarts")), (placed, placed - 8, 0));
}

#[test]
fn without_room_a_workload_waits() {
    let state = with_nodes(2);
    add(&state, "big", 3);
    assert_eq!(plan(&state, "big", "a").unwrap(), None);
    thread::scope(|scope| {
        let (state, watcher) = (&state, state.watch("*").unwrap());
        let mut settled = state.watch("/workloads/*").unwrap();
        let controller = scope.spawn(move || controller(state, "only", watcher).unwrap());
        state.set_json(&node_key("c"), &Node { cpus: 8, free: 8, is_alive: true }).unwrap();
        settle(state, &mut settled).unwrap();
        state.set(SHUTDOWN, "").unwrap();
        assert_eq!(controller.join().unwrap(), 1);
    });
    assert_eq!(place_of(&state, "big").unwrap(), "c");
    assert_consistent(&state);
}
