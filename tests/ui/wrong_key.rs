// The key of another model, and values that are not of the key's type.
use kit::models::{Author, Blog, Post, PostPrimaryKey};

fn main() -> netabase::Result<()> {
    let snapshot = netabase::Store::<Blog>::in_memory()?.begin_read()?;
    let key: PostPrimaryKey = 1.into();
    snapshot.get::<Author>(key)?;
    let _ = Post::DAY.eq("monday");
    let _ = Post::DAY.range(1_u64..);
    let _ = Author::COUNTRY.eq(Some("FR"));
    Ok(())
}
