// What a model cannot say of who may do what.
use netabase::{Link, NetabaseModel};

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
#[netabase(access(create, read, write), inbound(Line = "write", Line = "read"), class = "a/b")]
struct Entry {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
#[netabase(access(create, read))]
struct Line {
    #[primary_key]
    #[netabase(class = "key")]
    id: u64,
    #[relation(on_delete = "cascade")]
    above: Link<Line>,
    #[relation(on_delete = "set_null")]
    below: Option<Link<Line>>,
    #[relation(access = "none", references = "checked")]
    beside: Link<Line>,
    #[relation(access = "write")]
    within: Link<Line>,
}

fn main() {}
