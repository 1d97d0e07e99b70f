//! The workloads. Each times its work alone, and leaves the store as it found it.
//!
//! What was read goes into a checksum: it must be equal on both sides, and the compiler cannot leave the read out.
//! Writes are timed from `begin_write` to the end of the commit.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::data::Data;
use crate::model::User;
use crate::side::{Reads, Side, Writes};
use crate::{Error, Result};

/// Users that are created in transactions of their own.
const SINGLES: usize = 20;

/// Records of the batches, and gets in one transaction.
const BATCH: usize = 1000;

/// What one run of a workload gives.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// of the work alone
    pub time: Duration,
    /// how many records, or look-ups, the work consists of
    pub count: u32,
    /// over what was read
    pub checksum: u64,
}

/// A store in a temporary folder.
#[derive(Debug)]
pub struct Stored<S> {
    /// First, so that the file is closed before the folder goes.
    pub store: S,
    _folder: TempDir,
}

impl<S: Side> Stored<S> {
    /// An empty store.
    pub fn empty() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Stored { store: S::create(&folder.path().join("users.redb"))?, _folder: folder })
    }

    /// A store with the data's users, written 1000 at a time as if it were in use. One sorted load would pack its
    /// pages full, and the first writes after it would pay for splitting them.
    pub fn filled(data: &Data) -> Result<Self> {
        let stored = Self::empty()?;
        for users in data.users.chunks(BATCH) {
            stored.store.write(|txn| create_all(txn, users))?;
        }
        Ok(stored)
    }
}

/// All users in one transaction, into a store of its own.
pub fn create_bulk<S: Side>(_: &S, data: &Data) -> Result<Run> {
    let stored = Stored::<S>::empty()?;
    timed(data.users.len(), || stored.store.write(|txn| create_all(txn, &data.users)).map(|()| 0))
}

/// 1000 new users in one transaction.
pub fn create_batch<S: Side>(store: &S, data: &Data) -> Result<Run> {
    let run = timed(data.spare.len(), || store.write(|txn| create_all(txn, &data.spare)).map(|()| 0))?;
    store.write(|txn| delete_all(txn, &data.spare))?;
    Ok(run)
}

/// New users, each in a transaction of its own.
pub fn create_single<S: Side>(store: &S, data: &Data) -> Result<Run> {
    let users = data.spare.get(..SINGLES).ok_or("too few users to spare")?;
    let run = timed(users.len(), || {
        users.iter().try_for_each(|user| store.write(|txn| txn.create(user)))?;
        Ok(0)
    })?;
    store.write(|txn| delete_all(txn, users))?;
    Ok(run)
}

/// 1000 users get another age, in one transaction.
pub fn update_indexed<S: Side>(store: &S, data: &Data) -> Result<Run> {
    update(store, data, |user| user.age = (user.age + 1) % data.ages.max(2))
}

/// 1000 users get another bio, in one transaction.
pub fn update_plain<S: Side>(store: &S, data: &Data) -> Result<Run> {
    update(store, data, |user| user.bio.replace_range(..1, "x"))
}

fn update<S: Side>(store: &S, data: &Data, change: impl Fn(&mut User)) -> Result<Run> {
    let before: Vec<User> = data.pick(BATCH).cloned().collect();
    let mut after = before.clone();
    after.iter_mut().for_each(change);
    let run = timed(after.len(), || store.write(|txn| update_all(txn, &after)).map(|()| 0))?;
    store.write(|txn| update_all(txn, &before))?;
    Ok(run)
}

/// 1000 users go, in one transaction.
pub fn delete_batch<S: Side>(store: &S, data: &Data) -> Result<Run> {
    let users: Vec<User> = data.pick(BATCH).cloned().collect();
    let run = timed(users.len(), || store.write(|txn| delete_all(txn, &users)).map(|()| 0))?;
    store.write(|txn| create_all(txn, &users))?;
    Ok(run)
}

/// 1000 users by id, in one read transaction.
pub fn get<S: Side>(store: &S, data: &Data) -> Result<Run> {
    let ids: Vec<u64> = data.pick(BATCH).map(|user| user.id).collect();
    timed(ids.len(), || {
        let reader = store.begin_read()?;
        sum(&ids, |&id| Ok(found(reader.get(id)?.as_ref())))
    })
}

/// 1000 users by id, each in a read transaction of its own.
pub fn get_alone<S: Side>(store: &S, data: &Data) -> Result<Run> {
    let ids: Vec<u64> = data.pick(BATCH).map(|user| user.id).collect();
    timed(ids.len(), || sum(&ids, |&id| Ok(found(store.get_alone(id)?.as_ref()))))
}

/// The 10 users of a name, for 100 names.
pub fn by_name<S: Side>(store: &S, data: &Data) -> Result<Run> {
    look_up(store, &picked(data, 100, |user| user.name.clone()), |reader, name| {
        Ok(all(&reader.by_name(name)?))
    })
}

/// The 1000 users of an age, for 10 ages.
pub fn by_age<S: Side>(store: &S, data: &Data) -> Result<Run> {
    look_up(store, &picked(data, 10, |user| user.age), |reader, &age| Ok(all(&reader.by_age(age)?)))
}

/// The 3000 users of three successive ages, for 3 such ranges.
pub fn by_ages<S: Side>(store: &S, data: &Data) -> Result<Run> {
    let first = picked(data, 3, |user| user.age.min(data.ages.saturating_sub(3)));
    look_up(store, &first, |reader, &age| Ok(all(&reader.by_ages(age..=age + 2)?)))
}

/// The 100 users of a team, for 30 teams.
pub fn by_team<S: Side>(store: &S, data: &Data) -> Result<Run> {
    look_up(store, &picked(data, 30, |user| user.team.key().0), |reader, &team| {
        Ok(all(&reader.by_team(team)?))
    })
}

/// The user with an e-mail address, for 1000 of them.
pub fn by_email<S: Side>(store: &S, data: &Data) -> Result<Run> {
    look_up(store, &picked(data, 1000, |user| user.email.clone()), |reader, email| {
        Ok(found(reader.by_email(email)?.as_ref()))
    })
}

/// The ids of the 1000 users of an age, for 10 ages.
pub fn ids_by_age<S: Side>(store: &S, data: &Data) -> Result<Run> {
    look_up(store, &picked(data, 10, |user| user.age), |reader, &age| {
        Ok(reader.ids_by_age(age)?.into_iter().fold(0, mix))
    })
}

/// How many users have an age, 1000 times.
pub fn count_by_age<S: Side>(store: &S, data: &Data) -> Result<Run> {
    let ages: Vec<u32> = data.pick(BATCH).map(|user| user.age).collect();
    look_up(store, &ages, |reader, &age| reader.count_by_age(age))
}

/// Every user, by id.
pub fn scan<S: Side>(store: &S, data: &Data) -> Result<Run> {
    let reader = store.begin_read()?;
    timed(data.users.len(), || {
        let mut checksum = 0;
        reader.for_each(|user| checksum = mix(checksum, found(Some(&user))))?;
        Ok(checksum)
    })
}

/// Fails unless both stores hold the data's users and answer every kind of question alike.
pub fn agree<A: Side, B: Side>(a: &A, b: &B, data: &Data) -> Result<()> {
    let (a, b) = (a.begin_read()?, b.begin_read()?);
    let (mut all_a, mut all_b) = (Vec::new(), Vec::new());
    a.for_each(|user| all_a.push(user))?;
    b.for_each(|user| all_b.push(user))?;
    let mut given: Vec<&User> = data.users.iter().collect();
    given.sort_unstable_by_key(|user| user.id);
    same("scan", &all_a.iter().collect(), &given)?;
    same("scan", &all_a, &all_b)?;
    for age in 0..data.ages {
        same("by age", &a.by_age(age)?, &b.by_age(age)?)?;
        same("ids", &a.ids_by_age(age)?, &b.ids_by_age(age)?)?;
        same("count", &(a.count_by_age(age)?, b.count_by_age(age)?), &(1000, 1000))?;
    }
    same("by ages", &a.by_ages(0..=2)?, &b.by_ages(0..=2)?)?;
    for user in data.pick(BATCH) {
        let (own, team) = (Some(user.clone()), user.team.key().0);
        same("get", &a.get(user.id)?, &own)?;
        same("get", &b.get(user.id)?, &own)?;
        same("by e-mail", &a.by_email(&user.email)?, &own)?;
        same("by e-mail", &b.by_email(&user.email)?, &own)?;
        same("by name", &a.by_name(&user.name)?, &b.by_name(&user.name)?)?;
        same("by team", &a.by_team(team)?, &b.by_team(team)?)?;
    }
    Ok(())
}

fn same<T: PartialEq>(what: &str, a: &T, b: &T) -> Result<()> {
    if a == b { Ok(()) } else { Err(format!("the two stores disagree: {what}").into()) }
}

pub(crate) fn timed(count: usize, work: impl FnOnce() -> Result<u64>) -> Result<Run> {
    let count = u32::try_from(count)?;
    let start = Instant::now();
    let checksum = work()?;
    Ok(Run { time: start.elapsed(), count, checksum })
}

/// Times the same question for many keys, in a read transaction that is there already.
fn look_up<S: Side, K>(store: &S, keys: &[K], ask: impl Fn(&S::Reader, &K) -> Result<u64>) -> Result<Run> {
    let reader = store.begin_read()?;
    timed(keys.len(), || sum(keys, |key| ask(&reader, key)))
}

/// Up to `count` different keys of the data's users.
fn picked<K: Ord>(data: &Data, count: usize, key: impl Fn(&User) -> K) -> Vec<K> {
    let keys: BTreeSet<K> = data.pick(count * 2).map(key).collect();
    keys.into_iter().take(count).collect()
}

fn sum<K>(keys: &[K], ask: impl Fn(&K) -> Result<u64>) -> Result<u64> {
    keys.iter().try_fold(0, |checksum, key| Ok::<_, Error>(mix(checksum, ask(key)?)))
}

fn all(users: &[User]) -> u64 {
    users.iter().fold(0, |checksum, user| mix(checksum, found(Some(user))))
}

/// Cheap, because it is timed as well.
fn found(user: Option<&User>) -> u64 {
    user.map_or(0, |user| user.id + u64::from(user.age) + user.bio.len() as u64)
}

pub(crate) fn mix(checksum: u64, next: u64) -> u64 {
    checksum.rotate_left(5).wrapping_add(next)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByHand, ByNetabase};

    // A comparison of two stores that do different things would say nothing.
    #[test]
    fn both_sides_do_the_same() -> Result<()> {
        let data = Data::new(3000);
        let (netabase, redb) = (Stored::<ByNetabase>::filled(&data)?, Stored::<ByHand>::filled(&data)?);
        let (a, b) = (&netabase.store, &redb.store);
        agree(a, b, &data)?;
        macro_rules! run {
            ($($work:ident)*) => { $( assert_eq!($work(a, &data)?.checksum, $work(b, &data)?.checksum); )* };
        }
        run!(get get_alone by_name by_age by_ages by_team by_email ids_by_age count_by_age scan);
        run!(create_single create_batch update_indexed update_plain delete_batch);
        agree(a, b, &data)
    }

    #[test]
    fn both_sides_refuse_the_same() -> Result<()> {
        let data = Data::new(1000);
        refuses::<ByNetabase>(&data)?;
        refuses::<ByHand>(&data)
    }

    fn refuses<S: Side>(data: &Data) -> Result<()> {
        let stored = Stored::<S>::filled(data)?;
        let store = &stored.store;
        let (known, other, new) = (&data.users[0], &data.users[1], &data.spare[0]);
        let clash = |id| User { id, email: other.email.clone(), ..new.clone() };
        assert!(store.write(|txn| txn.create(known)).is_err());
        assert!(store.write(|txn| txn.create(&clash(new.id))).is_err());
        assert!(store.write(|txn| txn.update(new)).is_err());
        assert!(store.write(|txn| txn.update(&clash(known.id))).is_err());
        store.write(|txn| {
            assert!(!txn.delete(new.id)?);
            Ok(())
        })
    }
}
