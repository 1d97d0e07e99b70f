//! Definitions that link into each other: a catalog that others read, and reviews that anybody reads.

use netabase::{Link, NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

/// Who makes products.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Maker {
    /// one of a kind
    #[primary_key]
    pub name: String,
}

/// What can be bought.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Product {
    /// its number
    #[primary_key]
    pub id: u64,
    /// who made it
    #[relation]
    pub maker: Link<Maker>,
}

/// What shops sell. A definition of the program may read it that is recorded as `Shop`, and `Office` may change it.
#[derive(NetabaseDefinition)]
#[netabase(grants(Shop = "read", "Office" = "write", Reviews = "read"))]
pub enum Catalog {
    /// who makes
    Maker(Maker),
    /// what can be bought
    Product(Product),
}

/// What somebody thinks of a product. It goes with the product.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Review {
    /// its number
    #[primary_key]
    pub id: u64,
    /// of what
    #[relation(on_delete = "cascade", references = "deferred")]
    pub product: Link<Product, Catalog>,
    /// from 1 to 5
    #[secondary_key]
    pub stars: u8,
}

/// What is thought. Any definition may read it.
#[derive(NetabaseDefinition)]
#[netabase(grants(all = "read"))]
pub enum Reviews {
    /// what somebody thinks
    Review(Review),
}
