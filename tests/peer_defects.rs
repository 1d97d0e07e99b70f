//! Nine things that the nearest peer gets wrong. Each test shows what netabase does instead.

use kit::models::{Author, Blog, Post, PostSubscriptionKeys, author, post};
use netabase::key::Key;
use netabase::{NetabaseDefinition, NetabaseModel, Result, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Reading {
    #[primary_key]
    station: String,
    #[primary_key]
    series: String,
    #[secondary_key]
    value: f64,
    #[secondary_key]
    group: u8,
}

#[derive(NetabaseDefinition)]
enum Weather {
    Reading(Reading),
}

fn reading(station: &str, series: &str, value: f64) -> Reading {
    Reading { station: station.into(), series: series.into(), value, group: 1 }
}

#[test]
fn one_a_refused_insert_leaves_no_row() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| {
        txn.create(&author(1))?;
        assert!(txn.create(&Author { id: 2, ..author(1) }).is_err());
        Ok(())
    })?;
    let snapshot = store.begin_read()?;
    assert_eq!((snapshot.get::<Author>(2)?, snapshot.len::<Author>()?), (None, 1));
    store.write(|txn| {
        txn.create(&author(2))?;
        assert!(txn.delete::<Author>(2)?);
        Ok(())
    })
}

#[test]
fn two_an_inclusive_range_includes_its_end() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create_batch(&[author(1), author(2), author(3)]))?;
    assert_eq!(store.begin_read()?.query::<Author>().filter(Author::ID.range(..=3)).count()?, 3);
    Ok(())
}

#[test]
fn three_an_excluded_lower_bound_is_a_range() -> Result<()> {
    use std::ops::Bound::{Excluded, Unbounded};
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create_batch(&[post(1, 1, &[]), post(2, 2, &[]), post(3, 3, &[])]))?;
    let days =
        store.begin_read()?.query::<Post>().filter(Post::DAY.range((Excluded(1), Unbounded))).count()?;
    assert_eq!(days, 2);
    Ok(())
}

// S1-28: the leading elements of a composite key are a prefix.
#[test]
fn four_tuple_keys_do_not_collide() -> Result<()> {
    let store = Store::<Weather>::in_memory()?;
    store.write(|txn| txn.create_batch(&[reading("ab", "c", 1.0), reading("a", "bc", 2.0)]))?;
    let snapshot = store.begin_read()?;
    assert_eq!(snapshot.get::<Reading>(("a", "bc"))?, Some(reading("a", "bc", 2.0)));
    let prefix = snapshot.query::<Reading>().filter(Reading::PRIMARY_KEY.prefix(("a",))).collect()?;
    assert_eq!(prefix, [reading("a", "bc", 2.0)]);
    Ok(())
}

#[test]
fn five_floats_sort_as_numbers() -> Result<()> {
    let store = Store::<Weather>::in_memory()?;
    let values = [0.5, 3.0, -1.0, -2.0];
    store.write(|txn| txn.create_batch(&values.map(|value| reading("s", &value.to_string(), value))))?;
    let query = store.begin_read()?.query::<Reading>().filter(Reading::VALUE.range(..));
    let sorted: Vec<f64> = query.collect()?.iter().map(|reading| reading.value).collect();
    assert_eq!(sorted, [-2.0, -1.0, 0.5, 3.0]);
    Ok(())
}

// Of the peer's sixth defect, which is about events, the half that can be seen without them: a record that moves
// from one group to another is found in the new one and no longer in the old.
#[test]
fn six_a_row_that_moves_leaves_its_old_group() -> Result<()> {
    let store = Store::<Weather>::in_memory()?;
    store.write(|txn| txn.create(&reading("s", "t", 1.0)))?;
    store.write(|txn| txn.update_with(("s", "t"), |reading: &mut Reading| reading.group = 2))?;
    let in_group =
        |group: u8| store.begin_read()?.query::<Reading>().filter(Reading::GROUP.eq(group)).count();
    assert_eq!((in_group(1)?, in_group(2)?), (0, 1));
    Ok(())
}

#[test]
fn seven_an_index_added_later_is_never_silently_empty() -> Result<()> {
    mod later {
        use super::*;
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub(super) struct Reading {
            #[primary_key]
            station: String,
            #[primary_key]
            series: String,
            #[secondary_key]
            value: f64,
            #[secondary_key]
            group: u8,
            #[secondary_key]
            extra: u8,
        }
        #[derive(NetabaseDefinition)]
        pub(super) enum Weather {
            Reading(Reading),
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weather.redb");
    Store::<Weather>::open(&path)?.write(|txn| txn.create(&reading("s", "t", 1.0)))?;
    let refused = Store::<later::Weather>::open(&path).expect_err("refused");
    assert!(refused.to_string().contains("the key Reading.extra is not in the file"), "{refused}");
    Ok(())
}

#[test]
fn eight_every_element_of_a_list_is_found() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create(&post(1, 1, &["a", "b"])))?;
    let snapshot = store.begin_read()?;
    for tag in ["a", "b"] {
        assert_eq!(snapshot.query::<Post>().filter(Post::TAGS.eq(tag)).count()?, 1);
    }
    assert_eq!(snapshot.query::<Post>().where_subscribed(PostSubscriptionKeys::News).count()?, 1);
    Ok(())
}

// A wrong model or key type does not compile: tests/ui/wrong_model.rs and tests/ui/wrong_key.rs. Here: the keys of
// two models are two types with one encoding, so the compiler is all that keeps them apart, and it does.
#[test]
fn nine_keys_of_two_models_are_two_types() {
    use kit::models::{AuthorPrimaryKey, PostPrimaryKey};
    use std::any::TypeId;
    assert_ne!(TypeId::of::<AuthorPrimaryKey>(), TypeId::of::<PostPrimaryKey>());
    assert_eq!(AuthorPrimaryKey::WIDTH, PostPrimaryKey::WIDTH);
}
