//! Not timed: that an engine does what the others do, by every index, in every field, and in what it refuses.

use std::hash::{DefaultHasher, Hash, Hasher};

use netabase_benches::{Data, User};

use super::sum;
use crate::Result;
use crate::engine::{Engine, Reads, Writes};

/// Users that are looked for by every key.
const ASKED: usize = 100;

/// Over everything that the store answers.
pub(crate) fn contents<E: Engine>(store: &E, data: &Data) -> Result<u64> {
    let reader = store.begin_read()?;
    let (mut users, mut checksum, mut last) = (0, 0_u64, None);
    reader.for_each(|user| {
        users += usize::from(last < Some(user.id));
        last = Some(user.id);
        checksum = checksum.wrapping_add(hash(&user));
    })?;
    same("the users of a scan, in order", &users, &data.users.len())?;
    let mut hashes = vec![checksum];
    for age in 0..data.ages {
        let found = reader.by_age(age)?;
        let mut ids: Vec<u64> = found.iter().map(|user| user.id).collect();
        let mut keys = reader.ids_by_age(age)?;
        ids.sort_unstable();
        keys.sort_unstable();
        same("the ids by age", &keys, &ids)?;
        same("the count by age", &reader.count_by_age(age)?, &(ids.len() as u64))?;
        hashes.push(hash_all(&found)?);
    }
    for user in data.pick(ASKED) {
        hashes.push(hash_all(&reader.by_name(&user.name)?)?);
        hashes.push(hash_all(&reader.by_team(user.team.key().0)?)?);
        hashes.push(hash_all(reader.by_email(&user.email)?.as_slice())?);
        hashes.push(hash_all(reader.get(user.id)?.as_slice())?);
    }
    let mut all = DefaultHasher::new();
    hashes.hash(&mut all);
    Ok(all.finish())
}

/// That a known id, another user's e-mail address and an unknown id are refused, and nothing stays of the attempt.
pub(crate) fn refusals<E: Engine>(store: &E, data: &Data) -> Result<()> {
    let [known, other, ..] = data.users.as_slice() else { return Err("too few users".into()) };
    let new = data.spare.first().ok_or("too few users to spare")?;
    let clash = |id| User { id, email: other.email.clone(), ..new.clone() };
    let before = contents(store, data)?;
    refused("a known id", store.write(|txn| txn.create(&User { id: known.id, ..new.clone() })))?;
    refused("a known e-mail address", store.write(|txn| txn.create(&clash(new.id))))?;
    refused("an update of an unknown id", store.write(|txn| txn.update(new)))?;
    refused("an update to a known e-mail address", store.write(|txn| txn.update(&clash(known.id))))?;
    store.write(|txn| same("a delete of an unknown id", &txn.delete(new.id)?, &false))?;
    same("the store after refusals", &contents(store, data)?, &before)
}

fn refused(what: &str, outcome: Result<()>) -> Result<()> {
    if outcome.is_ok() { Err(format!("{what} is not refused").into()) } else { Ok(()) }
}

fn same<T: PartialEq>(what: &str, found: &T, expected: &T) -> Result<()> {
    if found == expected { Ok(()) } else { Err(format!("not as it should be: {what}").into()) }
}

fn hash(user: &User) -> u64 {
    let mut hasher = DefaultHasher::new();
    (user.id, &user.name, user.age, user.team.key().0, &user.email, &user.bio).hash(&mut hasher);
    hasher.finish()
}

fn hash_all(users: &[User]) -> Result<u64> {
    sum(users, |user| Ok(hash(user)))
}
