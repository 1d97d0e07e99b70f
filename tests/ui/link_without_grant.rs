// A link into a definition that does not let this one read it.
use kit::market::{Catalog, Product};
use netabase::{Link, NetabaseDefinition, NetabaseModel};

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Bill {
    #[primary_key]
    id: u64,
    #[relation]
    product: Link<Product, Catalog>,
}

#[derive(NetabaseDefinition)]
enum Billing {
    Bill(Bill),
}

fn main() {}
