//! Sums are kept of whole numbers.

use netabase::NetabaseModel;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(index(name = "by_shop", fields(shop), sum(price, name, large)))]
struct Sale {
    #[primary_key]
    id: u64,
    shop: u8,
    price: f64,
    name: String,
    large: i128,
}

fn main() {}
