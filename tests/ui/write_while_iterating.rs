// Rows borrow the transaction they are read from.
use kit::models::{Blog, Post};

fn main() -> netabase::Result<()> {
    netabase::Store::<Blog>::in_memory()?.write(|txn| {
        for post in txn.query::<Post>().iter()? {
            txn.create(&post?)?;
        }
        Ok(())
    })
}
