//! The rows that a world of records should have in the file, written out by hand: nothing here calls netabase's
//! own encoding or layout. docs/format.md says the same in words.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use netabase::engine::{Cursor, Direction, Engine, TableForm, TableId, TableSpec, Tables};
use netabase::{Link, Result};
use serde::Serialize;

use crate::models::{Level, Person, Place, Visit};
use crate::oracle::Oracle;

/// Table name -> rows.
pub type Rows = BTreeMap<String, BTreeSet<(Vec<u8>, Vec<u8>)>>;

const MAIN: TableForm = TableForm::Map;
const INDEX: TableForm = TableForm::Index;

/// Every table of a world.
#[rustfmt::skip]
pub const TABLES: &[Table] = &[
    ("World/Person",                  MAIN,  Some(8), None),
    ("World/Person/index/email",      MAIN,  None,    None),
    ("World/Person/index/nick",       MAIN,  None,    None),
    ("World/Person/index/age",        INDEX, Some(4), Some(8)),
    ("World/Person/index/city",       INDEX, None,    Some(8)),
    ("World/Person/index/rank",       INDEX, Some(9), Some(8)),
    ("World/Person/index/tags",       INDEX, None,    Some(8)),
    ("World/Person/index/level",      INDEX, Some(1), Some(8)),
    ("World/Person/index/score",      INDEX, Some(8), Some(8)),
    ("World/Person/relation/boss",    INDEX, Some(9), Some(8)),
    ("World/Person/relation/friends", INDEX, Some(8), Some(8)),
    ("World/Person/topics",           INDEX, None,    Some(8)),
    ("World/Place",                   MAIN,  None,    None),
    ("World/Place/index/doors",       MAIN,  Some(4), None),
    ("World/Place/relation/owner",    INDEX, Some(8), None),
    ("World/visit",                   MAIN,  None,    None),
    ("World/visit/relation/person",   INDEX, Some(8), None),
    ("World/visit/relation/place",    INDEX, None,    None),
];

/// A table: name, form, width of keys, width of values.
pub type Table = (&'static str, TableForm, Option<usize>, Option<usize>);

/// What an engine wants to know of tables.
pub fn specs(tables: &[Table]) -> Tables {
    let spec = |(name, form, key_width, value_width): &Table| TableSpec {
        name: (*name).into(),
        form: *form,
        key_width: *key_width,
        value_width: *value_width,
    };
    tables.iter().map(spec).collect()
}

/// What the engine has in every table. Tables it has beside those are an error.
pub fn stored(engine: &dyn Engine) -> Result<Rows> {
    dump(engine, TABLES)
}

/// The same for tables of another definition.
pub fn dump(engine: &dyn Engine, tables: &[Table]) -> Result<Rows> {
    for name in engine.table_names()? {
        assert!(
            name == "netabase.schema" || tables.iter().any(|table| table.0 == name),
            "unknown table {name}"
        );
    }
    let specs = specs(tables);
    let snapshot = engine.begin_read(&specs)?;
    let all = (Bound::Unbounded, Bound::Unbounded);
    let mut rows = Rows::new();
    for (at, spec) in specs.iter().enumerate() {
        let mut cursor: Box<dyn Cursor + '_> = match spec.form {
            TableForm::Map => snapshot.cursor(TableId(at), all, Direction::Forward)?,
            TableForm::Index => snapshot.index_cursor(TableId(at), all, Direction::Forward)?,
        };
        let table = rows.entry(spec.name.clone()).or_default();
        while cursor.advance()? {
            table.insert((cursor.key().to_vec(), cursor.value().to_vec()));
        }
    }
    Ok(rows)
}

struct Writer(Rows);

impl Writer {
    fn add(&mut self, table: &str, key: impl AsRef<[u8]>, value: &[u8]) {
        let rows = self.0.get_mut(table).unwrap_or_else(|| panic!("no table {table}"));
        rows.insert((key.as_ref().to_vec(), value.to_vec()));
    }
}

fn signed(number: i32) -> [u8; 4] {
    u32::try_from(i64::from(number) - i64::from(i32::MIN)).expect("it fits").to_be_bytes()
}

fn float(number: f64) -> [u8; 8] {
    let number = if number == 0.0 { 0.0 } else { number };
    let bits = number.to_bits();
    if number.is_sign_negative() { (!bits).to_be_bytes() } else { (bits | (1 << 63)).to_be_bytes() }
}

fn tagged(key: Option<&[u8]>, width: usize) -> Vec<u8> {
    key.map_or_else(|| vec![0; 1 + width], |key| [&[1], key].concat())
}

fn person_key(link: &Link<Person>) -> [u8; 8] {
    link.key().0.to_be_bytes()
}

/// No text of the tests' has a zero byte in a key that is escaped, except on purpose here.
fn place_key(country: &str, code: u16) -> Vec<u8> {
    let escaped = country.bytes().flat_map(|byte| if byte == 0 { vec![0, 0xFF] } else { vec![byte] });
    escaped.chain([0, 0]).chain(code.to_be_bytes()).collect()
}

fn record(version: u8, record: &impl Serialize) -> Vec<u8> {
    [vec![version], postcard::to_stdvec(record).expect("it encodes")].concat()
}

impl Writer {
    fn person(&mut self, person: &Person) {
        let pk = &person.id.to_be_bytes();
        self.add("World/Person", pk, &record(3, person));
        self.add("World/Person/index/email", &person.email, pk);
        let nick = person
            .nick
            .as_ref()
            .map_or_else(|| [&[0], &pk[..]].concat(), |nick| [b"\x01", nick.as_bytes()].concat());
        self.add("World/Person/index/nick", nick, pk);
        self.add("World/Person/index/age", signed(person.age), pk);
        self.add("World/Person/index/city", tagged(person.city.as_ref().map(String::as_bytes), 0), pk);
        self.add(
            "World/Person/index/rank",
            tagged(person.rank.map(u64::to_be_bytes).as_ref().map(|rank| &rank[..]), 8),
            pk,
        );
        for tag in &person.tags {
            self.add("World/Person/index/tags", tag, pk);
        }
        let level = match person.level {
            Level::Low => 2,
            Level::High => 9,
        };
        self.add("World/Person/index/level", [level], pk);
        self.add("World/Person/index/score", float(person.score), pk);
        let boss = person.boss.as_ref().map(person_key);
        self.add("World/Person/relation/boss", tagged(boss.as_ref().map(|boss| &boss[..]), 8), pk);
        for friend in &person.friends {
            self.add("World/Person/relation/friends", person_key(friend), pk);
        }
        self.add("World/Person/topics", "Feed", pk);
        self.add("World/Person/topics", "audit-log", pk);
    }

    fn place(&mut self, place: &Place) {
        let pk = &place_key(&place.country, place.code);
        self.add("World/Place", pk, &record(1, place));
        for door in &place.doors {
            self.add("World/Place/index/doors", door.to_be_bytes(), pk);
        }
        self.add("World/Place/relation/owner", person_key(&place.owner), pk);
    }

    fn visit(&mut self, visit: &Visit) {
        let place = visit.place.key();
        let place = place_key(&place.country, place.code);
        let pk = &[&person_key(&visit.person)[..], &place].concat();
        self.add("World/visit", pk, &record(1, visit));
        self.add("World/visit/relation/person", person_key(&visit.person), pk);
        self.add("World/visit/relation/place", &place, pk);
    }
}

/// What the file should have.
pub fn expected(oracle: &Oracle) -> Rows {
    let empty = TABLES.iter().map(|table| (table.0.to_owned(), BTreeSet::new()));
    let mut writer = Writer(empty.collect());
    oracle.people.records().for_each(|person| writer.person(person));
    oracle.places.records().for_each(|place| writer.place(place));
    oracle.visits.records().for_each(|visit| writer.visit(visit));
    writer.0
}

/// Compares every table with the records it should follow from, and says which one differs.
pub fn assert_stored(engine: &Arc<dyn Engine>, oracle: &Oracle) -> Result<()> {
    let (stored, expected) = (stored(&**engine)?, expected(oracle));
    for (table, rows) in &expected {
        assert_eq!(stored.get(table), Some(rows), "the table {table}");
    }
    Ok(())
}
