// All errors of a struct at once, each at its place. What uses the model does not fail a second time.
use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(version = 300, index(name = "by_day", fields(day)), colour = "red")]
struct Post {
    #[primary_key]
    id: u64,
    #[secondary_key(uniq)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[relation]
    author: u64,
    #[secondary_key]
    editor: Link<Post>,
    #[relation(on_delete = "cascade")]
    parent: Option<Link<Post>>,
    #[secondary_key]
    #[relation]
    both: Link<Post>,
    #[secondary_key]
    maybe: Option<Vec<String>>,
    #[secondary_key(each)]
    one: Option<u8>,
    day: u32,
    #[netabase(handle = "DAY")]
    other: u32,
    #[netabase(rename = "a/b")]
    slash: u32,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
#[serde(from = "u64")]
struct Note {
    #[primary_key]
    id: u64,
}

impl From<u64> for Note {
    fn from(id: u64) -> Self {
        Note { id }
    }
}

#[derive(NetabaseDefinition)]
enum Blog {
    Post(Post),
}

fn main() -> netabase::Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.begin_read()?.get::<Post>(1)?;
    store.begin_read()?.query::<Post>().filter(Post::TAGS.eq("x")).count()?;
    Ok(())
}
