// A definition that lists `Post` and forgets `Author`, to which it links.
use kit::models::{News, Post};

#[derive(netabase::NetabaseDefinition)]
#[netabase(topics(News))]
enum Half {
    Post(Post),
}

fn main() {}
