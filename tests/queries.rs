//! Random conditions, orders, offsets and limits, over stored and staged records, against a plain Rust filter and sort.
//! S2-36, S2-37, S1-17, S1-25, S2-20..S2-22; hazards C3, C4, C6, C21.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::Mutex;

use kit::counting::Counting;
use kit::memory::Memory;
use netabase::engine::Redb;
use netabase::query::{Filter, Order, PageToken, Query, Scan, Step};
use netabase::{ErrorKind, Link, NetabaseDefinition, NetabaseModel, Result, Store};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// Every kind of index there is.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(
    index(name = "kind_day", fields(kind, day desc), covering(weight), sum(weight)),
    index(name = "kind_then_day", fields(kind, day)),
    index(name = "by_mark", fields(marks), sum(weight, id)),
    index(name = "warm", fields(day), when = Item::is_warm),
    index(name = "initial", key = initial -> Option<char>),
)]
struct Item {
    #[primary_key]
    id: u32,
    #[secondary_key(unique)]
    code: String,
    #[secondary_key(unique)]
    nick: Option<String>,
    #[secondary_key]
    kind: u8,
    #[secondary_key]
    day: i16,
    #[secondary_key]
    color: Option<String>,
    #[secondary_key]
    tags: Vec<u8>,
    #[secondary_key]
    marks: Vec<u16>,
    #[relation(references = "unchecked")]
    parent: Option<Link<Item>>,
    weight: i32,
}

impl Item {
    fn is_warm(&self) -> bool {
        self.weight > 0
    }
}

fn nick(id: u32) -> Option<String> {
    id.is_multiple_of(3).then(|| format!("n{id}"))
}

fn initial(item: &Item) -> Option<char> {
    item.color.as_deref().and_then(|color| color.chars().next())
}

#[derive(NetabaseDefinition)]
enum Shop {
    Item(Item),
}

/// A condition, to be written as a filter and as plain code.
#[derive(Clone, Debug)]
enum Holds {
    Id(u32, u32),
    Ids(Vec<u32>),
    Code(String),
    Kind(u8),
    Kinds(Vec<u8>),
    Day(i16, i16),
    Since(i16),
    NoColor,
    Color(String),
    ColorPrefix(String),
    Mark(u16),
    Marks(u16, u16),
    Parent(u32),
    KindSince(u8, i16),
    Warm(i16),
    Initial(char),
    NoInitial,
    Weight(i32),
    And(Box<Holds>, Box<Holds>),
    Or(Box<Holds>, Box<Holds>),
    Not(Box<Holds>),
}

impl Holds {
    fn of(&self, item: &Item) -> bool {
        match self {
            Holds::Id(low, high) => (low..=high).contains(&&item.id),
            Holds::Ids(ids) => ids.contains(&item.id),
            Holds::Code(code) => item.code == *code,
            Holds::Kind(kind) => item.kind == *kind,
            Holds::Kinds(kinds) => kinds.contains(&item.kind),
            Holds::Day(low, high) => (low..high).contains(&&item.day),
            Holds::Since(day) => item.day >= *day,
            Holds::NoColor => item.color.is_none(),
            Holds::Color(color) => item.color.as_ref() == Some(color),
            Holds::ColorPrefix(prefix) => item.color.as_ref().is_some_and(|color| color.starts_with(prefix)),
            Holds::Mark(mark) => item.marks.contains(mark),
            Holds::Marks(low, high) => item.marks.iter().any(|mark| (low..=high).contains(&mark)),
            Holds::Parent(id) => item.parent.as_ref().is_some_and(|parent| parent.key().0 == *id),
            Holds::KindSince(kind, day) => item.kind == *kind && item.day >= *day,
            Holds::Warm(day) => item.is_warm() && item.day >= *day,
            Holds::Initial(first) => initial(item) == Some(*first),
            Holds::NoInitial => initial(item).is_none(),
            Holds::Weight(weight) => item.weight == *weight,
            Holds::And(a, b) => a.of(item) && b.of(item),
            Holds::Or(a, b) => a.of(item) || b.of(item),
            Holds::Not(a) => !a.of(item),
        }
    }

    /// The same as a filter that indexes answer, if they do.
    fn indexed(&self) -> Option<Filter<Item>> {
        Some(match self {
            Holds::Id(low, high) => Item::ID.range(low..=high),
            Holds::Ids(ids) => Item::ID.any_of(ids),
            Holds::Code(code) => Item::CODE.eq(code),
            Holds::Kind(kind) => Item::KIND.eq(*kind),
            Holds::Kinds(kinds) => Item::KIND.any_of(kinds),
            Holds::Day(low, high) => Item::DAY.range(low..high),
            Holds::Since(day) => Item::DAY.range(day..),
            Holds::NoColor => Item::COLOR.is_none(),
            Holds::Color(color) => Item::COLOR.eq(color),
            Holds::ColorPrefix(prefix) => Item::COLOR.prefix(prefix.as_str()),
            Holds::Mark(mark) => Item::MARKS.eq(*mark),
            Holds::Marks(low, high) => Item::MARKS.range(low..=high),
            Holds::Parent(id) => Item::PARENT.eq(*id),
            Holds::KindSince(kind, day) => Item::KIND_DAY.within((*kind,), ..=Reverse(*day)),
            Holds::Warm(day) => Item::WARM.range((*day,)..),
            Holds::Initial(first) => Item::INITIAL.eq(*first),
            Holds::NoInitial => Item::INITIAL.is_none(),
            Holds::And(a, b) => match (a.indexed(), &**b) {
                (Some(a), Holds::Not(b)) => a.and(b.indexed()?.not()),
                (Some(a), b) => a.and(b.indexed()?),
                (None, _) => return None,
            },
            Holds::Or(a, b) => a.indexed()?.or(b.indexed()?),
            Holds::Weight(_) | Holds::Not(_) => return None,
        })
    }

    /// Filters of all coverages have one type behind `scan_all`.
    fn add<'r>(&self, query: Query<'r, Item, Scan>) -> Query<'r, Item, Scan> {
        match self {
            // As two calls and as one.
            Holds::And(a, b) => b.add(a.add(query)),
            other => query.filter(other.filter()),
        }
    }

    fn filter(&self) -> Filter<Item, netabase::query::NotIndexed> {
        let any = || Item::WEIGHT.range(..);
        match self {
            Holds::Id(low, high) => Item::ID.range(low..=high).and(any()),
            Holds::Ids(ids) => Item::ID.any_of(ids).and(any()),
            Holds::Code(code) => Item::CODE.eq(code).and(any()),
            Holds::Kind(kind) => Item::KIND.eq(*kind).and(any()),
            Holds::Kinds(kinds) => Item::KIND.any_of(kinds).and(any()),
            Holds::Day(low, high) => Item::DAY.range(low..high).and(any()),
            Holds::Since(day) => Item::DAY.range(day..).and(any()),
            Holds::NoColor => Item::COLOR.is_none().and(any()),
            Holds::Color(color) => Item::COLOR.eq(color).and(any()),
            Holds::ColorPrefix(prefix) => Item::COLOR.prefix(prefix.as_str()).and(any()),
            Holds::Mark(mark) => Item::MARKS.eq(*mark).and(any()),
            Holds::Marks(low, high) => Item::MARKS.range(low..=high).and(any()),
            Holds::Parent(id) => Item::PARENT.eq(*id).and(any()),
            Holds::KindSince(kind, day) => Item::KIND_DAY.within((*kind,), ..=Reverse(*day)).and(any()),
            Holds::Warm(day) => Item::WARM.range((*day,)..).and(any()),
            Holds::Initial(first) => Item::INITIAL.eq(*first).and(any()),
            Holds::NoInitial => Item::INITIAL.is_none().and(any()),
            Holds::Weight(weight) => Item::WEIGHT.eq(*weight),
            Holds::And(a, b) => a.filter().and(b.filter()),
            Holds::Or(a, b) => a.filter().or(b.filter()),
            Holds::Not(a) => a.filter().not(),
        }
    }
}

/// What records are ordered by.
#[derive(Clone, Copy, Debug)]
enum By {
    Id,
    Code,
    Nick,
    Kind,
    Day,
    Color,
    KindDay,
    Warm,
    Initial,
    Weight,
}

impl By {
    fn compare(self, a: &Item, b: &Item) -> Ordering {
        match self {
            By::Id => a.id.cmp(&b.id),
            By::Code => a.code.cmp(&b.code),
            By::Nick => a.nick.cmp(&b.nick),
            By::Kind => a.kind.cmp(&b.kind),
            By::Day => a.day.cmp(&b.day),
            By::Color => a.color.cmp(&b.color),
            By::KindDay => (a.kind, Reverse(a.day)).cmp(&(b.kind, Reverse(b.day))),
            By::Warm => a.is_warm().then_some(a.day).cmp(&b.is_warm().then_some(b.day)),
            By::Initial => initial(a).cmp(&initial(b)),
            By::Weight => a.weight.cmp(&b.weight),
        }
    }

    fn add(self, query: Query<'_, Item, Scan>, descending: bool) -> Query<'_, Item, Scan> {
        macro_rules! order {
            ($($by:ident $handle:ident),*) => {
                match (self, descending) {
                    $(
                        (By::$by, false) => query.order_by(Item::$handle.asc()),
                        (By::$by, true) => query.order_by(Item::$handle.desc()),
                    )*
                }
            };
        }
        order!(
            Id ID, Code CODE, Nick NICK, Kind KIND, Day DAY, Color COLOR, KindDay KIND_DAY, Warm WARM, Initial INITIAL, Weight WEIGHT
        )
    }
}

fn color() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "r", "red", "ra", "g"]).prop_map(str::to_owned)
}

fn holds() -> impl Strategy<Value = Holds> {
    let leaf = prop_oneof![
        (0..60_u32, 0..60_u32).prop_map(|(low, high)| Holds::Id(low, high)),
        vec(0..60_u32, 0..4).prop_map(Holds::Ids),
        (0..60_u32).prop_map(|id| Holds::Code(format!("c{id}"))),
        (0..3_u8).prop_map(Holds::Kind),
        (0..3_u8).prop_map(Holds::Kind),
        vec(0..3_u8, 0..3).prop_map(Holds::Kinds),
        (-3..4_i16, -3..4_i16).prop_map(|(low, high)| Holds::Day(low, high)),
        (-3..4_i16).prop_map(Holds::Since),
        Just(Holds::NoColor),
        color().prop_map(Holds::Color),
        color().prop_map(Holds::ColorPrefix),
        (0..3_u16).prop_map(Holds::Mark),
        (0..3_u16, 0..3_u16).prop_map(|(low, high)| Holds::Marks(low, high)),
        (0..3_u32).prop_map(Holds::Parent),
        (0..3_u8, -3..4_i16).prop_map(|(kind, day)| Holds::KindSince(kind, day)),
        (-3..4_i16).prop_map(Holds::Warm),
        prop::sample::select(vec!['r', 'g', 'x']).prop_map(Holds::Initial),
        Just(Holds::NoInitial),
        (-1..3_i32).prop_map(Holds::Weight),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| Holds::And(Box::new(a), Box::new(b))),
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| Holds::Or(Box::new(a), Box::new(b))),
            1 => inner.prop_map(|a| Holds::Not(Box::new(a))),
        ]
    })
}

fn item(ids: u32) -> impl Strategy<Value = Item> {
    let keys = (0..ids, 0..3_u8, -3..4_i16, option::of(color()), vec(0..3_u16, 0..4));
    (keys, option::of(0..3_u32), -1..3_i32).prop_map(|((id, kind, day, color, marks), parent, weight)| Item {
        id,
        code: format!("c{id}"),
        nick: nick(id),
        kind,
        day,
        color,
        tags: vec![kind, 7],
        marks,
        parent: parent.map(Link::new),
        weight,
    })
}

fn orders() -> impl Strategy<Value = Vec<(By, bool)>> {
    let by = prop::sample::select(vec![
        By::Id,
        By::Code,
        By::Nick,
        By::Kind,
        By::Day,
        By::Color,
        By::KindDay,
        By::Warm,
        By::Initial,
        By::Weight,
    ]);
    vec((by, any::<bool>()), 0..4)
}

/// One query in all its forms.
#[derive(Clone, Debug)]
struct Asked {
    holds: Option<Holds>,
    orders: Vec<(By, bool)>,
    reversed: bool,
    offset: usize,
    limit: Option<usize>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let window = (0..5_usize, option::of(0..8_usize));
    (option::weighted(0.95, holds()), orders(), any::<bool>(), window).prop_map(
        |(holds, orders, reversed, (offset, limit))| Asked { holds, orders, reversed, offset, limit },
    )
}

impl Asked {
    fn query<'r>(&self, query: Query<'r, Item>) -> Query<'r, Item, Scan> {
        let mut query = match self.holds.as_ref().map(|holds| (holds, holds.indexed())) {
            None => query.scan_all(),
            Some((_, Some(filter))) => query.filter(filter).scan_all(),
            Some((holds, None)) => holds.add(query.scan_all()),
        };
        for (by, descending) in &self.orders {
            query = by.add(query, *descending);
        }
        if self.reversed {
            query = query.reverse();
        }
        query.offset(self.offset).limit(self.limit.unwrap_or(usize::MAX))
    }

    fn check(&self, all: &[Item], query: &dyn Fn() -> Query<'static, Item>) -> Result<(), TestCaseError> {
        check(self, all, &|| self.query(query()))?;
        let holds = |item: &&Item| self.holds.as_ref().is_none_or(|holds| holds.of(item));
        let expected_ids: Vec<u32> = all.iter().filter(holds).map(|item| item.id).collect();
        let window = expected_ids.len().saturating_sub(self.offset).min(self.limit.unwrap_or(usize::MAX));
        let query = || self.query(query());
        let visited = Mutex::new(Vec::new());
        query().par_for_each(2, |item| {
            visited.lock().expect("nobody panics").push(item.id);
            Ok(())
        })?;
        let mut visited = visited.into_inner().expect("nobody panics");
        visited.sort_unstable();
        visited.dedup();
        prop_assert_eq!(visited.len(), window);
        prop_assert!(visited.iter().all(|id| expected_ids.contains(id)));
        Ok(())
    }
}

fn check<'r>(
    asked: &Asked,
    all: &[Item],
    query: &dyn Fn() -> Query<'r, Item, Scan>,
) -> Result<(), TestCaseError> {
    let mut expected: Vec<&Item> =
        all.iter().filter(|item| asked.holds.as_ref().is_none_or(|holds| holds.of(item))).collect();
    let total = expected.len();
    let window = total.saturating_sub(asked.offset).min(asked.limit.unwrap_or(usize::MAX));
    expected.sort_by(|a, b| {
        let turned = |order: Ordering, descending| if descending { order.reverse() } else { order };
        let by_key = asked.orders.iter().map(|(by, descending)| turned(by.compare(a, b), *descending));
        let first = by_key.fold(Ordering::Equal, Ordering::then);
        let tie = turned(a.id.cmp(&b.id), asked.orders.first().is_some_and(|(_, descending)| *descending));
        turned(first.then(tie), asked.reversed)
    });
    let expected_ids: Vec<u32> = expected.iter().map(|item| item.id).collect();
    let in_window: Vec<u32> = expected_ids.iter().copied().skip(asked.offset).take(window).collect();

    let found = query().collect()?;
    let found_ids: Vec<u32> = found.iter().map(|item| item.id).collect();
    prop_assert!(found.iter().all(|item| all.contains(item)));
    let keys = query().keys()?.map(|key| Ok(key?.0)).collect::<Result<Vec<u32>>>()?;
    for found in [&found_ids, &keys] {
        if asked.orders.is_empty() {
            // Any order: as many as there should be, each once, and none that should not be.
            let distinct: HashSet<u32> = found.iter().copied().collect();
            prop_assert_eq!((found.len(), distinct.len()), (window, window));
            prop_assert!(found.iter().all(|id| expected_ids.contains(id)));
        } else {
            prop_assert_eq!(found, &in_window);
        }
    }
    prop_assert_eq!(query().count()?, window as u64);
    prop_assert_eq!(query().exists()?, window > 0);
    let first = query().first()?.map(|item| item.id);
    if asked.orders.is_empty() {
        prop_assert_eq!(first.is_some(), window > 0);
    } else {
        prop_assert_eq!(first, in_window.first().copied());
    }
    let mut by_mark: BTreeMap<u16, u64> = BTreeMap::new();
    let mut by_color: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for item in &expected {
        let marks: HashSet<u16> = item.marks.iter().copied().collect();
        for mark in marks {
            *by_mark.entry(mark).or_default() += 1;
        }
        *by_color.entry(item.color.clone()).or_default() += 1;
    }
    let all_groups = || query().offset(0).limit(usize::MAX);
    let turned =
        |found: Vec<(u16, u64)>| if asked.reversed { found.into_iter().rev().collect() } else { found };
    prop_assert_eq!(turned(all_groups().count_by(Item::MARKS)?), by_mark.into_iter().collect::<Vec<_>>());
    let found: BTreeMap<_, _> = all_groups().count_by(Item::COLOR)?.into_iter().collect();
    prop_assert_eq!(found, by_color);
    prop_assert_eq!(all_groups().count_by(Item::CODE)?.len(), total);
    check_values(&expected, asked, query)?;
    check_pages(&expected_ids, asked, query)?;
    let mut unordered: Vec<u32> =
        query().unordered().iter()?.map(|item| Ok(item?.id)).collect::<Result<_>>()?;
    unordered.sort_unstable();
    unordered.dedup();
    prop_assert_eq!(unordered.len(), window);
    Ok(())
}

/// All pages one after the other are all records in order, there and back.
fn check_pages<'r>(
    expected: &[u32],
    asked: &Asked,
    query: &dyn Fn() -> Query<'r, Item, Scan>,
) -> Result<(), TestCaseError> {
    if asked.orders.iter().any(|(by, _)| matches!(by, By::Weight)) {
        return Ok(());
    }
    let size = asked.limit.unwrap_or(3).max(1).max(expected.len() / 10);
    let page = |token: Option<&PageToken>| query().offset(0).limit(size).page(token);
    let ids = |items: &[Item]| items.iter().map(|item| item.id).collect::<Vec<_>>();
    let mut pages = vec![page(None)?];
    prop_assert!(pages[0].previous.is_none());
    while let Some(token) = pages.last().and_then(|page| page.next.clone()) {
        prop_assert!(pages.len() <= expected.len(), "pages without an end");
        pages.push(page(Some(&token.to_string().parse()?))?);
    }
    let forward: Vec<u32> = pages.iter().flat_map(|page| ids(&page.items)).collect();
    prop_assert_eq!(&forward, &expected);
    prop_assert!(pages.iter().rev().skip(1).all(|page| page.items.len() == size));
    let mut back = pages.pop().into_iter().collect::<Vec<_>>();
    while let Some(token) = back.last().and_then(|page| page.previous.clone()) {
        let before = page(Some(&token))?;
        prop_assert_eq!(pages.pop().map(|page| page.items), Some(before.items.clone()));
        let again = before.next.as_ref().map(|token| page(Some(token))).transpose()?;
        prop_assert_eq!(again.map(|page| page.items), back.last().map(|page| page.items.clone()));
        back.push(before);
    }
    prop_assert!(pages.is_empty(), "the first page was not reached");
    Ok(())
}

/// Selections, sums and extremes, which may be had without a record.
fn check_values<'r>(
    expected: &[&Item],
    asked: &Asked,
    query: &dyn Fn() -> Query<'r, Item, Scan>,
) -> Result<(), TestCaseError> {
    let all = || query().offset(0).limit(usize::MAX);
    let selected = all().select((Item::ID, Item::WEIGHT))?.collect::<Result<Vec<_>>>()?;
    let mut ids: Vec<(u32, i32)> = selected.into_iter().map(|(id, weight)| (id.0, weight)).collect();
    let mut expected_ids: Vec<_> = expected.iter().map(|item| (item.id, item.weight)).collect();
    if asked.orders.is_empty() {
        ids.sort_unstable();
        expected_ids.sort_unstable();
    }
    prop_assert_eq!(&ids, &expected_ids);
    // Along one index with all that is asked for.
    let along = || all().order_by(Item::KIND_DAY.asc());
    let rows = along().select((Item::KIND_DAY, Item::WEIGHT, Item::ID))?.collect::<Result<Vec<_>>>()?;
    let records = along().collect()?;
    prop_assert_eq!(rows.len(), records.len());
    for (((kind, day), weight, id), item) in rows.into_iter().zip(records) {
        prop_assert_eq!((kind, day.0, weight, id.0), (item.kind, item.day, item.weight, item.id));
    }
    let window = query().select(Item::NICK)?.collect::<Result<Vec<_>>>()?;
    prop_assert_eq!(window.len(), query().collect()?.len());
    let warm = all().select(Item::WARM)?.count();
    prop_assert_eq!(warm, expected.iter().filter(|item| item.is_warm()).count());

    let sum = |items: &[&Item]| items.iter().map(|item| i128::from(item.weight)).sum::<i128>();
    prop_assert_eq!(query().sum(Item::WEIGHT)?, sum(expected));
    prop_assert_eq!(query().min(Item::DAY)?, expected.iter().map(|item| item.day).min());
    prop_assert_eq!(query().max(Item::DAY)?, expected.iter().map(|item| item.day).max());
    prop_assert_eq!(query().min(Item::COLOR)?, expected.iter().filter_map(|item| item.color.clone()).min());
    prop_assert_eq!(query().max(Item::ID)?.map(|id| id.0), expected.iter().map(|item| item.id).max());

    let mut by_kind: BTreeMap<(u8, Reverse<i16>), i128> = BTreeMap::new();
    let mut by_mark: BTreeMap<(u16,), i128> = BTreeMap::new();
    let mut days: BTreeMap<u8, Vec<i16>> = BTreeMap::new();
    let mut by_color: BTreeMap<Option<String>, Vec<u32>> = BTreeMap::new();
    for item in expected {
        *by_kind.entry((item.kind, Reverse(item.day))).or_default() += i128::from(item.weight);
        for mark in item.marks.iter().collect::<HashSet<_>>() {
            *by_mark.entry((*mark,)).or_default() += i128::from(item.weight);
        }
        days.entry(item.kind).or_default().push(item.day);
        by_color.entry(item.color.clone()).or_default().push(item.id);
    }
    let found: BTreeMap<_, _> = all().sum_by(Item::KIND_DAY, Item::WEIGHT)?.into_iter().collect();
    prop_assert_eq!(found, by_kind);
    let found: BTreeMap<_, _> = all().sum_by(Item::BY_MARK, Item::WEIGHT)?.into_iter().collect();
    prop_assert_eq!(found, by_mark);
    let least = |days: &BTreeMap<u8, Vec<i16>>| -> Vec<(u8, i16)> {
        days.iter().filter_map(|(kind, days)| Some((*kind, *days.iter().min()?))).collect()
    };
    let most: Vec<(u8, i16)> =
        days.iter().filter_map(|(kind, days)| Some((*kind, *days.iter().max()?))).collect();
    let turned = |mut found: Vec<(u8, i16)>| {
        if asked.reversed {
            found.reverse();
        }
        found
    };
    prop_assert_eq!(turned(all().min_by(Item::KIND, Item::DAY)?), least(&days));
    prop_assert_eq!(turned(all().max_by(Item::KIND, Item::DAY)?), most);
    let found: BTreeMap<_, _> =
        all().max_by(Item::COLOR, Item::ID)?.into_iter().map(|(color, id)| (color, Some(id.0))).collect();
    let highest: BTreeMap<_, _> =
        by_color.into_iter().map(|(color, ids)| (color, ids.into_iter().max())).collect();
    prop_assert_eq!(&found, &highest);
    prop_assert_eq!(all().distinct(Item::COLOR)?.len(), highest.len());
    Ok(())
}

proptest! {
    #![proptest_config(kit::cases(500))]

    #[test]
    fn a_query_equals_a_filter_and_a_sort(
        stored in vec(item(60), 0..60),
        staged in vec((item(60), any::<bool>()), 0..12),
        all_asked in vec(asked(), 1..6),
        in_redb: bool,
    ) {
        let store = if in_redb {
            Store::<Shop>::in_memory()?
        } else {
            Store::<Shop>::builder().engine(Arc::new(Memory::default())).open()?
        };
        store.write(|txn| txn.upsert_batch(&stored))?;
        let all = store.query::<Item>().collect()?;
        for asked in &all_asked {
            asked.check(&all, &|| store.query())?;
        }
        let mut txn = store.begin_write()?;
        for (item, is_deleted) in &staged {
            if *is_deleted { txn.delete::<Item>(item.id)?; } else { txn.upsert(item)?; }
        }
        let all = txn.query::<Item>().collect()?;
        for asked in &all_asked {
            check(asked, &all, &|| asked.query(txn.query()))?;
        }
    }
}

/// Conditions that each find many.
fn broad() -> impl Strategy<Value = Holds> {
    let leaf = || {
        prop_oneof![
            (0..2_u8).prop_map(Holds::Kind),
            Just(Holds::NoColor),
            (0..3_u16).prop_map(Holds::Mark),
            (0..2_u32).prop_map(Holds::Parent),
            Just(Holds::NoInitial),
            (-3..2_i16).prop_map(Holds::Since),
        ]
    };
    let and = |a, b| Holds::And(Box::new(a), Box::new(b));
    prop_oneof![
        (leaf(), leaf()).prop_map(move |(a, b)| and(a, b)),
        (leaf(), leaf(), leaf()).prop_map(move |(a, b, c)| and(and(a, b), c)),
    ]
}

proptest! {
    #![proptest_config(kit::cases(40))]

    // Enough of them that two indexes are walked over side by side.
    #[test]
    fn many_records_that_several_conditions_find(
        stored in vec(item(2000), 700..900),
        staged in vec((item(2000), any::<bool>()), 0..40),
        all_asked in vec((broad(), asked()), 1..5),
    ) {
        let store = Store::<Shop>::in_memory()?;
        store.write(|txn| txn.upsert_batch(&stored))?;
        let all = store.query::<Item>().collect()?;
        let all_asked: Vec<Asked> = all_asked.into_iter().map(|(holds, asked)| Asked { holds: Some(holds), ..asked }).collect();
        for asked in &all_asked {
            asked.check(&all, &|| store.query())?;
        }
        let mut txn = store.begin_write()?;
        for (item, is_deleted) in &staged {
            if *is_deleted { txn.delete::<Item>(item.id)?; } else { txn.upsert(item)?; }
        }
        let all = txn.query::<Item>().collect()?;
        for asked in &all_asked {
            check(asked, &all, &|| asked.query(txn.query()))?;
        }
    }
}

fn ids(query: Query<'_, Item, Scan>) -> Result<Vec<u32>> {
    query.iter()?.map(|item| Ok(item?.id)).collect()
}

fn plain(id: u32) -> Item {
    let (kind, day) = (u8::try_from(id % 3).unwrap_or(0), i16::try_from(id % 7).unwrap_or(0));
    Item {
        id,
        code: format!("c{id}"),
        nick: nick(id),
        kind,
        day,
        color: None,
        tags: vec![],
        marks: vec![],
        parent: None,
        weight: i32::try_from(id).unwrap_or(0),
    }
}

fn shop(items: u32) -> Result<Store<Shop>> {
    let store = Store::<Shop>::in_memory()?;
    store.write(|txn| (0..items).try_for_each(|id| txn.create(&plain(id))))?;
    Ok(store)
}

#[test]
fn filters_join_without_a_scan_where_indexes_lead() -> Result<()> {
    let store = shop(30)?;
    let by_kind_or_day = || Item::KIND.eq(1).or(Item::DAY.eq(0));
    let found: Vec<u32> =
        store.query().filter(by_kind_or_day()).keys()?.map(|key| Ok(key?.0)).collect::<Result<_>>()?;
    assert_eq!(found.len(), (0..30).filter(|id| id % 3 == 1 || id % 7 == 0).count());
    let without = store.query().filter(Item::KIND.eq(1).and(Item::DAY.eq(4).not())).count()?;
    assert_eq!(without, (0..30).filter(|id| id % 3 == 1 && id % 7 != 4).count() as u64);
    let newest = store.query().filter(by_kind_or_day()).order_by(Item::ID.desc()).limit(3).collect()?;
    assert_eq!(newest.iter().map(|item| item.id).collect::<Vec<_>>(), [28, 25, 22]);
    let matching = store.query().scan_all().filter(Item::KIND.eq(1)).matching(|item| item.weight > 20);
    assert_eq!(ids(matching)?, [22, 25, 28]);
    Ok(())
}

// Keys with many records are not walked through, and the absent values of a unique key are one.
#[test]
fn counts_by_a_key_come_from_the_index() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Shop>::builder().engine(Arc::new(engine)).open()?;
    store.write(|txn| (0..1000).try_for_each(|id| txn.create(&plain(id))))?;
    let snapshot = store.begin_read()?;
    let (kinds, gets, steps) = counts.reads_of(|| snapshot.query().count_by(Item::KIND));
    assert_eq!((kinds?, gets), (vec![(0, 334), (1, 333), (2, 333)], 0));
    assert!(steps < 100, "{steps} steps");
    let colors = snapshot.query().count_by(Item::COLOR)?;
    assert_eq!(colors, [(None, 1000)]);
    let days = snapshot.query().filter(Item::KIND.eq(1)).reverse().limit(2).count_by(Item::DAY)?;
    let on = |day: u32| (0..1000).filter(|id| id % 3 == 1 && id % 7 == day).count() as u64;
    assert_eq!(days, [(6, on(6)), (5, on(5))]);
    Ok(())
}

// An index stores how many records a key has, so whole keys are left out at once, whichever way it goes.
#[test]
fn an_offset_jumps_over_keys_with_many_records() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Shop>::builder().engine(Arc::new(engine)).open()?;
    store.write(|txn| (0..1000).try_for_each(|id| txn.create(&plain(id))))?;
    let queries: [&dyn Fn() -> Query<'static, Item>; 5] = [
        &|| store.query().order_by(Item::KIND.asc()),
        &|| store.query().order_by(Item::KIND.desc()),
        &|| store.query().filter(Item::DAY.range(1..6)),
        &|| store.query().filter(Item::DAY.range(1..6)).reverse(),
        &|| store.query().filter(Item::DAY.any_of([6, 0, 3])),
    ];
    for query in queries {
        let all = query().collect()?;
        for offset in [0, 63, 64, 65, 142, 143, 144, 300, 333, 334, 335, 430, 999, 1000, 1001] {
            let expected: Vec<&Item> = all.iter().skip(offset).take(3).collect();
            let (found, _, steps) = counts.reads_of(|| query().offset(offset).limit(3).collect());
            assert_eq!(found?.iter().collect::<Vec<_>>(), expected, "{offset}");
            // Where all are wanted they are sorted.
            assert!(steps <= 343 || offset > 900, "{steps} steps to skip {offset}");
        }
    }
    // Rows of the index alone, too.
    let kinds = || store.query::<Item>().order_by(Item::KIND.desc());
    let all: Vec<_> = kinds().select((Item::ID, Item::KIND))?.collect::<Result<_>>()?;
    for offset in [0, 63, 332, 333, 334, 700, 999, 1000, 1001] {
        let (found, records, steps) = counts.reads_of(|| -> Result<Vec<_>> {
            kinds().offset(offset).limit(3).select((Item::ID, Item::KIND))?.collect()
        });
        assert_eq!(found?, all.iter().skip(offset).take(3).cloned().collect::<Vec<_>>(), "{offset}");
        assert!((records == 0 && steps <= 343) || offset > 900, "{steps} steps to skip {offset}");
    }
    let txn = store.begin_write()?;
    let query = || txn.query().order_by(Item::KIND.asc()).offset(700).limit(2).collect();
    assert_eq!(query()?, store.query().order_by(Item::KIND.asc()).offset(700).limit(2).collect()?);
    Ok(())
}

// What cannot be is seen wherever it stands, and long lists of keys are compared in one pass.
#[test]
fn conditions_on_one_key_are_one() -> Result<()> {
    let store = shop(1000)?;
    let nothing = || Item::DAY.range(5..).and(Item::DAY.range(..2));
    let reads = |query: Query<'static, Item>| -> Result<u64> {
        let told = query.explain_run()?;
        Ok(told.steps().iter().filter(|step| step.inputs.is_empty()).filter_map(|step| step.actual).sum())
    };
    assert_eq!(reads(store.query().filter(nothing()))?, 0);
    assert_eq!(reads(store.query().filter(Item::KIND.eq(1).not().and(nothing())))?, 0);
    assert_eq!(reads(store.query().filter(nothing().or(Item::ID.eq(7))))?, 1);
    let even: Vec<u32> = (0..60_000).step_by(2).collect();
    let threes: Vec<u32> = (0..60_000).step_by(3).collect();
    let both = || Item::ID.any_of(&even).and(Item::ID.any_of(&threes));
    assert_eq!(store.query().filter(both()).count()?, 167);
    assert_eq!(store.query().filter(both().and(Item::ID.range(..60))).count()?, 10);
    Ok(())
}

// Each level is a call, and a stack has an end.
#[test]
fn a_filter_that_is_nested_too_deep_is_refused() -> Result<()> {
    let store = shop(10)?;
    let nested = |levels: u32| {
        let mut filter = Item::KIND.eq(1);
        for id in 0..levels {
            filter = filter.and(Item::DAY.range(..)).or(Item::ID.eq(id));
        }
        store.query().filter(filter).count()
    };
    assert_eq!(nested(100)?, 10);
    let refused = nested(100_000).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::FilterTooDeep { .. }), "{refused}");
    let long = (0..5000).fold(Item::KIND.eq(1), |filter, id| filter.or(Item::ID.eq(id)));
    assert_eq!(store.query().filter(long).count()?, 10);
    Ok(())
}

// Behind a key that no two records share nothing is left to be ordered.
#[test]
fn orders_that_change_nothing_sort_nothing() -> Result<()> {
    let store = shop(200)?;
    for order in [Item::ID.desc(), Item::CODE.asc()] {
        let query = store.query().order_by(order).order_by(Item::DAY.asc()).order_by(Item::ID.asc());
        assert_eq!(query.sort_limit(0).collect()?.len(), 200);
    }
    let by_day = || store.query().order_by(Item::DAY.asc()).order_by(Item::DAY.desc());
    assert_eq!(by_day().sort_limit(0).collect()?.len(), 200);
    assert!(by_day().limit(3).explain()?.steps().iter().all(|step| !matches!(step.step, Step::Sort(_))));
    // A range is counted before a walk over all in another order is preferred to it.
    let told = store.query().filter(Item::ID.range(..150)).order_by(Item::DAY.asc()).explain()?;
    assert!(matches!(told.step, Step::Sort(_)), "{told}");
    Ok(())
}

// The rows of two tables are put in order together.
#[test]
fn without_an_order_both_sides_of_an_or_come() -> Result<()> {
    let store = shop(30)?;
    let query = || store.query().filter(Item::CODE.eq("c29").or(Item::ID.range(..20)));
    let mut found: Vec<u32> = query().unordered().iter()?.map(|item| Ok(item?.id)).collect::<Result<_>>()?;
    found.sort_unstable();
    assert_eq!(found, (0..20).chain([29]).collect::<Vec<_>>());
    Ok(())
}

// Nothing is sorted that is too much to be kept; with a limit no more is kept than that.
#[test]
fn a_sort_that_is_too_large_is_refused() -> Result<()> {
    let store = shop(100)?;
    let by_weight = |order: Order<Item, _>| store.query().scan_all().order_by(order).sort_limit(50);
    let refused = by_weight(Item::WEIGHT.desc()).collect().unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::SortLimit { model: "Item", limit: 50 });
    assert_eq!(ids(by_weight(Item::WEIGHT.desc()).limit(3))?, [99, 98, 97]);
    assert_eq!(ids(by_weight(Item::WEIGHT.desc()).offset(48).limit(2))?, [51, 50]);
    // An index has this order, so nothing needs to be sorted.
    assert_eq!(store.query().order_by(Item::CODE.asc()).sort_limit(0).collect()?.len(), 100);
    assert_eq!(
        store.query().filter(Item::KIND.eq(1)).order_by(Item::ID.desc()).sort_limit(0).collect()?.len(),
        33
    );
    Ok(())
}
