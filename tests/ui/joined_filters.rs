// Filters that no index leads to, orders that a record has no place in, and ranges that are no tail of the key.
use kit::models::{Blog, Place, Post};

fn main() -> netabase::Result<()> {
    let snapshot = netabase::Store::<Blog>::in_memory()?.begin_read()?;
    snapshot.query::<Post>().filter(Post::DAY.eq(3).not()).collect()?;
    snapshot.query::<Post>().filter(Post::DAY.eq(3).or(Post::TAGS.eq("x").not())).collect()?;
    snapshot.query::<Post>().filter(Post::DAY.eq(3).or(Post::BODY.eq("x"))).collect()?;
    snapshot.query::<Post>().filter(Post::DAY.eq(3).or(Place::DOORS.eq(1))).collect()?;
    snapshot.query::<Post>().order_by(Post::TAGS.asc()).collect()?;
    snapshot.query::<Post>().order_by(Post::BODY.asc()).collect()?;
    snapshot.query::<Post>().matching(|post| post.day == 3).collect()?;
    let _ = Place::PRIMARY_KEY.within(("FR", 1), ..);
    let _ = Post::DAY.within((1,), ..);
    Ok(())
}
