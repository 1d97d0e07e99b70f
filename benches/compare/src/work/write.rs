//! Writes on one thread, timed from the beginning of the transaction to the end of the commit.

use netabase_benches::{Data, User};

use super::{BATCH, Run, create_all, delete_all, timed_write, update_all};
use crate::Result;
use crate::engine::Engine;

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

/// Every user gets another age and another bio, 1000 in a commit, in random order. Not timed: what counts is the file.
pub(crate) fn churn<E: Engine>(store: &E, data: &Data) -> Result<()> {
    let mut users: Vec<User> = data.pick(data.users.len()).cloned().collect();
    for user in &mut users {
        user.age = (user.age + 1) % data.ages;
        user.bio.replace_range(..1, "y");
    }
    users.chunks(BATCH).try_for_each(|users| store.write(|txn| update_all(txn, users)))
}
