//! What can go wrong, one variant for each thing a caller may want to tell apart.

use std::path::PathBuf;

/// The kind of an [`Error`](super::Error).
///
/// Names are those recorded in the schema; keys are their `Debug` text. Values of records never appear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `update`, `update_with` or `replace` met no record.
    #[error("there is no {model} {key}: `create` makes it, `upsert` does either")]
    NotFound {
        /// recorded name of the model
        model: &'static str,
        /// the key that was asked for
        key: String,
    },
    /// `create` met a record with the same key.
    #[error("{model} {key} is there already: `update` changes it, `upsert` does either")]
    AlreadyExists {
        /// recorded name of the model
        model: &'static str,
        /// the key that is taken
        key: String,
    },
    /// Another record holds the same value of a unique key.
    #[error("another {model} has this value of the unique key `{constraint}`")]
    ConstraintViolation {
        /// recorded name of the model
        model: &'static str,
        /// the field whose value is taken
        constraint: &'static str,
    },
    /// `create_auto` found no number for a key: the last one that the key's type has was given, or is taken.
    #[error(
        "the keys of {model} have come to their end: give its key a wider type, or choose the keys yourself"
    )]
    KeysExhausted {
        /// recorded name of the model
        model: &'static str,
    },
    /// A link leads to no record.
    #[error(
        "{model}.{relation} links to no {target} that is there: create it first, or mark the relation \
         `references = \"deferred\"` if it comes later in the transaction"
    )]
    MissingReference {
        /// recorded name of the model
        model: &'static str,
        /// recorded name of the relation
        relation: &'static str,
        /// recorded name of the model it leads to
        target: &'static str,
    },
    /// A record cannot be deleted, because others link to it.
    #[error(
        "{model} {key} cannot be deleted: {count} {by} link to it by `{relation}`; delete or change them first, or choose \
         another `on_delete`"
    )]
    StillReferenced {
        /// recorded name of the model
        model: &'static str,
        /// key of the record that others link to
        key: String,
        /// recorded name of the model whose records link to it
        by: &'static str,
        /// recorded name of the relation
        relation: &'static str,
        /// how many of them do
        count: u64,
    },
    /// A closure that changes a record, of `update_with` or `update_where`, changed its primary key.
    #[error("the closure changed the key of {model} {key}: delete the record and create the new one")]
    KeyChanged {
        /// recorded name of the model
        model: &'static str,
        /// the key before the change
        key: String,
    },
    /// A link that has to lead to a record leads to none.
    #[error(
        "a link leads to {model} {key}, which is not there: create it, change the link, or ask without `require`, which \
         leaves out what is missing"
    )]
    DanglingReference {
        /// recorded name of the model that the link leads to
        model: &'static str,
        /// the key in the link
        key: String,
    },
    /// [`Link::hydrate`](crate::Link::hydrate) got another record than the one that the link leads to.
    #[error(
        "the link leads to {model} {key}, and the record is {found}: hydrate it with the record of its key"
    )]
    OtherRecord {
        /// recorded name of the model
        model: &'static str,
        /// the key in the link
        key: String,
        /// the key of the record
        found: String,
    },
    /// A query includes records of a model that the store's definition does not list.
    #[error("the definition of this store does not list {model}: add it as a variant")]
    UnknownModel {
        /// recorded name of the model
        model: &'static str,
    },
    /// A definition is asked for that the file was not opened with.
    #[error("the file was not opened with `{definition}`: open both in one `Repository`")]
    UnknownDefinition {
        /// recorded name
        definition: &'static str,
    },
    /// A definition is to be written without another one in the file, whose records link into it and would not follow.
    #[error(
        "`{link}` of `{by}`, which is in the file, links into `{definition}`: open both in one `Repository`, or open the store for reading only"
    )]
    LinkedFrom {
        /// recorded name of the definition that is opened
        definition: &'static str,
        /// recorded name of the one that links into it
        by: String,
        /// the relation, as `Order.customer`
        link: String,
    },
    /// The steps of a walk end at another model than they begin with.
    #[error(
        "the steps of this walk lead from {model} to the {model} of another definition: add the steps back"
    )]
    WalkLeaves {
        /// recorded name of the model
        model: &'static str,
    },
    /// A query goes from one definition to another one that does not let it.
    #[error(
        "`{to}` does not let `{definition}` read it: add #[netabase(grants({definition} = \"read\"))] to `enum {to}`"
    )]
    NotGranted {
        /// recorded name of the definition that the query is about
        definition: &'static str,
        /// recorded name of the definition that would be read
        to: &'static str,
    },
    /// A ticket is not good any more.
    #[error("the ticket {reason}: begin a session with another one")]
    TicketEnded {
        /// why
        reason: &'static str,
    },
    /// A session is asked for, and the store has no policy to say what it may do.
    #[error(
        "the store has no policy: give it one with `Builder::policy`, or use the store itself, which may do everything"
    )]
    NoPolicy,
    /// A policy cannot be kept to.
    #[error("the policy is not valid: {reason}")]
    InvalidPolicy {
        /// what is wrong
        reason: String,
    },
    /// The operation is not allowed to this caller.
    #[error("{operation} on {model} is not permitted")]
    PermissionDenied {
        /// what was tried
        operation: &'static str,
        /// recorded name of the model
        model: &'static str,
    },
    /// The engine refused the commit because another one came in between, more often than the store retries.
    #[error("the commit met other commits {attempts} times: try again, or write less at once")]
    Conflict {
        /// how often the work was tried
        attempts: u32,
    },
    /// Work that is committed piece by piece failed. What was committed before stays; the source says why it failed, and
    /// whether something of the last piece may be there.
    #[error("stopped after {done} committed items")]
    Stopped {
        /// items whose work is committed
        done: u64,
    },
    /// The engine failed or lost contact while it committed: the work is either there as a whole or not at all.
    #[error("it is not known whether the commit took place: read before you try again")]
    CommitUnknown,
    /// The file was written for another schema.
    #[error("the file was written for another schema: {}", differences.join("; "))]
    SchemaMismatch {
        /// each difference in words
        differences: Vec<String>,
    },
    /// The file is a store of another definition.
    #[error("the file holds the definition {}, not {expected}: give another path", found.join(", "))]
    OtherDefinition {
        /// recorded name of the program's definition
        expected: &'static str,
        /// recorded names of those in the file
        found: Vec<String>,
    },
    /// A record was written by a version of the model that this program does not know.
    #[error(
        "a record of {model} was written in version {found} of its schema, this program knows version {expected}"
    )]
    SchemaVersion {
        /// recorded name of the model
        model: &'static str,
        /// version byte in the file
        found: u8,
        /// `version` of the model in this program
        expected: u8,
    },
    /// A value cannot be a key, as NaN cannot.
    #[error("invalid key: {reason}")]
    InvalidKey {
        /// what is wrong with it
        reason: String,
    },
    /// A filter is nested deeper than is sensible: a list of keys belongs into `any_of`.
    #[error(
        "a filter has `or` and `not` in each other more than {limit} deep: join keys of one field with `any_of`"
    )]
    FilterTooDeep {
        /// levels there may be
        limit: usize,
    },
    /// A query has to sort more records than it may keep in memory.
    #[error(
        "sorting {model} would keep more than {limit} records in memory: give the query a `limit`, add an index over what it \
         is ordered by, or allow more with `sort_limit`"
    )]
    SortLimit {
        /// recorded name of the model
        model: &'static str,
        /// records that may be kept
        limit: usize,
    },
    /// A registered index that cannot be one of the model.
    #[error("`{name}` cannot be an index of {model}: {reason}")]
    InvalidIndex {
        /// recorded name of the model
        model: &'static str,
        /// its name
        name: &'static str,
        /// what is wrong with it
        reason: String,
    },
    /// A query asks for an index that the store was opened without.
    #[error("the store was opened without the index `{name}` of {model}: register it with `Builder::index`")]
    UnknownIndex {
        /// recorded name of the model
        model: &'static str,
        /// its name
        name: &'static str,
    },
    /// A token of a page that cannot be gone on from.
    #[error("this is no token of a page: {reason}")]
    InvalidToken {
        /// what is wrong with it
        reason: &'static str,
    },
    /// Pages of an order by a field that has no index.
    #[error(
        "pages of {model} cannot be ordered by a field without an index: add `#[secondary_key]` to it, or order by a key"
    )]
    PageOrder {
        /// recorded name of the model
        model: &'static str,
    },
    /// A key or a record is larger than the engine takes.
    #[error("{what} has {size} bytes, the engine takes {limit} at most")]
    LimitExceeded {
        /// model and key
        what: String,
        /// bytes it would have
        size: usize,
        /// bytes it may have
        limit: usize,
    },
    /// Bytes in the file are not what was written.
    #[error("damaged data in {place}: restore a backup, or open the file again to read what can be read")]
    Corrupt {
        /// name of the table in the file, or the file
        place: String,
    },
    /// Some indexes are not what follows from the records, see [`Store::verify`](crate::Store::verify).
    #[error("{total} rows are not as they should be: {}", listed(problems, *total))]
    Inconsistent {
        /// the first of them, in words
        problems: Vec<String>,
        /// how many there are
        total: u64,
    },
    /// A unique key cannot be added, because records have equal values of it. Nothing was changed.
    #[error("a unique key has equal values in {total} records: {}", listed(violations, *total))]
    NotUnique {
        /// the first of them, in words: two records and the key
        violations: Vec<String>,
        /// how many there are
        total: u64,
    },
    /// A record does not come back from its own bytes with the same keys, mostly because of a hand-written serde
    /// impl or a `#[serde(with = "..")]` that loses part of a key.
    #[error(
        "a record of {model} does not survive its encoding: what its `Serialize` writes its `Deserialize` does not read back"
    )]
    Codec {
        /// recorded name of the model
        model: &'static str,
    },
    /// Another store, in this process or another one, has the file open.
    #[error("`{}` is open already: share one `Store`, it is cheap to clone", path.display())]
    DatabaseLocked {
        /// the file
        path: PathBuf,
    },
    /// The file cannot be opened or made.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// the file
        path: PathBuf,
    },
    /// A builder was not told where the store is.
    #[error("the builder has no place for the store: call `path`, `in_memory` or `engine`")]
    NoPlace,
    /// The path names a folder or a device.
    #[error("`{}` is not a file: give the path of one", path.display())]
    NotAFile {
        /// what was named
        path: PathBuf,
    },
    /// The file has no bytes. It may be what is left of a store, so none is made in it.
    #[error("`{}` is empty, which no store is: restore it, or delete it to begin a new one", path.display())]
    EmptyFile {
        /// the file
        path: PathBuf,
    },
    /// The file is shorter than its header says; in rare cases it is the header that is damaged.
    #[error("`{}` is cut off: restore it from a backup", path.display())]
    Truncated {
        /// the file
        path: PathBuf,
    },
    /// The file may be read only.
    #[error("`{}` may not be written: change its permissions, or open it with `read_only(true)`", path.display())]
    NotWritable {
        /// the file
        path: PathBuf,
    },
    /// The file was not closed cleanly, and mending it needs leave to write.
    #[error("`{}` was not closed cleanly: open it once for writing, which mends it", path.display())]
    NotClosed {
        /// the file
        path: PathBuf,
    },
    /// The file was written in a format that a newer program knows.
    #[error(
        "the file has version {found} of the format of {of}, this program reads up to {supported}: use a newer one"
    )]
    NewerFormat {
        /// whose format: `netabase` or its engine
        of: &'static str,
        /// version in the file
        found: u8,
        /// version that this program writes
        supported: u8,
    },
    /// The file was written in a format that this program no longer reads.
    #[error(
        "the file has version {found} of the format of netabase, this program reads {supported}: use an older one"
    )]
    OlderFormat {
        /// version in the file
        found: u8,
        /// version that this program reads
        supported: u8,
    },
    /// The file is something else than a netabase store.
    #[error("something else than netabase made this file: give another path")]
    NotAStore,
    /// A write in a store that was opened for reading.
    #[error("the store was opened read-only")]
    ReadOnly,
    /// A write transaction was begun by a thread that has begun one already, which would wait for ever. The thread that
    /// began it counts, also if the transaction has moved to another one since.
    #[error("this thread has begun a write transaction that is still alive: use that one, or end it first")]
    Nested,
    /// Another write transaction did not end in the time that the store was told to wait.
    #[error(
        "another write transaction is still running after {waited:?}: try again, or wait longer with `write_wait`"
    )]
    WriterBusy {
        /// how long it was waited for
        waited: std::time::Duration,
    },
    /// An earlier operation failed after part of it had left memory, so nothing of this transaction is kept.
    #[error("an operation failed half-way, so the whole transaction is given up: abort it and run it again")]
    Doomed,
    /// The scope of a definition was forgotten, or its transaction moved out of it, so the repository's transaction cannot
    /// be committed as a whole.
    #[error(
        "the scope of a definition did not give back what it has of its repository's transaction, so nothing is kept: \
         abort it and run it again"
    )]
    ScopeLost,
    /// Transactions or their rows are still in use, and this needs the store alone.
    #[error("transactions are alive: end them and try again")]
    Busy,
    /// The system failed to read or write the file; a full disk is `StorageFull`.
    #[error("reading or writing the file failed")]
    Io {
        /// as the system calls it
        kind: std::io::ErrorKind,
    },
    /// The journal beside a file is not the one that belongs to it.
    #[error(
        "the journal `{}` does not fit the database: {reason}; put back the two that belong together",
        path.display()
    )]
    JournalMismatch {
        /// the folder
        path: PathBuf,
        /// why it does not
        reason: &'static str,
    },
    /// The disk is slower than the writers, which have to wait until the file has more of what is in the journal.
    #[error(
        "the journal holds {limit} bytes that the file has not, and had no room in {waited:?}: try again, or write less at once"
    )]
    JournalFull {
        /// bytes it may hold
        limit: u64,
        /// how long the writer waited
        waited: std::time::Duration,
    },
    /// A record has another version than the caller had seen.
    #[error("{model} {key} has version {found}, not {expected}: read it again")]
    VersionConflict {
        /// recorded name
        model: &'static str,
        /// primary key
        key: String,
        /// as the caller had seen it; 0: absent
        expected: u64,
        /// as it is; 0: absent
        found: u64,
    },
    /// More was committed than there was room for.
    #[error(
        "{missed} commits were missed: read the records again, or watch models with `#[netabase(journal)]`"
    )]
    Lagged {
        /// how many
        missed: u64,
    },
    /// The journal no longer has what was asked for.
    #[error("the journal begins with commit {first}, so {from} is gone: read the records instead")]
    BeforeHorizon {
        /// the commit that was asked for
        from: u64,
        /// the first one that is kept
        first: u64,
    },
    /// No model is journaled, or not this one.
    #[error("`{name}` keeps no journal: add `#[netabase(journal)]`")]
    NoJournal {
        /// recorded name of the definition or model
        name: &'static str,
    },
    /// Hooks write what other hooks answer with writes, without end.
    #[error("hooks ran because of each other, {limit} deep: let one of them not write")]
    HooksTooDeep {
        /// how deep they may
        limit: usize,
    },
    /// The store stopped after an earlier failure to read or write, or was closed.
    #[error("the store has stopped after an earlier failure: drop it and open it again")]
    Closed,
    /// The engine failed for another reason, which is the source.
    #[error("the storage engine failed")]
    Engine,
    /// An error of the caller's, see [`Error::user`](super::Error::user).
    #[error("the caller gave up")]
    User,
    /// A state that should be unreachable: a bug in netabase, or in an engine or model written by hand.
    #[error("internal error ({what}): please report it")]
    Internal {
        /// which one
        what: &'static str,
    },
}

/// The first of many, on one line.
fn listed(items: &[String], total: u64) -> String {
    const SHOWN: usize = 5;
    let shown = items.len().min(SHOWN);
    let line = items.get(..shown).unwrap_or_default().join("; ");
    match total.saturating_sub(shown as u64) {
        0 => line,
        more => format!("{line}; and {more} more"),
    }
}
