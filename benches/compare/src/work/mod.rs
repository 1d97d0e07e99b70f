//! The workloads. Each times its work alone, and leaves the store as it found it.
//!
//! What was read goes into a checksum: it must be equal in all engines, and the compiler cannot leave the read out.

pub(crate) mod check;
pub(crate) mod disk;
pub(crate) mod links;
pub(crate) mod memory;
pub(crate) mod query;
pub(crate) mod read;
pub(crate) mod threads;
pub(crate) mod write;

use std::time::{Duration, Instant};

use netabase_benches::User;

use crate::engine::Writes;
use crate::{Error, Result};

/// Records in a commit of many, and in the smallest store.
pub(crate) const BATCH: usize = 1000;

/// What one run of a workload gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    time: Duration,
    /// how many records or operations the work consists of
    count: u32,
    /// over what was read; 0 of a write
    pub(crate) checksum: u64,
}

impl Run {
    /// Nanoseconds per record or operation.
    pub(crate) fn each(&self) -> f64 {
        self.time.as_secs_f64() * 1e9 / f64::from(self.count.max(1))
    }
}

fn timed(count: usize, work: impl FnOnce() -> Result<u64>) -> Result<Run> {
    let count = u32::try_from(count)?;
    let start = Instant::now();
    let checksum = work()?;
    Ok(Run { time: start.elapsed(), count, checksum })
}

fn timed_write(count: usize, work: impl FnOnce() -> Result<()>) -> Result<Run> {
    timed(count, || work().map(|()| 0))
}

/// Independent of the order, which not every engine promises.
fn sum<K>(keys: impl IntoIterator<Item = K>, ask: impl Fn(K) -> Result<u64>) -> Result<u64> {
    keys.into_iter().try_fold(0, |sum: u64, key| Ok::<_, Error>(sum.wrapping_add(ask(key)?)))
}

fn sum_of(users: &[User]) -> u64 {
    users.iter().fold(0, |sum, user| sum.wrapping_add(look(user)))
}

fn found(user: Option<User>) -> Result<u64> {
    Ok(look(&user.ok_or("a user is not found")?))
}

/// Cheap, because it is timed as well; `check` looks at the rest.
fn look(user: &User) -> u64 {
    let mixed = user.id ^ (u64::from(user.age) << 32) ^ ((user.bio.len() as u64) << 48);
    mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn create_all(txn: &mut impl Writes, users: &[User]) -> Result<()> {
    users.iter().try_for_each(|user| txn.create(user))
}

fn update_all(txn: &mut impl Writes, users: &[User]) -> Result<()> {
    users.iter().try_for_each(|user| txn.update(user))
}

fn delete_all(txn: &mut impl Writes, users: &[User]) -> Result<()> {
    users.iter().try_for_each(|user| {
        if txn.delete(user.id)? { Ok(()) } else { Err("the user to delete is gone".into()) }
    })
}
