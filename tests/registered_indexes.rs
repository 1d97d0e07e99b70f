//! Indexes written by hand and registered when a store is opened: kept as any other index is. One definition also fills
//! indexes that live elsewhere, and all give the same answers. S0-18, S0-22, S0-27, S1-5, S1-7..S1-11, S1-14.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kit::cases;
use kit::counting::Counting;
use kit::memory::Memory;
use netabase::engine::{Engine, Redb};
use netabase::{CustomIndex, ErrorKind, NetabaseDefinition, NetabaseModel, Result, Store};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Post {
    #[primary_key]
    id: u64,
    #[secondary_key]
    day: u32,
    title: String,
    text: String,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Post(Post),
}

/// The words of title and text; how long the title is stands beside them.
struct Words {
    at_least: usize,
}

impl CustomIndex<Post> for Words {
    type Key = String;
    type Value = u32;
    const NAME: &'static str = "words";
    const COLUMNS: &'static [&'static str] = &["title", "text"];

    fn extract(&self, post: &Post, out: &mut Vec<String>) {
        let words = post.title.split(' ').chain(post.text.split(' '));
        out.extend(words.filter(|word| word.len() >= self.at_least).map(str::to_lowercase));
    }

    fn value(&self, post: &Post) -> u32 {
        u32::try_from(post.title.len()).unwrap_or(u32::MAX)
    }

    // Another length gives other keys.
    fn version(&self) -> u32 {
        u32::try_from(self.at_least).unwrap_or(u32::MAX)
    }
}

/// The same name, and other keys.
struct Letters;

impl CustomIndex<Post> for Letters {
    type Key = char;
    type Value = ();
    const NAME: &'static str = "words";
    const COLUMNS: &'static [&'static str] = &["title"];

    fn extract(&self, post: &Post, out: &mut Vec<char>) {
        out.extend(post.title.chars());
    }

    fn value(&self, _: &Post) {}
}

fn post(id: u64, title: &str, text: &str) -> Post {
    Post { id, day: u32::try_from(id % 3).unwrap_or(0), title: title.into(), text: text.into() }
}

fn open(engine: &Arc<dyn Engine>) -> Result<Store<Blog>> {
    Store::<Blog>::builder().engine(engine.clone()).index::<Post, _>(Words { at_least: 1 }).open()
}

fn in_redb() -> Result<Arc<dyn Engine>> {
    Ok(Arc::new(Redb::in_memory(None)?))
}

fn ids(store: &Store<Blog>, word: &str) -> Result<Vec<u64>> {
    store.query().filter(Words::handle().eq(word)).keys()?.map(|key| Ok(key?.0)).collect()
}

#[test]
fn a_registered_index_is_kept_with_its_records() -> Result<()> {
    let store = open(&in_redb()?)?;
    store.write(|txn| {
        txn.create_batch(&[post(1, "Typed", "a b a"), post(2, "b", "typed"), post(3, "c", "")])
    })?;
    assert_eq!((ids(&store, "typed")?, ids(&store, "a")?), (vec![1, 2], vec![1]));
    store.write(|txn| {
        txn.update_with(1, |post: &mut Post| post.text = "b".into())?;
        assert_eq!(txn.query().filter(Words::handle().eq("a")).count()?, 0);
        txn.delete::<Post>(2)
    })?;
    assert_eq!((ids(&store, "typed")?, ids(&store, "a")?, ids(&store, "b")?), (vec![1], vec![], vec![1]));
    let both = Words::handle().eq("b").and(Post::DAY.eq(1)).and(Words::handle().prefix("ty"));
    assert_eq!(store.query().filter(both).count()?, 1);
    let neither = Post::DAY.range(..).and(Words::handle().any_of(["b", "zzz"]).not());
    assert_eq!(store.query().filter(neither).collect()?, [post(3, "c", "")]);
    let words = store.query::<Post>().count_by(Words::handle())?;
    assert_eq!(words, [("b".into(), 1), ("c".into(), 1), ("typed".into(), 1)]);
    let deleted = store.write(|txn| txn.delete_where(Words::handle().eq("c")))?;
    assert_eq!((deleted, store.len::<Post>()?), (1, 1));
    let report = store.verify(|_| {})?;
    assert!(report.is_clean(), "{report}");
    Ok(())
}

#[test]
fn the_value_is_read_without_the_record() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = open(&(Arc::new(engine) as Arc<dyn Engine>))?;
    store.write(|txn| (0..20).try_for_each(|id| txn.create(&post(id, &"x".repeat(3), "same words"))))?;
    let select = || {
        let query = store.query().filter(Words::handle().eq("same"));
        query.select((Post::ID, Words::stored_value()))?.collect::<Result<Vec<_>>>()
    };
    let (rows, gets, steps) = counts.reads_of(select);
    assert_eq!(rows?, (0..20).map(|id| (id.into(), Some(3))).collect::<Vec<_>>());
    assert_eq!((gets, steps), (0, 20));
    store.write(|txn| txn.update_with(7, |post: &mut Post| post.title = String::new()))?;
    assert_eq!(select()?[7], (7.into(), Some(0)));
    // With the record where another index leads to it.
    let of_day = store.query().filter(Post::DAY.eq(1)).select(Words::stored_value())?;
    assert_eq!(
        of_day.collect::<Result<Vec<_>>>()?,
        [Some(3), Some(3), Some(0), Some(3), Some(3), Some(3), Some(3)]
    );
    Ok(())
}

// Added to a file with records it is filled; another version or another definition of the name makes it anew.
#[test]
fn a_registered_index_comes_changes_and_goes() -> Result<()> {
    let engine = in_redb()?;
    let plain = Store::<Blog>::builder().engine(engine.clone()).open()?;
    plain.write(|txn| (0..100).try_for_each(|id| txn.create(&post(id, "old post", &format!("w{id}")))))?;
    let unknown = plain.query().filter(Words::handle().eq("old")).count().unwrap_err();
    assert_eq!(unknown.kind(), &ErrorKind::UnknownIndex { model: "Post", name: "words" });
    assert!(plain.write(|txn| txn.delete_where(Words::handle().eq("old"))).is_err());
    drop(plain);
    let store = open(&engine)?;
    assert_eq!((ids(&store, "old")?.len(), ids(&store, "w7")?), (100, vec![7]));
    drop(store);
    let long =
        Store::<Blog>::builder().engine(engine.clone()).index::<Post, _>(Words { at_least: 3 }).open()?;
    assert_eq!((ids(&long, "old")?.len(), ids(&long, "w7")?.len()), (100, 0));
    assert!(long.verify(|_| {})?.is_clean());
    drop(long);
    let refused = Store::<Blog>::builder().engine(engine.clone()).open().unwrap_err();
    assert!(refused.to_string().contains("`discard(\"Post.words\")`"), "{refused}");
    let letters = Store::<Blog>::builder().engine(engine.clone()).index::<Post, _>(Letters).open()?;
    assert_eq!(letters.query().filter(Letters::handle().eq('o')).count()?, 100);
    assert!(letters.verify(|_| {})?.is_clean());
    drop(letters);
    let store = open(&engine)?;
    assert_eq!(ids(&store, "w99")?, [99]);
    drop(store);
    let plain = Store::<Blog>::builder().engine(engine.clone()).discard("Post.words").open()?;
    assert!(plain.verify(|_| {})?.is_clean());
    Ok(())
}

macro_rules! refused_index {
    ($index:ident, $name:literal, $columns:expr) => {
        struct $index;
        impl CustomIndex<Post> for $index {
            type Key = u64;
            type Value = ();
            const NAME: &'static str = $name;
            const COLUMNS: &'static [&'static str] = $columns;
            fn extract(&self, post: &Post, out: &mut Vec<u64>) {
                out.push(post.id);
            }
            fn value(&self, _: &Post) {}
        }
    };
}
refused_index!(Taken, "day", &["id"]);
refused_index!(Slash, "a/b", &["id"]);
refused_index!(NoField, "ids", &["number"]);
refused_index!(Fine, "ids", &["id"]);

#[test]
fn an_index_that_cannot_be_told_from_another_is_refused() -> Result<()> {
    let builder = || Store::<Blog>::builder().in_memory();
    let cases = [
        (
            builder().index::<Post, _>(Taken),
            "`day` cannot be an index of Post: the model has a field or key of that name",
        ),
        (builder().index::<Post, _>(Slash), "`a/b` cannot be an index of Post: a name has"),
        (
            builder().index::<Post, _>(NoField),
            "`ids` cannot be an index of Post: the model has no field `number`",
        ),
        (
            builder().index::<Post, _>(Fine).index::<Post, _>(Fine),
            "the model has a field or key of that name already",
        ),
    ];
    for (builder, expected) in cases {
        let refused = builder.open().unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::InvalidIndex { model: "Post", .. }), "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
    }
    builder().index::<Post, _>(Fine).open().map(drop)
}

/// Half of the numbers, with a value that can be added up.
struct Halves;

impl CustomIndex<Post> for Halves {
    type Key = u64;
    type Value = i64;
    const NAME: &'static str = "halves";
    const COLUMNS: &'static [&'static str] = &["id"];

    fn extract(&self, post: &Post, out: &mut Vec<u64>) {
        out.extend([post.id / 2, post.id / 2]);
    }

    fn value(&self, post: &Post) -> i64 {
        post.id.cast_signed()
    }
}

/// A type without size whose value has a byte.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
enum Mark {
    Known,
}

/// The same keys, and other values.
struct Marks;

impl CustomIndex<Post> for Marks {
    type Key = u64;
    type Value = Mark;
    const NAME: &'static str = "marks";
    const COLUMNS: &'static [&'static str] = &["id"];

    fn extract(&self, post: &Post, out: &mut Vec<u64>) {
        out.push(post.id / 2);
    }

    fn value(&self, _: &Post) -> Mark {
        Mark::Known
    }
}

fn with_values() -> Result<Store<Blog>> {
    let builder = Store::<Blog>::builder().in_memory();
    let store = builder.index::<Post, _>(Halves).index::<Post, _>(Marks).open()?;
    store.write(|txn| (0..10).try_for_each(|id| txn.create(&post(id, "", ""))))?;
    Ok(store)
}

#[test]
fn values_are_added_up() -> Result<()> {
    let store = with_values()?;
    assert_eq!(store.query().sum(Halves::stored_value())?, 45);
    assert_eq!(store.query().filter(Halves::handle().eq(4)).sum(Halves::stored_value())?, 17);
    assert_eq!(store.query().sum_by(Post::DAY, Halves::stored_value())?, [(0, 18), (1, 12), (2, 15)]);
    Ok(())
}

#[test]
fn a_value_without_size_is_one() -> Result<()> {
    let store = with_values()?;
    let marks = store.query().filter(Marks::handle().eq(3)).select(Marks::stored_value())?;
    assert_eq!(marks.collect::<Result<Vec<_>>>()?, [Some(Mark::Known); 2]);
    Ok(())
}

// However the query finds its records.
#[test]
fn the_value_of_an_unknown_index_is_refused() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create(&post(1, "", "")))?;
    let value = Halves::stored_value();
    let tested = store.query().filter(Post::DAY.eq(1).and(Post::DAY.eq(2).not()));
    let refused = [
        store.query().select(value).map(drop),
        tested.select(value).map(drop),
        store.query().sum(value).map(drop),
        store.query().sum_by(Post::DAY, value).map(drop),
    ];
    for refused in refused {
        assert_eq!(refused.unwrap_err().kind(), &ErrorKind::UnknownIndex { model: "Post", name: "halves" });
    }
    Ok(())
}

#[test]
fn a_token_of_one_index_is_none_of_another() -> Result<()> {
    let store = with_values()?;
    let of_halves = |token| store.query().filter(Halves::handle().range(1..)).limit(3).page(token);
    let token = of_halves(None)?.next;
    assert_eq!(of_halves(token.as_ref())?.items.first().map(|post| post.id), Some(5));
    let other = store.query().filter(Marks::handle().range(1..)).limit(3).page(token.as_ref());
    assert!(matches!(other.unwrap_err().kind(), ErrorKind::InvalidToken { .. }));
    Ok(())
}

#[test]
fn rows_for_elsewhere_have_each_key_of_a_record_once() -> Result<()> {
    let rows = with_values()?.query::<Post>().index_rows(&Halves)?.collect::<Result<Vec<_>>>()?;
    assert_eq!(rows, (0..10_u64).map(|id| (id / 2, id.into(), id.cast_signed())).collect::<Vec<_>>());
    Ok(())
}

/// A value that cannot be read back.
#[derive(Serialize, Clone, Copy, Debug)]
struct Lost;

impl<'de> Deserialize<'de> for Lost {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
        Err(serde::de::Error::custom("lost"))
    }
}

struct Losses;

impl CustomIndex<Post> for Losses {
    type Key = u64;
    type Value = Lost;
    const NAME: &'static str = "losses";
    const COLUMNS: &'static [&'static str] = &["id"];

    fn extract(&self, _: &Post, out: &mut Vec<u64>) {
        out.push(1);
    }

    fn value(&self, _: &Post) -> Lost {
        Lost
    }
}

// Be it read from a row or with the record.
#[test]
fn a_selection_ends_after_an_error() -> Result<()> {
    let store = Store::<Blog>::builder().in_memory().index::<Post, _>(Losses).open()?;
    store.write(|txn| (0..3).try_for_each(|id| txn.create(&post(id, "", ""))))?;
    for query in [store.query(), store.query().filter(Losses::handle().eq(1))] {
        let values: Vec<_> = query.select(Losses::stored_value())?.collect();
        assert!(matches!(values.as_slice(), [Err(_)]), "{values:?}");
    }
    Ok(())
}

/// What every implementation of an index of words does.
trait Find {
    /// Posts with a word, and how long their titles are.
    fn find(&self, word: &str) -> Result<BTreeSet<(u64, u32)>>;
}

/// In a table of the store.
struct InStore(Store<Blog>);

impl Find for InStore {
    fn find(&self, word: &str) -> Result<BTreeSet<(u64, u32)>> {
        let found = self.0.query().filter(Words::handle().eq(word));
        let found = found.select((Post::ID, Words::stored_value()))?;
        found.map(|row| row.map(|(id, length)| (id.0, length.unwrap_or_default()))).collect()
    }
}

/// In memory.
struct InMemory(BTreeMap<String, BTreeSet<(u64, u32)>>);

impl InMemory {
    fn fill(store: &Store<Blog>) -> Result<Self> {
        let mut words = BTreeMap::<String, BTreeSet<_>>::new();
        for row in store.query::<Post>().index_rows(&Words { at_least: 1 })? {
            let (word, id, length) = row?;
            words.entry(word).or_default().insert((id.0, length));
        }
        Ok(InMemory(words))
    }
}

impl Find for InMemory {
    fn find(&self, word: &str) -> Result<BTreeSet<(u64, u32)>> {
        Ok(self.0.get(word).cloned().unwrap_or_default())
    }
}

/// Somewhere else: a file of lines stands for a search engine.
struct Elsewhere(PathBuf);

impl Elsewhere {
    fn fill(store: &Store<Blog>, folder: &Path) -> std::io::Result<Self> {
        let path = folder.join("words.txt");
        let mut file = BufWriter::new(File::create(&path)?);
        let rows = store.query::<Post>().index_rows(&Words { at_least: 1 }).expect("it reads");
        for row in rows {
            let (word, id, length) = row.expect("it reads");
            writeln!(file, "{word}\t{}\t{length}", id.0)?;
        }
        file.flush()?;
        Ok(Elsewhere(path))
    }
}

impl Find for Elsewhere {
    fn find(&self, word: &str) -> Result<BTreeSet<(u64, u32)>> {
        let lines = BufReader::new(File::open(&self.0).expect("it was made")).lines();
        let rows = lines.map(|line| {
            let line = line.expect("it reads");
            let mut parts = line.split('\t').map(str::to_owned);
            let (word, id, length) = (parts.next(), parts.next(), parts.next());
            let number =
                |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok()).expect("a number");
            (word.expect("a word"), (number(id), u32::try_from(number(length)).expect("a length")))
        });
        Ok(rows.filter(|(other, _)| other == word).map(|(_, row)| row).collect())
    }
}

fn some_post() -> impl Strategy<Value = Post> {
    let words = || proptest::collection::vec(prop::sample::select(vec!["a", "B", "b", "cc"]), 0..5);
    (0..15_u64, words(), words()).prop_map(|(id, title, text)| post(id, &title.join(" "), &text.join(" ")))
}

proptest! {
    #![proptest_config(cases(50))]

    // The same questions to each, before and after the store is opened again.
    #[test]
    fn every_implementation_gives_the_same_answers(
        steps in proptest::collection::vec((some_post(), any::<bool>()), 0..40), in_redb: bool,
    ) {
        let engine: Arc<dyn Engine> =
            if in_redb { Arc::new(Redb::in_memory(None)?) } else { Arc::new(Memory::default()) };
        let store = open(&engine)?;
        for chunk in steps.chunks(8) {
            store.write(|txn| chunk.iter().try_for_each(|(post, stays)| {
                if *stays { txn.upsert(post).map(drop) } else { txn.delete::<Post>(post.id).map(drop) }
            }))?;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let in_memory = InMemory::fill(&store)?;
        let elsewhere = Elsewhere::fill(&store, folder.path()).expect("it is written");
        let all = store.query::<Post>().collect()?;
        drop(store);
        let in_store = InStore(open(&engine)?);
        for word in ["a", "b", "B", "cc", "", "d"] {
            let has = |post: &&Post| post.title.split(' ').chain(post.text.split(' ')).any(|other| other.to_lowercase() == word);
            let expected: BTreeSet<_> = all.iter().filter(has).filter(|_| !word.is_empty())
                .map(|post| (post.id, u32::try_from(post.title.len()).unwrap_or(0))).collect();
            for index in [&in_store as &dyn Find, &in_memory, &elsewhere] {
                prop_assert_eq!(&index.find(word)?, &expected, "{}", word);
            }
        }
        let report = in_store.0.verify(|_| {})?;
        prop_assert!(report.is_clean(), "{}", report);
    }
}
