//! Policies, tickets and sessions, and what a model allows anyone. S1-29, S2-30, S2-31 (who reads), S2-32, S2-40, S4-7, S4-40.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use kit::clinic::{
    AUDITOR, Clinic, DOCTOR, Diagnosis, Doctor, GUEST, Id, NURSE, Note, Patient, RECEPTION, Ward, clinic,
    filled, note, patient, policy, ticket,
};
use kit::company::{Company, Employee, Project, Staff, Work, employee, project};
use kit::counting::Counting;
use kit::memory::Memory;
use netabase::policy::{Door, Operation, Policy, Rights, Role, Ticket};
use netabase::{ErrorKind, Link, NetabaseDefinition, NetabaseModel, Repository, Result, Store};
use serde::{Deserialize, Serialize};

fn denied<T: std::fmt::Debug>(result: Result<T>) -> (&'static str, &'static str) {
    match result.expect_err("denied").kind() {
        ErrorKind::PermissionDenied { operation, model } => (operation, model),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_ticket_nobody_comes_in() -> Result<()> {
    let store = clinic()?;
    let nothing = ("a transaction without a ticket", "the store");
    assert_eq!(denied(store.get::<Patient>(1)), nothing);
    assert_eq!(denied(store.begin_read()), nothing);
    assert_eq!(denied(store.begin_write()), nothing);
    assert_eq!(denied(store.write(|txn| txn.create(&patient(9, 1, 1)))), nothing);
    assert!(store.query::<Patient>().collect().is_err());
    assert_eq!(denied(store.verify(|_| {})), ("verify", "the store"));
    assert!(store.as_owner()?.get::<Patient>(1)?.is_some());
    // Without a policy the opener owns the store, and there is nothing a ticket could mean.
    let open = Store::<Clinic>::in_memory()?;
    filled(&open)?;
    assert!(open.get::<Patient>(1)?.is_some());
    assert!(matches!(open.session(&ticket(DOCTOR)).expect_err("no policy").kind(), ErrorKind::NoPolicy));
    Ok(())
}

#[test]
fn a_session_cannot_become_more_than_it_is() -> Result<()> {
    let nurse = clinic()?.session(&ticket(NURSE))?;
    assert_eq!(denied(nurse.as_owner()), ("session", "the store"));
    assert_eq!(denied(nurse.session(&ticket(DOCTOR))), ("session", "the store"));
    let copy = nurse.clone();
    assert!(copy.get::<Patient>(2)?.is_none());
    let snapshot = copy.begin_read()?;
    assert!(snapshot.clone().get::<Patient>(2)?.is_none() && snapshot.get::<Patient>(1)?.is_some());
    Ok(())
}

#[test]
fn a_ticket_ends() -> Result<()> {
    let seconds = Arc::new(AtomicU64::new(0));
    let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let now = seconds.clone();
    let store = Store::<Clinic>::builder()
        .in_memory()
        .policy(policy())
        .clock(move || at(now.load(Ordering::Relaxed)))
        .open()?;
    filled(&store)?;
    let ended = |result: Result<()>| match result.expect_err("it has ended").kind() {
        ErrorKind::TicketEnded { reason } => *reason,
        other => panic!("{other:?}"),
    };
    let nurse = store.session(&ticket(NURSE).expires(at(10)))?;
    let begun = nurse.begin_read()?;
    assert!(nurse.get::<Patient>(1)?.is_some());
    seconds.store(10, Ordering::Relaxed);
    assert_eq!(ended(nurse.get::<Patient>(1).map(drop)), "has expired");
    assert_eq!(ended(nurse.begin_read().map(drop)), "has expired");
    assert_eq!(ended(nurse.query::<Patient>().count().map(drop)), "has expired");
    assert_eq!(ended(nurse.write(|_| Ok(()))), "has expired");
    assert_eq!(ended(store.session(&ticket(NURSE).expires(at(3))).map(drop)), "has expired");
    assert!(begun.get::<Patient>(1)?.is_some(), "what has begun goes on");

    let badge = ticket(DOCTOR);
    let doctor = store.session(&badge)?;
    let mut begun = doctor.begin_write()?;
    badge.clone().revoke();
    assert_eq!(ended(doctor.get::<Patient>(1).map(drop)), "was revoked");
    assert_eq!(ended(doctor.begin_write().map(drop)), "was revoked");
    begun.create(&note(9, 1, 1))?;
    begun.commit()?;
    assert_eq!(ended(store.session(&badge).map(drop)), "was revoked");
    Ok(())
}

#[test]
fn rights_of_several_roles_add_up() -> Result<()> {
    let store = clinic()?;
    // Reception sees everybody, and nobody's diagnosis; the nurse sees her ward's.
    let both = Ticket::new([RECEPTION, NURSE]).claim(Ward(1));
    let both = store.session(&both)?;
    let seen: Vec<_> = both.query::<Patient>().order_by(Patient::ID.asc()).collect()?;
    let diagnoses: Vec<_> = seen.iter().map(|patient| patient.diagnosis.as_deref()).collect();
    assert_eq!(diagnoses, [Some("secret 1"), None]);
    // A claim that is missing gives nothing.
    let lost = store.session(&Ticket::new([NURSE]))?;
    assert_eq!(denied(lost.query::<Patient>().count()), ("query", "Patient"));
    let nobody = store.session(&Ticket::new([GUEST]))?;
    assert_eq!(denied(nobody.len::<Patient>()), ("len", "Patient"));
    Ok(())
}

#[test]
fn hidden_fields_are_blank_and_stay_as_they_are() -> Result<()> {
    let store = clinic()?;
    let (reception, owner) = (store.session(&ticket(RECEPTION))?, store.as_owner()?);
    let patient = reception.get::<Patient>(1)?.expect("she is there");
    assert_eq!(patient.diagnosis, None);
    let seen = reception.view::<Patient, _>(1, |view| view.diagnosis.map(str::to_owned))?;
    assert_eq!(seen, Some(None));
    let mut views = Vec::new();
    reception.query::<Patient>().for_each_view(|view| {
        views.push(view.diagnosis.map(str::to_owned));
        Ok(())
    })?;
    assert_eq!(views, [None, None]);
    reception.write(|txn| txn.update(&Patient { cents: 7, ..patient.clone() }))?;
    let old = reception.write(|txn| txn.replace(&Patient { cents: 8, ..patient.clone() }))?;
    assert_eq!((old.cents, old.diagnosis), (7, None));
    reception.write(|txn| txn.update_with(1, |patient: &mut Patient| patient.cents += 1))?;
    let stored = owner.get::<Patient>(1)?.expect("she is there");
    assert_eq!((stored.cents, stored.diagnosis.as_deref()), (9, Some("secret 1")));
    let forged = Patient { diagnosis: Some("healthy".into()), ..patient.clone() };
    assert_eq!(denied(reception.write(|txn| txn.update(&forged))), ("update", "Patient"));
    // Who creates a record says what is in it.
    let new = Patient { id: 9, email: "new".into(), diagnosis: Some("cold".into()), ..patient };
    reception.write(|txn| txn.create(&new))?;
    assert_eq!(owner.query().filter(Patient::DIAGNOSIS.eq("cold")).count()?, 1);
    // An index over other fields answers; one over all of them, or over the hidden one, is not named.
    assert_eq!(reception.query::<Patient>().filter(Patient::WARD_EMAIL.within((1,), ..)).count()?, 2);
    assert_eq!(
        denied(reception.query().filter(Patient::DIAGNOSIS.is_none()).exists()),
        ("name a hidden field", "Patient")
    );
    Ok(())
}

#[test]
fn a_unique_key_says_nothing_of_hidden_records() -> Result<()> {
    let store = clinic()?;
    let doctor = store.session(&ticket(DOCTOR))?;
    let with_email = |email: &str| Patient { email: email.into(), ..patient(9, 1, 1) };
    let own = doctor.write(|txn| txn.create(&with_email("1@example.org"))).expect_err("taken");
    assert!(matches!(own.kind(), ErrorKind::ConstraintViolation { constraint: "email", .. }));
    let others = doctor.write(|txn| txn.create(&with_email("2@example.org")));
    assert_eq!(denied(others), ("create", "Patient"));
    assert_eq!(denied(doctor.write(|txn| txn.create(&patient(2, 1, 1)))), ("create", "Patient"));
    // Generated keys go around records that are not seen.
    let mut new = Patient { id: 0, ..with_email("new") };
    assert_eq!(doctor.write(|txn| txn.create_auto(&mut new))?.0, 3);
    Ok(())
}

#[test]
fn links_lead_to_what_is_seen() -> Result<()> {
    let store = clinic()?;
    let doctor = store.session(&ticket(DOCTOR))?;
    assert_eq!(denied(doctor.write(|txn| txn.create(&note(9, 2, 1)))), ("create", "Note"));
    let nowhere = doctor.write(|txn| txn.create(&note(9, 77, 1))).expect_err("nobody is there");
    assert!(matches!(nowhere.kind(), ErrorKind::MissingReference { .. }));
    assert_eq!(Link::<Patient>::new(2).get(&doctor)?, None);
    assert!(Link::<Patient>::new(2).borrow(&doctor.begin_read()?).require().is_err());
    // A right to link is enough, and seeing is another.
    let reception = store.session(&ticket(RECEPTION))?;
    reception.write(|txn| txn.create(&Patient { diagnosis: None, ..patient(9, 1, 2) }))?;
    assert_eq!(denied(reception.get::<Doctor>(2)), ("get", "Doctor"));
    assert_eq!(
        denied(reception.query::<Patient>().include(Patient::DOCTOR).collect()),
        ("include", "Doctor")
    );
    Ok(())
}

#[test]
fn deletions_ask_for_what_goes_with_a_record() -> Result<()> {
    let store = clinic()?;
    let (doctor, owner) = (store.session(&ticket(DOCTOR))?, store.as_owner()?);
    // A note of somebody else about the patient.
    owner.write(|txn| txn.create(&note(3, 1, 2)))?;
    assert_eq!(denied(doctor.write(|txn| txn.delete::<Patient>(1))), ("cascade", "Note"));
    assert_eq!(owner.len::<Note>()?, 3);
    // An answer to a note, likewise.
    owner.write(|txn| {
        txn.delete::<Note>(3)?;
        txn.create(&Note { answers: Some(Link::new(1)), ..note(4, 2, 2) })
    })?;
    assert_eq!(denied(doctor.write(|txn| txn.delete::<Note>(1))), ("relink", "Note"));

    let trusting = Store::<Clinic>::builder().in_memory().policy(policy().trust_cascades()).open()?;
    filled(&trusting)?;
    trusting.as_owner()?.write(|txn| txn.create(&note(3, 1, 2)))?;
    assert!(trusting.session(&ticket(DOCTOR))?.write(|txn| txn.delete::<Patient>(1))?);
    assert_eq!(trusting.as_owner()?.len::<Note>()?, 1);
    Ok(())
}

const CHIEF: Role = Role::new("chief");

// Who may delete a doctor learns of the patients in the way as far as he sees them.
#[test]
fn a_deletion_in_use_counts_what_is_seen() -> Result<()> {
    let of_ward = |ticket: &Ticket| ticket.get::<Ward>().map(|ward| Patient::WARD.eq(ward.0));
    let rules = Policy::<Clinic>::new()
        .allow(CHIEF, Rights::<Doctor>::new().all())
        .allow(CHIEF, Rights::<Patient>::new().read().rows(of_ward));
    let store = Store::<Clinic>::builder().in_memory().policy(rules).open()?;
    filled(&store)?;
    store.as_owner()?.write(|txn| txn.create_batch(&[patient(3, 2, 1), patient(4, 2, 1)]))?;
    let chief = store.session(&ticket(CHIEF))?;
    let refused = chief.write(|txn| txn.delete::<Doctor>(1)).expect_err("in use");
    assert!(matches!(refused.kind(), ErrorKind::StillReferenced { count: 1, .. }), "{refused}");
    assert_eq!(denied(chief.write(|txn| txn.delete::<Doctor>(2))), ("delete", "Doctor"));
    Ok(())
}

#[test]
fn classes_stand_for_their_models_and_fields() -> Result<()> {
    let store = clinic()?;
    let auditor = store.session(&ticket(AUDITOR))?;
    assert_eq!((auditor.len::<Patient>()?, auditor.len::<Note>()?), (2, 2));
    assert_eq!(denied(auditor.len::<Doctor>()), ("len", "Doctor"));
    let diagnosis = Clinic::SCHEMA.model("Patient").and_then(|model| {
        assert_eq!(model.class, Some("phi"));
        model.fields.iter().find(|field| field.class.is_some())
    });
    assert_eq!(diagnosis.map(|field| (field.name, field.class)), Some(("diagnosis", Some("diagnosis"))));
    // A class beside rights of its own: all that is allowed adds up.
    let rules = Policy::<Clinic>::new()
        .allow_class::<kit::clinic::Phi>(CHIEF, [Operation::Read])
        .allow(CHIEF, Rights::<Patient>::new().read().update().mask_class::<Diagnosis>());
    let store = Store::<Clinic>::builder().in_memory().policy(rules).open()?;
    filled(&store)?;
    let chief = store.session(&ticket(CHIEF))?;
    assert_eq!(chief.get::<Patient>(1)?.and_then(|patient| patient.diagnosis), Some("secret 1".into()));
    Ok(())
}

#[test]
fn a_policy_that_cannot_be_kept_is_refused() {
    struct Other;
    impl netabase::policy::DataClass for Other {
        const NAME: &'static str = "other";
    }
    let open = |policy: Policy<Clinic>| Store::<Clinic>::builder().in_memory().policy(policy).open();
    let reason = |policy| match open(policy).expect_err("invalid").kind() {
        ErrorKind::InvalidPolicy { reason } => reason.clone(),
        other => panic!("{other:?}"),
    };
    let unclassed = Policy::new().allow(CHIEF, Rights::<Patient>::new().read().mask(Patient::CENTS));
    assert!(reason(unclassed).contains("`cents` of Patient has no class"));
    let index = Policy::new().allow(CHIEF, Rights::<Patient>::new().read().mask(Patient::WARD_EMAIL));
    assert!(reason(index).contains("not one field's"));
    let nobody = Policy::new().allow_class::<Other>(CHIEF, [Operation::Read]);
    assert!(reason(nobody).contains("no model of Clinic has the class `other`"));
}

// Long lists of keys are walked through instead of looked up.
#[test]
fn many_records_at_once_are_those_that_are_seen() -> Result<()> {
    let store = clinic()?;
    store
        .as_owner()?
        .write(|txn| (3..400).try_for_each(|id| txn.create(&patient(id, (id % 2) as u32, 1))))?;
    let nurse = store.session(&ticket(NURSE))?;
    let found = nurse.get_many::<Patient>(3..400_u64)?;
    assert!((3..).zip(&found).all(|(id, found)| found.is_some() == (id % 2 == 1)));
    let unordered = nurse.query::<Patient>().filter(Patient::DOCTOR.eq(1)).unordered().collect()?;
    assert_eq!(unordered.len(), 200);
    let threads = AtomicU64::new(0);
    nurse.query::<Patient>().par_for_each(3, |patient| {
        assert_eq!(patient.ward, 1);
        threads.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })?;
    assert_eq!(threads.into_inner(), 200);
    Ok(())
}

#[test]
fn an_index_answers_what_a_policy_allows() -> Result<()> {
    let memory = Counting::new(Memory::default());
    let counts = memory.counts();
    let store = Store::<Clinic>::builder().engine(Arc::new(memory)).policy(policy()).open()?;
    filled(&store)?;
    store.as_owner()?.write(|txn| (3..1000).try_for_each(|id| txn.create(&patient(id, 2, 2))))?;
    let nurse = store.session(&ticket(NURSE))?;
    let (found, records, steps) = counts.reads_of(|| nurse.query::<Patient>().collect());
    assert_eq!(found?.len(), 1);
    assert!(records <= 1 && steps <= 3, "{records} records in {steps} steps");
    let (count, records, _) = counts.reads_of(|| nurse.query::<Patient>().count());
    assert_eq!((count?, records), (1, 0));
    Ok(())
}

#[test]
fn every_decision_can_be_told() -> Result<()> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let all = told.clone();
    let store = Store::<Clinic>::builder()
        .in_memory()
        .policy(policy())
        .on_decision(move |decision| {
            let role = decision.roles.first().map(|role| role.name());
            all.lock().unwrap().push((decision.door, decision.model, decision.allowed, role));
        })
        .open()?;
    filled(&store)?;
    assert!(told.lock().unwrap().is_empty(), "the owner is not asked");
    let nurse = store.session(&ticket(NURSE))?;
    nurse.get::<Patient>(1)?;
    assert!(nurse.len::<Note>().is_err() && nurse.verify(|_| {}).is_err() && store.len::<Note>().is_err());
    // Allowed by the role, and not with this record.
    assert!(nurse.write(|txn| txn.update(&patient(2, 2, 2))).is_err());
    let expected = [
        (Door::Get, Some("Patient"), true, Some("nurse")),
        (Door::Len, Some("Note"), false, Some("nurse")),
        (Door::Verify, None, false, Some("nurse")),
        (Door::Session, None, false, None),
        (Door::Update, Some("Patient"), true, Some("nurse")),
        (Door::Update, Some("Patient"), false, Some("nurse")),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
    assert_eq!(format!("{:?}", ticket(NURSE)), "Ticket(nurse)", "claims are not told");
    // One operation is one decision, also where it reads before it writes; one that finds nothing, too.
    told.lock().unwrap().clear();
    nurse.write(|txn| txn.update_with(1, |patient: &mut Patient| patient.cents = 1))?;
    assert!(nurse.write(|txn| txn.delete_where(Patient::ID.eq(77))).is_err());
    let expected = [
        (Door::UpdateWith, Some("Patient"), true, Some("nurse")),
        (Door::DeleteWhere, Some("Patient"), false, Some("nurse")),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
    Ok(())
}

const CLERK: Role = Role::new("clerk");

// Each definition has rules of its own, also where they have a model in common, and one without rules is closed.
#[test]
fn a_repository_keeps_the_rules_of_each_definition() -> Result<()> {
    use kit::company::Note;
    let staff = Policy::<Staff>::new()
        .allow(CLERK, Rights::<Employee>::new().read().create())
        .allow(CLERK, Rights::<Note>::new().all().rows(|_| Some(Note::TEXT.eq("open"))));
    let in_memory = || Repository::<Company>::builder().in_memory();
    let company = in_memory().policy::<Staff>(staff).open()?;
    let clerk = company.session(&Ticket::new([CLERK]))?;
    let remark = |text: &str| Note { id: 1, text: text.into() };
    clerk.write(|txn| {
        let mut staff = txn.definition::<Staff>();
        staff.create(&employee(1, "ada"))?;
        staff.create(&remark("open"))?;
        assert_eq!(denied(staff.create(&Note { id: 2, ..remark("closed") })), ("create", "Note"));
        drop(staff);
        let mut work = txn.definition::<Work>();
        assert_eq!(denied(work.create(&remark("open"))), ("create", "Note"));
        assert_eq!(denied(work.create(&project(1))), ("create", "Project"));
        Ok(())
    })?;
    let snapshot = clerk.begin_read()?;
    assert_eq!(snapshot.definition::<Staff>().len::<Note>()?, 1);
    assert_eq!(denied(snapshot.definition::<Work>().len::<Project>()), ("len", "Project"));
    assert_eq!(denied(clerk.verify(|_| {})), ("verify", "the store"));
    assert_eq!(denied(clerk.as_owner().map(drop)), ("session", "the store"));
    assert_eq!(denied(company.begin_read()), ("a transaction without a ticket", "the store"));

    let badge = Ticket::new([CLERK]);
    let work = Policy::<Work>::new().allow(CLERK, Rights::<Project>::new().read());
    let company = in_memory().policy::<Work>(work).policy::<Staff>(Policy::new()).open()?;
    let clerk = company.session(&badge)?;
    assert_eq!(clerk.begin_read()?.definition::<Work>().len::<Project>()?, 0);
    assert_eq!(denied(clerk.begin_read()?.definition::<Staff>().len::<Employee>()), ("len", "Employee"));
    badge.revoke();
    assert!(matches!(clerk.begin_read().expect_err("revoked").kind(), ErrorKind::TicketEnded { .. }));
    assert!(matches!(clerk.begin_write().expect_err("revoked").kind(), ErrorKind::TicketEnded { .. }));
    Ok(())
}

#[test]
fn a_token_gives_nobody_more_than_the_query_would() -> Result<()> {
    let store = clinic()?;
    store
        .as_owner()?
        .write(|txn| (3..20).try_for_each(|id| txn.create(&patient(id, 1 + (id % 2) as u32, 1))))?;
    let (nurse, reception) = (store.session(&ticket(NURSE))?, store.session(&ticket(RECEPTION))?);
    let first = reception.query::<Patient>().limit(4).page(None)?;
    let next = first.next.expect("there are more");
    match nurse.query::<Patient>().limit(100).page(Some(&next)) {
        Ok(page) => assert!(page.items.iter().all(|patient| patient.ward == 1 && patient.id > 4)),
        Err(error) => assert!(matches!(error.kind(), ErrorKind::InvalidToken { .. }), "{error}"),
    }
    Ok(())
}

// A key that leads to a record is followed as a relation is, or not.
#[test]
fn inbound_access_is_asked_of_plain_keys() -> Result<()> {
    let store = Store::<Ledger>::in_memory()?;
    store.write(|txn| {
        txn.create(&Entry { id: 1, text: "paid".into() })?;
        txn.create(&Spy { id: 1, entry: 1.into() })
    })?;
    assert_eq!(denied(store.query::<Spy>().include(Spy::ENTRY).collect()), ("include", "Entry"));
    assert_eq!(denied(store.query::<Entry>().include(Spy::ENTRY.inverse()).collect()), ("inverse", "Entry"));
    Ok(())
}

/// What is written down once.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(access(create, read), inbound(Line = "read"))]
struct Entry {
    #[primary_key]
    id: u64,
    text: String,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Line {
    #[primary_key]
    id: u64,
    #[relation]
    entry: Link<Entry>,
    /// only a key
    #[relation(access = "none")]
    rival: Link<Line>,
    /// only a key, too
    #[relation(access = "none")]
    shadow: Link<Entry>,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Spy {
    #[primary_key]
    id: u64,
    #[secondary_key]
    entry: EntryPrimaryKey,
}

#[derive(NetabaseDefinition)]
enum Ledger {
    Entry(Entry),
    Line(Line),
    Spy(Spy),
}

#[test]
fn a_model_allows_nobody_more_than_it_says() -> Result<()> {
    let store = Store::<Ledger>::in_memory()?;
    let entry = Entry { id: 1, text: "paid".into() };
    store.write(|txn| {
        txn.create(&entry)?;
        assert_eq!(denied(txn.update(&entry)), ("update", "Entry"));
        assert_eq!(denied(txn.upsert(&entry)), ("upsert", "Entry"));
        assert_eq!(
            denied(txn.update_with(1, |entry: &mut Entry| entry.text.clear())),
            ("update_with", "Entry")
        );
        assert_eq!(denied(txn.rekey(1, |entry: &mut Entry| entry.id = 2)), ("rekey", "Entry"));
        assert_eq!(denied(txn.delete::<Entry>(1)), ("delete", "Entry"));
        assert_eq!(denied(txn.take::<Entry>(1)), ("take", "Entry"));
        assert_eq!(denied(txn.delete_batch::<Entry>([1])), ("delete", "Entry"));
        txn.create(&Line { id: 1, entry: Link::new(1), rival: Link::new(77), shadow: Link::new(77) })
    })?;
    assert_eq!(store.get::<Entry>(1)?, Some(entry));
    Ok(())
}

#[test]
fn a_link_that_is_not_followed_opens_no_table() -> Result<()> {
    let memory = Counting::new(Memory::default());
    let counts = memory.counts();
    let store = Store::<Ledger>::builder().engine(Arc::new(memory)).open()?;
    store.write(|txn| {
        txn.create(&Entry { id: 1, text: "paid".into() })?;
        txn.create(&Line { id: 1, entry: Link::new(1), rival: Link::new(2), shadow: Link::new(1) })
    })?;
    // The link itself can be asked for.
    assert_eq!(store.query().filter(Line::RIVAL.eq(2)).count()?, 1);
    let lines = store.query::<Line>().filter(Line::ID.eq(1)).include(Line::ENTRY).collect()?;
    assert!(lines[0].1.is_some());
    let line = || store.query::<Line>().filter(Line::ID.eq(1));
    let (alone, gets, steps) = counts.reads_of(|| line().collect());
    assert_eq!(alone?.len(), 1);
    let refused = counts.reads_of(|| line().include(Line::SHADOW).collect().map(drop));
    assert_eq!((refused.1, refused.2), (gets, steps), "nothing at the other end is looked at");
    assert_eq!(denied(refused.0), ("include", "Entry"));
    let (found, more, _) = counts.reads_of(|| line().include(Line::ENTRY).collect());
    assert!(found.is_ok() && more > gets, "as it is along a link that is followed");
    assert_eq!(denied(line().include(Line::RIVAL).collect()), ("include", "Line"));
    let inverse = store.query::<Line>().include(Line::RIVAL.inverse()).collect();
    assert_eq!(denied(inverse), ("inverse", "Line"));
    let walk = store.walk::<Line, _>(Line::RIVAL).from(1).keys();
    assert_eq!(denied(walk), ("walk", "Line"));
    Ok(())
}

#[test]
fn rekey_asks_what_update_asks() -> Result<()> {
    let store = clinic()?;
    let doctor = store.session(&ticket(DOCTOR))?;
    let moved_to = |target: u64| {
        doctor.write(|txn| {
            txn.rekey(1, |note: &mut Note| {
                note.id = 9;
                note.patient = Link::new(target);
            })
        })
    };
    assert_eq!(denied(moved_to(2)), ("rekey", "Note"), "a patient who is not seen");
    assert!(matches!(moved_to(77).expect_err("nobody").kind(), ErrorKind::MissingReference { .. }));
    // What follows is counted as far as it is seen.
    let rules =
        Policy::<Clinic>::new().trust_cascades().allow(CHIEF, Rights::<Doctor>::new().read().update());
    let store = Store::<Clinic>::builder().in_memory().policy(rules).open()?;
    filled(&store)?;
    let chief = store.session(&ticket(CHIEF))?;
    assert_eq!(chief.write(|txn| txn.rekey(1, |doctor: &mut Doctor| doctor.id = 100))?, 0);
    let owner = store.as_owner()?;
    assert_eq!(owner.query().filter(Patient::DOCTOR.eq(100)).count()?, 1);
    assert!(owner.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn what_follows_may_not_leave_the_rows() -> Result<()> {
    let rows = |_: &Ticket| Some(Note::ANSWERS.eq(1).or(Note::ID.eq(1)));
    let rules = Policy::<Clinic>::new().allow(CHIEF, Rights::<Note>::new().all().rows(rows));
    let store = Store::<Clinic>::builder().in_memory().policy(rules).open()?;
    filled(&store)?;
    store.as_owner()?.write(|txn| txn.create(&Note { answers: Some(Link::new(1)), ..note(5, 2, 1) }))?;
    let chief = store.session(&ticket(CHIEF))?;
    let alone = chief.write(|txn| txn.update_with(5, |note: &mut Note| note.answers = None));
    assert_eq!(denied(alone), ("update_with", "Note"));
    assert_eq!(denied(chief.write(|txn| txn.delete::<Note>(1))), ("relink", "Note"));
    Ok(())
}

/// A worker, whose boss and name are nobody's business.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(index(name = "initial", key = initial -> u32))]
struct Worker {
    #[primary_key]
    id: u64,
    #[relation]
    #[netabase(class = "secret")]
    boss: Option<Link<Boss>>,
    #[netabase(class = "secret")]
    name: String,
    #[secondary_key]
    day: u32,
    #[secondary_key]
    kind: u32,
}

fn initial(worker: &Worker) -> u32 {
    worker.name.chars().next().expect("names are never empty").into()
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Boss {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseDefinition)]
enum Firm {
    Boss(Boss),
    Worker(Worker),
}

struct Secret;
impl netabase::policy::DataClass for Secret {
    const NAME: &'static str = "secret";
}

fn firm(rights: Rights<Worker>) -> Result<Store<Firm>> {
    let rules = Policy::<Firm>::new().allow(CHIEF, Rights::<Boss>::new().all()).allow(CHIEF, rights);
    let store = Store::<Firm>::builder().in_memory().policy(rules).open()?;
    store.as_owner()?.write(|txn| {
        txn.create_batch(&[Boss { id: 1 }, Boss { id: 2 }])?;
        (1..4_u32).try_for_each(|id| {
            let boss = Some(Link::new(2));
            txn.create(&Worker { id: id.into(), boss, name: format!("n{id}"), day: 9 - id, kind: 1 })
        })
    })?;
    Ok(store)
}

// Code of the user's, as of an index that is computed, is not run with what is blank for somebody.
#[test]
fn nothing_is_computed_of_blank_fields() -> Result<()> {
    let store = firm(Rights::<Worker>::new().all().mask_class::<Secret>())?;
    let chief = store.session(&ticket(CHIEF))?;
    let workers = || chief.query::<Worker>();
    assert_eq!(workers().limit(2).page(None)?.items.len(), 2);
    assert_eq!(workers().filter(Worker::DAY.eq(8)).filter(Worker::KIND.eq(1)).collect()?.len(), 1);
    let sorted = workers().order_by(Worker::KIND.asc()).order_by(Worker::DAY.asc()).collect()?;
    assert_eq!(sorted.iter().map(|worker| worker.id).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(workers().filter(Worker::DAY.range(1..)).count_by(Worker::KIND)?, [(1, 3)]);
    chief.write(|txn| {
        txn.update_with(1, |worker: &mut Worker| worker.day = 1)?;
        txn.rekey(1, |worker: &mut Worker| worker.id = 10).map(drop)
    })?;
    let owner = store.as_owner()?;
    let moved = owner.get::<Worker>(10)?.expect("it moved");
    assert_eq!((moved.name.as_str(), moved.boss, moved.day), ("n1", Some(Link::new(2)), 1));
    assert!(owner.verify(|_| {})?.is_clean());
    // A hidden relation is not told by what stands in the way of a deletion, and not by an order.
    assert_eq!(denied(chief.write(|txn| txn.delete::<Boss>(2))), ("delete", "Boss"));
    let by_boss = chief.query::<Boss>().include(Worker::BOSS.inverse()).collect();
    assert_eq!(denied(by_boss), ("name a hidden field", "Worker"));
    assert!(chief.write(|txn| txn.delete::<Boss>(1))?);
    Ok(())
}

#[test]
fn what_is_included_is_not_ordered_by_hidden_fields() -> Result<()> {
    let both = Ticket::new([RECEPTION]).claim(Id(1));
    let rules = policy().allow(RECEPTION, Rights::<Doctor>::new().read());
    let named = Store::<Clinic>::builder().in_memory().policy(rules).open()?;
    filled(&named)?;
    let reception = named.session(&both)?;
    let by = |order| reception.query::<Doctor>().include(Patient::DOCTOR.inverse().order_by(order)).collect();
    assert_eq!(denied(by(Patient::DIAGNOSIS.asc())), ("name a hidden field", "Patient"));
    assert_eq!(by(Patient::WARD.asc())?.len(), 2);
    Ok(())
}

#[test]
fn a_mask_holds_for_who_only_changes() -> Result<()> {
    let store = firm(Rights::<Worker>::new().update().mask_class::<Secret>())?;
    let chief = store.session(&ticket(CHIEF))?;
    let blank = Worker { id: 1, boss: None, name: String::new(), day: 3, kind: 3 };
    chief.write(|txn| txn.update(&blank))?;
    let stored = store.as_owner()?.get::<Worker>(1)?.expect("it is there");
    assert_eq!((stored.name.as_str(), stored.day), ("n1", 3));
    Ok(())
}

#[test]
fn nobody_moves_a_record_to_where_more_is_seen() -> Result<()> {
    let store = clinic()?;
    let both = store.session(&Ticket::new([RECEPTION, NURSE]).claim(Ward(1)))?;
    assert_eq!(both.get::<Patient>(2)?.and_then(|patient| patient.diagnosis), None);
    let moved = both.write(|txn| txn.update_with(2, |patient: &mut Patient| patient.ward = 1));
    assert_eq!(denied(moved), ("update_with", "Patient"));
    both.write(|txn| txn.update_with(2, |patient: &mut Patient| patient.ward = 3))?;
    Ok(())
}

#[test]
fn more_roles_are_never_fewer_rights() -> Result<()> {
    let store = clinic()?;
    let both = store.session(&Ticket::new([AUDITOR, RECEPTION]))?;
    assert_eq!(both.query::<Patient>().filter(Patient::DIAGNOSIS.eq("secret 1")).count()?, 1);
    assert!(both.query::<Patient>().explain().is_ok());
    // Filters of one rule all hold.
    let rights = Rights::<Patient>::new().read().rows(|_| Some(Patient::WARD.eq(1)));
    let rules = Policy::<Clinic>::new().allow(CHIEF, rights.rows(|_| Some(Patient::ID.range(0..))));
    let store = Store::<Clinic>::builder().in_memory().policy(rules).open()?;
    filled(&store)?;
    assert_eq!(store.session(&ticket(CHIEF))?.len::<Patient>()?, 1);
    // A class that no field has hides nothing, and says so.
    let nothing = Policy::<Clinic>::new()
        .allow(CHIEF, Rights::<Patient>::new().read().mask_class::<kit::clinic::Phi>());
    let refused = Store::<Clinic>::builder().in_memory().policy(nothing).open().expect_err("no field");
    assert!(refused.to_string().contains("no field of Patient has the class `phi`"), "{refused}");
    Ok(())
}
