// What a definition cannot be.
use kit::models::Author;
use netabase::NetabaseDefinition;

#[derive(NetabaseDefinition)]
enum Empty {}

#[derive(NetabaseDefinition)]
struct Blog {
    author: Author,
}

#[derive(NetabaseDefinition)]
#[netabase(grants(Shop = "read"))]
enum Twice {
    One(Author),
    Two(Author),
    Three { author: Author },
    Four,
}

fn main() {}
