//! A record that would not come back with the same keys is refused when it is written, whichever record of its type
//! came before: an index row that no later change can find would stay for ever. I1, hazard C9.

use std::sync::Arc;

use netabase::engine::{Engine, Redb};
use netabase::{ErrorKind, NetabaseDefinition, NetabaseModel, Result, Store};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Keeps whole tens.
mod tens {
    use super::*;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(number: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        (number / 10).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        u8::deserialize(deserializer).map(|tens| tens * 10)
    }
}

/// Part of a record that postcard cannot read back when the middle is absent.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Inner {
    x: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    middle: Option<u8>,
    y: u16,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Sample {
    #[primary_key]
    id: u8,
    #[secondary_key]
    #[serde(with = "tens")]
    level: u8,
    inner: Inner,
}

#[derive(NetabaseDefinition)]
enum Lab {
    Sample(Sample),
}

fn sample(id: u8, level: u8, middle: Option<u8>) -> Sample {
    Sample { id, level, inner: Inner { x: 1, middle, y: 2 } }
}

#[test]
fn what_does_not_come_back_is_refused_each_time() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = Store::<Lab>::builder().engine(engine).open()?;
    store.write(|txn| txn.create(&sample(1, 10, Some(1))))?;
    for lossy in [sample(2, 15, Some(1)), sample(2, 10, None)] {
        let refused = store.write(|txn| {
            let refused = txn.create(&lossy).expect_err("refused");
            assert_eq!(txn.upsert(&lossy).expect_err("refused").kind(), refused.kind());
            Ok(refused)
        })?;
        assert_eq!(*refused.kind(), ErrorKind::Codec { model: "Sample" });
    }
    store.write(|txn| txn.delete::<Sample>(1).map(drop))?;
    let snapshot = store.begin_read()?;
    assert_eq!(
        snapshot.query::<Sample>().filter(Sample::LEVEL.range(..)).count()?,
        0,
        "no row is left behind"
    );
    Ok(())
}
