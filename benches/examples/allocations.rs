//! Counts what each operation allocates, on both sides.
//!
//! `cargo run --release -p netabase-benches --example allocations -- --records 10000 --rounds 10`
//!
//! Numbers are for one operation, averaged over all of them. Writes come 1000 to a transaction; they are counted once
//! by themselves, and once with the beginning of their transaction and its commit.

use allocation_counter::{AllocationInfo, measure};
use netabase_benches::work::Stored;
use netabase_benches::{ByHand, ByNetabase, Data, Options, Reads, Result, Side, User, Writes};

/// Operations of a transaction.
const BATCH: usize = 1000;

/// Allocations and their bytes.
#[derive(Clone, Copy, Default)]
struct Count {
    operations: usize,
    allocations: u64,
    bytes: u64,
}

impl Count {
    fn add(&mut self, operations: usize, info: &AllocationInfo) {
        self.operations += operations;
        self.allocations += info.count_total;
        self.bytes += info.bytes_total;
    }
}

/// What an operation allocates.
#[derive(Default)]
struct Row {
    name: &'static str,
    alone: Count,
    /// with the beginning and the commit of the transaction; reads have none
    committed: Option<Count>,
}

fn main() -> Result<()> {
    let options = Options::parse(&["records", "rounds"])?;
    let (records, rounds) = (options.get("records", 10_000)?, options.get("rounds", 10)?);
    let data = Data::new(records);
    let (netabase, by_hand) = (rows::<ByNetabase>(&data, rounds)?, rows::<ByHand>(&data, rounds)?);
    println!("{} records; allocations (bytes) of one operation", data.users.len());
    println!();
    println!("| operation | netabase | by hand | netabase, with commit | by hand, with commit |");
    println!("|---|---:|---:|---:|---:|");
    for (netabase, by_hand) in netabase.iter().zip(&by_hand) {
        let cells = [Some(netabase.alone), Some(by_hand.alone), netabase.committed, by_hand.committed];
        println!("| {} | {} |", netabase.name, cells.map(cell).join(" | "));
    }
    Ok(())
}

fn cell(count: Option<Count>) -> String {
    let Some(Count { operations, allocations, bytes }) = count else { return "-".to_owned() };
    format!("{} ({})", average(allocations, operations), average(bytes, operations))
}

/// One decimal.
fn average(total: u64, operations: usize) -> String {
    let tenths = (total * 10 + operations as u64 / 2) / (operations as u64).max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// All operations on one side.
fn rows<S: Side>(data: &Data, rounds: u32) -> Result<Vec<Row>> {
    let stored = Stored::<S>::filled(data)?;
    let store = &stored.store;
    let users: Vec<User> = data.pick(BATCH).cloned().collect();
    let older: Vec<User> =
        users.iter().map(|user| User { age: (user.age + 1) % data.ages.max(2), ..user.clone() }).collect();
    let mut renewed = users.clone();
    for user in &mut renewed {
        user.bio.replace_range(..1, "x");
    }

    let mut get = Row { name: "get", ..Row::default() };
    let mut absent = Row { name: "get, absent key", ..Row::default() };
    let mut by_name = Row { name: "lookup by name, 10 records", ..Row::default() };
    let mut create = Row { name: "create", ..Row::default() };
    let mut indexed = Row { name: "update, indexed field", ..Row::default() };
    let mut plain = Row { name: "update, plain field", ..Row::default() };
    let mut delete = Row { name: "delete", ..Row::default() };
    // The first round fills buffers that are used again, and is not counted.
    for counted in (0..=rounds).map(|round| round > 0) {
        let reader = store.begin_read()?;
        read(&mut get, counted, &users, |user| Ok(reader.get(user.id)?.is_some()))?;
        read(&mut absent, counted, &data.spare, |user| Ok(reader.get(user.id)?.is_none()))?;
        read(&mut by_name, counted, &users, |user| Ok(reader.by_name(&user.name)?.len() == 10))?;
        drop(reader);
        write(&mut create, counted, store, &data.spare, |txn, user| txn.create(user))?;
        write(&mut delete, counted, store, &data.spare, |txn, user| txn.delete(user.id).map(drop))?;
        write(&mut indexed, counted, store, &older, |txn, user| txn.update(user))?;
        write(&mut plain, counted, store, &renewed, |txn, user| txn.update(user))?;
        store.write(|txn| users.iter().try_for_each(|user| txn.update(user)))?;
    }
    Ok(vec![get, absent, by_name, create, indexed, plain, delete])
}

/// Asks for each user in a read transaction; `ask` says whether the answer is as it should be.
fn read(row: &mut Row, counted: bool, users: &[User], ask: impl Fn(&User) -> Result<bool>) -> Result<()> {
    let info = counting(|| {
        users.iter().try_for_each(|user| if ask(user)? { Ok(()) } else { Err("a wrong answer".into()) })
    })?;
    if counted {
        row.alone.add(users.len(), &info);
    }
    Ok(())
}

/// Does `verb` with each user in one transaction.
fn write<S: Side>(
    row: &mut Row,
    counted: bool,
    store: &S,
    users: &[User],
    verb: impl Fn(&mut S::Writer<'_>, &User) -> Result<()>,
) -> Result<()> {
    let mut alone = AllocationInfo::default();
    let committed = counting(|| {
        store.write(|txn| {
            alone = counting(|| users.iter().try_for_each(|user| verb(txn, user)))?;
            Ok(())
        })
    })?;
    if counted {
        row.alone.add(users.len(), &alone);
        row.committed.get_or_insert_default().add(users.len(), &committed);
    }
    Ok(())
}

fn counting(work: impl FnOnce() -> Result<()>) -> Result<AllocationInfo> {
    let mut done = Ok(());
    let info = measure(|| done = work());
    done.map(|()| info)
}
