//! What deleting a record does to those that link to it: it is refused, they go with it, their links are taken out, or
//! nothing. Random graphs against a plain one in memory. S2-14, S2-16, C11.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kit::cases;
use kit::memory::Memory;
use netabase::engine::{Engine, Redb};
use netabase::{ErrorKind, Link, NetabaseDefinition, NetabaseModel, Result, Store};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(index(name = "group_weak", fields(group, weak), sum(group)))]
struct Node {
    #[primary_key]
    id: u32,
    #[secondary_key]
    group: u8,
    /// goes with it
    #[relation(on_delete = "cascade")]
    part_of: Option<Link<Node>>,
    /// is taken out
    #[relation(on_delete = "set_null")]
    weak: Option<Link<Node>>,
    #[relation(on_delete = "set_null")]
    many: Vec<Link<Node>>,
    /// holds it
    #[relation(on_delete = "restrict")]
    needs: Option<Link<Node>>,
    /// does not mind
    #[relation(references = "unchecked")]
    noted: Option<Link<Node>>,
}

/// A join model: its key is made of links.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Edge {
    #[primary_key]
    #[relation(on_delete = "cascade")]
    from: Link<Node>,
    #[primary_key]
    #[relation(on_delete = "cascade")]
    to: Link<Node>,
}

/// Links to a record whose key is made of links.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Label {
    #[primary_key]
    #[relation(on_delete = "cascade")]
    edge: Link<Edge>,
    text: String,
}

#[derive(NetabaseDefinition)]
enum Graph {
    Node(Node),
    Edge(Edge),
    Label(Label),
}

fn node(id: u32) -> Node {
    Node { id, group: 0, part_of: None, weak: None, many: Vec::new(), needs: None, noted: None }
}

#[allow(clippy::unnecessary_wraps, reason = "it stands where a link may be absent")]
fn to(id: u32) -> Option<Link<Node>> {
    Some(Link::new(id))
}

fn edge(from: u32, to: u32) -> Edge {
    Edge { from: Link::new(from), to: Link::new(to) }
}

fn graph(nodes: &[Node]) -> Result<Store<Graph>> {
    let store = Store::<Graph>::in_memory()?;
    store.write(|txn| txn.create_batch(nodes))?;
    Ok(store)
}

fn ids(store: &Store<Graph>) -> Result<Vec<u32>> {
    store.query::<Node>().keys()?.map(|key| Ok(key?.0)).collect()
}

#[test]
fn a_record_that_others_need_cannot_be_deleted() -> Result<()> {
    let store = graph(&[node(1), Node { needs: to(1), ..node(2) }, Node { needs: to(1), ..node(3) }])?;
    let refused = store.write(|txn| txn.delete::<Node>(1)).unwrap_err();
    let ErrorKind::StillReferenced { model: "Node", key, by: "Node", relation: "needs", count: 2 } =
        refused.kind()
    else {
        panic!("{refused}");
    };
    assert_eq!(key, "NodePrimaryKey(1)");
    assert!(
        refused
            .to_string()
            .starts_with("Node NodePrimaryKey(1) cannot be deleted: 2 Node link to it by `needs`")
    );
    for refused in [
        store.write(|txn| txn.take::<Node>(1)).map(|_| ()),
        store.write(|txn| txn.delete_batch::<Node>([2, 1])).map(|_| ()),
        store.write(|txn| txn.delete_where(Node::GROUP.eq(0))).map(|_| ()),
        store.write(|txn| txn.delete_if(1, |_: &Node| true)).map(|_| ()),
    ] {
        assert!(matches!(refused.unwrap_err().kind(), ErrorKind::StillReferenced { .. }));
    }
    assert_eq!(ids(&store)?, [1, 2, 3]);
    store.write(|txn| txn.delete_batch::<Node>([2, 3, 1]))?;
    assert!(store.is_empty::<Node>()?);
    Ok(())
}

// Who needs it is among those that go with it.
#[test]
fn a_refusal_is_decided_when_all_that_goes_is_known() -> Result<()> {
    let both = Node { part_of: to(1), needs: to(1), ..node(2) };
    let late = Node { part_of: to(2), needs: to(1), ..node(3) };
    let store = graph(&[node(1), both, late, node(4)])?;
    assert!(store.write(|txn| txn.delete::<Node>(1))?);
    assert_eq!(ids(&store)?, [4]);
    Ok(())
}

#[test]
fn links_are_taken_out_of_the_records_that_stay() -> Result<()> {
    let listed =
        Node { many: vec![Link::new(1), Link::new(2), Link::new(1)], weak: to(1), noted: to(1), ..node(3) };
    let store = graph(&[node(1), node(2), listed])?;
    store.write(|txn| {
        txn.create(&edge(1, 2))?;
        txn.create(&Label { edge: Link::to(&edge(1, 2)), text: "on the way".into() })
    })?;
    let taken = store.write(|txn| txn.take::<Node>(1))?;
    assert_eq!(taken, Some(node(1)));
    let left = Node { many: vec![Link::new(2)], noted: to(1), ..node(3) };
    assert_eq!(store.get::<Node>(3)?, Some(left));
    assert_eq!((store.len::<Edge>()?, store.len::<Label>()?), (0, 0));
    assert_eq!(store.query().filter(Node::WEAK.eq(1)).count()?, 0);
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

// No recursion, and each once.
#[test]
fn a_chain_of_100_000_goes_as_a_whole() -> Result<()> {
    let nodes: Vec<Node> =
        (0..100_000_u32).map(|id| Node { part_of: id.checked_sub(1).map(Link::new), ..node(id) }).collect();
    let store = graph(&nodes)?;
    store.write(|txn| txn.update_with(0, |node: &mut Node| node.part_of = to(99_999)))?;
    store.write(|txn| txn.delete::<Node>(5))?;
    assert!(store.is_empty::<Node>()?);
    Ok(())
}

// One goes with another before its turn.
#[test]
fn a_sweep_meets_records_that_went_with_others() -> Result<()> {
    let nodes: Vec<Node> = (0..500_u32)
        .map(|id| Node { part_of: to(id / 2).filter(|_| id > 0), group: (id % 3) as u8, ..node(id) })
        .collect();
    let store = graph(&nodes)?;
    let deleted = store.write(|txn| txn.delete_where(Node::GROUP.eq(1)))?;
    assert!(deleted > 0 && deleted <= 167);
    let left = store.query::<Node>().collect()?;
    assert!(left.iter().all(|node| node.group != 1));
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn every_link_follows_a_record_to_its_new_key() -> Result<()> {
    let linked = Node {
        part_of: to(1),
        weak: to(1),
        many: vec![Link::new(1), Link::new(2)],
        needs: to(1),
        noted: to(1),
        ..node(3)
    };
    let store = graph(&[Node { weak: to(1), ..node(1) }, node(2), linked])?;
    store.write(|txn| {
        txn.create_batch([&edge(1, 1), &edge(1, 2), &edge(2, 1), &edge(2, 3)])?;
        txn.create(&Label { edge: Link::to(&edge(1, 1)), text: "loop".into() })
    })?;
    let followed = store.write(|txn| txn.rekey(1, |node: &mut Node| node.id = 10))?;
    assert_eq!(followed, 5, "a node, three edges, a label");
    assert_eq!(store.get::<Node>(10)?, Some(Node { weak: to(10), ..node(10) }));
    let linked = Node {
        part_of: to(10),
        weak: to(10),
        many: vec![Link::new(10), Link::new(2)],
        needs: to(10),
        noted: to(10),
        ..node(3)
    };
    assert_eq!(store.get::<Node>(3)?, Some(linked));
    let edges = store.query::<Edge>().collect()?;
    assert_eq!(edges, [edge(2, 3), edge(2, 10), edge(10, 2), edge(10, 10)]);
    let labels = store.query::<Label>().collect()?;
    assert_eq!(labels, [Label { edge: Link::to(&edge(10, 10)), text: "loop".into() }]);
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn a_new_key_that_is_taken_moves_nothing() -> Result<()> {
    let store = graph(&[node(1), Node { weak: to(1), ..node(2) }])?;
    let taken = store.write(|txn| txn.rekey(1, |node: &mut Node| node.id = 2)).unwrap_err();
    assert!(taken.is_already_exists(), "{taken}");
    assert!(store.write(|txn| txn.rekey(9, |node: &mut Node| node.id = 3)).unwrap_err().is_not_found());
    let missing = store.write(|txn| {
        txn.rekey(1, |node: &mut Node| {
            node.id = 3;
            node.needs = to(77);
        })
    });
    assert!(matches!(missing.unwrap_err().kind(), ErrorKind::MissingReference { relation: "needs", .. }));
    // The key stays: an update.
    assert_eq!(store.write(|txn| txn.rekey(1, |node: &mut Node| node.group = 7))?, 0);
    assert_eq!(
        store.query::<Node>().collect()?,
        [Node { group: 7, ..node(1) }, Node { weak: to(1), ..node(2) }]
    );
    Ok(())
}

/// The same in memory.
#[derive(Clone, Debug, Default)]
struct Plain {
    nodes: BTreeMap<u32, Node>,
    edges: BTreeSet<(u32, u32)>,
}

fn is_in(link: Option<&Link<Node>>, set: &BTreeSet<u32>) -> bool {
    link.is_some_and(|link| set.contains(&link.key().0))
}

impl Plain {
    fn has_all(&self, node: &Node) -> bool {
        let links = [&node.part_of, &node.weak, &node.needs].into_iter().flatten().chain(&node.many);
        links.into_iter().all(|link| link.key().0 == node.id || self.nodes.contains_key(&link.key().0))
    }

    /// `false` if it is refused.
    fn delete(&mut self, id: u32) -> bool {
        if !self.nodes.contains_key(&id) {
            return true;
        }
        let mut set = BTreeSet::from([id]);
        loop {
            let before = set.len();
            let with_it =
                self.nodes.values().filter(|node| is_in(node.part_of.as_ref(), &set)).map(|node| node.id);
            let with_it: Vec<u32> = with_it.collect();
            set.extend(with_it);
            if set.len() == before {
                break;
            }
        }
        if self.nodes.values().any(|node| !set.contains(&node.id) && is_in(node.needs.as_ref(), &set)) {
            return false;
        }
        self.nodes.retain(|id, _| !set.contains(id));
        self.edges.retain(|(from, to)| !set.contains(from) && !set.contains(to));
        for node in self.nodes.values_mut() {
            node.weak = node.weak.take().filter(|link| !set.contains(&link.key().0));
            node.many.retain(|link| !set.contains(&link.key().0));
        }
        true
    }

    fn rekey(&mut self, old: u32, new: u32) -> bool {
        if old == new || !self.nodes.contains_key(&old) || self.nodes.contains_key(&new) {
            return old == new && self.nodes.contains_key(&old);
        }
        let moved = |id: u32| if id == old { new } else { id };
        let link = |link: Link<Node>| Link::new(moved(link.key().0));
        let nodes = std::mem::take(&mut self.nodes).into_values().map(|node| Node {
            id: moved(node.id),
            group: node.group,
            part_of: node.part_of.map(link),
            weak: node.weak.map(link),
            many: node.many.into_iter().map(link).collect(),
            needs: node.needs.map(link),
            noted: node.noted.map(link),
        });
        self.nodes = nodes.map(|node| (node.id, node)).collect();
        self.edges = self.edges.iter().map(|(from, to)| (moved(*from), moved(*to))).collect();
        true
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put(Node),
    Join(u32, u32),
    Delete(u32),
    Rekey(u32, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 0..10_u32;
    let link = move || option::weighted(0.4, id().prop_map(Link::new));
    let links = (
        link(),
        link(),
        vec(id().prop_map(Link::new), 0..3),
        option::weighted(0.15, id().prop_map(Link::new)),
        link(),
    );
    let put = (id(), 0..3_u8, links).prop_map(|(id, group, (part_of, weak, many, needs, noted))| {
        Step::Put(Node { id, group, part_of, weak, many, needs, noted })
    });
    prop_oneof![
        6 => put,
        3 => (id(), id()).prop_map(|(from, to)| Step::Join(from, to)),
        3 => id().prop_map(Step::Delete),
        2 => (id(), 0..14_u32).prop_map(|(old, new)| Step::Rekey(old, new)),
    ]
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn a_graph_in_a_store_is_the_same_as_one_in_memory(
        steps in vec(step(), 1..80), in_redb: bool, small: bool, commits in 1..12_usize,
    ) {
        let engine: Arc<dyn Engine> = if in_redb { Arc::new(Redb::in_memory(None)?) } else { Arc::new(Memory::default()) };
        let staging = if small { 300 } else { 1 << 20 };
        let store = Store::<Graph>::builder().engine(engine).staging_limit(staging).open()?;
        let mut plain = Plain::default();
        for steps in steps.chunks(commits) {
            let mut txn = store.begin_write()?;
            for step in steps {
                match step {
                    Step::Put(node) => {
                        let put = txn.upsert(node);
                        prop_assert_eq!(put.is_ok(), plain.has_all(node), "{:?}", put);
                        if put.is_ok() { plain.nodes.insert(node.id, node.clone()); }
                    }
                    Step::Join(from, to) => {
                        let has_both = plain.nodes.contains_key(from) && plain.nodes.contains_key(to);
                        prop_assert_eq!(txn.upsert(&edge(*from, *to)).is_ok(), has_both);
                        if has_both { plain.edges.insert((*from, *to)); }
                    }
                    Step::Delete(id) => {
                        let was_there = plain.nodes.contains_key(id);
                        match txn.delete::<Node>(*id) {
                            Ok(deleted) => {
                                prop_assert_eq!(deleted, was_there);
                                prop_assert!(plain.delete(*id));
                            }
                            Err(error) => {
                                prop_assert!(matches!(error.kind(), ErrorKind::StillReferenced { .. }), "{}", error);
                                prop_assert!(!plain.delete(*id));
                            }
                        }
                    }
                    Step::Rekey(old, new) => {
                        let done = txn.rekey(*old, |node: &mut Node| node.id = *new);
                        prop_assert_eq!(done.is_ok(), plain.rekey(*old, *new), "{:?}", done);
                    }
                }
            }
            txn.commit()?;
            let nodes = store.query::<Node>().collect()?;
            prop_assert_eq!(nodes, plain.nodes.values().cloned().collect::<Vec<_>>());
            let edges: Vec<_> = store.query::<Edge>().iter()?.map(|edge| edge.map(|edge| (edge.from.key().0, edge.to.key().0))).collect::<Result<_>>()?;
            prop_assert_eq!(edges, plain.edges.iter().copied().collect::<Vec<_>>());
            let report = store.verify(|_| {})?;
            prop_assert!(report.is_clean(), "{}", report);
        }
    }
}
