//! A link is read where its model is listed.

use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Author {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Stranger {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Author(Author),
}

fn main() -> netabase::Result<()> {
    let store = Store::<Blog>::in_memory()?;
    Link::<Stranger>::new(1).get(&store)?;
    Link::<Stranger>::new(1).get(&store.begin_read()?)?;
    Link::<Author>::new(1).get("blog.redb")?;
    Ok(())
}
