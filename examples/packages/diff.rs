//! What differs between the records of the file and those that were read.

use std::collections::BTreeMap;

use netabase::NetabaseModel;

/// Records that have to be written, and records that have to go.
#[derive(Debug)]
pub(crate) struct Difference<'g, M> {
    pub(crate) added: Vec<&'g M>,
    /// as they are now
    pub(crate) changed: Vec<&'g M>,
    pub(crate) removed: Vec<&'g M>,
}

impl<'g, M: NetabaseModel + PartialEq> Difference<'g, M> {
    /// Compares by primary key. Of records with one key the last counts.
    pub(crate) fn between(old: &'g [M], new: &'g [M]) -> Self {
        let keyed = |records: &'g [M]| -> BTreeMap<M::PrimaryKey, &'g M> {
            records.iter().map(|record| (record.primary_key(), record)).collect()
        };
        let (mut old, new) = (keyed(old), keyed(new));
        let (mut added, mut changed) = (Vec::new(), Vec::new());
        for (key, record) in new {
            match old.remove(&key) {
                None => added.push(record),
                Some(before) if before != record => changed.push(record),
                Some(_) => {}
            }
        }
        Difference { added, changed, removed: old.into_values().collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.added.len() + self.changed.len() + self.removed.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Package;

    fn package(id: &str, name: &str) -> Package {
        Package { id: id.into(), name: name.into(), ..Package::default() }
    }

    #[test]
    fn equal_records_do_not_differ() {
        let packages = [package("1", "a"), package("2", "b")];
        assert_eq!(Difference::between(&packages, &packages.clone()).len(), 0);
    }

    #[test]
    fn each_record_is_in_one_list() {
        let old = [package("1", "same"), package("2", "old"), package("3", "gone")];
        let new = [package("4", "new"), package("2", "changed"), package("1", "same")];
        let difference = Difference::between(&old, &new);
        assert_eq!(difference.added, [&new[0]]);
        assert_eq!(difference.changed, [&new[1]]);
        assert_eq!(difference.removed, [&old[2]]);
        assert_eq!(difference.len(), 3);
    }

    #[test]
    fn a_record_that_comes_twice_is_one() {
        let new = [package("1", "first"), package("1", "last")];
        assert_eq!(Difference::between(&[], &new).added, [&new[1]]);
    }
}
