//! The laws of `Key`, for every type that is one: order, injectivity, prefix-freedom of parts, round trip, and no
//! panic on any bytes. S1-21; hazards C1-C4.

use std::cmp::{Ordering, Reverse};

use kit::models::{Author, AuthorPrimaryKey, Level};
use netabase::key::{AsKey, Key};
use netabase::{Link, NetabaseKey};
use proptest::prelude::*;

fn part(key: &impl Key) -> Vec<u8> {
    let mut out = Vec::new();
    key.encode_part(&mut out).expect("it encodes");
    out
}

fn tail(key: &impl Key) -> Vec<u8> {
    let mut out = Vec::new();
    key.encode_tail(&mut out).expect("it encodes");
    out
}

/// All laws for two keys and some bytes.
fn laws<K: Key + PartialOrd>(a: &K, b: &K, bytes: &[u8]) -> Result<(), TestCaseError> {
    let order = a.partial_cmp(b).expect("keys have an order");
    prop_assert_eq!(tail(a).cmp(&tail(b)), order, "order of tails");
    prop_assert_eq!(part(a).cmp(&part(b)), order, "order of parts");
    if order != Ordering::Equal {
        prop_assert!(!part(b).starts_with(&part(a)), "one part begins another");
    }
    for key in [a, b] {
        prop_assert_eq!(&K::decode_tail(&tail(key))?, key);
        let with_rest = [&part(key), bytes].concat();
        let mut rest = with_rest.as_slice();
        prop_assert_eq!(&K::decode_part(&mut rest)?, key);
        prop_assert_eq!(rest, bytes, "what follows a part");
        if let Some(width) = K::WIDTH {
            prop_assert_eq!((part(key).len(), tail(key).len()), (width, width));
        }
    }
    // Whatever decodes is what encodes to these bytes; nothing panics.
    if let Ok(key) = K::decode_tail(bytes) {
        prop_assert_eq!(tail(&key), bytes);
    }
    let mut rest = bytes;
    if let Ok(key) = K::decode_part(&mut rest) {
        prop_assert_eq!(&[&part(&key), rest].concat(), bytes);
    }
    Ok(())
}

/// A query form writes what the key encodes.
fn stands_for<K: Key>(form: impl AsKey<K>, key: &K) -> Result<(), TestCaseError> {
    let (mut as_part, mut as_tail) = (Vec::new(), Vec::new());
    form.write_part(&mut as_part)?;
    form.write_tail(&mut as_tail)?;
    prop_assert_eq!((as_part, as_tail), (part(key), tail(key)));
    Ok(())
}

/// Bytes that often look like the beginning of a key.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte =
        prop_oneof![3 => prop::sample::select(vec![0, 1, 2, 9, 0x7F, 0x80, 0xFE, 0xFF]), 1 => any::<u8>()];
    prop::collection::vec(byte, 0..20)
}

/// Text with zero bytes and common beginnings.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a\u{0}\u{1}\u{7f}b]{0,4}", any::<String>()]
}

macro_rules! hold_for {
    ($($name:ident: $strategy:expr),* $(,)?) => {
        proptest! {
            #![proptest_config(kit::cases(300))]
            $(
                #[test]
                fn $name(a in $strategy, b in $strategy, bytes in bytes()) {
                    laws(&a, &b, &bytes)?;
                    laws(&a, &a, &bytes)?;
                }
            )*
        }
    };
}

/// Every edge of an integer type is hit, not only its middle.
macro_rules! edgy {
    ($number:ident) => {
        prop_oneof![
            any::<$number>(),
            prop::sample::select(vec![
                $number::MIN,
                $number::MAX,
                $number::MAX / 2,
                $number::MAX / 2 + 1,
                0,
                1
            ])
        ]
    };
}

fn f64s() -> impl Strategy<Value = f64> {
    let special =
        vec![0.0, -0.0, f64::MIN, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, 5e-324];
    prop_oneof![
        any::<f64>().prop_filter("NaN is no key", |number| !number.is_nan()),
        prop::sample::select(special)
    ]
}

fn f32s() -> impl Strategy<Value = f32> {
    let special = vec![0.0, -0.0, f32::MIN, f32::MAX, f32::INFINITY, f32::NEG_INFINITY];
    prop_oneof![
        any::<f32>().prop_filter("NaN is no key", |number| !number.is_nan()),
        prop::sample::select(special)
    ]
}

/// A derived newtype.
#[derive(NetabaseKey, Clone, Debug, PartialEq, PartialOrd)]
struct Email(String);

/// A derived struct.
#[derive(NetabaseKey, Clone, Debug, PartialEq, PartialOrd)]
struct Slot {
    room: String,
    day: i32,
    name: String,
}

/// A derived enum with fields, numbered against the order of its variants; sorted by number in `PartialOrd` too.
#[derive(NetabaseKey, Clone, Debug, PartialEq)]
#[repr(u16)]
enum Event {
    Note(String, u8) = 300,
    Start = 5,
    Move { to: i16 } = 6,
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        fn rank(event: &Event) -> (u32, i32, &str, u8) {
            match event {
                Event::Start => (5, 0, "", 0),
                Event::Move { to } => (6, i32::from(*to), "", 0),
                Event::Note(text, byte) => (300, 0, text, *byte),
            }
        }
        rank(self).partial_cmp(&rank(other))
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Start),
        any::<i16>().prop_map(|to| Event::Move { to }),
        (text(), any::<u8>()).prop_map(|(text, byte)| Event::Note(text, byte)),
    ]
}

/// `Level` sorts by number, which its derived `PartialOrd` does not.
#[derive(NetabaseKey, Clone, Copy, Debug, PartialEq)]
enum ByNumber {
    B = 2,
    A = 1,
}

impl PartialOrd for ByNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (*self as u8).partial_cmp(&(*other as u8))
    }
}

fn timestamps() -> impl Strategy<Value = jiff::Timestamp> {
    (-377_705_023_201_i64..=253_402_207_200, 0..1_000_000_000_i32)
        .prop_filter_map("in range", |(second, nanosecond)| jiff::Timestamp::new(second, nanosecond).ok())
}

fn dates() -> impl Strategy<Value = jiff::civil::Date> {
    (-9999..=9999_i16, 1..=12_i8, 1..=28_i8)
        .prop_map(|(year, month, day)| jiff::civil::date(year, month, day))
}

fn instants() -> impl Strategy<Value = chrono::DateTime<chrono::Utc>> {
    (-8_000_000_000_000_i64..8_000_000_000_000, 0..1_000_000_000_u32)
        .prop_filter_map("in range", |(second, nano)| chrono::DateTime::from_timestamp(second, nano))
}

fn days() -> impl Strategy<Value = chrono::NaiveDate> {
    (-90_000_000..90_000_000_i32).prop_filter_map("in range", chrono::NaiveDate::from_num_days_from_ce_opt)
}

hold_for! {
    u8s: edgy!(u8), u16s: edgy!(u16), u32s: edgy!(u32), u64s: edgy!(u64), u128s: edgy!(u128),
    i8s: edgy!(i8), i16s: edgy!(i16), i32s: edgy!(i32), i64s: edgy!(i64), i128s: edgy!(i128),
    f32_order: f32s(), f64_order: f64s(), bools: any::<bool>(), chars: any::<char>(),
    strings: text(), byte_strings: bytes(), arrays: any::<[u8; 5]>(),
    arrays_of_text: [text(), text()],
    options: prop::option::of(any::<i16>()), options_of_text: prop::option::of(text()),
    nested_options: prop::option::of(prop::option::of(text())),
    singles: (text(),), pairs: (text(), text()), triples: (text(), any::<i32>(), bytes()),
    descending: text().prop_map(Reverse), descending_numbers: any::<i32>().prop_map(Reverse),
    descending_within: (any::<u8>(), text().prop_map(Reverse), text()),
    descending_pairs: (text(), prop::option::of(any::<u8>())).prop_map(Reverse),
    quads: (any::<u8>(), prop::option::of(text()), any::<bool>(), text()),
    nested_tuples: ((text(), any::<u16>()), (bytes(), text())),
    fives: (text(), any::<u8>(), text(), any::<i8>(), text()),
    sixes: (any::<u8>(), text(), any::<u8>(), text(), any::<u8>(), any::<u64>()),
    newtypes: text().prop_map(Email),
    structs: (text(), any::<i32>(), text()).prop_map(|(room, day, name)| Slot { room, day, name }),
    enums: event(), plain_enums: prop::sample::select(vec![ByNumber::A, ByNumber::B]),
    primary_keys: any::<u64>().prop_map(AuthorPrimaryKey),
    links: any::<u64>().prop_map(Link::<Author>::new),
    uuids: any::<u128>().prop_map(uuid::Uuid::from_u128),
    jiff_timestamps: timestamps(), jiff_dates: dates(), chrono_instants: instants(), chrono_days: days(),
}

proptest! {
    #[test]
    fn cheaper_forms_stand_for_their_key(text in text(), bytes in bytes(), number in any::<u64>(), day in any::<i32>()) {
        stands_for::<String>(text.as_str(), &text)?;
        stands_for::<String>(&&text, &text)?;
        stands_for::<Vec<u8>>(bytes.as_slice(), &bytes)?;
        stands_for::<(String, u64)>((text.as_str(), number), &(text.clone(), number))?;
        stands_for::<(String, Vec<u8>)>(&(&text, &bytes), &(text.clone(), bytes.clone()))?;
        stands_for::<Option<String>>(Some(text.as_str()), &Some(text.clone()))?;
        stands_for::<Option<String>>(None::<&str>, &None)?;
        stands_for::<AuthorPrimaryKey>(number, &AuthorPrimaryKey(number))?;
        stands_for::<AuthorPrimaryKey>(Link::<Author>::new(number), &AuthorPrimaryKey(number))?;
        stands_for::<AuthorPrimaryKey>(&kit::models::author(number), &AuthorPrimaryKey(number))?;
        stands_for::<Email>(text.as_str(), &Email(text.clone()))?;
        let slot = Slot { room: text.clone(), day, name: text.clone() };
        stands_for::<Slot>((text.as_str(), day, &text), &slot)?;
    }
}

#[test]
fn widths_are_known_where_they_are_fixed() {
    assert_eq!(<(u32, [u16; 3], Option<u64>)>::WIDTH, Some(4 + 6 + 9));
    assert_eq!(<(u32, String)>::WIDTH, None);
    assert_eq!(Level::WIDTH, Some(1));
    assert_eq!((Event::WIDTH, Slot::WIDTH), (None, None));
    assert_eq!(uuid::Uuid::WIDTH, Some(16));
}

// C2: NaN has no place in an order, and the two zeros are one key.
#[test]
fn floats_have_one_zero_and_no_nan() {
    let mut out = Vec::new();
    let error = f64::NAN.encode_part(&mut out).expect_err("NaN is refused");
    assert!(error.to_string().contains("NaN"), "{error}");
    assert!(f32::NAN.encode_tail(&mut out).is_err() && out.is_empty());
    assert_eq!(tail(&-0.0_f64), tail(&0.0_f64));
}

// chrono has a second of more than a second, which it takes anywhere and reads back at the end of a minute only.
#[test]
fn a_leap_second_in_the_middle_of_a_minute_is_refused() {
    use chrono::Timelike as _;
    let time = chrono::DateTime::from_timestamp(30, 0).and_then(|time| time.with_nanosecond(1_500_000_000));
    let error = time.expect("chrono takes it").encode_tail(&mut Vec::new()).expect_err("refused");
    assert!(error.to_string().contains("cannot be read back"), "{error}");
}

// C1: a range over negative and positive numbers is one range of bytes.
#[test]
fn bytes_sort_as_numbers_across_zero() {
    let sorted: Vec<Vec<u8>> = (-5..5_i64).map(|number| tail(&number)).collect();
    assert!(sorted.is_sorted());
}
