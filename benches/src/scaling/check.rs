//! Whether a store holds what it should.

use super::data::Data;
use super::model::Model;
use super::side::{Reads, Side};
use super::work::SCANNED;
use crate::Result;

/// Fails unless the store holds the data's records, up to the number that a scan reads, and each index finds all the
/// records of a value.
pub fn holds<M: Model, S: Side<M>>(store: &S, data: &Data, side: &str) -> Result<()> {
    let reader = store.begin_read()?;
    let (mut count, mut same) = (0, true);
    reader.scan(SCANNED as usize, |record: M| {
        same &= record == data.record(count);
        count += 1;
    })?;
    if !same || count != u64::from(data.records.min(SCANNED)) {
        return Err(format!("{side}: the records are not those that were stored").into());
    }
    for place in 0..M::INDEXES {
        let value = data.key(0, place);
        let found: Vec<u64> = reader.lookup(place, value)?.iter().map(M::id).collect();
        if !found.into_iter().eq(data.ids().filter(|&id| data.key(id, place) == value)) {
            return Err(format!("{side}: index {place} does not find what was stored").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::model::Four;
    use super::super::side::Writes;
    use super::super::{ByHand, ByNetabase, Operation};
    use super::*;

    fn loaded<S: Side<Four>>(work: impl FnOnce(&S, &Data) -> Result<()>) -> Result<()> {
        let (folder, data) = (tempfile::tempdir()?, Data::new(300, 100));
        let store = S::create(&folder.path().join("store.redb"))?;
        Operation::Load.run(&store, &data, 0)?;
        holds(&store, &data, "loaded")?;
        work(&store, &data)
    }

    #[test]
    fn a_changed_record_and_a_lost_one_are_noticed() -> Result<()> {
        fn notices<S: Side<Four>>(store: &S, data: &Data) -> Result<()> {
            store.write(|txn| txn.update(&data.changed(7)))?;
            assert!(holds(store, data, "changed").is_err());
            store.write(|txn| txn.update(&data.record(7)))?;
            holds(store, data, "restored")?;
            store.write(|txn| txn.delete(299).map(drop))?;
            assert!(holds(store, data, "shortened").is_err());
            Ok(())
        }
        loaded(notices::<ByNetabase<Four>>)?;
        loaded(notices::<ByHand<Four>>)
    }

    #[test]
    fn both_sides_refuse_the_same() -> Result<()> {
        fn refuses<S: Side<Four>>(store: &S, data: &Data) -> Result<()> {
            assert!(store.write(|txn| txn.create(&data.record(7))).is_err());
            assert!(store.write(|txn| txn.update(&data.record(300))).is_err());
            store.write(|txn| {
                assert!(!txn.delete(300)?);
                Ok(())
            })?;
            holds(store, data, "refused")
        }
        loaded(refuses::<ByNetabase<Four>>)?;
        loaded(refuses::<ByHand<Four>>)
    }
}
