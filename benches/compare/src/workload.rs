//! The names of the workloads, in the order of the rows.

/// Every row. Times are per record or operation, sizes in bytes.
///
/// Where several threads work, a time is that from the start to the end of all, over the operations of all: threads
/// that do not disturb each other make it smaller. A row that is settled has many commits and, within its time, all work that an
/// engine puts off to a later moment; a row after 10k reads when 10 000 users have just got another age and bio.
pub(crate) const ALL: &[&str] = &[
    "bulk",
    "batch",
    "single",
    "single_4",
    "single_16",
    "batches_settled",
    "singles_settled",
    "get",
    "get_one",
    "lookup",
    "lookup_wide",
    "keys",
    "count",
    "scan",
    "get_after_10k",
    "lookup_after_10k",
    "scan_after_10k",
    "compound",
    "or",
    "top_k",
    "page",
    "group_count",
    "include",
    "join",
    "update_indexed",
    "update_plain",
    "delete",
    "updates_settled",
    "deletes_settled",
    "reads_1",
    "reads_2",
    "reads_1_busy",
    "reads_2_busy",
    "open",
    "size_load",
    "size_churn",
    "memory",
];

/// Whether the row is in bytes.
pub(crate) fn is_bytes(workload: &str) -> bool {
    workload.starts_with("size_") || workload == "memory"
}
