// Two models of one recorded name.
use netabase::{NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

mod other {
    use super::*;
    #[derive(NetabaseModel, Serialize, Deserialize)]
    pub struct Post {
        #[primary_key]
        id: u64,
    }
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Post {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Mine(Post),
    Theirs(other::Post),
}

fn main() {}
