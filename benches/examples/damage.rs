//! Changes bits and blocks of closed files and counts who notices: a plain opening, or one that checks.
//!
//! `cargo run --release -p netabase-benches --example damage -- --records 2000 --rounds 1000`
//!
//! Each round changes one place of a copy, opens it in both ways, and reads every record and every index.

use std::fs;
use std::path::Path;

use netabase::{ReadTransaction, Store, WriteAhead};
use netabase_benches::model::{Club, Team, User};
use netabase_benches::{Data, Options, Result};

/// A kind of damage: its name, and what it does at a place.
type Damage = (&'static str, fn(&mut [u8], usize));

const DAMAGES: [Damage; 3] = [
    ("one bit", |bytes, at| {
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << (at % 8);
        }
    }),
    ("a sector of zeros", |bytes, at| zero(bytes, at, 512)),
    ("a page of zeros", |bytes, at| zero(bytes, at, 4096)),
];

fn zero(bytes: &mut [u8], at: usize, len: usize) {
    bytes.iter_mut().skip(at / len * len).take(len).for_each(|byte| *byte = 0);
}

/// What became of it.
#[derive(Clone, Copy)]
enum Outcome {
    /// the opening said so
    Refused,
    /// a read said so
    Reported,
    /// nothing was hit that is read
    Same,
    /// answers were wrong, and nothing said so
    Wrong,
}

fn main() -> Result<()> {
    let options = Options::parse(&["records", "rounds"])?;
    let (records, rounds) = (options.get("records", 2000)?, options.get("rounds", 1000_usize)?);
    // The engine's panics become errors, which are counted; their texts would fill the screen.
    std::panic::set_hook(Box::new(|_| {}));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("club.redb");
    let store = Store::<Club>::builder().path(&path).write_ahead(WriteAhead::Off).open()?;
    store.write(|txn| txn.create_batch(&Data::new(records).users))?;
    let truth = answers(&store.begin_read()?)?;
    drop(store);
    let bytes = fs::read(&path)?;

    println!("{rounds} places of a file of {} KiB with {} records", bytes.len() / 1024, truth.0.len());
    println!(
        "{:<20}{:<10}{:>10}{:>10}{:>10}{:>10}",
        "damage", "opening", "refused", "reported", "same", "wrong"
    );
    for (name, damage) in DAMAGES {
        for checked in [false, true] {
            let mut counts = [0_u32; 4];
            let mut place = 0x9E37_79B9_usize;
            for _ in 0..rounds {
                // Numbers that look random and are the same each time.
                place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let mut bytes = bytes.clone();
                let at = (place >> 20) % bytes.len();
                damage(&mut bytes, at);
                fs::write(&path, &bytes)?;
                if let Some(count) = counts.get_mut(open(&path, checked, &truth) as usize) {
                    *count += 1;
                }
            }
            let [refused, reported, same, wrong] = counts;
            let opening = if checked { "checked" } else { "plain" };
            println!("{name:<20}{opening:<10}{refused:>10}{reported:>10}{same:>10}{wrong:>10}");
        }
    }
    Ok(())
}

fn open(path: &Path, checked: bool, truth: &Answers) -> Outcome {
    let store = if checked {
        Store::<Club>::builder().path(path).write_ahead(WriteAhead::Off).open_checked()
    } else {
        Store::<Club>::builder().path(path).write_ahead(WriteAhead::Off).open()
    };
    match store.map(|store| store.begin_read().and_then(|snapshot| answers(&snapshot))) {
        Err(_) => Outcome::Refused,
        Ok(Err(_)) => Outcome::Reported,
        Ok(Ok(found)) if found == *truth => Outcome::Same,
        Ok(Ok(_)) => Outcome::Wrong,
    }
}

type Answers = (Vec<User>, Vec<User>, Vec<User>, Vec<User>, Vec<Team>);

/// All records, by every way that leads to them.
fn answers(snapshot: &ReadTransaction<Club>) -> netabase::Result<Answers> {
    Ok((
        snapshot.query::<User>().collect()?,
        snapshot.query::<User>().filter(User::NAME.range(..)).collect()?,
        snapshot.query::<User>().filter(User::AGE.range(..)).collect()?,
        snapshot.query::<User>().filter(User::EMAIL.range(..)).collect()?,
        snapshot.query::<Team>().collect()?,
    ))
}
