//! The records of the queries.

use netabase::{NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

/// About 80 bytes, with a compound index and three others.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[netabase(index(name = "customer_day", fields(customer, day)))]
pub struct Sale {
    /// the number of the sale
    #[primary_key]
    pub id: u64,
    /// shared by about 100 sales
    pub customer: u32,
    /// one of 365
    #[secondary_key]
    pub day: u32,
    /// shared by about 1000 sales
    #[secondary_key]
    pub shop: u32,
    /// shared by about 100 sales
    #[secondary_key]
    pub article: u32,
    /// without an index
    pub price: u32,
    /// 60 bytes without an index
    pub note: String,
}

/// The store's models.
#[derive(NetabaseDefinition)]
pub enum Trade {
    /// sales
    Sale(Sale),
}
