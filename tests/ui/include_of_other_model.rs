//! A query includes what is related to its own model, in the right direction.

use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Author {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Post {
    #[primary_key]
    id: u64,
    #[relation]
    author: Link<Author>,
}

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Comment {
    #[primary_key]
    id: u64,
    #[relation]
    post: Link<Post>,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Author(Author),
    Post(Post),
    Comment(Comment),
}

fn main() -> netabase::Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.query::<Author>().include(Post::AUTHOR).collect()?;
    let _ = store.query::<Post>().include(Post::AUTHOR.inverse());
    let _ = store.query::<Author>().include(Comment::POST.inverse().limit(3));
    let _ = store.query::<Post>().include((Post::AUTHOR, Comment::POST));
    let _ = store.query::<Author>().include(Post::AUTHOR.inverse().include(Comment::POST));
    let _ = store.begin_read()?.walk(Post::AUTHOR);
    Ok(())
}
