//! Time comes from the store's clock and from nowhere else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use kit::models::Blog;
use netabase::{Result, Store};

#[test]
fn a_transaction_has_the_time_it_began() -> Result<()> {
    static SECONDS: AtomicU64 = AtomicU64::new(100);
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let clock = move || at(SECONDS.fetch_add(1, Ordering::Relaxed));
    let store = Store::<Blog>::builder().in_memory().clock(clock).open()?;
    let txn = store.begin_write()?;
    assert_eq!((txn.now(), txn.now()), (at(100), at(100)));
    drop(txn);
    store.write(|txn| {
        assert_eq!(txn.now(), at(101));
        Ok(())
    })
}
