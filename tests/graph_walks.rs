//! Walks over records that lead to each other: breadth first, each once, the same as over plain sets of edges.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeBounds;
use std::sync::Arc;

use kit::counting::Counting;
use netabase::engine::Redb;
use netabase::query::Edges;
use netabase::{Link, NetabaseDefinition, NetabaseModel, ReadTransaction, Result, Store, WriteTransaction};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// Leads to others by its links, and by edges.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Node {
    #[primary_key]
    id: u64,
    #[relation(references = "unchecked")]
    next: Vec<Link<Node>>,
    #[relation(references = "unchecked")]
    parent: Option<Link<Node>>,
}

/// A join model.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Edge {
    #[primary_key]
    #[relation(references = "unchecked")]
    from: Link<Node>,
    #[primary_key]
    #[relation(references = "unchecked")]
    to: Link<Node>,
}

#[derive(NetabaseDefinition)]
enum Graph {
    Node(Node),
    Edge(Edge),
}

fn node(id: u64, next: impl IntoIterator<Item = u64>, parent: Option<u64>) -> Node {
    Node { id, next: next.into_iter().map(Link::new).collect(), parent: parent.map(Link::new) }
}

/// Who leads to whom.
type Arrows = BTreeSet<(u64, u64)>;

fn turned(arrows: &Arrows) -> Arrows {
    arrows.iter().map(|(from, to)| (*to, *from)).collect()
}

/// Depth of all that can be reached.
fn depths(arrows: &Arrows, starts: &[u64]) -> BTreeMap<u64, usize> {
    let mut depths: BTreeMap<u64, usize> = starts.iter().map(|start| (*start, 0)).collect();
    let mut queue: VecDeque<u64> = starts.iter().copied().collect();
    while let Some(at) = queue.pop_front() {
        for (_, to) in arrows.range((at, 0)..=(at, u64::MAX)) {
            if !depths.contains_key(to) {
                depths.insert(*to, depths[&at] + 1);
                queue.push_back(*to);
            }
        }
    }
    depths
}

fn in_order(depths: BTreeMap<u64, usize>, within: &impl RangeBounds<usize>) -> Vec<(usize, u64)> {
    let asked = depths.into_iter().filter(|(_, depth)| within.contains(depth));
    let mut visits: Vec<_> = asked.map(|(key, depth)| (depth, key)).collect();
    visits.sort_unstable();
    visits
}

/// A snapshot or a transaction.
enum Source<'t> {
    Snapshot(ReadTransaction<Graph>),
    Staged(&'t WriteTransaction<Graph>),
}

impl Source<'_> {
    fn walk<E: Edges<Node>>(&self, edges: E) -> netabase::query::Traversal<'_, Node, E> {
        match self {
            Source::Snapshot(snapshot) => snapshot.walk(edges),
            Source::Staged(txn) => txn.walk(edges),
        }
    }

    /// Holds a walk against the arrows.
    fn check<E: Edges<Node> + Copy>(
        &self,
        edges: E,
        arrows: &Arrows,
        nodes: &BTreeMap<u64, Node>,
        (starts, end): (&[u64], u64),
        within: &(impl RangeBounds<usize> + Clone),
    ) -> Result<(), TestCaseError> {
        let begun = || starts.iter().fold(self.walk(edges), |walk, start| walk.from(*start));
        let all = depths(arrows, starts);
        let visits = in_order(all.clone(), within);
        let keys = begun().depth(within.clone()).keys()?;
        let keys: Vec<_> =
            keys.map(|visit| visit.map(|(depth, key)| (depth, key.0))).collect::<Result<_>>()?;
        prop_assert_eq!(&keys, &visits);
        let records = begun().depth(within.clone()).iter()?.collect::<Result<Vec<_>>>()?;
        let there =
            visits.iter().filter_map(|(depth, key)| nodes.get(key).map(|node| (*depth, node.clone())));
        prop_assert_eq!(records, there.collect::<Vec<_>>());

        let path = begun().path_to(end)?;
        prop_assert_eq!(path.as_ref().map(Vec::len), all.get(&end).map(|depth| depth + 1));
        is_a_way(path, arrows, starts, end)?;
        let within = begun().depth(..=2).path_to(end)?;
        prop_assert_eq!(within.is_some(), all.get(&end).is_some_and(|depth| *depth <= 2));

        // With a step at least: through one that leads there.
        let before = arrows.iter().filter(|(_, to)| *to == end).filter_map(|(from, _)| all.get(from));
        let steps = before.min().map(|depth| depth + 1);
        let cycle = begun().depth(1..).path_to(end)?;
        prop_assert_eq!(cycle.as_ref().map(|way| way.len() - 1), steps);
        is_a_way(cycle, arrows, starts, end)
    }
}

fn is_a_way(
    way: Option<Vec<NodePrimaryKey>>,
    arrows: &Arrows,
    starts: &[u64],
    end: u64,
) -> Result<(), TestCaseError> {
    let Some(way) = way else { return Ok(()) };
    let way: Vec<u64> = way.into_iter().map(|key| key.0).collect();
    prop_assert!(way.windows(2).all(|pair| arrows.contains(&(pair[0], pair[1]))));
    prop_assert!(way.first().is_some_and(|first| starts.contains(first)) && way.last() == Some(&end));
    Ok(())
}

const NODES: u64 = 9;

/// Nodes, and edges between them. Some of both lead to nodes that are not there.
fn graph() -> impl Strategy<Value = (Vec<Node>, Arrows)> {
    let one = (vec(0..NODES, 0..3), prop::option::of(0..NODES));
    let nodes = vec(one, 0..=(NODES - 2) as usize).prop_map(|nodes| {
        (0..).zip(nodes).map(|(id, (next, parent))| node(id, next, parent)).collect::<Vec<_>>()
    });
    (nodes, btree_set((0..NODES, 0..NODES), 0..14))
}

fn fill(txn: &mut WriteTransaction<Graph>, (nodes, edges): &(Vec<Node>, Arrows)) -> Result<()> {
    txn.delete_where(Node::ID.range(..))?;
    txn.delete_where(Edge::PRIMARY_KEY.range(..))?;
    txn.create_batch(nodes)?;
    let edge = |(from, to): &(u64, u64)| Edge { from: Link::new(*from), to: Link::new(*to) };
    txn.create_batch(&edges.iter().map(edge).collect::<Vec<_>>())
}

fn check(
    source: &Source<'_>,
    (nodes, edges): &(Vec<Node>, Arrows),
    ends: (&[u64], u64),
    within: &(impl RangeBounds<usize> + Clone),
) -> Result<(), TestCaseError> {
    let next = nodes.iter().flat_map(|node| node.next.iter().map(|next| (node.id, next.key().0))).collect();
    let parent = nodes.iter().filter_map(|node| node.parent.as_ref().map(|parent| (node.id, parent.key().0)));
    let parent: Arrows = parent.collect();
    let nodes: BTreeMap<u64, Node> = nodes.iter().map(|node| (node.id, node.clone())).collect();
    source.check(Node::NEXT, &next, &nodes, ends, within)?;
    source.check(Node::NEXT.inverse(), &turned(&next), &nodes, ends, within)?;
    source.check(Node::PARENT, &parent, &nodes, ends, within)?;
    source.check(Node::PARENT.inverse(), &turned(&parent), &nodes, ends, within)?;
    source.check(Edge::FROM.inverse().then(Edge::TO), edges, &nodes, ends, within)?;
    source.check(Edge::TO.inverse().then(Edge::FROM), &turned(edges), &nodes, ends, within)?;
    // Two of them behind each other are one step.
    let of = |from: u64| next.range((from, 0)..=(from, u64::MAX)).map(|(_, to)| *to);
    let two = next.iter().flat_map(|(from, between)| of(*between).map(|to| (*from, to))).collect();
    source.check(Node::NEXT.then(Node::NEXT), &two, &nodes, ends, within)
}

proptest! {
    #![proptest_config(kit::cases(60))]

    #[test]
    fn a_walk_is_what_a_plain_one_finds(
        before in graph(),
        after in graph(),
        starts in vec(0..NODES, 0..3),
        end in 0..NODES,
        (first, last) in (0..3_usize, 0..5_usize),
    ) {
        let ends = (starts.as_slice(), end);
        let store = Store::<Graph>::in_memory()?;
        store.write(|txn| fill(txn, &before))?;
        let snapshot = Source::Snapshot(store.begin_read()?);
        check(&snapshot, &before, ends, &(..))?;
        let mut txn = store.begin_write()?;
        fill(&mut txn, &after)?;
        check(&Source::Staged(&txn), &after, ends, &(first..))?;
        check(&Source::Staged(&txn), &after, ends, &(..last))?;
        txn.commit()?;
        check(&Source::Snapshot(store.begin_read()?), &after, ends, &(first..=last))?;
        check(&snapshot, &before, ends, &(..=last))?;
    }
}

#[test]
fn a_long_chain_is_no_recursion() -> Result<()> {
    const LONG: u64 = 100_000;
    let store = Store::<Graph>::in_memory()?;
    let nodes: Vec<Node> = (0..LONG).map(|id| node(id, [(id + 1) % LONG], id.checked_sub(1))).collect();
    store.write(|txn| txn.create_batch(&nodes))?;
    let snapshot = store.begin_read()?;
    // A cycle, which ends where it began.
    assert_eq!(snapshot.walk(Node::NEXT).from(5).keys()?.count() as u64, LONG);
    let last = snapshot.walk(Node::NEXT.inverse()).from(5).iter()?.last().transpose()?;
    assert_eq!(last.map(|(depth, node)| (depth as u64, node.id)), Some((LONG - 1, 6)));
    let path = snapshot.walk(Node::PARENT).from(LONG - 1).path_to(0)?.expect("there is one");
    assert!(path.iter().map(|key| key.0).eq((0..LONG).rev()));
    assert_eq!(
        snapshot.walk(Node::NEXT).from(7).depth(1..).path_to(7)?.map(|way| way.len() as u64),
        Some(LONG + 1)
    );
    Ok(())
}

// A level of many is one batch, and nothing is read behind the last that is asked for.
#[test]
fn a_level_is_one_batch() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Graph>::builder().engine(Arc::new(engine)).open()?;
    // One root, 1000 below it, and 2 below each of those.
    let children = (1..=1000).map(|id| node(id, [id * 2 + 1000, id * 2 + 1001], Some(0)));
    let leaves = (1002..3002).map(|id| node(id, [], Some((id - 1000) / 2)));
    let nodes: Vec<Node> = std::iter::once(node(0, 1..=1000, None)).chain(children).chain(leaves).collect();
    store.write(|txn| txn.create_batch(&nodes))?;
    let snapshot = store.begin_read()?;
    let cost = |walk: &dyn Fn() -> Result<usize>| -> Result<(usize, u64, u64)> {
        let (found, gets, steps) = counts.reads_of(walk);
        Ok((found?, gets, steps))
    };
    let (found, gets, steps) = cost(&|| Ok(snapshot.walk(Node::NEXT).from(0).keys()?.count()))?;
    // All are read to see where they lead.
    assert!(found == 3001 && gets <= 40 && steps <= 3010, "{found} of {gets} gets, {steps} steps");
    let (found, gets, steps) = cost(&|| Ok(snapshot.walk(Node::NEXT).from(0).iter()?.count()))?;
    assert!(found == 3001 && gets <= 40 && steps <= 3010, "{found} of {gets} gets, {steps} steps");
    let (found, gets, steps) = cost(&|| Ok(snapshot.walk(Node::PARENT.inverse()).from(0).keys()?.count()))?;
    // The rows of the index, and one behind each level.
    assert!(found == 3001 && gets == 0 && steps <= 3010, "{found} of {gets} gets, {steps} steps");
    let (found, gets, steps) = cost(&|| Ok(snapshot.walk(Node::NEXT).from(0).depth(..=1).keys()?.count()))?;
    assert_eq!((found, gets, steps), (1001, 1, 0));
    let (found, gets, steps) = cost(&|| Ok(snapshot.walk(Node::NEXT).from(0).depth(..1).iter()?.count()))?;
    assert_eq!((found, gets, steps), (1, 1, 0));
    let nothing = (std::ops::Bound::Excluded(3), std::ops::Bound::Excluded(0));
    assert_eq!(cost(&|| Ok(snapshot.walk(Node::NEXT).from(0).depth(nothing).keys()?.count()))?, (0, 0, 0));
    Ok(())
}
