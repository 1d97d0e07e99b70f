//! Random policies, principals and operations against a plain filter after the fact; and a canary in every hidden record, which
//! nothing that a principal gets may show. S2-30, S2-34; C12.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use netabase::policy::{DataClass, Operation, Policy, Rights, Role, Ticket};
use netabase::watch::Watcher;
use netabase::{ErrorKind, Link, NetabaseDefinition, NetabaseModel, Result, Store};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(
    index(name = "kind_owner", fields(kind, owner), covering(cents), sum(cents)),
    index(name = "half", key = half -> u8, when = is_dear)
)]
struct Item {
    #[primary_key]
    id: u64,
    #[secondary_key]
    owner: u8,
    #[secondary_key]
    kind: u8,
    #[secondary_key(unique)]
    code: String,
    #[secondary_key]
    #[netabase(class = "secret")]
    secret: Option<String>,
    cents: i64,
    #[secondary_key(each)]
    tags: Vec<u8>,
    text: String,
}

fn half(item: &Item) -> u8 {
    item.owner / 2
}

fn is_dear(item: &Item) -> bool {
    item.cents >= 50
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Part {
    #[primary_key]
    id: u64,
    #[relation(on_delete = "cascade")]
    item: Link<Item>,
    #[secondary_key]
    owner: u8,
    text: String,
}

#[derive(NetabaseDefinition)]
enum Stock {
    Item(Item),
    Part(Part),
}

struct Secret;
impl DataClass for Secret {
    const NAME: &'static str = "secret";
}

const ROLES: [Role; 3] = [Role::new("one"), Role::new("two"), Role::new("three")];

/// Whose number a principal has.
struct Owner(u8);

#[derive(Clone, Debug)]
enum Rows {
    All,
    Own,
    Kind(u8),
    OwnOrKind(u8),
    NotKind(u8),
    /// a field without an index
    Dear,
    /// one of many keys
    Tags(u8),
    /// an index over some records
    Half(u8),
}

impl Rows {
    /// `None`: a claim is missing.
    fn holds(&self, owner: Option<u8>, item: &Item) -> Option<bool> {
        Some(match self {
            Rows::All => true,
            Rows::Own => item.owner == owner?,
            Rows::Kind(kind) => item.kind == *kind,
            Rows::OwnOrKind(kind) => item.owner == owner? || item.kind == *kind,
            Rows::NotKind(kind) => item.kind != *kind,
            Rows::Dear => item.cents >= 50,
            Rows::Tags(tag) => item.tags.iter().any(|own| own >= tag),
            Rows::Half(of) => item.cents >= 50 && item.owner / 2 == *of,
        })
    }
}

#[derive(Clone, Debug)]
struct Spec {
    role: usize,
    operations: Vec<Operation>,
    rows: Rows,
    masks: bool,
    /// on parts, with those of the own number
    parts: Vec<Operation>,
}

#[derive(Clone, Debug)]
struct Rules {
    specs: Vec<Spec>,
    trusts: bool,
}

fn with<M: NetabaseModel>(mut rights: Rights<M>, operations: &[Operation]) -> Rights<M> {
    for operation in operations {
        rights = match operation {
            Operation::Read => rights.read(),
            Operation::Create => rights.create(),
            Operation::Update => rights.update(),
            Operation::Delete => rights.delete(),
        };
    }
    rights
}

impl Rules {
    fn policy(&self) -> Policy<Stock> {
        let mut policy = Policy::new();
        for Spec { role, operations, rows, masks, parts } in &self.specs {
            let mut rights = with(Rights::<Item>::new(), operations);
            let own = |ticket: &Ticket| ticket.get::<Owner>().map(|owner| Item::OWNER.eq(owner.0));
            rights = match *rows {
                Rows::All => rights,
                Rows::Own => rights.rows(own),
                Rows::Kind(kind) => rights.rows(move |_| Some(Item::KIND.eq(kind))),
                Rows::OwnOrKind(kind) => {
                    rights.rows(move |ticket| Some(own(ticket)?.or(Item::KIND_OWNER.within((kind,), ..))))
                }
                Rows::NotKind(kind) => rights.rows(move |_| Some(Item::KIND.eq(kind).not())),
                Rows::Dear => rights.rows(|_| Some(Item::CENTS.range(50..))),
                Rows::Tags(tag) => rights.rows(move |_| Some(Item::TAGS.range(tag..))),
                Rows::Half(of) => rights.rows(move |_| Some(Item::HALF.eq(of))),
            };
            if *masks {
                rights = if *role == 0 { rights.mask(Item::SECRET) } else { rights.mask_class::<Secret>() };
            }
            let of_own = |ticket: &Ticket| ticket.get::<Owner>().map(|owner| Part::OWNER.eq(owner.0));
            policy = policy.allow(ROLES[*role], rights);
            policy = policy.allow(ROLES[*role], with(Rights::<Part>::new(), parts).rows(of_own));
        }
        if self.trusts { policy.trust_cascades() } else { policy }
    }
}

#[derive(Clone, Debug)]
struct Principal {
    roles: Vec<usize>,
    owner: Option<u8>,
}

impl Principal {
    fn ticket(&self) -> Ticket {
        let ticket = Ticket::new(self.roles.iter().map(|role| ROLES[*role]));
        match self.owner {
            Some(owner) => ticket.claim(Owner(owner)),
            None => ticket,
        }
    }
}

/// What a principal may do, after the fact.
struct Sight<'s> {
    rules: &'s Rules,
    who: &'s Principal,
}

impl<'s> Sight<'s> {
    fn specs(&self) -> impl Iterator<Item = &'s Spec> {
        let who = self.who;
        self.rules.specs.iter().filter(|spec| who.roles.contains(&spec.role))
    }

    /// Whether he may do it with any record.
    fn has(&self, operation: Operation) -> bool {
        let probe = item(0, 0, 0);
        self.specs().any(|spec| {
            spec.operations.contains(&operation) && spec.rows.holds(self.who.owner, &probe).is_some()
        })
    }

    fn may(&self, operation: Operation, item: &Item) -> bool {
        self.specs().any(|spec| {
            spec.operations.contains(&operation) && spec.rows.holds(self.who.owner, item) == Some(true)
        })
    }

    fn has_on_parts(&self, operation: Operation) -> bool {
        self.who.owner.is_some() && self.specs().any(|spec| spec.parts.contains(&operation))
    }

    fn may_with_part(&self, operation: Operation, part: &Part) -> bool {
        self.who.owner == Some(part.owner) && self.has_on_parts(operation)
    }

    fn hides_secret_of(&self, item: &Item) -> bool {
        self.masks_all(Operation::Read, item)
    }

    /// Whether all that allow it with the item mask the secret, or none does.
    fn masks_all(&self, operation: Operation, item: &Item) -> bool {
        let allows = |spec: &&Spec| {
            spec.operations.contains(&operation) && spec.rows.holds(self.who.owner, item) == Some(true)
        };
        self.specs().filter(allows).all(|spec| spec.masks)
    }

    /// Whether the secret of an item is not this one's to change.
    fn keeps_secret_of(&self, item: &Item) -> bool {
        let by = if self.may(Operation::Read, item) { Operation::Read } else { Operation::Update };
        self.masks_all(by, item)
    }

    /// Whether some secrets are hidden.
    fn has_masks(&self) -> bool {
        let probe = item(0, 0, 0);
        let reads = |spec: &&Spec| {
            spec.operations.contains(&Operation::Read) && spec.rows.holds(self.who.owner, &probe).is_some()
        };
        // What one rule shows of all items is hidden in none.
        let shows_all = self.specs().filter(reads).any(|spec| !spec.masks && matches!(spec.rows, Rows::All));
        self.specs().filter(reads).any(|spec| spec.masks) && !shows_all
    }

    fn masked(&self, item: &Item) -> Item {
        let secret = if self.has_masks() && self.hides_secret_of(item) { None } else { item.secret.clone() };
        Item { secret, ..item.clone() }
    }

    fn seen(&self, items: &BTreeMap<u64, Item>) -> Vec<Item> {
        let visible = items.values().filter(|item| self.may(Operation::Read, item));
        visible.map(|item| self.masked(item)).collect()
    }
}

fn item(id: u64, owner: u8, kind: u8) -> Item {
    let (code, secret, text) = (format!("code{id}"), Some(format!("<secret{id}>")), format!("<canary{id}>"));
    Item {
        id,
        owner,
        kind,
        code,
        secret,
        cents: i64::from(kind) * 30,
        tags: vec![kind, 10 + owner, kind],
        text,
    }
}

#[derive(Clone, Debug)]
enum Find {
    All,
    Owner(u8),
    KindFrom(u8),
    Either(u8, u8),
    Secret(u64),
    Text(u64),
    Code(u64),
    Tags(u8),
    Half(u8),
}

impl Find {
    fn holds(&self, item: &Item) -> bool {
        match self {
            Find::All => true,
            Find::Owner(owner) => item.owner == *owner,
            Find::KindFrom(kind) => item.kind >= *kind,
            Find::Either(owner, kind) => item.owner == *owner || item.kind == *kind,
            Find::Secret(id) => item.secret == Some(format!("<secret{id}>")),
            Find::Text(id) => item.text == format!("<canary{id}>"),
            Find::Code(id) => item.code == format!("code{id}"),
            Find::Tags(tag) => item.tags.iter().any(|own| own >= tag),
            Find::Half(of) => item.cents >= 50 && item.owner / 2 == *of,
        }
    }

    fn query(&self, store: &Store<Stock>) -> netabase::query::Query<'static, Item, netabase::query::Scan> {
        let query = store.query::<Item>().scan_all();
        match self {
            Find::All => query,
            Find::Owner(owner) => query.filter(Item::OWNER.eq(*owner)),
            Find::KindFrom(kind) => query.filter(Item::KIND.range(*kind..)),
            Find::Either(owner, kind) => query.filter(Item::OWNER.eq(*owner).or(Item::KIND.eq(*kind))),
            Find::Secret(id) => query.filter(Item::SECRET.eq(format!("<secret{id}>"))),
            Find::Text(id) => query.filter(Item::TEXT.eq(format!("<canary{id}>"))),
            Find::Code(id) => query.filter(Item::CODE.eq(format!("code{id}"))),
            Find::Tags(tag) => query.filter(Item::TAGS.range(*tag..)),
            Find::Half(of) => query.filter(Item::HALF.eq(*of)),
        }
    }

    /// Whether it names what may be made of a hidden field.
    fn names_hidden(&self, sight: &Sight<'_>) -> bool {
        matches!(self, Find::Secret(_) | Find::Half(_)) && sight.has_masks()
    }
}

#[derive(Clone, Debug)]
enum Op {
    Get(u64),
    Many,
    Query(Find),
    Groups,
    OrderBySecret,
    Children,
    Parents,
    Walk(u64),
    Create(u64, u8, u8),
    Duplicate(u64, u64),
    Update(u64, u8, u8),
    Add(u64),
    Raise(Find),
    Delete(u64),
    DeleteWhere(Find),
    Part(u64, u64, u8),
    /// what is written and not committed is seen as what is stored
    Staged(u8, u8, Find),
}

/// How a write ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Done,
    Denied,
    Exists,
    NotFound,
    Taken,
    Missing,
}

fn end<T>(result: &Result<T>) -> End {
    match result.as_ref().map_err(netabase::Error::kind) {
        Ok(_) => End::Done,
        Err(ErrorKind::PermissionDenied { .. }) => End::Denied,
        Err(ErrorKind::AlreadyExists { .. }) => End::Exists,
        Err(ErrorKind::NotFound { .. }) => End::NotFound,
        Err(ErrorKind::ConstraintViolation { .. }) => End::Taken,
        Err(ErrorKind::MissingReference { .. }) => End::Missing,
        Err(other) => panic!("{other:?}"),
    }
}

#[derive(Clone, Default)]
struct State {
    items: BTreeMap<u64, Item>,
    parts: BTreeMap<u64, Part>,
}

impl State {
    /// What storing an item does, and how it ends. `expect`: whether it has to be there.
    fn put(&mut self, sight: &Sight<'_>, new: &Item, is_there: bool) -> End {
        match (self.items.get(&new.id), is_there) {
            (Some(old), false) => {
                return if sight.may(Operation::Read, old) { End::Exists } else { End::Denied };
            }
            (None, true) => return End::NotFound,
            (Some(old), true) if !sight.may(Operation::Update, old) => return End::Denied,
            _ => {}
        }
        let mut new = new.clone();
        if let Some(old) = self.items.get(&new.id)
            && sight.keeps_secret_of(old)
        {
            if new.secret.is_some() {
                return End::Denied;
            }
            new.secret.clone_from(&old.secret);
            // Not to where it would be seen.
            if !sight.keeps_secret_of(&new) {
                return End::Denied;
            }
        }
        let operation = if is_there { Operation::Update } else { Operation::Create };
        if !sight.may(operation, &new) {
            return End::Denied;
        }
        if let Some(holder) = self.items.values().find(|item| item.code == new.code && item.id != new.id) {
            return if sight.may(Operation::Read, holder) { End::Taken } else { End::Denied };
        }
        self.items.insert(new.id, new);
        End::Done
    }

    fn delete(&mut self, sight: &Sight<'_>, id: u64) -> End {
        let Some(item) = self.items.get(&id) else { return End::Done };
        if !sight.may(Operation::Delete, item) {
            return End::Denied;
        }
        let parts: Vec<_> =
            self.parts.values().filter(|part| *part.item.key() == id.into()).cloned().collect();
        let may = |part: &Part| sight.may_with_part(Operation::Delete, part);
        if !sight.rules.trusts && !parts.iter().all(may) {
            return End::Denied;
        }
        self.parts.retain(|_, part| *part.item.key() != id.into());
        self.items.remove(&id);
        End::Done
    }
}

/// Nothing that is hidden from the principal may be in the text.
fn assert_hushed(sight: &Sight<'_>, state: &State, shown: &dyn Debug) {
    let text = format!("{shown:?}");
    for item in state.items.values() {
        let is_seen = sight.may(Operation::Read, item);
        assert!(is_seen || !text.contains(&item.text), "{} in {text}", item.text);
        let shows_secret = is_seen && !(sight.has_masks() && sight.hides_secret_of(item));
        let secret = item.secret.clone().unwrap_or_default();
        assert!(shows_secret || secret.is_empty() || !text.contains(&secret), "{secret} in {text}");
    }
    for part in state.parts.values() {
        let is_seen = sight.may_with_part(Operation::Read, part);
        assert!(is_seen || !text.contains(&part.text), "{} in {text}", part.text);
    }
}

/// Runs an operation as a principal, and holds it against what is expected.
fn run(op: &Op, store: &Store<Stock>, sight: &Sight<'_>, state: &mut State) -> Result<()> {
    let before = state.clone();
    let reads = sight.has(Operation::Read);
    let read = |result: &dyn Debug| assert_hushed(sight, &before, result);
    let denied =
        |error: &netabase::Error| assert_eq!(end(&Err::<(), _>(error.clone())), End::Denied, "{op:?}");
    match op {
        Op::Get(id) => {
            let found = store.get::<Item>(*id);
            read(&found);
            match found {
                Ok(found) => {
                    let visible = state.items.get(id).filter(|item| sight.may(Operation::Read, item));
                    assert!(reads);
                    assert_eq!(found, visible.map(|item| sight.masked(item)));
                    assert_eq!(store.contains::<Item>(*id)?, visible.is_some());
                }
                Err(error) => assert!(!reads, "{error}"),
            }
        }
        Op::Many => {
            let found = store.get_many::<Item>(0..12_u64);
            read(&found);
            if reads {
                let seen = sight.seen(&state.items);
                assert_eq!(found?.into_iter().flatten().collect::<Vec<_>>(), seen);
                assert_eq!(store.len::<Item>()?, seen.len() as u64);
            } else {
                denied(&found.unwrap_err());
            }
        }
        Op::Query(find) => {
            let found = find.query(store).collect();
            read(&found);
            let names_hidden = find.names_hidden(sight);
            if !reads || names_hidden {
                denied(&found.unwrap_err());
                return Ok(());
            }
            let mut found = found?;
            found.sort_by_key(|item| item.id);
            let expected: Vec<_> =
                sight.seen(&state.items).into_iter().filter(|item| find.holds(item)).collect();
            assert_eq!(found, expected);
            assert_eq!(find.query(store).count()?, expected.len() as u64);
            let keys = find.query(store).order_by(Item::ID.asc()).keys()?.collect::<Result<Vec<_>>>()?;
            assert_eq!(keys.iter().map(|key| key.0).collect::<Vec<_>>(), ids(&expected));
            let cents: i128 = expected.iter().map(|item| i128::from(item.cents)).sum();
            assert_eq!(find.query(store).sum(Item::CENTS)?, cents);
            let selected =
                find.query(store).order_by(Item::ID.desc()).limit(3).select((Item::ID, Item::TEXT))?;
            let selected = selected.collect::<Result<Vec<_>>>()?;
            let last: Vec<_> =
                expected.iter().rev().take(3).map(|item| (item.id.into(), item.text.clone())).collect();
            assert_eq!(selected, last);
            let mut unordered = find.query(store).unordered().collect()?;
            unordered.sort_by_key(|item| item.id);
            assert_eq!(unordered, expected);
            let last = find.query(store).order_by(Item::KIND_OWNER.desc()).offset(1).limit(2).collect();
            if let Ok(last) = &last {
                read(last);
                assert_eq!(last.len(), expected.len().saturating_sub(1).min(2));
            }
            let visited = Mutex::new(Vec::new());
            find.query(store).par_for_each(2, |item| {
                visited.lock().unwrap().push(item.id);
                Ok(())
            })?;
            let mut visited = visited.into_inner().unwrap();
            visited.sort_unstable();
            assert_eq!(visited, ids(&expected));
            let first = find.query(store).order_by(Item::ID.asc()).first()?;
            assert_eq!(first.as_ref(), expected.first());
            assert_eq!(find.query(store).exists()?, !expected.is_empty());
            let page = find.query(store).limit(2).page(None)?;
            assert_eq!(ids(&page.items), ids(&expected).into_iter().take(2).collect::<Vec<_>>());
            if let Some(next) = page.next {
                let second = find.query(store).limit(2).page(Some(&next))?;
                read(&second.items);
                assert_eq!(
                    ids(&second.items),
                    ids(&expected).into_iter().skip(2).take(2).collect::<Vec<_>>()
                );
            }
        }
        Op::Groups => {
            let found = store.query::<Item>().count_by(Item::KIND);
            if !reads {
                denied(&found.unwrap_err());
                return Ok(());
            }
            let mut expected: BTreeMap<u8, (u64, i128)> = BTreeMap::new();
            for item in sight.seen(&state.items) {
                let group = expected.entry(item.kind).or_default();
                *group = (group.0 + 1, group.1 + i128::from(item.cents));
            }
            let counts: Vec<_> = expected.iter().map(|(kind, (count, _))| (*kind, *count)).collect();
            assert_eq!(found?, counts);
            let sums = store.query::<Item>().sum_by(Item::KIND, Item::CENTS)?;
            assert_eq!(sums, expected.iter().map(|(kind, (_, sum))| (*kind, *sum)).collect::<Vec<_>>());
            let highest = store.query::<Item>().max(Item::KIND)?;
            assert_eq!(highest, expected.last_key_value().map(|(kind, _)| *kind));
            let by_both = store.query::<Item>().sum_by(Item::KIND_OWNER, Item::CENTS)?;
            let all: i128 = expected.values().map(|(_, sum)| sum).sum();
            assert_eq!(by_both.iter().map(|(_, sum)| sum).sum::<i128>(), all);
        }
        Op::OrderBySecret => {
            let query = || store.query::<Item>().order_by(Item::SECRET.asc());
            let found = query().collect();
            read(&found);
            assert_eq!(found.is_ok(), reads && !sight.has_masks(), "{found:?}");
            for named in [
                store.query::<Item>().count_by(Item::SECRET).map(drop),
                store.query::<Item>().max(Item::SECRET).map(drop),
                store.query::<Item>().select(Item::SECRET).map(drop),
                store.query::<Item>().filter(Item::SECRET.is_none()).exists().map(drop),
                query().limit(1).page(None).map(drop),
            ] {
                assert_eq!(named.is_ok(), reads && !sight.has_masks(), "{named:?}");
            }
        }
        Op::Children => {
            let found = store.query::<Item>().include(Part::ITEM.inverse()).collect();
            read(&found);
            if !(reads && sight.has_on_parts(Operation::Read)) {
                // Without a record nobody looks at the other end.
                assert!(found.is_err() || sight.seen(&state.items).is_empty(), "{found:?}");
                return Ok(());
            }
            let mut found = found?;
            found.sort_by_key(|(item, _)| item.id);
            let parts_of = |id: u64| {
                let parts = state.parts.values().filter(|part| *part.item.key() == id.into());
                parts.filter(|part| sight.may_with_part(Operation::Read, part)).cloned().collect::<Vec<_>>()
            };
            let expected = sight.seen(&state.items).into_iter().map(|item| (item.clone(), parts_of(item.id)));
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        Op::Parents => {
            let found = store.query::<Part>().include(Part::ITEM).collect();
            read(&found);
            if !(reads && sight.has_on_parts(Operation::Read)) {
                assert!(found.is_err() || found.is_ok_and(|found| found.is_empty()));
                return Ok(());
            }
            for (part, item) in found? {
                assert!(sight.may_with_part(Operation::Read, &part));
                let target = state.items.get(&part.item.key().0);
                let visible = target.filter(|item| sight.may(Operation::Read, item));
                assert_eq!(item, visible.map(|item| sight.masked(item)));
            }
        }
        Op::Walk(id) => {
            let found = store.walk::<Item, _>(Part::ITEM.inverse().then(Part::ITEM)).from(*id).iter();
            let found = found.and_then(Iterator::collect::<Result<Vec<_>>>);
            read(&found);
        }
        Op::Create(id, owner, kind) => {
            let new = item(*id, *owner, *kind);
            let done = store.write(|txn| txn.create(&new));
            read(&done);
            let may = sight.has(Operation::Create);
            let expected = if may { state.put(sight, &new, false) } else { End::Denied };
            assert_eq!(end(&done), expected, "{op:?}");
        }
        Op::Duplicate(id, other) => {
            let new = Item { code: format!("code{other}"), ..item(*id, 1, 1) };
            let done = store.write(|txn| txn.create(&new));
            read(&done);
            let may = sight.has(Operation::Create);
            let expected = if may { state.put(sight, &new, false) } else { End::Denied };
            assert_eq!(end(&done), expected, "{op:?}");
        }
        Op::Update(id, owner, kind) => {
            // As somebody would who has read what he may.
            let known = state.items.get(id).map(|item| sight.masked(item));
            let secret = known.map_or(Some("new".into()), |known| known.secret);
            // Or who would write what he does not see.
            let secret = if *kind == 3 { Some("forged".into()) } else { secret };
            let new = Item { secret, ..item(*id, *owner, *kind) };
            let done = store.write(|txn| txn.update(&new));
            read(&done);
            let may = sight.has(Operation::Update);
            let expected = if may { state.put(sight, &new, true) } else { End::Denied };
            assert_eq!(end(&done), expected, "{op:?}");
        }
        Op::Add(id) => {
            let done = store.write(|txn| txn.update_with(*id, |item: &mut Item| item.cents += 1));
            read(&done);
            let may = reads && sight.has(Operation::Update);
            let expected = match state.items.get(id) {
                _ if !may => End::Denied,
                None => End::NotFound,
                Some(item) if !sight.may(Operation::Read, item) => End::Denied,
                Some(item) => {
                    let new = Item { cents: item.cents + 1, ..sight.masked(item) };
                    state.put(sight, &new, true)
                }
            };
            assert_eq!(end(&done), expected, "{op:?}");
        }
        Op::Raise(find) => {
            let Some(filter) = where_of(find) else { return Ok(()) };
            let done = store.write(|txn| txn.update_where(filter.clone(), |item: &mut Item| item.cents += 1));
            read(&done);
            let names_hidden = find.names_hidden(sight);
            let may = reads && sight.has(Operation::Update) && !names_hidden;
            let found = sight.seen(&state.items).into_iter().filter(|item| find.holds(item));
            let mut ends = found.map(|item| state.put(sight, &Item { cents: item.cents + 1, ..item }, true));
            let all = may && ends.all(|end| end == End::Done);
            assert_eq!(done.is_ok(), all, "{op:?}: {done:?}");
            if done.is_err() {
                state.items.clone_from(&before.items);
            }
        }
        Op::Delete(id) => {
            let done = store.write(|txn| txn.delete::<Item>(*id));
            read(&done);
            let may = sight.has(Operation::Delete);
            let expected = if may { state.delete(sight, *id) } else { End::Denied };
            assert_eq!(end(&done), expected, "{op:?}");
        }
        Op::DeleteWhere(find) => {
            let Some(filter) = where_of(find) else { return Ok(()) };
            let done = store.write(|txn| txn.delete_where(filter.clone()));
            read(&done);
            let names_hidden = find.names_hidden(sight);
            let found: Vec<_> =
                sight.seen(&state.items).into_iter().filter(|item| find.holds(item)).collect();
            let all = reads
                && !names_hidden
                && sight.has(Operation::Delete)
                && found.iter().all(|item| state.delete(sight, item.id) == End::Done);
            assert_eq!(done.is_ok(), all, "{op:?}: {done:?}");
            if !all {
                *state = before.clone();
            }
        }
        Op::Staged(owner, kind, find) => {
            let Some(filter) = where_of(find) else { return Ok(()) };
            if !reads || find.names_hidden(sight) {
                return Ok(());
            }
            let mut txn = store.begin_write()?;
            let mut staged = state.clone();
            let new = item(50, *owner, *kind);
            if sight.has(Operation::Create) {
                assert_eq!(end(&txn.create(&new)), staged.put(sight, &new, false));
            }
            let mut found = txn.query::<Item>().filter(filter).collect()?;
            assert_hushed(sight, &staged, &found);
            found.sort_by_key(|item| item.id);
            let expected: Vec<_> =
                sight.seen(&staged.items).into_iter().filter(|item| find.holds(item)).collect();
            assert_eq!(found, expected);
            assert_eq!(txn.len::<Item>()?, sight.seen(&staged.items).len() as u64);
            assert_eq!(
                txn.get::<Item>(50)?.is_some(),
                sight.seen(&staged.items).iter().any(|item| item.id == 50)
            );
        }
        Op::Part(id, of, owner) => {
            let part = Part { id: *id, item: Link::new(*of), owner: *owner, text: format!("<part{id}>") };
            let done = store.write(|txn| txn.create(&part));
            read(&done);
            let expected = match (state.parts.get(id), state.items.get(of)) {
                _ if !sight.has_on_parts(Operation::Create) => End::Denied,
                (Some(old), _) if sight.may_with_part(Operation::Read, old) => End::Exists,
                (Some(_), _) => End::Denied,
                _ if !sight.may_with_part(Operation::Create, &part) => End::Denied,
                (None, None) => End::Missing,
                (None, Some(item)) if !sight.may(Operation::Read, item) => End::Denied,
                (None, Some(_)) => {
                    state.parts.insert(*id, part.clone());
                    End::Done
                }
            };
            assert_eq!(end(&done), expected, "{op:?}");
        }
    }
    Ok(())
}

/// The filters that a sweep takes.
/// Holds what a watcher is told against what changed of what he sees.
fn check_told(
    watcher: &mut Watcher<Item>,
    sight: &Sight<'_>,
    (before, after): (&BTreeMap<u64, Item>, &BTreeMap<u64, Item>),
) -> Result<()> {
    let seen = |items: &BTreeMap<u64, Item>| -> BTreeMap<u64, Item> {
        sight.seen(items).into_iter().map(|item| (item.id, item)).collect()
    };
    let (mut known, expected) = (seen(before), seen(after));
    while let Some(notice) = watcher.try_next() {
        let notice = notice?;
        assert!(!notice.events.is_empty(), "nobody is told of nothing");
        for event in notice.events {
            let id = event.before().or(event.after()).expect("one of them").id;
            assert_eq!(known.remove(&id).as_ref(), event.before(), "{event:?}");
            assert_ne!(event.before(), event.after(), "{event:?}");
            known.extend(event.after().cloned().map(|item| (id, item)));
        }
    }
    assert_eq!(known, expected);
    Ok(())
}

fn where_of(find: &Find) -> Option<netabase::query::Filter<Item>> {
    Some(match find {
        Find::Owner(owner) => Item::OWNER.eq(*owner),
        Find::KindFrom(kind) => Item::KIND.range(*kind..),
        Find::Secret(id) => Item::SECRET.eq(format!("<secret{id}>")),
        Find::Code(id) => Item::CODE.eq(format!("code{id}")),
        Find::Tags(tag) => Item::TAGS.range(*tag..),
        Find::Half(of) => Item::HALF.eq(*of),
        Find::All | Find::Either(..) | Find::Text(_) => return None,
    })
}

fn ids(items: &[Item]) -> Vec<u64> {
    items.iter().map(|item| item.id).collect()
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    proptest::sample::subsequence(Operation::ALL.to_vec(), 0..=4)
}

fn rows() -> impl Strategy<Value = Rows> {
    prop_oneof![
        Just(Rows::All),
        Just(Rows::Own),
        (0..4_u8).prop_map(Rows::Kind),
        (0..4_u8).prop_map(Rows::OwnOrKind),
        (0..4_u8).prop_map(Rows::NotKind),
        Just(Rows::Dear),
        (0..14_u8).prop_map(Rows::Tags),
        (0..2_u8).prop_map(Rows::Half),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let spec = (0..3_usize, operations(), rows(), proptest::bool::weighted(0.3), operations())
        .prop_map(|(role, operations, rows, masks, parts)| Spec { role, operations, rows, masks, parts });
    (proptest::collection::vec(spec, 1..6), any::<bool>()).prop_map(|(specs, trusts)| Rules { specs, trusts })
}

fn principal() -> impl Strategy<Value = Principal> {
    (proptest::sample::subsequence(vec![0, 1, 2], 0..=2), proptest::option::weighted(0.8, 0..4_u8))
        .prop_map(|(roles, owner)| Principal { roles, owner })
}

fn find() -> impl Strategy<Value = Find> {
    prop_oneof![
        Just(Find::All),
        (0..4_u8).prop_map(Find::Owner),
        (0..4_u8).prop_map(Find::KindFrom),
        (0..4_u8, 0..4_u8).prop_map(|(owner, kind)| Find::Either(owner, kind)),
        (0..12_u64).prop_map(Find::Secret),
        (0..12_u64).prop_map(Find::Text),
        (0..12_u64).prop_map(Find::Code),
        (0..14_u8).prop_map(Find::Tags),
        (0..2_u8).prop_map(Find::Half),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let id = || 0..12_u64;
    prop_oneof![
        id().prop_map(Op::Get),
        Just(Op::Many),
        find().prop_map(Op::Query),
        find().prop_map(Op::Query),
        Just(Op::Groups),
        Just(Op::OrderBySecret),
        Just(Op::Children),
        Just(Op::Parents),
        id().prop_map(Op::Walk),
        (id(), 0..4_u8, 0..4_u8).prop_map(|(id, owner, kind)| Op::Create(id, owner, kind)),
        (id(), id()).prop_map(|(id, other)| Op::Duplicate(id, other)),
        (id(), 0..4_u8, 0..4_u8).prop_map(|(id, owner, kind)| Op::Update(id, owner, kind)),
        id().prop_map(Op::Add),
        find().prop_map(Op::Raise),
        id().prop_map(Op::Delete),
        find().prop_map(Op::DeleteWhere),
        (id(), id(), 0..4_u8).prop_map(|(id, of, owner)| Op::Part(id, of, owner)),
        (0..4_u8, 0..4_u8, find()).prop_map(|(owner, kind, find)| Op::Staged(owner, kind, find)),
    ]
}

type Start = (Vec<(u8, u8)>, Vec<(u64, u8)>);

fn start() -> impl Strategy<Value = Start> {
    let items = proptest::collection::vec((0..4_u8, 0..4_u8), 8);
    (items, proptest::collection::vec((0..8_u64, 0..4_u8), 6))
}

proptest! {
    #![proptest_config(kit::cases(400))]

    // Ten thousand operations as it stands.
    #[test]
    fn nothing_is_seen_or_done_that_the_policy_does_not_say(
        rules in rules(),
        (items, parts) in start(),
        work in proptest::collection::vec((principal(), op()), 25),
    ) {
        let decisions = Arc::new(Mutex::new(Vec::new()));
        let told = decisions.clone();
        let store = Store::<Stock>::builder()
            .in_memory()
            .policy(rules.policy())
            .on_decision(move |decision| told.lock().unwrap().push(format!("{decision:?}")))
            .open()
            .unwrap();
        let owner = store.as_owner().unwrap();
        let mut state = State::default();
        for (id, (whose, kind)) in (0..).zip(items) {
            state.items.insert(id, item(id, whose, kind));
        }
        for (id, (of, whose)) in (0..).zip(parts) {
            let part = Part { id, item: Link::new(of), owner: whose, text: format!("<part{id}>") };
            state.parts.insert(id, part);
        }
        owner.write(|txn| {
            txn.create_batch(state.items.values())?;
            txn.create_batch(state.parts.values())
        }).unwrap();
        let mut watchers = Vec::new();
        for (who, op) in &work {
            let session = store.session(&who.ticket()).unwrap();
            let sight = Sight { rules: &rules, who };
            match session.watch::<Item>().begin() {
                Ok(watcher) => watchers.push((watcher, who)),
                Err(error) => prop_assert_eq!(end(&Err::<(), _>(error)), End::Denied),
            }
            prop_assert_eq!(watchers.last().is_some_and(|(_, last)| std::ptr::eq(*last, who)), sight.has(Operation::Read));
            let before = state.items.clone();
            run(op, &session, &sight, &mut state).unwrap();
            for (watcher, who) in &mut watchers {
                check_told(watcher, &Sight { rules: &rules, who }, (&before, &state.items)).unwrap();
            }
            let items: Vec<_> = owner.query::<Item>().collect().unwrap();
            prop_assert_eq!(&items, &state.items.values().cloned().collect::<Vec<_>>(), "{:?} {:?}", who, op);
            let parts: Vec<_> = owner.query::<Part>().collect().unwrap();
            prop_assert_eq!(&parts, &state.parts.values().cloned().collect::<Vec<_>>(), "{:?} {:?}", who, op);
        }
        let report = owner.verify(|_| {}).unwrap();
        prop_assert!(report.is_clean(), "{}", report);
        let decisions = decisions.lock().unwrap().concat();
        prop_assert!(!decisions.contains("canary") && !decisions.contains("secret") && !decisions.contains("code"));
    }
}
