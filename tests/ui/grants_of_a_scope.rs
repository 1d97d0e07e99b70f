// What a transaction may do with another definition is what that one grants.
use kit::company::{Staff, Work};
use kit::market::{Catalog, Reviews};
use netabase::{ReadTransaction, WriteTransaction};

fn main() -> netabase::Result<()> {
    let _: fn(&ReadTransaction<Staff>) -> _ = |snapshot| snapshot.definition::<Work>().map(drop);
    let _: fn(&mut WriteTransaction<Reviews>) -> _ = |txn| txn.definition::<Catalog>().map(drop);
    Ok(())
}
