//! A view is made for models that ask for one, and that have something to borrow.

use netabase::{NetabaseDefinition, NetabaseModel, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Author {
    #[primary_key]
    id: u64,
    name: String,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(view)]
struct Point {
    #[primary_key]
    id: u64,
    at: Vec<u32>,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(view = "Debug")]
struct Page {
    #[primary_key]
    path: String,
}

/// Another type of that name.
mod own {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct String(u8);
}

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(view)]
struct Note {
    #[primary_key]
    id: u64,
    text: own::String,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Author(Author),
}

fn main() {
    let store = Store::<Blog>::in_memory().unwrap();
    let _ = store.view::<Author, _>(1, |author| author.name.len());
    let _ = store.query::<Author>().for_each_view(|_| Ok(()));
}
