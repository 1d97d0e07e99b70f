//! Memory of this process, where the system tells it in `/proc`.
//!
//! Pages of a mapped file count, as the system counts them: LMDB's whole cache, which others hold on the heap, and
//! `SQLite`'s in part. What the system caches of files that are read is nobody's.

use std::fs;

/// Resident bytes now.
pub(crate) fn now() -> Option<u64> {
    status("VmRSS:")
}

/// The most that was ever resident.
pub(crate) fn peak() -> Option<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
