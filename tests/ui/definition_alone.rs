// A definition with links into another one is not opened without it.
use kit::market::Reviews;
use netabase::Store;

fn main() -> netabase::Result<()> {
    Store::<Reviews>::in_memory()?;
    Ok(())
}
