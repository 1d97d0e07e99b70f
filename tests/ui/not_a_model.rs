// A struct without its derive in a definition, and a topic without one.
use netabase::NetabaseDefinition;

struct Author {
    id: u64,
}

struct Feed;

#[derive(NetabaseDefinition)]
#[netabase(topics(Feed))]
enum Blog {
    Author(Author),
}

fn main() {}
