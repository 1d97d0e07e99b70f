//! Another primary key for a record: everything that links to it follows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::admit::Seen;
use super::cascade::{Record, damaged};
use super::context::{Encoded, Keep, with_key};
use super::write::{Expect, WriteTransaction, already_exists, not_found};
use crate::error::Result;
use crate::key::AsKey;
use crate::model::{Entries, ModelOf, NetabaseDefinition, Relink};
use crate::permission::{Door, Guard, Permit, WriteAccess};
use crate::table::{self, Layout, Links};

/// A link that is to follow: number of the relation, and where it leads.
type Link = (usize, Record);

/// Which records change.
#[derive(Default)]
struct Moves {
    /// those whose own key changes, the one that was asked for first
    moved: Vec<Record>,
    known: HashSet<Record>,
    /// the links of each record that follow
    links: BTreeMap<Record, Vec<Link>>,
}

/// A record under its new key.
struct Arrival {
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Changes a record, its primary key included; every link to it follows, in all models, also where a link is part of a
    /// primary key itself. Returns how many other records changed, as far as they may be seen. It is one operation: all of it happens, or none.
    ///
    /// ```
    /// # use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(NetabaseModel, Serialize, Deserialize)]
    /// # struct Author { #[primary_key] id: u64 }
    /// # #[derive(NetabaseModel, Serialize, Deserialize)]
    /// # struct Post { #[primary_key] id: u64, #[relation] author: Link<Author> }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author), Post(Post) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// # store.write(|txn| {
    /// #     txn.create(&Author { id: 1 })?;
    /// #     txn.create(&Post { id: 7, author: Link::new(1) })
    /// # })?;
    /// let followed = store.write(|txn| txn.rekey(1, |author: &mut Author| author.id = 100))?;
    /// assert_eq!(followed, 1);
    /// assert_eq!(store.get::<Post>(7)?.map(|post| post.author), Some(Link::new(100)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `NotFound` if there is no such record, `AlreadyExists` if the new key of any record is taken, and those of
    /// [`update`](Self::update).
    #[doc(alias = "rename")]
    pub fn rekey<M: ModelOf<D>>(
        &mut self,
        key: impl AsKey<M::PrimaryKey>,
        change: impl FnOnce(&mut M),
    ) -> Result<u64> {
        let old = with_key(&key, |key| Ok(Rc::<[u8]>::from(key)))?;
        self.hooked(|txn| txn.rekey_unhooked(old, change))
    }

    fn rekey_unhooked<M: ModelOf<D>>(&mut self, old: Rc<[u8]>, change: impl FnOnce(&mut M)) -> Result<u64> {
        let permit = self.context.write::<M>(Door::Rekey)?;
        let found = self.get_to_change::<M>(&permit, &old)?;
        let mut record = found.ok_or_else(|| not_found::<M>(&old))?;
        change(&mut record);
        let mut own = Vec::new();
        record.encode_key(&mut own)?;
        if own == *old {
            return self.put_permitted(&permit, &record, (Expect::Present, Keep::No)).map(|_| 0);
        }
        let record = self.restored(&permit, &old, &record)?.unwrap_or(record);
        let mut new = Encoded::default();
        let tables = self.context.tables::<M>()?;
        new.fill(&record, &tables.customs)?;
        new.prove::<M>(&mut Encoded::default(), &tables.customs)?;
        if permit.is_of_a_session() {
            let stored = table::find(&permit, self.staged()?, tables, &old)?;
            let seen = Seen { permit: &permit, tables, stored: stored.as_deref() };
            seen.admit::<M>(&new, Expect::Present, Keep::Yes)?;
        }
        if let Some(taken) = table::find(&permit, self.staged()?, tables, &new.key)? {
            let is_seen = permit.sees(tables.ordinal, &taken)?;
            return Err(if is_seen { already_exists::<M>(&new.key) } else { permit.denied(M::NAME) });
        }
        let ordinal = tables.ordinal;
        let moves = self.moves((ordinal, old))?;
        let others = moves.moved.iter().skip(1);
        let linked = moves.links.keys().filter(|record| !moves.known.contains(*record));
        self.admit(Door::Relink, others.chain(linked))?;
        let arrivals = self.arrivals(&moves, Arrival { key: new.key, value: new.value })?;
        let done = self.atomically(|txn| txn.move_records(&permit, &moves, &arrivals));
        done.map_err(|error| self.hushed(&permit, ordinal, error))?;
        let others: HashSet<&Record> = moves.moved.iter().skip(1).chain(moves.links.keys()).collect();
        let own = moves.moved.first();
        let mut count = 0;
        for record in others.into_iter().filter(|record| Some(*record) != own) {
            count += u64::from(self.is_seen_after(&permit, record, &arrivals)?);
        }
        Ok(count)
    }

    /// Whether a record that has followed may be told of.
    fn is_seen_after(
        &self,
        permit: &Permit<WriteAccess>,
        record: &Record,
        arrivals: &HashMap<Record, Arrival>,
    ) -> Result<bool> {
        if !permit.is_of_a_session() {
            return Ok(true);
        }
        let tables = self.context.layout.model(record.0)?;
        let key = arrivals.get(record).map_or(&*record.1, |arrival| &arrival.key);
        let found = table::find(&Guard::follow(record.0), self.staged()?, tables, key)?;
        found.map_or(Ok(false), |bytes| permit.sees_whole(record.0, &bytes))
    }

    /// Finds all records that change. Where a link is part of a primary key, that key changes, too.
    fn moves(&self, first: Record) -> Result<Moves> {
        let layout = &*self.context.layout;
        let mut moves = Moves::default();
        moves.add(first);
        let mut at = 0;
        while let Some(target) = moves.moved.get(at).cloned() {
            at += 1;
            for incoming in &layout.model(target.0)?.incoming {
                let by = layout.model(incoming.ordinal)?.schema;
                let is_key = by.primary.contains(&incoming.relation.name);
                let mut rows = table::referrers(
                    &Guard::follow(incoming.ordinal),
                    self.staged()?,
                    layout,
                    incoming,
                    &target.1,
                )?;
                while rows.advance()? {
                    let record: Record = (incoming.ordinal, Rc::from(rows.value()));
                    let links = moves.links.entry(record.clone()).or_default();
                    links.push((incoming.number, target.clone()));
                    if is_key {
                        moves.add(record);
                    }
                }
            }
        }
        // A key holds the keys of the records that its links lead to, which must be known before it.
        let mut depths = HashMap::new();
        for (ordinal, _) in &moves.moved {
            depths.insert(*ordinal, depth(layout, *ordinal)?);
        }
        if let Some((_, others)) = moves.moved.split_first_mut() {
            others.sort_by_key(|(ordinal, _)| depths.get(ordinal).copied());
        }
        Ok(moves)
    }

    /// The new keys and bytes of all records whose keys change.
    fn arrivals(&self, moves: &Moves, first: Arrival) -> Result<HashMap<Record, Arrival>> {
        let mut arrivals: HashMap<Record, Arrival> = HashMap::new();
        let mut given = Some(first);
        for record in &moves.moved {
            let Arrival { key, value } = match given.take() {
                Some(given) => given,
                None => {
                    let value = self.read_record(record.0, &record.1, &mut Entries::default())?;
                    self.follow(record, moves, &arrivals, &value)?
                }
            };
            arrivals.insert(record.clone(), Arrival { key, value });
        }
        // Links that are no part of a key may lead to records that come later.
        for record in &moves.moved {
            let Some(value) = arrivals.get(record).map(|arrival| arrival.value.clone()) else { continue };
            let followed = self.follow(record, moves, &arrivals, &value)?;
            arrivals.insert(record.clone(), followed);
        }
        Ok(arrivals)
    }

    /// A record whose links lead to the new keys, as far as they are known.
    fn follow(
        &self,
        record: &Record,
        moves: &Moves,
        arrivals: &HashMap<Record, Arrival>,
        value: &[u8],
    ) -> Result<Arrival> {
        let tables = self.context.layout.model(record.0)?;
        let links = moves.links_of(record, arrivals);
        let mut new = Arrival { key: Vec::new(), value: Vec::new() };
        let is_read = tables.reader.relink(value, &links, &mut new.value)?
            && tables.read(&new.value, &mut new.key, &mut Entries::default())?;
        if is_read { Ok(new) } else { Err(damaged(&self.context.layout, tables)) }
    }

    fn move_records(
        &mut self,
        permit: &Permit<WriteAccess>,
        moves: &Moves,
        arrivals: &HashMap<Record, Arrival>,
    ) -> Result<()> {
        for (ordinal, key) in &moves.moved {
            let mut before = Entries::default();
            self.read_record(*ordinal, key, &mut before)?;
            self.stage_record(
                &Guard::follow(*ordinal),
                (*ordinal, key),
                Some(&before),
                None,
                Links::Trusted,
            )?;
        }
        // The one that was asked for comes last, as its links may lead to the others.
        for (at, record) in moves.moved.iter().enumerate().rev() {
            let Some(Arrival { key, value }) = arrivals.get(record) else { continue };
            let (mut own, mut after) = (Vec::new(), Entries::default());
            let tables = self.context.layout.model(record.0)?;
            if !tables.read(value, &mut own, &mut after)? {
                return Err(damaged(&self.context.layout, tables));
            }
            self.refuse_taken(record.0, key)?;
            let after = Some((&**value, &after));
            if at == 0 {
                self.stage_record(permit, (record.0, key), None, after, Links::Checked)?;
            } else {
                self.admit_relinked(record.0, value)?;
                let follow = Guard::follow(record.0);
                self.stage_record(&follow, (record.0, key), None, after, Links::Trusted)?;
            }
        }
        for record in moves.links.keys().filter(|record| !moves.known.contains(*record)) {
            self.relink_record(record.0, &record.1, &moves.links_of(record, arrivals))?;
        }
        Ok(())
    }
}

impl Moves {
    fn add(&mut self, record: Record) {
        if self.known.insert(record.clone()) {
            self.moved.push(record);
        }
    }

    /// The links of a record that follow, as far as it is known where to.
    fn links_of<'m>(&'m self, record: &Record, arrivals: &'m HashMap<Record, Arrival>) -> Vec<Relink<'m>> {
        let links = self.links.get(record).into_iter().flatten();
        let followed = links.filter_map(|(relation, target)| {
            let new = arrivals.get(target)?;
            Some(Relink { relation: *relation, old: &target.1, new: Some(&new.key) })
        });
        followed.collect()
    }
}

/// How many primary keys a primary key holds in each other. No type holds itself, so there is an end.
fn depth(layout: &Layout, ordinal: usize) -> Result<usize> {
    let tables = layout.model(ordinal)?;
    let mut deepest = 0;
    for (number, relation) in tables.schema.relations.iter().enumerate() {
        let target = tables.part(tables.schema.relation_part(number))?.target;
        if let (true, Some(target)) = (tables.schema.primary.contains(&relation.name), target) {
            deepest = deepest.max(1 + depth(layout, target.ordinal)?);
        }
    }
    Ok(deepest)
}
