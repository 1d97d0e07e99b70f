// Operators that the key does not have.
use kit::models::{Place, Post};

fn main() {
    let _ = Post::DAY.is_none();
    let _ = Post::DAY.prefix("x");
    let _ = Place::PRIMARY_KEY.prefix("FR");
    let _ = Post::BODY.is_none();
}
