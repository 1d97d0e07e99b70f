//! A scripted load: commits that create, change and delete, and what every table should hold after each of them.

use std::sync::Arc;

use netabase::engine::Engine;
use netabase::{Link, Result, Store, WriteTransaction};

use crate::memory::Memory;
use crate::models::{Level, Person, Place, PlacePrimaryKey, Visit, World};
use crate::rows::{Rows, stored};

/// Person `n`, in its version `day`. The length of the text moves records between pages.
pub fn person(n: u64, day: u64) -> Person {
    Person {
        id: n,
        email: format!("p{n}@example.org"),
        nick: n.is_multiple_of(2).then(|| format!("nick {n}")),
        age: (day % 90) as i32 - 10,
        city: (!n.is_multiple_of(3)).then(|| format!("city {}", n % 5)),
        rank: (!n.is_multiple_of(4)).then_some(day),
        tags: (0..n % 4).map(|tag| format!("tag {}", (tag + day) % 6)).collect(),
        level: if day.is_multiple_of(2) { Level::Low } else { Level::High },
        score: day as f64 / 2.0,
        boss: n.checked_sub(1).map(Link::new),
        friends: (0..n % 3).map(Link::new).collect(),
        bio: "x".repeat((37 * (n + day) % 3000) as usize),
    }
}

/// Place `n`.
pub fn place(n: u64) -> Place {
    Place {
        country: format!("country {}", n % 7),
        code: n as u16,
        doors: (0..n as u32 % 3).map(|door| n as u32 * 10 + door).collect(),
        owner: Link::new(n),
    }
}

/// The work of commit number `step`.
pub fn step(txn: &mut WriteTransaction<World>, step: u64) -> Result<()> {
    txn.create_batch(&[person(step * 2, step), person(step * 2 + 1, step)])?;
    let place = place(step);
    txn.create(&place)?;
    let key = PlacePrimaryKey { country: place.country, code: place.code };
    txn.create(&Visit { person: Link::new(step), place: Link::new(key), note: vec![7; step as usize] })?;
    if step > 2 {
        txn.update(&person(step - 1, step))?;
        txn.upsert(&person(step / 2, step + 1))?;
    }
    if step % 4 == 3 {
        txn.delete::<Person>(step - 3)?;
    }
    Ok(())
}

/// Commits steps `done..` until one fails or all are done; returns how many are done, and why it stopped.
pub fn run(
    store: &Store<World>,
    done: u64,
    all: u64,
    mut after: impl FnMut(u64),
) -> (u64, Option<netabase::Error>) {
    for number in done..all {
        if let Err(error) = store.write(|txn| step(txn, number)) {
            return (number, Some(error));
        }
        after(number + 1);
    }
    (all, None)
}

/// Every table after 0, 1, .. `all` commits, from the engine of maps.
pub fn states(all: u64) -> Result<Vec<Rows>> {
    let engine = Memory::default();
    let store = Store::<World>::builder().engine(Arc::new(engine.clone())).open()?;
    let mut states = vec![stored(&engine)?];
    for number in 0..all {
        store.write(|txn| step(txn, number))?;
        states.push(stored(&engine)?);
    }
    Ok(states)
}

/// Opens the store on an engine, verifies it, and returns every table.
pub fn verified(engine: Arc<dyn Engine>) -> Result<Rows> {
    let store = Store::<World>::builder().engine(engine.clone()).open()?;
    let report = store.verify(|_| {})?;
    assert!(report.is_clean(), "{report}");
    stored(&*engine)
}
