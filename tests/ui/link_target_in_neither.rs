// A link that names a definition which does not list its target.
use kit::market::{Catalog, Review};
use netabase::{Link, NetabaseModel};

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Answer {
    #[primary_key]
    id: u64,
    #[relation]
    review: Link<Review, Catalog>,
}

fn main() {}
