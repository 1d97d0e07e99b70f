//! The power goes at any moment: every acknowledged commit is there, no half of one is. S3-9.

use std::sync::Arc;

use kit::crashes::cut_everywhere;
use kit::disk::Disk;
use netabase::Result;
use netabase::engine::{Engine, RedbOptions};

fn engine(disk: &Disk) -> Result<Arc<dyn Engine>> {
    Ok(Arc::new(disk.engine(&RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() })?))
}

#[test]
fn acknowledged_commits_survive_and_no_half_commit_does() -> Result<()> {
    let cuts = cut_everywhere(engine, 12, false)?;
    // The load has moments of both kinds, or the test shows nothing.
    assert!(cuts.wrong == 0 && cuts.exact > 100 && cuts.ahead > 5, "{cuts:?}");
    Ok(())
}
