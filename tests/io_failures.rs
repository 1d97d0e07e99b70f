//! The disk fails or is full at any operation: a typed error, no panic, and the store reopens sound.

use std::io;
use std::sync::Arc;

use kit::disk::{Disk, Fault};
use kit::load::{run, states, verified};
use kit::models::{Person, World};
use netabase::engine::RedbOptions;
use netabase::{Error, ErrorKind, Result, Store};

const COMMITS: u64 = 6;

/// What the failure of a disk may be called. `Corrupt` is not among them: that is what a caught panic becomes.
fn is_named(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io { .. } | ErrorKind::Closed | ErrorKind::CommitUnknown | ErrorKind::Doomed
    )
}

#[test]
fn a_failing_disk_is_a_typed_error_and_loses_nothing() -> Result<()> {
    let states = states(COMMITS)?;
    let options = RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() };
    let open = |disk: &Disk| Store::<World>::builder().engine(Arc::new(disk.engine(&options)?)).open();
    let fresh = Disk::default();
    drop(open(&fresh)?);
    let base = fresh.bytes();

    let (mut failed, mut unknown, mut unopened) = (0, 0, 0);
    let mut number = 0;
    loop {
        number += 1;
        let mut hit = false;
        for (stays, kind) in [(false, io::ErrorKind::Other), (true, io::ErrorKind::StorageFull)] {
            let disk = Disk::holding(base.clone());
            disk.fail(Fault { at: number, stays, kind });
            let about = format!("operation {number}, {kind}");
            let mut done = 0;
            match open(&disk) {
                Ok(store) => {
                    let (committed, error) = run(&store, 0, COMMITS, |_| {});
                    done = committed as usize;
                    if let Some(error) = error {
                        assert!(is_named(&error), "{about}: {error:?}");
                        failed += 1;
                        unknown += u32::from(matches!(error.kind(), ErrorKind::CommitUnknown));
                        // Reads go on or say why not; nothing hangs or panics.
                        if let Err(error) = store.begin_read().and_then(|snapshot| snapshot.len::<Person>()) {
                            assert!(is_named(&error), "{about}: {error:?}");
                        }
                        if let Err(error) = store.write(|txn| txn.delete::<Person>(0)) {
                            assert!(is_named(&error), "{about}: {error:?}");
                        } else {
                            panic!("{about}: a store that failed takes writes again");
                        }
                    }
                }
                Err(error) => {
                    assert!(is_named(&error), "{about}: {error:?}");
                    unopened += 1;
                }
            }
            hit |= disk.operations() >= number;
            disk.heal();
            let left = Disk::holding(disk.bytes());
            let found =
                verified(Arc::new(left.engine(&options)?)).map_err(|error| error.context(about.clone()))?;
            assert!(
                found == states[done] || Some(&found) == states.get(done + 1),
                "{about}: not after {done} commits"
            );
        }
        if !hit {
            break;
        }
    }
    assert!(
        failed > 50 && unknown > 5 && unopened > 2,
        "{failed} failed, {unknown} unknown, {unopened} unopened"
    );
    Ok(())
}
