//! A borrowed link keeps its transaction from writing, so that it cannot grow stale.

use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Author {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Author(Author),
}

fn main() -> netabase::Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let mut txn = store.begin_write()?;
    let lazy = Link::<Author>::new(1).borrow(&txn);
    txn.create(&Author { id: 1 })?;
    lazy.get()?;
    txn.commit()
}
