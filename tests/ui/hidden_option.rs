// An `Option` under another name: the derive cannot see it, the constants can.
use netabase::{NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

type Maybe<T> = Option<T>;

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Author {
    #[primary_key]
    id: u64,
    #[secondary_key(unique)]
    nick: Maybe<String>,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Author(Author),
}

fn main() {}
