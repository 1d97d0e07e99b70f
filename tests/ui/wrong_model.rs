// A model of another definition, read and written.
use kit::models::{Blog, Person};

fn swap(store: &netabase::Store<Blog>, person: &Person) -> netabase::Result<()> {
    store.begin_read()?.get::<Person>(1)?;
    store.write(|txn| txn.create(person))
}

fn main() {}
