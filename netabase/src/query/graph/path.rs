//! The shortest way from one record to another.

use super::hop::{Edges, Level};
use super::walk::{Reached, Traversal, stays};
use crate::error::Result;
use crate::key::{AsKey, Key};
use crate::model::NetabaseModel;

impl<M: NetabaseModel, E: Edges<M>> Traversal<'_, M, E> {
    /// The keys of a path with the fewest steps, from where the walk begins to this key, both included; `None` if there is no
    /// path within the depth. Of several such paths the same one is taken every time.
    ///
    /// With `depth(1..)` it has at least one step: from a key to itself that is the shortest cycle through it. A higher first
    /// depth says no more than that.
    #[doc(alias = "shortest_path")]
    pub fn path_to(self, key: impl AsKey<M::PrimaryKey>) -> Result<Option<Vec<M::PrimaryKey>>> {
        let Traversal { source, edges, starts, depth: (first, last), .. } = self;
        let (source, mut reached, mut end) = (source?, Reached::new(starts?), Vec::new());
        stays::<M>(&source, &edges)?;
        key.write_tail(&mut end)?;
        let decode = |keys: &[u8]| M::PrimaryKey::decode_tail(keys);
        if first > last {
            return Ok(None);
        }
        let level = &reached.level;
        if first == 0 && (0..level.len()).any(|place| level.get(place) == end) {
            return decode(&end).map(|end| Some(vec![end]));
        }
        let mut depth = 0;
        while depth < last && reached.level.len() > 0 {
            let hops = edges.go(&source, &Level { keys: &reached.level, records: None })?;
            if let Some((place, _)) = hops.pairs().find(|(_, key)| *key == end) {
                let way = reached.way_to(place);
                let keys = way.iter().map(|key| &**key).chain([&*end]);
                return keys.map(decode).collect::<Result<Vec<_>>>().map(Some);
            }
            reached.advance(hops.pairs());
            depth += 1;
        }
        Ok(None)
    }
}
