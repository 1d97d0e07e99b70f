//! The disk fails or is full at any operation: a typed error, no panic, and the store reopens sound.

use std::sync::Arc;

use kit::crashes::fail_everywhere;
use kit::disk::Disk;
use netabase::Result;
use netabase::engine::{Engine, RedbOptions};

fn engine(disk: &Disk) -> Result<Arc<dyn Engine>> {
    Ok(Arc::new(disk.engine(&RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() })?))
}

#[test]
fn a_failing_disk_is_a_typed_error_and_loses_nothing() -> Result<()> {
    let failures = fail_everywhere(engine, 6)?;
    assert!(failures.failed > 50 && failures.unknown > 5 && failures.unopened > 2, "{failures:?}");
    Ok(())
}
