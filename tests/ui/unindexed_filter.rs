// A field without an index, alone and inside `and`.
use kit::models::{Blog, Post};

fn main() -> netabase::Result<()> {
    let snapshot = netabase::Store::<Blog>::in_memory()?.begin_read()?;
    snapshot.query::<Post>().filter(Post::BODY.eq("x")).collect()?;
    snapshot.query::<Post>().filter(Post::TAGS.eq("rust").and(Post::BODY.eq("x"))).collect()?;
    Ok(())
}
