//! What cannot be selected, and what cannot be added up.

use kit::models::{Author, Blog, Post};
use netabase::{NetabaseDefinition, NetabaseModel, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Sale {
    #[primary_key]
    id: u64,
    price: f64,
}

#[derive(NetabaseDefinition)]
enum Shop {
    Sale(Sale),
}

fn main() -> netabase::Result<()> {
    let blog = Store::<Blog>::in_memory()?.begin_read()?;
    blog.query::<Post>().select(Post::TAGS)?;
    blog.query::<Post>().select((Post::ID, Post::TAGS))?;
    blog.query::<Post>().select(Author::EMAIL)?;
    blog.query::<Post>().sum(Post::BODY)?;
    blog.query::<Post>().min(Post::TAGS)?;
    blog.query::<Author>().sum_by(Author::COUNTRY, Author::EMAIL)?;
    let shop = Store::<Shop>::in_memory()?.begin_read()?;
    shop.query::<Sale>().sum(Sale::PRICE)?;
    shop.query::<Sale>().sum(Sale::ID)?;
    Ok(())
}
