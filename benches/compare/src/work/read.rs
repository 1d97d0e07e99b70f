//! Reads on one thread.

use std::collections::BTreeSet;

use netabase_benches::{Data, User};

use super::{Run, found, look, sum, sum_of, timed};
use crate::Result;
use crate::engine::{Engine, Reads};

/// Gets in one run: enough that the records do not all lie in the processor's cache.
const GETS: usize = 10_000;

/// Users by id, in one read transaction.
pub(crate) fn get<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let ids: Vec<u64> = data.pick(GETS).map(|user| user.id).collect();
    timed(ids.len(), || {
        let reader = store.begin_read()?;
        sum(&ids, |&id| found(reader.get(id)?))
    })
}

/// Users by id, each in a read transaction of its own.
pub(crate) fn get_one<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let ids: Vec<u64> = data.pick(GETS).map(|user| user.id).collect();
    timed(ids.len(), || sum(&ids, |&id| found(store.get_alone(id)?)))
}

/// The 10 users of a name, for 300 names.
pub(crate) fn lookup<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let names = picked(data, 300, |user| user.name.clone());
    timed(names.len(), || {
        let reader = store.begin_read()?;
        sum(&names, |name| Ok(sum_of(&reader.by_name(name)?)))
    })
}

/// The 1000 users of an age, for 10 ages.
pub(crate) fn lookup_wide<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let ages = picked(data, 10, |user| user.age);
    timed(ages.len(), || {
        let reader = store.begin_read()?;
        sum(&ages, |&age| Ok(sum_of(&reader.by_age(age)?)))
    })
}

/// The ids of the 1000 users of an age, for 20 ages.
pub(crate) fn keys<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let ages = picked(data, 20, |user| user.age);
    timed(ages.len(), || {
        let reader = store.begin_read()?;
        sum(&ages, |&age| sum(reader.ids_by_age(age)?, |id| Ok(id.wrapping_mul(0x9E37_79B9))))
    })
}

/// How many users have an age, for 50 ages, some of them more than once.
pub(crate) fn count<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    let ages: Vec<u32> = data.pick(50).map(|user| user.age).collect();
    timed(ages.len(), || {
        let reader = store.begin_read()?;
        sum(&ages, |&age| reader.count_by_age(age))
    })
}

/// Every user.
pub(crate) fn scan<E: Engine>(store: &E, data: &Data) -> Result<Run> {
    timed(data.users.len(), || {
        let mut checksum: u64 = 0;
        store.begin_read()?.for_each(|user| checksum = checksum.wrapping_add(look(&user)))?;
        Ok(checksum)
    })
}

/// Up to `count` different keys of the data's users.
fn picked<K: Ord>(data: &Data, count: usize, key: impl Fn(&User) -> K) -> Vec<K> {
    let keys: BTreeSet<K> = data.pick(count * 3).map(key).collect();
    keys.into_iter().take(count).collect()
}
