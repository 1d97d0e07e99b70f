//! A link and the states of its record: owned, hydrated, borrowed.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use kit::counting::Counting;
use kit::models::{Author, Blog, Post, author, post};
use netabase::engine::Redb;
use netabase::model::Reads;
use netabase::{ErrorKind, Link, Loaded, Result, Store};

fn store() -> Result<Store<Blog>> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create_batch(&[author(1), author(2)]))?;
    Ok(store)
}

fn is_dangling<T>(read: Result<T>) -> bool {
    let Err(error) = read else { return false };
    error.to_string().starts_with("a link leads to Author AuthorPrimaryKey(9), which is not there: create it")
        && matches!(error.kind(), ErrorKind::DanglingReference { model: "Author", .. })
}

/// What a link says where its record can be read, in every way of asking.
fn every_state(from: &impl Reads<Author>) -> Result<()> {
    let (there, missing) = (Link::<Author>::new(1), Link::<Author>::new(9));
    let ada = author(1);

    assert_eq!((there.get(from)?, there.require(from)?), (Some(ada.clone()), ada.clone()));
    assert_eq!(missing.get(from)?, None);
    assert!(is_dangling(missing.require(from)));

    for loaded in [there.load(from)?, there.hydrate(&ada)?, there.borrow(from)] {
        assert_eq!((loaded.get()?, loaded.require()?), (Some(&ada), &ada));
        assert_eq!((loaded.key(), loaded.to_link()), (there.key(), there.clone()));
        assert_eq!(loaded.into_link(), there);
    }
    for loaded in [missing.load(from)?, missing.borrow(from)] {
        assert_eq!(loaded.get()?, None);
        assert!(is_dangling(loaded.require()));
        assert_eq!(Link::from(loaded), missing);
    }

    // To owned: what was looked at, and what was not.
    let looked = there.borrow(from);
    looked.get()?;
    for loaded in [looked, there.borrow(from), there.hydrate(&ada)?, there.load(from)?] {
        let owned: Loaded<'static, Author> = loaded.into_owned()?;
        assert_eq!((owned.get()?, owned.to_link()), (Some(&ada), there.clone()));
    }
    for loaded in [there.borrow(from), there.hydrate(&ada)?, there.load(from)?] {
        assert_eq!(loaded.into_record()?, Some(ada.clone()));
    }
    assert_eq!(missing.borrow(from).into_owned()?.get()?, None);
    assert_eq!(missing.borrow(from).into_record()?, None);
    Ok(())
}

#[test]
fn a_link_is_read_through_every_door() -> Result<()> {
    let store = store()?;
    every_state(&store)?;
    every_state(&store.begin_read()?)?;
    every_state(&store.begin_write()?)?;
    store.write(|txn| every_state(txn))
}

#[test]
fn a_record_becomes_a_loaded_link() -> Result<()> {
    let ada = author(1);
    let hydrated = Loaded::from(&ada);
    assert_eq!(hydrated.get()?, Some(&ada));
    let owned: Loaded<'static, Author> = Loaded::from(ada.clone());
    assert_eq!(owned.get()?, Some(&ada));
    assert_eq!(Link::from(hydrated), Link::to(&ada));
    Ok(())
}

#[test]
fn another_record_does_not_hydrate_a_link() {
    let bob = author(2);
    let error = Link::<Author>::new(1).hydrate(&bob).expect_err("it is another");
    let expected = ErrorKind::OtherRecord {
        model: "Author",
        key: "AuthorPrimaryKey(1)".into(),
        found: "AuthorPrimaryKey(2)".into(),
    };
    assert_eq!(*error.kind(), expected);
    assert_eq!(
        error.to_string(),
        "the link leads to Author AuthorPrimaryKey(1), and the record is AuthorPrimaryKey(2): hydrate it with the record of \
         its key"
    );
}

// Whatever is loaded, and even if the copies of the record differ.
#[test]
fn the_key_alone_is_compared_and_written() -> Result<()> {
    let (store, ada) = (store()?, Author { country: Some("GB".into()), ..author(1) });
    let link = Link::<Author>::new(1);
    let states = [link.load(&store)?, link.hydrate(&ada)?, link.borrow(&store), Loaded::from(author(1))];
    let (higher, hashes) = (Link::<Author>::new(2).load(&store)?, RandomState::new());
    let bytes = postcard::to_stdvec(&link).expect("it is written");
    for one in &states {
        assert!(states.iter().all(|other| one == other && one <= other));
        assert_eq!(*one, link);
        assert_eq!(link, *one);
        assert!(*one < higher && *one != higher);
        assert_eq!(hashes.hash_one(one), hashes.hash_one(&link));
        let written = postcard::to_stdvec(one).expect("it is written");
        assert_eq!(written, bytes);
        assert_eq!(postcard::from_bytes::<Link<Author>>(&written).expect("it is read"), link);
        assert!(format!("{one:?}").starts_with("Loaded(AuthorPrimaryKey(1), "));
    }
    // And it stands where a key does.
    let found = store.query::<Post>().filter(Post::AUTHOR.eq(&states[1])).count()?;
    assert_eq!((found, store.get::<Author>(&states[2])?), (0, Some(author(1))));
    assert_eq!(states.into_iter().map(Loaded::into_link).collect::<HashSet<_>>().len(), 1);
    Ok(())
}

#[test]
fn an_owned_one_is_sent_away() -> Result<()> {
    fn crosses<T: Send + Sync + 'static>(_: &T) {}
    let loaded = Link::<Author>::new(1).load(&store()?)?;
    crosses(&loaded);
    let read = std::thread::spawn(move || loaded.into_record()).join().expect("it does not panic");
    assert_eq!(read?, Some(author(1)));
    Ok(())
}

#[test]
fn a_borrowed_one_reads_once_and_late() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Blog>::builder().engine(Arc::new(engine)).open()?;
    store.write(|txn| txn.create(&author(1)))?;
    let snapshot = store.begin_read()?;
    for (key, found) in [(1, true), (9, false)] {
        let (lazy, gets, _) = counts.reads_of(|| Link::<Author>::new(key).borrow(&snapshot));
        assert_eq!(gets, 0);
        let (looks, gets, _) = counts.reads_of(|| [lazy.get(), lazy.get()]);
        assert_eq!(gets, 1);
        for look in looks {
            assert_eq!(look?.is_some(), found);
        }
        let (owned, gets, _) = counts.reads_of(|| lazy.into_owned());
        assert_eq!((owned?.get()?.is_some(), gets), (found, 0));
    }
    Ok(())
}

// Nothing can be written while a link is borrowed from the transaction: `ui/write_while_a_link_is_borrowed.rs`.
#[test]
fn a_borrowed_one_sees_what_was_written_before_it() -> Result<()> {
    let store = store()?;
    let snapshot = store.begin_read()?;
    let link = Link::<Author>::new(1);
    let (of_snapshot, of_store) = (link.borrow(&snapshot), link.borrow(&store));
    let renamed = Author { country: Some("GB".into()), ..author(1) };
    store.write(|txn| {
        assert_eq!(link.borrow(txn).get()?, Some(&author(1)));
        txn.update(&renamed)?;
        txn.delete::<Author>(2)?;
        txn.create(&author(9))?;
        assert_eq!(link.borrow(txn).get()?, Some(&renamed));
        assert_eq!(Link::<Author>::new(2).borrow(txn).get()?, None);
        assert_eq!(Link::<Author>::new(9).require(txn)?, author(9));
        Ok(())
    })?;
    // Looked at after the commit: a snapshot never changes, a store is asked at the look, and then no more.
    assert_eq!(of_snapshot.get()?, Some(&author(1)));
    assert_eq!(of_store.get()?, Some(&renamed));
    store.write(|txn| txn.delete::<Author>(1))?;
    assert_eq!(of_store.get()?, Some(&renamed));
    Ok(())
}

#[test]
fn what_a_struct_stores_is_the_link() -> Result<()> {
    let store = store()?;
    let stored = post(7, 1, &[]);
    store.write(|txn| txn.create(&stored))?;
    let loaded = stored.author.load(&store)?;
    let again = Post { author: loaded.into_link(), ..stored.clone() };
    assert_eq!(again, stored);
    Ok(())
}
