// The closure may run again, so it borrows what it uses.
use kit::models::{Author, Blog};

fn main() -> netabase::Result<()> {
    let authors: Vec<Author> = Vec::new();
    netabase::Store::<Blog>::in_memory()?.write(move |txn| {
        for author in authors {
            txn.create(&author)?;
        }
        Ok(())
    })
}
