// Types that have no order-preserving bytes.
use netabase::{NetabaseKey, NetabaseModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Money(u64);

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Order {
    #[primary_key]
    id: u64,
    #[secondary_key]
    total: Money,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Item {
    #[primary_key]
    id: usize,
    #[secondary_key]
    offsets: Vec<isize>,
}

#[derive(NetabaseKey, Clone, Debug, PartialEq)]
struct Slot(usize);

fn main() {}
