//! What can be wrong with the rules of a relation: all of it at once, each with its cure.

use netabase::{Link, NetabaseModel};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Author {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Step {
    #[primary_key]
    id: u64,
    #[primary_key]
    after: Link<Step>,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Post {
    #[primary_key]
    id: u64,
    #[primary_key]
    #[relation(on_delete = "set_null")]
    part: Option<Link<Author>>,
    #[relation(on_delete = "set_null")]
    author: Link<Post>,
    #[relation(on_delete = "explode")]
    editor: Link<Post>,
    #[relation(references = "later", on_delete = cascade)]
    reader: Link<Post>,
    #[relation(on_update = "cascade")]
    owner: Link<Post>,
}

fn main() {}
