// What is not a model, and keys that cannot be.
use netabase::NetabaseModel;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
struct NoKey {
    id: u64,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct FloatKey {
    #[primary_key]
    id: f64,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct AbsentKey {
    #[primary_key]
    #[secondary_key]
    id: Option<u64>,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Generic<T> {
    #[primary_key]
    id: u64,
    value: T,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Tuple(#[primary_key] u64);

#[derive(NetabaseModel, Serialize, Deserialize)]
enum Choice {
    One,
}

fn main() {}
