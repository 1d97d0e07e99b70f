// A model subscribes to a topic that its definition does not list.
use kit::models::{Author, Post};

#[derive(netabase::NetabaseDefinition)]
enum Blog {
    Author(Author),
    Post(Post),
}

fn main() {}
