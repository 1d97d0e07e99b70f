//! A registered index belongs to one model.

use kit::models::{Author, Blog, Post};
use netabase::{CustomIndex, Store};

struct Words;

impl CustomIndex<Post> for Words {
    type Key = String;
    type Value = u8;
    const NAME: &'static str = "words";
    const COLUMNS: &'static [&'static str] = &["body"];

    fn extract(&self, post: &Post, out: &mut Vec<String>) {
        out.extend(post.body.split(' ').map(str::to_owned));
    }

    fn value(&self, _: &Post) -> u8 {
        0
    }
}

fn main() -> netabase::Result<()> {
    let store = Store::<Blog>::builder().in_memory().index::<Author, _>(Words).open()?;
    store.query::<Author>().filter(Words::handle().eq("x")).count()?;
    store.query::<Author>().select(Words::stored_value())?;
    store.query::<Author>().count_by(Words::handle())?;
    Ok(())
}
