//! What an index can hold beside its keys.

use std::collections::HashMap;

use netabase::NetabaseModel;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(
    index(name = "unknown", fields(day), covering(titel), sum(cent)),
    index(name = "keys", fields(day), covering(id, kind, day)),
    index(name = "own_encoding", fields(day), covering(note)),
    index(name = "no_order", fields(day), covering(marks)),
    index(name = "twice", fields(day), covering(title, title), sum(cents, cents)),
    index(name = "alone", fields(kind), unique, sum(cents)),
)]
struct Post {
    #[primary_key]
    id: u64,
    #[secondary_key]
    kind: u8,
    day: u32,
    title: String,
    cents: i64,
    #[serde(with = "note")]
    note: String,
    marks: Option<HashMap<u8, u8>>,
}

mod note {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(note: &str, to: S) -> Result<S::Ok, S::Error> {
        note.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        String::deserialize(from)
    }
}

fn main() {}
