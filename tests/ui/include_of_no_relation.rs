//! What is included is at the other end of a relation.

use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Author {
    #[primary_key]
    id: u64,
    #[secondary_key]
    name: String,
}

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Post {
    #[primary_key]
    id: u64,
    #[relation]
    author: Link<Author>,
    body: String,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Author(Author),
    Post(Post),
}

fn main() -> netabase::Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.query::<Author>().include(Author::NAME).collect()?;
    let _ = store.query::<Author>().include(Author::NAME.inverse());
    let _ = store.query::<Post>().include(Post::BODY);
    let _ = store.begin_read()?.walk(Author::NAME);
    Ok(())
}
