//! What the derives accept, and what they write: names, shapes, hygiene. S2-1, S2-2, S2-5, S1-19.

use std::collections::BTreeSet;

use netabase::schema::{Part, Shape};
use netabase::{Key, Link, NetabaseDefinition, NetabaseKey, NetabaseModel, Result, Store};
use serde::{Deserialize, Serialize};

type Labels = Vec<String>;

/// Names that meet others, raw ones, aliases, collections, a key struct.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(rename = "thing", version = 7)]
struct Odd {
    #[primary_key]
    key: Slot,
    #[secondary_key]
    r#type: u8,
    /// Its handle would be NAME, which the trait has too; the inherent one is meant.
    #[secondary_key]
    name: String,
    #[secondary_key(each)]
    labels: Labels,
    #[secondary_key(each, unique)]
    codes: BTreeSet<u16>,
    #[secondary_key]
    digest: [u8; 4],
    #[secondary_key]
    blob: Vec<u8>,
    #[secondary_key]
    place: (String, u8),
    #[netabase(handle = "SPOT_TEXT", rename = "text")]
    #[secondary_key]
    spot: Option<std::string::String>,
    #[relation]
    parent: Option<Link<Odd>>,
    schema: bool,
}

#[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slot {
    room: String,
    day: u32,
}

#[derive(NetabaseDefinition)]
enum Things {
    Odd(Odd),
}

fn odd(room: &str, day: u32) -> Odd {
    Odd {
        key: Slot { room: room.into(), day },
        r#type: 1,
        name: "n".into(),
        labels: vec!["x".into(), "y".into()],
        codes: BTreeSet::from([day as u16]),
        digest: [1, 2, 3, 4],
        blob: vec![0, 1],
        place: ("home".into(), 2),
        spot: None,
        parent: Some(Link::new(Slot { room: room.into(), day })),
        schema: true,
    }
}

#[test]
fn every_shape_can_be_asked_for() -> Result<()> {
    let store = Store::<Things>::in_memory()?;
    store.write(|txn| txn.create_batch(&[odd("a", 1), odd("a", 2), odd("ab", 3)]))?;
    let snapshot = store.begin_read()?;
    let count = |filter| snapshot.query::<Odd>().filter(filter).count();
    assert_eq!(count(Odd::TYPE.eq(1))?, 3);
    assert_eq!(count(Odd::NAME.eq("n"))?, 3);
    assert_eq!(count(Odd::LABELS.eq("y"))?, 3);
    assert_eq!(count(Odd::CODES.any_of([1, 3]))?, 2);
    assert_eq!(count(Odd::DIGEST.eq([1, 2, 3, 4]))?, 3);
    assert_eq!(count(Odd::BLOB.eq(b"\0\x01"))?, 3);
    assert_eq!(count(Odd::BLOB.prefix(&[0_u8][..]))?, 3);
    assert_eq!(count(Odd::PLACE.eq(("home", 2)))?, 3);
    assert_eq!(count(Odd::PLACE.prefix(("home",)))?, 3);
    assert_eq!(count(Odd::SPOT_TEXT.is_none())?, 3);
    assert_eq!(count(Odd::PARENT.eq(Slot { room: "a".into(), day: 1 }))?, 1);
    // The key struct's tuple and its prefixes stand for the newtype around it.
    assert_eq!(snapshot.get::<Odd>(&odd("a", 2))?, Some(odd("a", 2)));
    assert_eq!(snapshot.get::<Odd>(Slot { room: "a".into(), day: 2 })?, Some(odd("a", 2)));
    assert_eq!(count(Odd::KEY.prefix(("a",)))?, 2);
    assert_eq!(count(Odd::KEY.range(Slot { room: "a".into(), day: 2 }..))?, 2);
    let scanned = snapshot.query::<Odd>().scan_all().filter(Odd::SCHEMA.eq(true).and(Odd::TYPE.eq(1)));
    assert_eq!(scanned.count()?, 3);
    Ok(())
}

#[test]
fn the_schema_says_what_was_written() {
    let schema = <Odd as NetabaseModel>::SCHEMA;
    assert_eq!((schema.name, schema.version, schema.key_width), ("thing", 7, None));
    let fields: Vec<_> = schema.fields.iter().map(|field| (field.name, field.ty)).collect();
    assert_eq!(fields[3..6], [("labels", "Labels"), ("codes", "BTreeSet<u16>"), ("digest", "[u8; 4]")]);
    assert_eq!(fields[8], ("text", "Option<std::string::String>"));
    let indexes: Vec<_> =
        schema.indexes.iter().map(|index| (index.name, index.shape, index.unique, index.key_width)).collect();
    assert_eq!(
        indexes[2..5],
        [
            ("labels", Shape::Each, false, None),
            ("codes", Shape::Each, true, Some(2)),
            ("digest", Shape::One, false, Some(4)),
        ]
    );
    assert_eq!((schema.relations[0].target, schema.relations[0].shape), ("thing", Shape::Optional));
    let parts: Vec<_> = schema.parts().map(|(number, part)| (number, part.name())).collect();
    assert_eq!(parts.first(), Some(&(0, "main")));
    assert_eq!(parts.last(), Some(&(9, "parent")));
    assert!(matches!(schema.part(9), Some(Part::Relation(_))) && schema.part(10).is_none());
}

/// Structs inside a function, a private type in a public struct, and handles that keep its visibility.
#[test]
fn models_may_be_local_and_private() -> Result<()> {
    mod room {
        use super::*;
        #[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq)]
        enum Hidden {
            Yes,
        }
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub struct Thing {
            #[primary_key]
            pub id: i8,
            #[secondary_key]
            kind: Hidden,
        }
        impl Thing {
            pub(crate) fn new(id: i8) -> Self {
                Thing { id, kind: Hidden::Yes }
            }
        }
    }
    #[derive(NetabaseModel, Serialize, Deserialize)]
    struct Local {
        #[primary_key]
        thing: Link<room::Thing>,
        #[primary_key]
        at: u8,
    }
    #[derive(NetabaseDefinition)]
    enum Home {
        Local(Local),
        Thing(room::Thing),
    }
    let store = Store::<Home>::in_memory()?;
    store.write(|txn| {
        txn.create(&room::Thing::new(-1))?;
        txn.create(&Local { thing: Link::new(-1), at: 2 })
    })?;
    let snapshot = store.begin_read()?;
    assert!(snapshot.contains::<Local>((-1, 2))?);
    assert!(snapshot.contains::<room::Thing>(-1)?);
    assert_eq!(LocalPrimaryKey::WIDTH, Some(2));
    Ok(())
}

/// netabase under another name, and a definition's own enums.
mod elsewhere {
    pub(super) mod vendored {
        pub(crate) use netabase as db;
    }

    #[derive(netabase::NetabaseModel, serde::Serialize, serde::Deserialize, Clone)]
    #[netabase(crate = "crate::derives::elsewhere::vendored::db")]
    pub(super) struct Local {
        #[primary_key]
        pub(super) id: u8,
    }

    #[derive(netabase::NetabaseDefinition)]
    #[netabase(crate = "crate::derives::elsewhere::vendored::db")]
    pub(super) enum Home {
        Local(Local),
    }
}

#[test]
fn netabase_may_be_elsewhere() -> Result<()> {
    use elsewhere::{Home, HomeKeys, HomeKind, Local, LocalPrimaryKey};
    let key = HomeKeys::from(&Home::from(Local { id: 3 }));
    assert_eq!(key, HomeKeys::Local(LocalPrimaryKey(3)));
    assert_eq!(HomeKind::from(&key), HomeKind::Local);
    Store::<Home>::in_memory()?.write(|txn| txn.create(&Local { id: 3 }))
}

/// `Self` in a field's type, a deprecated field, and a name that is not in camel case.
#[deny(warnings)]
mod awkward {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize)]
    #[allow(non_camel_case_types)]
    pub(super) struct tree_node {
        #[primary_key]
        pub(super) id: u32,
        #[relation]
        pub(super) parent: Option<Link<Self>>,
        #[secondary_key]
        pub(super) code: [u8; Self::WIDTH],
        #[secondary_key]
        #[deprecated]
        pub(super) old: u8,
    }

    impl tree_node {
        const WIDTH: usize = 2;
        #[allow(deprecated)]
        pub(super) fn new(id: u32, parent: Option<u32>) -> Self {
            tree_node { id, parent: parent.map(Link::new), code: [1, 2], old: 0 }
        }
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum Forest {
        Node(tree_node),
    }
}

#[test]
fn a_model_may_speak_of_itself() -> Result<()> {
    use awkward::{Forest, tree_node};
    let store = Store::<Forest>::in_memory()?;
    store.write(|txn| txn.create_batch(&[tree_node::new(1, None), tree_node::new(2, Some(1))]))?;
    let children = store.begin_read()?.query::<tree_node>().filter(tree_node::PARENT.eq(1)).collect()?;
    assert_eq!(children.iter().map(|node| node.id).collect::<Vec<_>>(), [2]);
    Ok(())
}

// A link is made from what its key is made from; text needs no allocation at the call.
#[test]
fn links_take_what_their_key_is_made_from() {
    #[derive(NetabaseModel, Serialize, Deserialize)]
    struct Page {
        #[primary_key]
        path: String,
    }
    let page = Page { path: "/a".into() };
    assert_eq!(Link::<Page>::new("/a"), Link::to(&page));
    assert_eq!(Link::<Page>::new(String::from("/a")).into_key(), PagePrimaryKey("/a".into()));
    let place = Link::<kit::models::Place>::new(("FR".to_owned(), 1));
    assert_eq!((place.key().country.as_str(), place.key().code), ("FR", 1));
}
