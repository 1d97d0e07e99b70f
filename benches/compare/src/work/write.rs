//! Writes on one thread, timed from the beginning of the transaction to the end of the commit.

use netabase_benches::{Data, User};

use super::{BATCH, Run, create_all, delete_all, timed_write, update_all};
use crate::Result;
use crate::engine::{Engine, Writes};

/// All users in one commit, into an empty store.
pub(crate) fn bulk<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    timed_write(data.users.len(), || store.write(|txn| create_all(txn, &data.users)))
}

/// The data's users, 1000 in a commit, as if the store had been in use. One load of all would leave some engines with
/// full pages, and the first writes after it would pay for splitting them.
pub(crate) fn fill<E: Engine>(store: &E, data: &Data) -> Result<()> {
    data.users.chunks(BATCH).try_for_each(|users| store.write(|txn| create_all(txn, users)))
}

/// 1000 new users in one commit.
pub(crate) fn batch<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let run = timed_write(data.spare.len(), || store.write(|txn| create_all(txn, &data.spare)))?;
    store.write(|txn| delete_all(txn, &data.spare))?;
    Ok(run)
}

/// 1000 users get another age, in one commit.
pub(crate) fn update_indexed<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    update(store, data, |user| user.age = (user.age + 1) % data.ages)
}

/// 1000 users get another bio, in one commit.
pub(crate) fn update_plain<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    update(store, data, |user| user.bio.replace_range(..1, "x"))
}

fn update<E: Engine>(store: &E, data: &Data, change: impl Fn(&mut User)) -> Result<Run> {
    let before: Vec<User> = data.pick(BATCH).cloned().collect();
    let mut after = before.clone();
    after.iter_mut().for_each(change);
    let run = timed_write(after.len(), || store.write(|txn| update_all(txn, &after)))?;
    store.write(|txn| update_all(txn, &before))?;
    Ok(run)
}

/// 1000 users go, in one commit.
pub(crate) fn delete<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let users: Vec<User> = data.pick(BATCH).cloned().collect();
    let run = timed_write(users.len(), || store.write(|txn| delete_all(txn, &users)))?;
    store.write(|txn| create_all(txn, &users))?;
    Ok(run)
}

/// What is put off counts too: the work, and then all that the engine still has to do.
fn settled<E: Engine>(store: &E, count: usize, work: impl FnOnce() -> Result<()>) -> Result<Run> {
    store.settle()?;
    timed_write(count, || work().and_then(|()| store.settle()))
}

/// Users for many commits of `BATCH`: all of a small store, and else this many.
fn many(data: &Data) -> Vec<User> {
    data.pick((BATCH * 40).min(data.users.len())).cloned().collect()
}

/// `delete` in many commits.
pub(crate) fn deletes_settled<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let users = many(data);
    let run = settled(store, users.len(), || {
        users.chunks(BATCH).try_for_each(|users| store.write(|txn| delete_all(txn, users)))
    })?;
    users.chunks(BATCH).try_for_each(|users| store.write(|txn| create_all(txn, users)))?;
    Ok(run)
}

/// `batch` many times.
pub(crate) fn batches_settled<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let users = many(data);
    users.chunks(BATCH).try_for_each(|users| store.write(|txn| delete_all(txn, users)))?;
    settled(store, users.len(), || {
        users.chunks(BATCH).try_for_each(|users| store.write(|txn| create_all(txn, users)))
    })
}

/// `update_indexed` in many commits.
pub(crate) fn updates_settled<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let before = many(data);
    let mut after = before.clone();
    for user in &mut after {
        user.age = (user.age + 1) % data.ages;
    }
    let run = settled(store, after.len(), || {
        after.chunks(BATCH).try_for_each(|users| store.write(|txn| update_all(txn, users)))
    })?;
    before.chunks(BATCH).try_for_each(|users| store.write(|txn| update_all(txn, users)))?;
    Ok(run)
}

/// New users, each in a commit of its own.
pub(crate) fn singles_settled<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let users = &data.spare;
    let run = settled(store, users.len(), || {
        users.iter().try_for_each(|user| store.write(|txn| txn.create(user)))
    })?;
    store.write(|txn| delete_all(txn, users))?;
    Ok(run)
}

/// Reads when 10 000 users, from all over, have just got another age and bio.
pub(crate) fn after_10k<E: Engine>(
    store: &E,
    data: &Data,
    read: impl FnOnce() -> Result<Run>,
) -> Result<Run> {
    // A tenth of the users, and so of those that are read by key.
    let step = (data.users.len() / 10_000).max(1);
    let before: Vec<User> = data.pick(data.users.len()).step_by(step).cloned().collect();
    let mut after = before.clone();
    for user in &mut after {
        user.age = (user.age + 1) % data.ages;
        user.bio.replace_range(..1, "w");
    }
    store.settle()?;
    after.chunks(BATCH).try_for_each(|users| store.write(|txn| update_all(txn, users)))?;
    let run = read()?;
    before.chunks(BATCH).try_for_each(|users| store.write(|txn| update_all(txn, users)))?;
    Ok(run)
}

/// Every user gets another age and another bio, 1000 in a commit, in random order. Not timed: what counts is the file.
pub(crate) fn churn<E: Engine>(store: &E, data: &Data) -> Result<()> {
    let mut users: Vec<User> = data.pick(data.users.len()).cloned().collect();
    for user in &mut users {
        user.age = (user.age + 1) % data.ages;
        user.bio.replace_range(..1, "y");
    }
    users.chunks(BATCH).try_for_each(|users| store.write(|txn| update_all(txn, users)))
}
