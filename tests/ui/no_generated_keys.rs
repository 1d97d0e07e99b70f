//! Keys are generated for models that ask for it, and that have a number as their key.

use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Author {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Page {
    #[primary_key(auto)]
    path: String,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Small {
    #[primary_key(auto)]
    id: u16,
}

type Number = u64;

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Alias {
    #[primary_key(auto)]
    id: Number,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Table {
    #[primary_key]
    space: u64,
    #[primary_key(auto)]
    id: u64,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Profile {
    #[primary_key(auto)]
    #[relation]
    author: Link<Author>,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Valued {
    #[primary_key(auto = 7, from = 3)]
    id: u64,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Indexed {
    #[primary_key]
    id: u64,
    #[secondary_key(auto)]
    number: u64,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Author(Author),
}

fn main() {
    let store = Store::<Blog>::in_memory().unwrap();
    let mut author = Author { id: 1 };
    let _ = store.write(|txn| txn.create_auto(&mut author));
    let _ = store.write(|txn| txn.create_auto_batch([&mut author]));
}
