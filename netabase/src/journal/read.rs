//! Reading the journal.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::change::{Change, ChangeSet, Sets, first_seq, last_seq, records, since};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key};
use crate::model::{ModelOf, NetabaseDefinition};
use crate::overlay::View;
use crate::permission::Door;
use crate::store::Store;
use crate::transaction::{Context, ReadTransaction};

/// The journal as of one snapshot: the change sets of all commits that it keeps, by number.
///
/// ```
/// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
/// # use serde::{Deserialize, Serialize};
/// #[derive(NetabaseModel, Serialize, Deserialize, Debug, PartialEq)]
/// #[netabase(journal)]
/// struct Account {
///     #[primary_key]
///     id: u64,
///     cents: i64,
/// }
/// # #[derive(NetabaseDefinition)]
/// # enum Bank { Account(Account) }
///
/// # fn main() -> netabase::Result<()> {
/// let bank = Store::<Bank>::in_memory()?;
/// bank.write(|txn| txn.create(&Account { id: 1, cents: 500 }))?;
/// bank.write(|txn| txn.update_with(1, |account: &mut Account| account.cents -= 100))?;
///
/// let mut history = Vec::new();
/// for change in bank.journal()?.of_key::<Account>(1, 1)? {
///     let (seq, change) = change?;
///     history.push((seq, change.after.map(|account| account.cents)));
/// }
/// assert_eq!(history, [(1, Some(500)), (2, Some(400))]);
/// # Ok(())
/// # }
/// ```
pub struct Journal<D> {
    view: View<'static>,
    context: Context<D>,
}

impl<D: NetabaseDefinition> fmt::Debug for Journal<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journal<{}>", D::NAME)
    }
}

impl<D: NetabaseDefinition> Store<D> {
    /// The journal as of the last commit.
    ///
    /// # Errors
    /// `NoJournal` if no model of the file is journaled, `PermissionDenied` for a session: it is the owner's, as it has all records.
    pub fn journal(&self) -> Result<Journal<D>> {
        self.begin_read()?.journal()
    }
}

impl<D: NetabaseDefinition> ReadTransaction<D> {
    /// The journal as of this snapshot.
    ///
    /// # Errors
    /// Those of [`Store::journal`].
    pub fn journal(&self) -> Result<Journal<D>> {
        self.context.guard.all(Door::ReadJournal)?;
        if !self.context.journals {
            return Err(Error::new(ErrorKind::NoJournal { name: D::NAME }));
        }
        Ok(Journal { view: self.view.clone(), context: self.context.clone() })
    }
}

impl<D: NetabaseDefinition> Journal<D> {
    /// Number of the first commit that is kept; `None` if there is none yet.
    pub fn first(&self) -> Result<Option<u64>> {
        first_seq(&self.view)
    }

    /// Number of the last commit; 0 if there is none yet.
    pub fn last(&self) -> Result<u64> {
        last_seq(&self.view)
    }

    /// How many records the journal's table has: one for each commit, and more for those that did not fit into one.
    pub fn len(&self) -> Result<u64> {
        records(&self.view)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The commits from this one on, in order. Those that changed no journaled model are there, and empty.
    ///
    /// # Errors
    /// `BeforeHorizon` if the journal no longer has it; 0 and 1 are the first commit ever.
    pub fn from(&self, seq: u64) -> Result<ChangeSets<D>> {
        Ok(ChangeSets { sets: Sets::from(&self.view, seq)?, definition: PhantomData })
    }

    /// Whole commits from this one on, with about so many bytes of changes in all, and one at least if there is one: a piece at a time, for
    /// whoever sends them somewhere. [`ChangeSet::raw`] reads them without a copy.
    ///
    /// # Errors
    /// Those of [`from`](Self::from).
    pub fn read_from(&self, seq: u64, max_bytes: usize) -> Result<Vec<ChangeSet<D>>> {
        let (mut sets, mut bytes) = (Vec::new(), 0_usize);
        for set in self.from(seq)? {
            let set = set?;
            bytes = bytes.saturating_add(set.size());
            if bytes > max_bytes && !sets.is_empty() {
                break;
            }
            sets.push(set);
        }
        Ok(sets)
    }

    /// The changes of one model from this commit on, each with the number of its commit. Reads all commits.
    ///
    /// # Errors
    /// `NoJournal` if the model is not journaled, `BeforeHorizon` also if it was not when the commit took place.
    pub fn of<M: ModelOf<D>>(&self, seq: u64) -> Result<impl Iterator<Item = Result<(u64, Change<M>)>>> {
        let ordinal = self.context.ordinal::<M>();
        if !self.context.layout.is_journaled(ordinal) {
            return Err(Error::new(ErrorKind::NoJournal { name: M::NAME }));
        }
        let (from, since) = (seq.max(1), since(&self.view, &self.context.layout, ordinal)?);
        if from <= since {
            return Err(Error::new(ErrorKind::BeforeHorizon { from, first: since.saturating_add(1) }));
        }
        Ok(self.from(from)?.flat_map(|set| {
            let changes: Vec<_> = match set {
                Ok(set) => set.of::<M>().map(|change| change.map(|change| (set.seq(), change))).collect(),
                Err(error) => vec![Err(error)],
            };
            changes
        }))
    }

    /// What became of one record from this commit on. Reads all commits.
    ///
    /// # Errors
    /// Those of [`of`](Self::of).
    pub fn of_key<M: ModelOf<D>>(
        &self,
        seq: u64,
        key: impl AsKey<M::PrimaryKey>,
    ) -> Result<impl Iterator<Item = Result<(u64, Change<M>)>>> {
        let mut bytes = Vec::new();
        key.write_tail(&mut bytes)?;
        let key = M::PrimaryKey::decode_tail(&bytes)?;
        let is_it = move |change: &Result<(u64, Change<M>)>| match change {
            Ok((_, change)) => change.key == key,
            Err(_) => true,
        };
        Ok(self.of::<M>(seq)?.filter(is_it))
    }
}

/// Commits from the journal, in order.
pub struct ChangeSets<D> {
    sets: Sets<'static>,
    definition: PhantomData<fn() -> D>,
}

impl<D: NetabaseDefinition> fmt::Debug for ChangeSets<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeSets<{}>", D::NAME)
    }
}

impl<D: NetabaseDefinition> Iterator for ChangeSets<D> {
    type Item = Result<ChangeSet<D>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.sets.next().transpose().map(|batch| batch.map(|batch| ChangeSet::new(Arc::new(batch))))
    }
}
