//! Views of records: the same values as the record's, borrowed from where they are stored. S2-55.

use std::sync::Arc;

use allocation_counter::measure;
use kit::memory::Memory;
use netabase::query::Query;
use netabase::{Link, NetabaseDefinition, NetabaseModel, Result, Store};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text with an encoding of its own.
mod doubled {
    use super::*;

    pub(super) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        (text, text.len()).serialize(serializer)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<String, D::Error> {
        <(String, usize)>::deserialize(deserializer).map(|(text, _)| text)
    }
}

/// A field of every kind.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(view(Debug, Clone, PartialEq))]
struct Page {
    #[primary_key]
    site: u32,
    #[primary_key]
    path: String,
    #[secondary_key]
    tags: Vec<String>,
    #[secondary_key]
    day: u32,
    #[relation(references = "unchecked")]
    parent: Option<Link<Page>>,
    title: Option<String>,
    body: Vec<u8>,
    preview: Option<Vec<u8>>,
    pieces: Vec<Vec<u8>>,
    lines: Option<Vec<std::string::String>>,
    #[serde(with = "doubled")]
    twice: String,
    #[serde(rename = "weights")]
    sizes: Vec<u16>,
}

#[derive(NetabaseDefinition)]
enum Site {
    Page(Page),
}

fn page() -> impl Strategy<Value = Page> {
    let key = (0..3_u32, "[a-c\0ß]{0,3}", vec("[a-c]{0,2}", 0..3), 0..3_u32);
    let bytes = || vec(any::<u8>(), 0..4);
    let rest = (
        option::of("[a-cß]{0,3}"),
        bytes(),
        option::of(bytes()),
        vec(bytes(), 0..3),
        option::of(vec("[a-c]{0,2}", 0..3)),
        "[a-c]{0,3}",
        vec(any::<u16>(), 0..3),
    );
    (key, rest).prop_map(|((site, path, tags, day), (title, body, preview, pieces, lines, twice, sizes))| {
        let parent = (day > 0).then(|| Link::new((site, "/".to_owned())));
        Page { site, path, tags, day, parent, title, body, preview, pieces, lines, twice, sizes }
    })
}

/// Holds a view against the record.
fn same(view: &PageView<'_>, page: &Page) -> bool {
    let PageView { site, path, tags, day, parent, title, body, preview, pieces, lines, twice, sizes } =
        view.clone();
    site == page.site
        && path == page.path
        && tags == page.tags
        && day == page.day
        && parent == page.parent
        && title == page.title.as_deref()
        && body == page.body
        && preview == page.preview.as_deref()
        && pieces == page.pieces
        && lines.map(|lines| lines.into_iter().map(str::to_owned).collect()) == page.lines
        && twice == page.twice
        && sizes == page.sizes
}

proptest! {
    #![proptest_config(kit::cases(60))]

    #[test]
    fn a_view_shows_what_the_record_is(pages in vec(page(), 0..8), in_memory: bool) {
        let store = if in_memory {
            Store::<Site>::builder().engine(Arc::new(Memory::default())).open()?
        } else {
            Store::<Site>::in_memory()?
        };
        let mut txn = store.begin_write()?;
        for page in &pages {
            txn.upsert(page)?;
            prop_assert_eq!(txn.view::<Page, _>(page, |view| same(&view, page))?, Some(true));
        }
        txn.commit()?;
        let snapshot = store.begin_read()?;
        for page in snapshot.query::<Page>().iter()? {
            let page = page?;
            prop_assert_eq!(snapshot.view::<Page, _>(&page, |view| same(&view, &page))?, Some(true));
            prop_assert_eq!(store.view::<Page, _>(&page, |view| same(&view, &page))?, Some(true));
        }
        prop_assert_eq!(snapshot.view::<Page, _>((9, "x".to_owned()), |_| ())?, None);

        let queries: [fn(Query<'static, Page>) -> Query<'static, Page>; 4] = [
            |query| query,
            |query| query.filter(Page::DAY.eq(1)),
            |query| query.filter(Page::DAY.range(1..)).unordered(),
            |query| query.filter(Page::DAY.range(..2).and(Page::TAGS.eq("a"))).limit(2),
        ];
        for filtered in queries {
            let query = || filtered(store.query());
            let (expected, mut seen) = (query().collect()?, 0);
            query().for_each_view(|view| {
                seen += 1;
                assert!(expected.iter().any(|page| same(&view, page)), "{view:?}");
                Ok(())
            })?;
            prop_assert_eq!(seen, expected.len());
        }
    }
}

#[test]
fn a_view_of_text_and_bytes_allocates_nothing() -> Result<()> {
    /// Text and bytes alone.
    #[derive(NetabaseModel, Serialize, Deserialize)]
    #[netabase(view)]
    struct Note {
        #[primary_key]
        id: u64,
        text: String,
        mark: Option<String>,
        bytes: Vec<u8>,
    }

    #[derive(NetabaseDefinition)]
    enum Notes {
        Note(Note),
    }

    let store = Store::<Notes>::in_memory()?;
    let note = |id| Note { id, text: "text".repeat(100), mark: Some("mark".into()), bytes: vec![7; 1000] };
    store.write(|txn| (0..100).try_for_each(|id| txn.create(&note(id))))?;
    let snapshot = store.begin_read()?;
    let length = |id| {
        snapshot
            .view::<Note, _>(id, |note| note.text.len() + note.mark.map_or(0, str::len) + note.bytes.len())
    };
    assert_eq!(length(1)?, Some(1404));
    let cost = measure(|| assert_eq!(length(2).expect("it reads"), Some(1404)));
    assert_eq!(cost.count_total, 0);
    let mut sum = 0;
    let walk = |sum: &mut usize| {
        snapshot.query::<Note>().for_each_view(|note| {
            *sum += note.bytes.len();
            Ok(())
        })
    };
    walk(&mut sum)?;
    let cost = measure(|| walk(&mut sum).expect("it reads"));
    assert_eq!(sum, 200_000);
    assert!(cost.count_total < 20, "{} allocations for 100 records", cost.count_total);
    Ok(())
}
