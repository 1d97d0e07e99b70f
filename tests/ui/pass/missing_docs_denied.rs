//! Everything that the derives write is documented, and nothing of it is unused or less visible than it should be.
#![deny(missing_docs, warnings, unused, private_interfaces, private_bounds, unreachable_pub, clippy::pedantic)]

use netabase::{Link, NetabaseDefinition, NetabaseKey, NetabaseModel, NetabaseTopic};
use serde::{Deserialize, Serialize};

/// A topic.
#[derive(NetabaseTopic)]
pub struct Feed;

/// An enum key.
#[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub enum Level {
    /// low
    Low,
    /// high
    High(u8),
}

/// A record.
#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(subscribe(Feed))]
pub struct Post {
    /// first part of the key
    #[primary_key]
    pub id: u64,
    /// second part of the key
    #[primary_key]
    pub part: String,
    /// an index
    #[secondary_key(unique)]
    pub level: Option<Level>,
    /// a relation
    #[relation]
    pub parents: Vec<Link<Post>>,
    /// nothing
    pub body: String,
}

/// A private one in the same definition.
#[derive(NetabaseModel, Serialize, Deserialize)]
struct Note {
    #[primary_key]
    id: String,
    #[secondary_key]
    text: String,
}

#[derive(NetabaseDefinition)]
#[netabase(topics(Feed))]
enum Blog {
    Post(Post),
    Note(Note),
}

fn main() -> netabase::Result<()> {
    let store = netabase::Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create(&Note { id: "a".into(), text: "b".into() }))?;
    assert!(store.begin_read()?.contains::<Note>("a")?);
    Ok(())
}
