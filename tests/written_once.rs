//! What a commit leaves in the change journal is not written a second time on its way: a record stands once in the write-ahead journal,
//! and history that retention has let go of before a checkpoint never comes to the file. S2-45, S4-12, C13.

use std::fs;
use std::path::Path;
use std::time::Duration;

use kit::place::Place;
use netabase::change::Retention;
use netabase::{NetabaseDefinition, NetabaseModel, Result, Store};
use serde::{Deserialize, Serialize};

/// A note. No index has its text.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(journal)]
struct Note {
    #[primary_key]
    id: u64,
    text: String,
}

#[derive(NetabaseDefinition)]
enum Notes {
    Note(Note),
}

fn note(id: u64, text: &str) -> Note {
    Note { id, text: text.to_owned() }
}

/// A text that stands nowhere else.
fn text(number: usize) -> String {
    format!("<what the note says, number {number:05}>")
}

/// Checkpoints come when they are asked for.
fn open(path: &Path, retention: Retention) -> Result<Store<Notes>> {
    Store::builder().path(path).retention(retention).checkpoint_after(Duration::from_hours(1)).open()
}

fn occurrences(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
}

/// Each note as it was left by each commit.
fn history(store: &Store<Notes>) -> Result<Vec<(Option<Note>, Option<Note>)>> {
    let mut seen = Vec::new();
    for set in store.journal()?.read_from(1, usize::MAX)? {
        for change in set.of::<Note>() {
            let change = change?;
            seen.push((change.before, change.after));
        }
    }
    Ok(seen)
}

#[test]
fn a_record_stands_once_in_the_files_of_the_journal() -> Result<()> {
    let place = Place::default();
    let store = open(&place.file(), Retention::default())?;
    // The first commit goes to the file.
    store.write(|txn| txn.create(&note(0, "first")))?;
    store.write(|txn| txn.create(&note(1, &text(1))))?;
    store.write(|txn| txn.update(&note(1, &text(2))))?;
    let many: Vec<_> = (100..400).map(|number| note(number as u64, &text(number))).collect();
    store.write(|txn| txn.create_batch(&many))?;
    // More than one record of the change journal holds.
    let long = |number: usize| format!("{}{}", text(number), "x".repeat(40_000));
    let large: Vec<_> = (1000..1060).map(|number| note(number as u64, &long(number))).collect();
    store.write(|txn| txn.create_batch(&large))?;
    store.write(|txn| txn.delete::<Note>(100))?;
    let [segment] = &*place.segments() else { panic!("one file") };
    let bytes = fs::read(segment).expect("it reads");
    // The second time is as what it was before the update.
    assert_eq!((occurrences(&bytes, &text(1)), occurrences(&bytes, &text(2))), (2, 1));
    assert_eq!(occurrences(&bytes, &text(100)), 2);
    for number in (101..400).chain(1000..1060) {
        assert_eq!(occurrences(&bytes, &text(number)), 1, "{number}");
    }
    // It is there twice for whoever reads it, now and after a kill.
    let before = (store.query::<Note>().collect()?, history(&store)?);
    let again = open(&place.killed().file(), Retention::default())?;
    assert_eq!((again.query::<Note>().collect()?, history(&again)?), before);
    assert_eq!(again.get::<Note>(1059)?, large.last().cloned());
    assert_eq!(before.1.len(), 1 + 2 + 300 + 60 + 1);
    assert!(again.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn history_that_is_done_with_never_comes_to_the_file() -> Result<()> {
    let place = Place::default();
    let store = open(&place.file(), Retention::default().until_processed())?;
    store.write(|txn| txn.create(&note(1, "first")))?;
    let consumer = store.consumer("prompt")?;
    for number in 0..100 {
        store.write(|txn| txn.upsert(&note(1, &text(number))))?;
        assert!(consumer.process(|_, _| Ok(()))? > 0);
    }
    store.checkpoint()?;
    let bytes = fs::read(place.killed().file()).expect("it reads");
    let found: Vec<usize> = (0..100).filter(|number| occurrences(&bytes, &text(*number)) > 0).collect();
    // The last commit always stays, with what it found.
    assert_eq!(found, [98, 99]);
    Ok(())
}

// Through checkpoints, kills and openings.
#[test]
fn history_stays_for_the_slowest_consumer() -> Result<()> {
    let retention = || Retention::default().until_processed();
    let mut place = Place::default();
    let mut store = open(&place.file(), retention())?;
    store.consumer("slow")?;
    for number in 0..120 {
        store.write(|txn| txn.upsert(&note(1, &text(number))))?;
        store.consumer("prompt")?.process(|_, _| Ok(()))?;
        if number % 7 == 6 {
            store.checkpoint()?;
        }
        if number % 25 == 24 {
            let killed = place.killed();
            drop(store);
            store = open(&killed.file(), retention())?;
            place = killed;
        }
    }
    let mut texts = Vec::new();
    store.consumer("slow")?.process(|_, set| {
        for change in set.of::<Note>() {
            texts.extend(change?.after.map(|note| note.text));
        }
        Ok(())
    })?;
    assert_eq!(texts, (0..120).map(text).collect::<Vec<_>>());
    // Now it goes.
    (0..20).try_for_each(|number| store.write(|txn| txn.upsert(&note(2, &text(number)))).map(drop))?;
    assert!(store.journal()?.first()?.is_some_and(|first| first > 100));
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}
