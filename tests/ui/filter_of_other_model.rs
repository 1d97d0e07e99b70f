// A handle of another model.
use kit::models::{Author, Blog, Post};

fn main() -> netabase::Result<()> {
    let snapshot = netabase::Store::<Blog>::in_memory()?.begin_read()?;
    snapshot.query::<Post>().filter(Author::EMAIL.eq("a@b")).collect()?;
    Ok(())
}
