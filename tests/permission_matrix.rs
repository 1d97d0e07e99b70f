//! Every role, at every door, for every model: what is allowed is allowed, and nothing else. S2-27, S2-28, S2-30, S2-34; C12.
//!
//! What is expected is written down here by hand, and no `match` over doors has a wildcard: a door that is added does not
//! compile until its cells are filled.

use kit::clinic::{
    AUDITOR, Clinic, DOCTOR, Doctor, GUEST, NURSE, Note, Patient, RECEPTION, ROLES, Round, Visit, clinic,
    note, patient, ticket,
};
use netabase::model::{GeneratedKey, HasVersions, ModelOf};
use netabase::policy::{Door, Role};
use netabase::query::Filter;
use netabase::{Error, ErrorKind, Link, Result, Store};

/// A store as one role sees it, and as its owner does.
struct Cell {
    store: Store<Clinic>,
    owner: Store<Clinic>,
}

impl Cell {
    /// `None`: the owner.
    fn of(role: Option<Role>) -> Result<Self> {
        let root = clinic()?;
        let owner = root.as_owner()?;
        let store = role.map_or(Ok(owner.clone()), |role| root.session(&ticket(role)))?;
        Ok(Cell { store, owner })
    }
}

/// A model, with a record for each cell. Record 1 is one that everybody sees who may see any; record 2 nobody sees whose rows are
/// restricted.
trait Sample: ModelOf<Clinic, PrimaryKey: From<u64>> + HasVersions + Clone {
    fn fresh() -> Self;
    fn stored(id: u64) -> Self;
    fn change(&mut self);
    fn set_id(&mut self, id: u64);
    fn by_id(id: u64) -> Filter<Self>;
    /// Doors that not every model has.
    fn special(cell: &Cell, door: Door, id: u64) -> Option<Result<bool>>;
    fn create_auto(store: &Store<Clinic>) -> Option<Result<bool>>;
}

fn auto<M: ModelOf<Clinic> + GeneratedKey>(store: &Store<Clinic>, mut fresh: M) -> Result<bool> {
    store.write(|txn| txn.create_auto(&mut fresh)).map(|_| true)
}

impl Sample for Doctor {
    fn fresh() -> Self {
        Doctor { id: 9, name: "Doctor 9".into() }
    }
    fn stored(id: u64) -> Self {
        Doctor { id, name: format!("Doctor {id}") }
    }
    fn change(&mut self) {
        self.name.push('!');
    }
    fn set_id(&mut self, id: u64) {
        self.id = id;
    }
    fn by_id(id: u64) -> Filter<Self> {
        Doctor::ID.eq(id)
    }
    fn special(cell: &Cell, door: Door, id: u64) -> Option<Result<bool>> {
        let store = &cell.store;
        let inverse = || {
            let found = store.query::<Doctor>().filter(Self::by_id(id)).include(Patient::DOCTOR.inverse());
            Ok(found.collect()?.iter().any(|(_, patients)| !patients.is_empty()))
        };
        (door == Door::LoadInverse).then(inverse)
    }
    fn create_auto(_: &Store<Clinic>) -> Option<Result<bool>> {
        None
    }
}

impl Sample for Patient {
    fn fresh() -> Self {
        Patient { diagnosis: None, ..patient(9, 1, 1) }
    }
    fn stored(id: u64) -> Self {
        patient(id, u32::try_from(id).unwrap(), id)
    }
    fn change(&mut self) {
        self.cents += 1;
    }
    fn set_id(&mut self, id: u64) {
        self.id = id;
    }
    fn by_id(id: u64) -> Filter<Self> {
        Patient::ID.eq(id)
    }
    fn special(cell: &Cell, door: Door, id: u64) -> Option<Result<bool>> {
        let store = &cell.store;
        let query = || store.query::<Patient>().filter(Self::by_id(id));
        Some(match door {
            Door::View => store.view::<Patient, _>(id, |view| view.email.len()).map(|found| found.is_some()),
            Door::LoadLinks => query()
                .include(Patient::DOCTOR)
                .collect()
                .map(|found| found.iter().any(|(_, doctor)| doctor.is_some())),
            Door::LoadInverse => query()
                .include(Note::PATIENT.inverse())
                .collect()
                .map(|found| found.iter().any(|(_, notes)| !notes.is_empty())),
            Door::Walk => {
                let edges = Patient::DOCTOR.then(Patient::DOCTOR.inverse());
                store
                    .walk::<Patient, _>(edges)
                    .from(id)
                    .iter()
                    .and_then(|visits| visits.collect::<Result<Vec<_>>>().map(|visits| !visits.is_empty()))
            }
            Door::NameField => query().filter(Patient::DIAGNOSIS.eq(format!("secret {id}"))).exists(),
            Door::Cascade => store.write(|txn| txn.delete::<Patient>(id)),
            _ => return None,
        })
    }
    fn create_auto(store: &Store<Clinic>) -> Option<Result<bool>> {
        Some(auto(store, Patient { id: 0, ..Self::fresh() }))
    }
}

impl Sample for Note {
    fn fresh() -> Self {
        note(9, 1, 1)
    }
    fn stored(id: u64) -> Self {
        note(id, id, id)
    }
    fn change(&mut self) {
        self.minutes += 1;
    }
    fn set_id(&mut self, id: u64) {
        self.id = id;
    }
    fn by_id(id: u64) -> Filter<Self> {
        Note::ID.eq(id)
    }
    fn special(cell: &Cell, door: Door, id: u64) -> Option<Result<bool>> {
        let store = &cell.store;
        let query = || store.query::<Note>().filter(Self::by_id(id));
        Some(match door {
            Door::LoadLinks => query()
                .include(Note::PATIENT)
                .collect()
                .map(|found| found.iter().any(|(_, patient)| patient.is_some())),
            Door::Walk => store
                .walk::<Note, _>(Note::ANSWERS)
                .from(id)
                .iter()
                .and_then(|visits| visits.collect::<Result<Vec<_>>>().map(|visits| !visits.is_empty())),
            Door::Topic => query().where_subscribed(kit::clinic::NoteSubscriptionKeys::Round).exists(),
            Door::Relink => {
                let answer = Note { answers: Some(Link::new(id)), ..note(8, 1, 1) };
                cell.owner.write(|txn| txn.create(&answer)).expect("the owner");
                store.write(|txn| txn.delete::<Note>(id))
            }
            _ => return None,
        })
    }
    fn create_auto(store: &Store<Clinic>) -> Option<Result<bool>> {
        Some(auto(store, Note { id: 0, ..Self::fresh() }))
    }
}

impl Sample for Visit {
    fn fresh() -> Self {
        Visit { id: 9, patient: Link::new(1), day: 3 }
    }
    fn stored(id: u64) -> Self {
        Visit { id, patient: Link::new(id), day: 3 }
    }
    fn change(&mut self) {
        self.day += 1;
    }
    fn set_id(&mut self, id: u64) {
        self.id = id;
    }
    fn by_id(id: u64) -> Filter<Self> {
        Visit::ID.eq(id)
    }
    fn special(cell: &Cell, door: Door, id: u64) -> Option<Result<bool>> {
        let store = &cell.store;
        let include = || {
            let found = store.query::<Visit>().filter(Self::by_id(id)).include(Visit::PATIENT).collect()?;
            Ok(found.iter().any(|(_, patient)| patient.is_some()))
        };
        (door == Door::LoadLinks).then(include)
    }
    fn create_auto(store: &Store<Clinic>) -> Option<Result<bool>> {
        Some(auto(store, Visit { id: 0, ..Self::fresh() }))
    }
}

/// Goes through a door to a record; `None` if the model has no such door. `Ok(false)`: it is not there.
fn attempt<M: Sample>(cell: &Cell, door: Door, id: u64) -> Option<Result<bool>> {
    let store = &cell.store;
    let query = || store.query::<M>().filter(M::by_id(id));
    let record = || {
        let mut record =
            store.get::<M>(M::PrimaryKey::from(id)).ok().flatten().unwrap_or_else(|| M::stored(id));
        record.change();
        record
    };
    let key = || M::PrimaryKey::from(id);
    Some(match door {
        Door::Get => store.get::<M>(key()).map(|found| found.is_some()),
        Door::GetMany => store.get_many::<M>([key()]).map(|found| found[0].is_some()),
        Door::Contains => store.contains::<M>(key()),
        Door::GetVersioned => {
            store.get_versioned::<M>(key()).map(|found| found.is_some_and(|found| found.version == 1))
        }
        Door::CreateIfAbsent => store.write(|txn| {
            assert_eq!(
                txn.update_if_version(&M::fresh(), 0).is_ok(),
                txn.create_if_absent(&M::fresh()).is_ok()
            );
            Ok(txn.create_if_absent(&M::fresh())?
                || txn.contains::<M>(M::fresh().primary_key()).unwrap_or(true))
        }),
        Door::UpdateIfVersion => {
            store.write(|txn| txn.update_if_version(&record(), 1)).map(|version| version == 2)
        }
        Door::DeleteIfVersion => store.write(|txn| txn.delete_if_version::<M>(key(), 1)).map(|()| true),
        Door::Len => store.len::<M>().map(|len| len >= id),
        // Whatever it ends with.
        Door::RunQuery => (|| {
            let found = query().collect()?.len();
            assert_eq!(query().count()?, found as u64);
            assert_eq!(query().keys()?.count(), found);
            assert_eq!(query().exists()?, found == 1);
            assert_eq!(query().first()?.is_some(), found == 1);
            assert_eq!(query().limit(5).page(None)?.items.len(), found);
            Ok(found == 1)
        })(),
        Door::ExplainQuery => query().explain().map(|_| true),
        // The journal has how the record came to be.
        Door::Watch => {
            let watcher = store.watch::<M>().filter(M::by_id(id)).begin_from(1);
            watcher.map(|mut watcher| watcher.try_next().is_some_and(|notice| notice.is_ok()))
        }
        Door::Publish => store.write(|txn| txn.publish::<Round>(&())).map(|seq| seq == 1),
        Door::Receive => store.topic::<Round>().consumer("rounds").map(|_| true),
        Door::ReadJournal => store.journal().map(|_| true),
        Door::Consume => store.consumer("audit").map(|_| true),
        Door::Create => store.write(|txn| txn.create(&M::fresh())).map(|()| true),
        Door::CreateAuto => return M::create_auto(store),
        Door::Update => store.write(|txn| txn.update(&record())).map(|()| true),
        Door::Upsert => store.write(|txn| txn.upsert(&record())).map(|_| true),
        Door::Replace => store.write(|txn| txn.replace(&record())).map(|_| true),
        Door::UpdateWith => store.write(|txn| txn.update_with(key(), M::change)).map(|()| true),
        Door::UpdateIf => store.write(|txn| txn.update_if(key(), |_: &M| true, M::change)),
        Door::UpdateWhere => {
            store.write(|txn| txn.update_where(M::by_id(id), M::change)).map(|count| count == 1)
        }
        Door::Rekey => store.write(|txn| txn.rekey(key(), |record: &mut M| record.set_id(70))).map(|_| true),
        Door::Delete => store.write(|txn| txn.delete::<M>(key())),
        Door::Take => store.write(|txn| txn.take::<M>(key())).map(|taken| taken.is_some()),
        Door::DeleteIf => store.write(|txn| txn.delete_if(key(), |_: &M| true)),
        Door::DeleteWhere => store.write(|txn| txn.delete_where(M::by_id(id))).map(|count| count == 1),
        Door::Verify => store.verify(|_| {}).map(|_| true),
        Door::Rebuild => store.rebuild_indexes(|_| {}).map(|_| true),
        Door::Compact => store.compact().map(|_| true),
        Door::Stats => store.stats().map(|_| true),
        Door::Session => store.session(&ticket(DOCTOR)).map(|_| true),
        Door::View
        | Door::LoadLinks
        | Door::LoadInverse
        | Door::Walk
        | Door::NameField
        | Door::Topic
        | Door::Cascade
        | Door::Relink => return M::special(cell, door, id),
    })
}

/// What a role may do with a model, by hand: read, create, update, delete; the owner all that the model allows.
#[allow(clippy::match_same_arms, reason = "a table")]
fn rights(role: Option<Role>, model: &str) -> &'static str {
    match (role, model) {
        (None, "Visit") => "rc",
        (None, _) => "rcud",
        (Some(RECEPTION), "Patient") => "rcu",
        (Some(RECEPTION), "Visit") => "rc",
        (Some(NURSE), "Patient") => "ru",
        (Some(NURSE | DOCTOR), "Doctor") => "r",
        (Some(DOCTOR), "Patient" | "Note") => "rcud",
        (Some(AUDITOR), "Patient" | "Note") => "r",
        (Some(role), _) => {
            assert!(ROLES.contains(&role));
            ""
        }
    }
}

/// Whether the door to record 1 of a model is open to a role.
#[allow(clippy::match_same_arms, reason = "a table")]
fn is_open(role: Option<Role>, model: &str, door: Door) -> bool {
    let own = rights(role, model);
    let has = |needed: &str| needed.chars().all(|operation| own.contains(operation));
    let reads = |other: &str| has("r") && rights(role, other).contains('r');
    match door {
        Door::Get
        | Door::View
        | Door::GetMany
        | Door::Contains
        | Door::Len
        | Door::RunQuery
        | Door::GetVersioned
        | Door::Watch => has("r"),
        Door::Publish => role.is_none() || role == Some(NURSE),
        Door::Receive => role.is_none() || role == Some(DOCTOR),
        // Not for those from whom something is hidden.
        Door::ExplainQuery => {
            has("r") && !is_restricted(role, model) && (role, model) != (Some(RECEPTION), "Patient")
        }
        Door::LoadLinks => match model {
            "Patient" => reads("Doctor"),
            _ => reads("Patient"),
        },
        Door::LoadInverse => match model {
            "Doctor" => reads("Patient"),
            _ => reads("Note"),
        },
        Door::Walk => match model {
            "Patient" => reads("Doctor"),
            _ => has("r"),
        },
        Door::NameField => has("r") && role != Some(RECEPTION),
        Door::Topic => has("r") && (role.is_none() || role == Some(DOCTOR)),
        // The links of the record lead to what the role sees, or may link to.
        Door::Create | Door::CreateAuto | Door::CreateIfAbsent => has("c"),
        Door::Update | Door::UpdateIfVersion => has("u"),
        Door::Upsert => has("cu"),
        Door::Replace | Door::UpdateWith | Door::UpdateIf | Door::UpdateWhere => has("ru"),
        // A patient has notes, which follow, and a visit, which nobody changes.
        Door::Rekey => has("ru") && model != "Patient" && !(model == "Doctor" && role.is_some()),
        // A patient takes notes along, a doctor has patients.
        Door::Delete | Door::DeleteIf | Door::DeleteIfVersion | Door::DeleteWhere | Door::Take => {
            has("d") && model != "Doctor"
        }
        Door::Cascade => has("d") && rights(role, "Note").contains('d'),
        Door::Relink => has("d") && has("u"),
        Door::Verify | Door::Rebuild | Door::Compact | Door::Stats | Door::Session => role.is_none(),
        Door::ReadJournal | Door::Consume => role.is_none(),
    }
}

/// Whether a role sees only some of the records.
fn is_restricted(role: Option<Role>, model: &str) -> bool {
    matches!((role, model), (Some(NURSE | DOCTOR), "Patient") | (Some(DOCTOR), "Note"))
}

fn is_denied(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied { .. })
}

/// Fills the cells of a model; returns how many there are.
fn fill<M: Sample>(model: &str) -> Result<usize> {
    let mut cells = 0;
    for role in ROLES.into_iter().map(Some).chain([None]) {
        for door in Door::ALL.iter().copied() {
            let cell = Cell::of(role)?;
            let Some(done) = attempt::<M>(&cell, door, 1) else { continue };
            cells += 1;
            let place = format!("{role:?} at {door:?} of {model}: {done:?}");
            match (is_open(role, model, door), done) {
                (true, done) => assert!(done.is_ok_and(|found| found), "{place}"),
                (false, Err(error)) if is_denied(&error) => {}
                // A doctor has patients, whoever asks.
                (false, Err(error)) => {
                    let is_in_use = matches!(error.kind(), ErrorKind::StillReferenced { .. });
                    assert!(is_in_use && model == "Doctor" && role.is_none(), "{place}");
                }
                (false, Ok(_)) => panic!("{place}"),
            }
            let report = cell.owner.verify(|_| {})?;
            assert!(report.is_clean(), "{place}: {report}");
        }
    }
    Ok(cells)
}

#[test]
fn every_cell_is_as_it_should_be() -> Result<()> {
    let cells = [
        fill::<Doctor>("Doctor")?,
        fill::<Patient>("Patient")?,
        fill::<Note>("Note")?,
        fill::<Visit>("Visit")?,
    ];
    // Each model at each door that it has, for five roles and the owner.
    let special = [1, 7, 5, 2];
    let everywhere = Door::ALL.len() - 9;
    let expected: Vec<usize> = special.iter().map(|special| 6 * (everywhere + special)).collect();
    assert_eq!(cells.to_vec(), expected);
    Ok(())
}

/// What happens at a door to a record that is there and may not be seen.
fn hidden(door: Door) -> Option<bool> {
    match door {
        // As if it were not there.
        Door::Get
        | Door::View
        | Door::GetMany
        | Door::Contains
        | Door::Len
        | Door::RunQuery
        | Door::GetVersioned
        | Door::Watch
        | Door::LoadLinks
        | Door::LoadInverse
        | Door::Walk
        | Door::NameField
        | Door::Topic
        | Door::UpdateWhere
        | Door::DeleteWhere => Some(false),
        // A write that meets it is refused, and says no more.
        Door::Update
        | Door::Upsert
        | Door::UpdateIfVersion
        | Door::DeleteIfVersion
        | Door::Replace
        | Door::UpdateWith
        | Door::UpdateIf
        | Door::Rekey
        | Door::Delete
        | Door::Take
        | Door::DeleteIf
        | Door::Cascade
        | Door::Relink => Some(true),
        // These go to no one record.
        Door::ExplainQuery
        | Door::Create
        | Door::CreateAuto
        | Door::CreateIfAbsent
        | Door::Verify
        | Door::Rebuild
        | Door::Compact
        | Door::Stats
        | Door::Publish
        | Door::Receive
        | Door::ReadJournal
        | Door::Consume
        | Door::Session => None,
    }
}

fn fill_hidden<M: Sample>(role: Role, model: &str) -> Result<()> {
    assert!(is_restricted(Some(role), model));
    for door in Door::ALL.iter().copied() {
        let cell = Cell::of(Some(role))?;
        let before =
            cell.owner.get::<M>(M::PrimaryKey::from(2))?.map(|record| format!("{:?}", record.primary_key()));
        let (Some(refused), Some(done)) = (hidden(door), attempt::<M>(&cell, door, 2)) else { continue };
        let place = format!("{role:?} at {door:?} of a hidden {model}: {done:?}");
        match done {
            Ok(found) => assert!(!found && !refused, "{place}"),
            Err(error) => {
                // Where the role has not even the right to try.
                let may_try = is_open(Some(role), model, door);
                assert!(is_denied(&error) && (refused || !may_try), "{place}");
                assert!(!error.to_string().contains("secret"), "{place}");
            }
        }
        let after =
            cell.owner.get::<M>(M::PrimaryKey::from(2))?.map(|record| format!("{:?}", record.primary_key()));
        assert_eq!(before, after, "{place}");
    }
    Ok(())
}

#[test]
fn a_hidden_record_is_not_there_and_not_written() -> Result<()> {
    fill_hidden::<Patient>(NURSE, "Patient")?;
    fill_hidden::<Patient>(DOCTOR, "Patient")?;
    fill_hidden::<Note>(DOCTOR, "Note")?;
    assert!(rights(Some(GUEST), "Patient").is_empty());
    Ok(())
}
