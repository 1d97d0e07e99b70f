//! What can be wrong with an index that has a name of its own: all of it at once, each with its cure.

use netabase::NetabaseModel;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(
    index(fields(day)),
    index(name = "by-day", fields(day)),
    index(name = "both", fields(day), key = month -> u32),
    index(name = "neither", unique),
    index(name = "missing", fields(dya)),
    index(name = "twice", fields(day, day)),
    index(name = "size", fields(len)),
    index(name = "day", fields(tags)),
    index(name = "up", fields(day upwards)),
    index(name = "colour", colour = "red"),
    index(name = "lists", fields(tags, marks)),
    index(name = "once", name = "more", fields(day), unique, unique),
    index,
)]
struct Post {
    #[primary_key]
    id: u64,
    day: u32,
    len: usize,
    tags: Vec<String>,
    marks: Vec<u16>,
}

fn month(post: &Post) -> u32 {
    post.day / 30
}

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(index(name = "by_length", fields(length)), index(name = "month", key = wrong -> u32))]
struct Note {
    #[primary_key]
    id: u64,
    length: std::time::Duration,
}

fn wrong(note: &Note) -> u64 {
    note.id
}

fn main() {}
