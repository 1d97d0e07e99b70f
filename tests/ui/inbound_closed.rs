// A model that lets others follow their links to it leaves one out.
use netabase::{Link, NetabaseDefinition, NetabaseModel};

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
#[netabase(inbound(Post = "read"))]
struct Author {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Post {
    #[primary_key]
    id: u64,
    #[relation]
    author: Link<Author>,
}

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Rumour {
    #[primary_key]
    id: u64,
    #[relation(access = "none")]
    of: Link<Author>,
    #[relation]
    by: Link<Author>,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Author(Author),
    Post(Post),
    Rumour(Rumour),
}

fn main() {}
