//! Every behaviour in a file named after it.

mod allocations;
mod bad_input;
mod batches;
mod clock;
mod commit_answers;
mod conformance;
mod derives;
mod determinism;
mod drop_aborts;
mod key_bytes;
mod key_laws;
mod lazy_reads;
mod limits;
mod lossy_records;
mod nested_write;
mod opening;
mod oracle;
mod peer_defects;
mod read_your_writes;
mod schema_mismatch;
mod snapshots;
mod spilling;
mod tidy;
mod ui;
mod unique_race;
