//! Pages of a query, and the tokens that lead from one to the next: after a restart, while others write, and not for
//! another query. S1-17, S2-36, C21.

use std::sync::Arc;

use kit::counting::Counting;
use netabase::engine::Redb;
use netabase::query::{Page, PageToken};
use netabase::{ErrorKind, NetabaseDefinition, NetabaseModel, Result, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(index(name = "kind_day", fields(kind, day desc)))]
struct Post {
    #[primary_key]
    id: u32,
    #[secondary_key]
    kind: u8,
    #[secondary_key]
    day: u32,
    #[secondary_key(unique)]
    slug: Option<String>,
    #[secondary_key]
    tags: Vec<u16>,
    text: String,
}

#[derive(NetabaseDefinition)]
enum Blog {
    Post(Post),
}

fn post(id: u32) -> Post {
    let slug = id.is_multiple_of(2).then(|| format!("s{id:04}"));
    let kind = u8::try_from(id % 3).unwrap_or(0);
    Post { id, kind, day: id / 10, slug, tags: vec![kind.into(), 9], text: String::new() }
}

fn blog(posts: u32) -> Result<Store<Blog>> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| (0..posts).try_for_each(|id| txn.create(&post(id))))?;
    Ok(store)
}

fn ids(page: &Page<Post>) -> Vec<u32> {
    page.items.iter().map(|post| post.id).collect()
}

fn newest(store: &Store<Blog>, token: Option<&PageToken>) -> Result<Page<Post>> {
    store.query().order_by(Post::DAY.desc()).limit(4).page(token)
}

#[test]
fn a_token_leads_on_after_a_restart() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let token = {
        let store = Store::<Blog>::open(&path)?;
        store.write(|txn| (0..30).try_for_each(|id| txn.create(&post(id))))?;
        let first = newest(&store, None)?;
        assert_eq!(ids(&first), [29, 28, 27, 26]);
        assert!(first.previous.is_none());
        first.next.expect("there are more").to_string()
    };
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
    let store = Store::<Blog>::open(&path)?;
    let second = newest(&store, Some(&token.parse()?))?;
    assert_eq!(ids(&second), [25, 24, 23, 22]);
    let back = newest(&store, second.previous.as_ref())?;
    assert_eq!((ids(&back), back.previous.is_none()), (vec![29, 28, 27, 26], true));
    Ok(())
}

// A record that comes or goes moves no other one to another page.
#[test]
fn writes_between_two_pages_lose_nothing_and_repeat_nothing() -> Result<()> {
    let store = blog(30)?;
    let first = newest(&store, None)?;
    store.write(|txn| {
        // The edge itself, one before it, one behind it; and two that come, before it and behind it.
        txn.delete_batch::<Post>([26, 28, 24])?;
        txn.create(&Post { day: 9, ..post(100) })?;
        txn.create(&Post { day: 1, ..post(101) })
    })?;
    let second = newest(&store, first.next.as_ref())?;
    assert_eq!(ids(&second), [25, 23, 22, 21]);
    let back = newest(&store, second.previous.as_ref())?;
    assert_eq!(ids(&back), [100, 29, 27]);
    // A record that moved is met where it is then.
    store.write(|txn| txn.update_with(29, |post: &mut Post| post.day = 0))?;
    let mut left = newest(&store, second.next.as_ref())?;
    let mut rest = ids(&left);
    while let Some(token) = left.next {
        left = newest(&store, Some(&token))?;
        rest.extend(ids(&left));
    }
    assert_eq!(rest, [20, 101, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 29, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    Ok(())
}

// From an empty page there is a way back to what it began behind.
#[test]
fn a_page_from_which_all_has_gone_leads_back() -> Result<()> {
    let store = blog(6)?;
    let page = |token: Option<&PageToken>| store.query::<Post>().limit(3).page(token);
    let first = page(None)?;
    store.write(|txn| txn.delete_batch::<Post>([3, 4, 5]))?;
    let empty = page(first.next.as_ref())?;
    assert!(empty.items.is_empty() && empty.next.is_none());
    assert_eq!(ids(&page(empty.previous.as_ref())?), [0, 1, 2]);
    let second = {
        store.write(|txn| txn.create_batch(&[post(3), post(4)]))?;
        page(first.next.as_ref())?
    };
    store.write(|txn| txn.delete_batch::<Post>([0, 1, 2]))?;
    let empty = page(second.previous.as_ref())?;
    assert!(empty.items.is_empty() && empty.previous.is_none());
    assert_eq!(ids(&page(empty.next.as_ref())?), [3, 4]);
    Ok(())
}

#[test]
fn both_sides_of_an_or_have_pages() -> Result<()> {
    let store = blog(40)?;
    let query = || store.query().filter(Post::KIND.eq(1).or(Post::TAGS.any_of([2]))).limit(7);
    let (mut found, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = query().page(token.as_ref())?;
        found.extend(ids(&page));
        pages += 1;
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(found, (0..40).filter(|id| id % 3 != 0).collect::<Vec<_>>());
    assert_eq!(pages, 4);
    Ok(())
}

// What is before the page is not read again.
#[test]
fn a_late_page_reads_no_more_than_the_first() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Blog>::builder().engine(Arc::new(engine)).open()?;
    store.write(|txn| (0..3000).try_for_each(|id| txn.create(&post(id))))?;
    let snapshot = store.begin_read()?;
    let one_kind = |token: Option<&PageToken>| {
        let filter = Post::KIND_DAY.prefix((1,));
        snapshot.query().filter(filter).order_by(Post::KIND_DAY.asc()).limit(10).page(token)
    };
    let all = |token: Option<&PageToken>| snapshot.query::<Post>().limit(10).page(token);
    // A thousand records of one key, by primary key; also beside another key, and with another.
    let of_kind = |token: Option<&PageToken>| snapshot.query().filter(Post::KIND.eq(1)).limit(10).page(token);
    let of_both = |token: Option<&PageToken>| {
        snapshot.query().filter(Post::KIND.eq(1).and(Post::TAGS.eq(9))).limit(10).page(token)
    };
    let of_either = |token: Option<&PageToken>| {
        snapshot.query().filter(Post::KIND.eq(1).or(Post::TAGS.eq(2))).limit(10).page(token)
    };
    let by_kind =
        |token: Option<&PageToken>| snapshot.query().order_by(Post::KIND.desc()).limit(10).page(token);
    let by_slug =
        |token: Option<&PageToken>| snapshot.query().order_by(Post::SLUG.asc()).limit(10).page(token);
    let pages: [&dyn Fn(Option<&PageToken>) -> Result<Page<Post>>; 7] =
        [&one_kind, &all, &of_kind, &of_both, &of_either, &by_kind, &by_slug];
    for page in pages {
        let mut token = None;
        for number in 0..90 {
            let (found, gets, steps) = counts.reads_of(|| page(token.as_ref()));
            // Eleven records, and those of the same day that were on the page before.
            assert!(gets + steps <= 60, "page {number}: {gets} gets, {steps} steps");
            token = found?.next;
        }
    }
    Ok(())
}

#[test]
fn a_token_of_another_query_is_refused() -> Result<()> {
    let store = blog(30)?;
    let token = newest(&store, None)?.next.expect("there are more");
    let others = [
        store.query().order_by(Post::DAY.asc()).limit(4).page(Some(&token)),
        store.query().order_by(Post::KIND.desc()).limit(4).page(Some(&token)),
        store.query().order_by(Post::DAY.desc()).reverse().limit(4).page(Some(&token)),
        store.query().filter(Post::KIND.eq(1)).order_by(Post::DAY.desc()).limit(4).page(Some(&token)),
        store.query::<Post>().limit(4).page(Some(&token)),
    ];
    for other in others {
        let refused = other.unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::InvalidToken { .. }), "{refused}");
        assert!(refused.to_string().contains("another query"), "{refused}");
    }
    // Another size is the same query.
    assert_eq!(store.query().order_by(Post::DAY.desc()).limit(1).page(Some(&token))?.items.len(), 1);
    let of = |kind| store.query().filter(Post::KIND.eq(kind)).limit(2);
    let token = of(1).page(None)?.next.expect("there are more");
    assert!(of(2).page(Some(&token)).is_err());
    assert!(
        store.query().filter(Post::KIND.eq(1).not().and(Post::DAY.range(..))).page(Some(&token)).is_err()
    );
    Ok(())
}

#[test]
fn a_damaged_token_is_refused() -> Result<()> {
    let store = blog(30)?;
    let text = newest(&store, None)?.next.expect("there are more").to_string();
    assert_eq!(text.parse::<PageToken>()?.to_string(), text);
    for at in 0..text.len() {
        for other in ["A", "z", "_", "!", ""] {
            let damaged = [&text[..at], other, &text[at + 1..]].concat();
            if damaged == text {
                continue;
            }
            let read = damaged.parse().and_then(|token: PageToken| newest(&store, Some(&token)));
            let refused = read.unwrap_err();
            assert!(matches!(refused.kind(), ErrorKind::InvalidToken { .. }), "{damaged}: {refused}");
        }
    }
    assert!("".parse().and_then(|token: PageToken| newest(&store, Some(&token))).is_err());
    Ok(())
}

// A token says which record a page ended at by its keys, and a field without an index has none.
#[test]
fn pages_are_not_ordered_by_a_field_without_an_index() -> Result<()> {
    let store = blog(5)?;
    let refused = store.query().scan_all().order_by(Post::TEXT.asc()).page(None).unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::PageOrder { model: "Post" });
    Ok(())
}

#[test]
fn the_edges_of_pages() -> Result<()> {
    let store = blog(6)?;
    let whole = store.query::<Post>().page(None)?;
    assert!(whole.items.len() == 6 && whole.next.is_none() && whole.previous.is_none());
    let none = store.query::<Post>().limit(0).page(None)?;
    assert!(none.items.is_empty() && none.next.is_none() && none.previous.is_none());
    let exact = store.query::<Post>().limit(6).page(None)?;
    assert!(exact.next.is_none());
    // A page begins at a place, so a number of records says nothing.
    assert_eq!(ids(&store.query::<Post>().offset(2).limit(2).page(None)?), [0, 1]);
    // Keys that are absent are one group, whichever way one comes.
    let by_slug = |token: Option<&PageToken>| store.query().order_by(Post::SLUG.asc()).limit(2).page(token);
    let first = by_slug(None)?;
    let second = by_slug(first.next.as_ref())?;
    assert_eq!((ids(&first), ids(&second)), (vec![1, 3], vec![5, 0]));
    assert_eq!(ids(&by_slug(second.previous.as_ref())?), [1, 3]);
    Ok(())
}
