// Attributes that stand twice, in the wrong place or in the wrong form.
use netabase::{NetabaseDefinition, NetabaseKey, NetabaseModel};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
#[primary_key]
struct Post {
    #[primary_key]
    #[primary_key]
    id: u64,
    #[secondary_key = "by_day"]
    day: u32,
    #[secondary_key(unique = true)]
    slug: String,
    #[secondary_key]
    #[serde(skip)]
    cached: u32,
    #[netabase(handle = "not a name")]
    text: String,
}

#[derive(NetabaseDefinition)]
enum Blog {
    #[netabase(rename = "p")]
    Post(Post),
}

#[derive(NetabaseKey, Clone, Debug, PartialEq)]
struct Slot {
    #[netabase(handle = "X")]
    room: String,
}

fn main() {}
