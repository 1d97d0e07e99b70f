//! The rows of an index that is kept elsewhere: `query.index_rows(&words)`.

use std::collections::HashSet;

use super::Query;
use crate::error::Result;
use crate::key::Key;
use crate::model::{CustomIndex, NetabaseModel};

/// A row of an index that is written by hand: its key, the primary key of the record, and the value beside them.
pub type IndexRow<M, I> =
    (<I as CustomIndex<M>>::Key, <M as NetabaseModel>::PrimaryKey, <I as CustomIndex<M>>::Value);

impl<M: NetabaseModel, Mode> Query<'_, M, Mode> {
    /// What the records put into an index: its key, the record's primary key, and the value, for each key of each record once, as
    /// they are read. For filling an index in memory, in another database or in a search engine with the definition that a
    /// store can keep too. The rows are those of the moment; what changes later is the caller's to bring over.
    ///
    /// ```
    /// # use netabase::{CustomIndex, NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Post { #[primary_key] id: u64, text: String }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Post(Post) }
    /// # struct Words;
    /// # impl CustomIndex<Post> for Words {
    /// #     type Key = String;
    /// #     type Value = ();
    /// #     const NAME: &'static str = "words";
    /// #     const COLUMNS: &'static [&'static str] = &["text"];
    /// #     fn extract(&self, post: &Post, out: &mut Vec<String>) {
    /// #         out.extend(post.text.split_whitespace().map(str::to_lowercase));
    /// #     }
    /// #     fn value(&self, _: &Post) {}
    /// # }
    /// use std::collections::{BTreeMap, BTreeSet};
    ///
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// # store.write(|txn| txn.create(&Post { id: 1, text: "To be or not to be".into() }))?;
    /// let mut words: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    /// for row in store.query::<Post>().index_rows(&Words)? {
    ///     let (word, post, ()) = row?;
    ///     words.entry(word).or_default().insert(post.0);
    /// }
    /// assert_eq!(words.len(), 4);
    /// # Ok(())
    /// # }
    /// ```
    pub fn index_rows<I: CustomIndex<M>>(
        self,
        index: &I,
    ) -> Result<impl Iterator<Item = Result<IndexRow<M, I>>>> {
        let rows = move |record: Result<M>| {
            let (record, error) = match record {
                Ok(record) => (Some(record), None),
                Err(error) => (None, Some(Err(error))),
            };
            let rows = record.into_iter().flat_map(move |record| {
                let mut keys = Vec::new();
                index.extract(&record, &mut keys);
                let mut known = HashSet::new();
                keys.retain(|key| {
                    let mut bytes = Vec::new();
                    key.encode_tail(&mut bytes).is_err() || known.insert(bytes)
                });
                keys.into_iter().map(move |key| Ok((key, record.primary_key(), index.value(&record))))
            });
            rows.chain(error)
        };
        Ok(self.iter()?.flat_map(rows))
    }
}
