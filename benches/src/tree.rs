//! A tree whose root takes everything with it: by netabase, and by hand on redb.

use crate::new_store;
use std::collections::HashSet;
use std::path::Path;

use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};
use redb::{
    Database, MultimapTableDefinition, ReadableDatabase, ReadableMultimapTable, ReadableTableMetadata,
    TableDefinition,
};
use serde::{Deserialize, Serialize};

use crate::Result;

/// A node goes with the one above it.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Node {
    /// the number of the node
    #[primary_key]
    pub id: u64,
    /// the node above, if it is not the root
    #[relation(on_delete = "cascade")]
    pub parent: Option<Link<Node>>,
    /// 40 bytes
    pub text: String,
}

/// The store's only model.
#[derive(NetabaseDefinition)]
pub enum Tree {
    /// nodes
    Node(Node),
}

/// A tree of so many nodes, with ten below each.
pub fn tree(nodes: u64) -> Vec<Node> {
    let parent = |id: u64| id.checked_sub(1).map(|before| Link::new(before / 10));
    (0..nodes).map(|id| Node { id, parent: parent(id), text: format!("{id:040}") }).collect()
}

/// A file of netabase with the tree.
pub fn by_netabase(path: &Path, nodes: &[Node]) -> Result<Store<Tree>> {
    let store = new_store(path)?;
    store.write(|txn| txn.create_batch(nodes))?;
    Ok(store)
}

/// Deletes the root; returns how many nodes are left.
pub fn fell(store: &Store<Tree>) -> Result<u64> {
    store.write(|txn| txn.delete::<Node>(0))?;
    Ok(store.len::<Node>()?)
}

const NODES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("nodes");
const CHILDREN: MultimapTableDefinition<'_, u64, u64> = MultimapTableDefinition::new("children");

/// A file of redb with the tree.
pub fn by_hand(path: &Path, nodes: &[Node]) -> Result<Database> {
    let database = Database::create(path)?;
    let txn = database.begin_write()?;
    {
        let (mut table, mut children) = (txn.open_table(NODES)?, txn.open_multimap_table(CHILDREN)?);
        for node in nodes {
            table.insert(node.id, postcard::to_stdvec(node)?.as_slice())?;
            if let Some(parent) = &node.parent {
                children.insert(parent.key().0, node.id)?;
            }
        }
    }
    txn.commit()?;
    Ok(database)
}

/// Deletes the root and all below it: level by level, then in the order of the keys.
pub fn fell_by_hand(database: &Database) -> Result<u64> {
    let txn = database.begin_write()?;
    {
        let (mut table, mut children) = (txn.open_table(NODES)?, txn.open_multimap_table(CHILDREN)?);
        let (mut found, mut known) = (vec![0], HashSet::from([0]));
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            at += 1;
            for child in children.get(parent)? {
                let child = child?.value();
                if known.insert(child) {
                    found.push(child);
                }
            }
        }
        found.sort_unstable();
        for id in found {
            table.remove(id)?;
            children.remove_all(id)?;
        }
    }
    txn.commit()?;
    Ok(database.begin_read()?.open_table(NODES)?.len()?)
}
