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
#[netabase(grants(Shop))]
enum Twice {
    One(Author),
    Two(Author),
    Three { author: Author },
    Four,
}

#[derive(NetabaseDefinition)]
#[netabase(grants(Shop = "red", Office = "write", Office = "read"), access = "read")]
enum Grants {
    One(Author),
}

fn main() {}
