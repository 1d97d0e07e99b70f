//! A file written for another schema is refused, with every difference in words, and left as it is. C10, C15.

use netabase::{
    ErrorKind, Link, NetabaseDefinition, NetabaseKey, NetabaseModel, NetabaseTopic, Result, Store,
};
use serde::{Deserialize, Serialize};

#[derive(NetabaseTopic)]
struct Feed;

/// A topic with the recorded name of a field.
#[derive(NetabaseTopic)]
#[netabase(rename = "tags")]
struct Labelled;

/// The schema in the file.
mod before {
    use super::*;

    #[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) enum Level {
        Low,
        High,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct User {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) level: Level,
        #[secondary_key(unique)]
        pub(super) email: String,
        pub(super) age: u32,
        pub(super) note: String,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum App {
        User(User),
    }
}

/// Everything about it has changed.
mod after {
    use super::*;

    #[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) enum Level {
        High,
        Low,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(version = 2, subscribe(Feed))]
    pub(super) struct User {
        #[primary_key]
        pub(super) id: u32,
        #[secondary_key]
        pub(super) level: Level,
        #[secondary_key]
        pub(super) email: Option<String>,
        #[secondary_key]
        pub(super) age: u32,
        pub(super) note: Vec<u8>,
        #[relation(references = "unchecked")]
        pub(super) boss: Option<Link<User>>,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Note {
        #[primary_key]
        pub(super) id: u64,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App", topics(Feed))]
    pub(super) enum App {
        User(User),
        Note(Note),
    }
}

fn user() -> before::User {
    before::User { id: 1, level: before::Level::Low, email: "a".into(), age: 1, note: String::new() }
}

#[test]
fn every_difference_is_listed_and_the_file_stays() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.redb");
    Store::<before::App>::open(&path)?.write(|txn| txn.create(&user()))?;
    let error = Store::<after::App>::open(&path).expect_err("refused");
    let ErrorKind::SchemaMismatch { differences } = error.kind() else { panic!("{error}") };
    let expected = [
        "the model Note is not in the file",
        "User is at version 1 in the file, here at 2",
        "the key of User is UserPrimaryKey(u64) in the file, here UserPrimaryKey(u32)",
        "the field User.note is String in the file, here Vec<u8>",
        "the field User.boss is not in the file",
        "the key User.level: index over Level { Low = 0(), High = 1() } in the file, index over Level { High = 0(), Low = 1() } here",
        "the key User.email: unique index over text in the file, index over optional text here",
        "the key User.age is not in the file",
        "the key User.boss is not in the file",
        "the topic User.Feed is not in the file",
    ];
    assert_eq!(differences, &expected);
    let text = format!(
        "opening `{}`: the file was written for another schema: the model Note is not",
        path.display()
    );
    assert!(error.to_string().starts_with(&text), "{error}");
    let store = Store::<before::App>::open(&path)?;
    assert_eq!(store.begin_read()?.query::<before::User>().collect()?, [user()]);
    Ok(())
}

/// The same name, other models: the file must not pass for an empty one.
#[test]
fn another_definition_is_refused() -> Result<()> {
    #[derive(NetabaseDefinition)]
    enum Other {
        User(before::User),
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.redb");
    drop(Store::<before::App>::open(&path)?);
    let error = Store::<Other>::open(&path).expect_err("refused");
    assert!(error.to_string().contains("the file holds the definition App, not Other"), "{error}");
    Ok(())
}

/// A new version without a changed schema record cannot be read silently: the record says its version. C9.
#[test]
fn a_record_of_another_version_is_an_error() -> Result<()> {
    use netabase::engine::{Durability, Engine, MapChange, Redb, TableForm, TableId, TableSpec};
    use std::sync::Arc;

    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let open = || Store::<before::App>::builder().engine(engine.clone()).open();
    open()?.write(|txn| txn.create(&user()))?;
    let main =
        TableSpec { name: "App/User".into(), form: TableForm::Map, key_width: Some(8), value_width: None };
    let overwrite = |bytes: &[u8]| {
        let mut writer = engine.begin_write(&[main.clone()].into())?;
        writer.apply(TableId(0), &mut [MapChange::Put(&1_u64.to_be_bytes(), bytes)].into_iter())?;
        writer.commit(Durability::Immediate).map(drop)
    };
    let version = ErrorKind::SchemaVersion { model: "User", found: 9, expected: 1 };
    let corrupt = ErrorKind::Corrupt { place: "App/User".into() };
    for (bytes, kind) in [(&[9, 1, 0][..], version), (&[1, 1, 0], corrupt.clone()), (&[], corrupt)] {
        overwrite(bytes)?;
        let store = open()?;
        let snapshot = store.begin_read()?;
        assert_eq!(*snapshot.get::<before::User>(1).expect_err("refused").kind(), kind);
        assert_eq!(*snapshot.query::<before::User>().collect().expect_err("refused").kind(), kind);
        // Not even a write goes over it unread.
        assert_eq!(*store.write(|txn| txn.update(&user())).expect_err("refused").kind(), kind);
        assert_eq!(*store.write(|txn| txn.delete::<before::User>(1)).expect_err("refused").kind(), kind);
    }
    Ok(())
}

/// Opens a store of one schema and then of another over the same bytes.
macro_rules! reopened {
    ($first:ty, $second:ty) => {{
        let engine: std::sync::Arc<dyn netabase::engine::Engine> =
            std::sync::Arc::new(netabase::engine::Redb::in_memory(None)?);
        drop(Store::<$first>::builder().engine(engine.clone()).open()?);
        Store::<$second>::builder().engine(engine).open().map(drop)
    }};
}

// Keys of one type may be made of other fields, and their fields may change places: the bytes would be misread.
#[test]
fn which_fields_make_a_key_is_recorded() -> Result<()> {
    mod one {
        use super::*;
        #[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) struct At {
            x: u32,
            y: u32,
        }
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub(super) struct Mark {
            #[primary_key]
            a: u64,
            b: u64,
            #[secondary_key]
            at: At,
        }
        #[derive(NetabaseDefinition)]
        #[netabase(rename = "Map")]
        pub(super) enum Map {
            Mark(Mark),
        }
    }
    mod two {
        use super::*;
        #[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) struct At {
            y: u32,
            x: u32,
        }
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub(super) struct Mark {
            a: u64,
            #[primary_key]
            b: u64,
            #[secondary_key]
            at: At,
        }
        #[derive(NetabaseDefinition)]
        #[netabase(rename = "Map")]
        pub(super) enum Map {
            Mark(Mark),
        }
    }
    let error = reopened!(one::Map, two::Map).expect_err("refused");
    let ErrorKind::SchemaMismatch { differences } = error.kind() else { panic!("{error}") };
    let expected = [
        "the key of Mark is made of a in the file, here of b",
        "the key Mark.at: index over At(x: u32, y: u32) in the file, index over At(y: u32, x: u32) here",
    ];
    assert_eq!(differences, &expected);
    Ok(())
}

// What a file does not record may change: names in the program, the order of models and topics.
#[test]
fn renamed_and_reordered_programs_open_the_file() -> Result<()> {
    mod one {
        use super::*;
        #[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq)]
        pub(super) enum Level {
            Low,
        }
        #[derive(NetabaseModel, Serialize, Deserialize)]
        #[netabase(subscribe(Feed, Labelled))]
        pub(super) struct Author {
            #[primary_key]
            id: u64,
            #[secondary_key]
            level: Level,
            // The name of a topic too, which is no clash.
            #[secondary_key]
            tags: Vec<String>,
        }
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub(super) struct Post {
            #[primary_key]
            id: u64,
            #[relation(references = "unchecked")]
            author: Link<Author>,
        }
        #[derive(NetabaseDefinition)]
        #[netabase(topics(Feed, Labelled))]
        pub(super) enum Blog {
            Author(Author),
            Post(Post),
        }
    }
    mod two {
        use super::*;
        #[derive(NetabaseKey, Serialize, Deserialize, Clone, Debug, PartialEq)]
        #[netabase(rename = "Level")]
        pub(super) enum Rank {
            Low,
        }
        #[derive(NetabaseModel, Serialize, Deserialize)]
        #[netabase(rename = "Author", subscribe(Labelled, Feed))]
        pub(super) struct Writer {
            #[primary_key]
            #[netabase(rename = "id")]
            number: std::primitive::u64,
            #[secondary_key]
            level: Rank,
            #[secondary_key]
            tags: Vec<std::string::String>,
        }
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub(super) struct Post {
            #[primary_key]
            id: u64,
            #[relation(references = "unchecked")]
            author: Link<Writer>,
        }
        #[derive(NetabaseDefinition)]
        #[netabase(rename = "Blog", topics(Labelled, Feed))]
        pub(super) enum Journal {
            Post(Post),
            Writer(Writer),
        }
    }
    reopened!(one::Blog, one::Blog)?;
    reopened!(one::Blog, two::Journal)
}

/// Opens a file of the first version of a model with the second, and says what is refused.
macro_rules! refused {
    ({ $($first:tt)* } => { $($second:tt)* }) => {{
        mod first {
            use super::*;
            #[derive(NetabaseModel, Serialize, Deserialize)]
            pub(super) struct Rec { $($first)* }
            #[derive(NetabaseDefinition)]
            pub(super) enum App { Rec(Rec) }
        }
        mod second {
            use super::*;
            #[derive(NetabaseModel, Serialize, Deserialize)]
            pub(super) struct Rec { $($second)* }
            #[derive(NetabaseDefinition)]
            pub(super) enum App { Rec(Rec) }
        }
        match reopened!(first::App, second::App) {
            Ok(()) => Vec::new(),
            Err(error) => {
                let ErrorKind::SchemaMismatch { differences } = error.kind() else { panic!("{error}") };
                differences.clone()
            }
        }
    }};
}

// What is stored may change under a name that stays: each of these would be misread.
#[test]
fn what_decides_the_bytes_of_a_field_is_compared() -> Result<()> {
    // An array has no length before it, a list has.
    let array = refused!({ #[primary_key] id: u64, #[secondary_key(each)] marks: [u32; 3] }
        => { #[primary_key] id: u64, #[secondary_key] marks: Vec<u32> });
    assert_eq!(array, ["the field Rec.marks is [u32; 3] in the file, here Vec<u32>"]);
    let skipped = refused!({ #[primary_key] id: u64, a: u8, b: Vec<u8> }
        => { #[primary_key] id: u64, #[serde(skip)] a: u8, b: Vec<u8> });
    assert_eq!(skipped, ["the field Rec.a is u8 in the file, here #[serde(skip)] u8"]);
    let other = refused!({ #[primary_key] id: u64, a: u32 }
        => { #[primary_key] id: u64, #[serde(with = "postcard::fixint::le")] a: u32 });
    assert_eq!(
        other,
        ["the field Rec.a is u32 in the file, here #[serde(with = \"postcard::fixint::le\")] u32"]
    );
    // An order that changes beside something that could be added.
    let order = refused!({ #[primary_key] id: u64, a: u8, b: u8 }
        => { #[primary_key] id: u64, b: u8, #[secondary_key] a: u8 });
    assert_eq!(order, ["the fields of Rec are in another order", "the key Rec.a is not in the file"]);
    let primary = refused!({ #[primary_key] id: u64, #[secondary_key] a: u32 }
        => { #[primary_key] id: u64, a: i32 });
    assert!(primary[0].starts_with("the field Rec.a is u32 in the file, here i32"), "{primary:?}");
    Ok(())
}

// How the type of a key is written may change; what it is then is what counts when it ceases to be a key.
#[test]
fn spellings_of_keys_are_kept_up_to_date() -> Result<()> {
    mod one {
        use super::*;
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub(super) struct Rec {
            #[primary_key]
            id: u64,
            #[secondary_key]
            name: String,
        }
        #[derive(NetabaseDefinition)]
        pub(super) enum App {
            Rec(Rec),
        }
    }
    mod two {
        use super::*;
        pub(super) type Name = String;
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub(super) struct Rec {
            #[primary_key]
            id: u64,
            #[secondary_key]
            name: Name,
        }
        #[derive(NetabaseDefinition)]
        pub(super) enum App {
            Rec(Rec),
        }
    }
    mod three {
        pub(super) type Name = String;
        use super::*;
        #[derive(NetabaseModel, Serialize, Deserialize)]
        pub(super) struct Rec {
            #[primary_key]
            id: u64,
            name: Name,
        }
        #[derive(NetabaseDefinition)]
        pub(super) enum App {
            Rec(Rec),
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.redb");
    drop(Store::<one::App>::open(&path)?);
    drop(Store::<two::App>::builder().path(&path).read_only(true).open()?);
    drop(Store::<two::App>::open(&path)?);
    Store::<three::App>::builder().path(&path).discard("Rec.name").open().map(drop)
}
