//! Bits and blocks of a closed file are changed: an opening that checks gives an error or the same answers, and no
//! opening panics. C24.

use std::sync::Arc;

use kit::cases;
use kit::disk::Disk;
use kit::load::run;
use kit::models::{Person, Place, Visit, World};
use kit::rows::{Rows, stored};
use netabase::engine::{Engine, RedbOptions};
use netabase::{Error, ErrorKind, Result, Store};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn options(check: bool) -> RedbOptions {
    RedbOptions { cache_size: Some(1 << 20), check, ..RedbOptions::default() }
}

/// A file of some hundred rows that was closed, and its rows.
fn closed_file() -> Result<(Vec<u8>, Rows)> {
    let disk = Disk::default();
    let engine: Arc<dyn Engine> = Arc::new(disk.engine(&options(false))?);
    let store = Store::<World>::builder().engine(engine.clone()).open()?;
    let (_, error) = run(&store, 0, 40, |_| {});
    assert!(error.is_none());
    let rows = stored(&*engine)?;
    drop((store, engine));
    Ok((disk.bytes(), rows))
}

#[derive(Clone, Debug)]
enum Damage {
    /// one bit
    Bit(usize, u8),
    /// a block of zeros
    Zeros(usize, usize),
    /// a block of another place of the file, as after a write that went astray
    Astray(usize, usize, usize),
}

impl Damage {
    fn apply(&self, bytes: &mut [u8]) {
        match *self {
            Damage::Bit(at, bit) => bytes[at] ^= 1 << bit,
            Damage::Zeros(at, len) => bytes[at..].iter_mut().take(len).for_each(|byte| *byte = 0),
            Damage::Astray(from, to, len) => {
                let block: Vec<_> = bytes[from..].iter().take(len).copied().collect();
                bytes[to..].iter_mut().zip(block).for_each(|(byte, other)| *byte = other);
            }
        }
    }
}

/// Most of a small file is not in use, so the first pages are hit more often.
fn damage(len: usize) -> impl Strategy<Value = Damage> {
    let place = || prop_oneof![1 => 0..320_usize, 4 => 0..len, 4 => 0..len / 4];
    let block = prop::sample::select(vec![1, 64, 512, 4096]);
    prop_oneof![
        3 => (place(), 0..8_u8).prop_map(|(at, bit)| Damage::Bit(at, bit)),
        1 => (place(), block.clone()).prop_map(|(at, len)| Damage::Zeros(at / len * len, len)),
        1 => (place(), place(), block)
            .prop_map(|(from, to, len)| Damage::Astray(from / len * len, to / len * len, len)),
    ]
}

/// Everything a reader may do. The answers of a damaged file may be wrong, but it answers.
fn use_all(store: &Store<World>) -> Result<()> {
    let snapshot = store.begin_read()?;
    snapshot.query::<Person>().collect()?;
    snapshot.query::<Place>().collect()?;
    snapshot.query::<Visit>().collect()?;
    snapshot.query::<Person>().filter(Person::TAGS.eq("tag 1")).collect()?;
    snapshot.query::<Person>().filter(Person::AGE.range(..)).reverse().collect()?;
    snapshot.query::<Person>().filter(Person::CITY.is_none()).count()?;
    (0..90).try_for_each(|id| snapshot.get::<Person>(id).map(drop))
}

/// Everything a writer may do.
fn change_all(store: &Store<World>) -> Result<()> {
    store.write(|txn| {
        for id in 0..90 {
            txn.delete::<Person>(id)?;
        }
        (100..200).try_for_each(|id| txn.create(&kit::load::person(id, 1)))
    })
}

fn is_typed(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::Internal { .. } | ErrorKind::User)
}

#[test]
fn a_checked_opening_gives_an_error_or_the_same_answers() -> Result<()> {
    let (bytes, rows) = closed_file()?;
    let (mut refused, mut same) = (0, 0);
    let mut runner = TestRunner::new(cases(400));
    let len = bytes.len();
    let outcome = runner.run(&damage(len), |damage| {
        let mut bytes = bytes.clone();
        damage.apply(&mut bytes);
        match opened(&bytes) {
            Ok(found) => prop_assert!(found == rows, "other answers, and no error"),
            Err(error) => prop_assert!(is_typed(&error), "{:?}", error),
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // Once more with what is certain to be hit or missed, so that both outcomes are known to happen.
    for at in (0..len).step_by(len / 64) {
        let mut bytes = bytes.clone();
        Damage::Bit(at, 0).apply(&mut bytes);
        match opened(&bytes) {
            Ok(_) => same += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 2 && same > 2, "{refused} refused, {same} the same");
    Ok(())
}

fn opened(bytes: &[u8]) -> Result<Rows> {
    let engine: Arc<dyn Engine> = Arc::new(Disk::holding(bytes.to_vec()).engine(&options(true))?);
    let store = Store::<World>::builder().engine(engine.clone()).open_checked()?;
    use_all(&store)?;
    stored(&*engine)
}

#[test]
fn a_plain_opening_of_a_damaged_file_never_panics() -> Result<()> {
    let (bytes, _) = closed_file()?;
    let mut runner = TestRunner::new(cases(400));
    let outcome = runner.run(&damage(bytes.len()), |damage| {
        let mut bytes = bytes.clone();
        damage.apply(&mut bytes);
        let used = Disk::holding(bytes).engine(&options(false)).and_then(|engine| {
            let store = Store::<World>::builder().engine(Arc::new(engine)).open()?;
            let read = use_all(&store);
            let verified = store.verify(|_| {}).map(drop);
            let written = change_all(&store);
            let rebuilt = store.rebuild_indexes(|_| {}).map(drop);
            let measured = store.stats().map(drop);
            read.and(verified).and(written).and(rebuilt).and(measured)
        });
        prop_assert!(used.as_ref().err().is_none_or(is_typed), "{:?}", used);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    Ok(())
}
