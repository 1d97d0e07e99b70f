//! A clinic, and what its people may do: models with every kind of rule that a policy knows.

use netabase::policy::{DataClass, Operation, Policy, Rights, Role, Ticket};
use netabase::{Link, NetabaseDefinition, NetabaseModel, NetabaseTopic, Result, Store};
use serde::{Deserialize, Serialize};

/// Who treats.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(versioned)]
pub struct Doctor {
    /// its number
    #[primary_key]
    pub id: u64,
    /// how to say it
    #[secondary_key]
    pub name: String,
}

/// Who is treated.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(class = "phi", versioned, view, index(name = "ward_email", fields(ward, email)))]
pub struct Patient {
    /// its number
    #[primary_key(auto)]
    pub id: u64,
    /// where the bed is
    #[secondary_key]
    pub ward: u32,
    /// one of a kind
    #[secondary_key(unique)]
    pub email: String,
    /// who treats
    #[relation]
    pub doctor: Link<Doctor>,
    /// of what; not for everyone
    #[secondary_key]
    #[netabase(class = "diagnosis")]
    pub diagnosis: Option<String>,
    /// how much is owed
    pub cents: i64,
}

/// What is written down of a patient. It goes with the patient.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(
    class = "phi",
    versioned,
    subscribe(Round),
    index(name = "by_author", fields(author), sum(minutes))
)]
pub struct Note {
    /// its number
    #[primary_key(auto)]
    pub id: u64,
    /// of whom
    #[relation(on_delete = "cascade")]
    pub patient: Link<Patient>,
    /// what it answers
    #[relation(on_delete = "set_null")]
    pub answers: Option<Link<Note>>,
    /// number of the doctor
    #[secondary_key]
    pub author: u64,
    /// what it took
    pub minutes: u32,
    /// what was seen
    pub text: String,
}

/// That somebody was there. Nobody changes that.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(access(create, read), versioned)]
pub struct Visit {
    /// its number
    #[primary_key(auto)]
    pub id: u64,
    /// who
    #[relation(on_delete = "keep")]
    pub patient: Link<Patient>,
    /// when
    #[secondary_key]
    pub day: u32,
}

/// What the morning round looks at.
#[derive(NetabaseTopic)]
pub struct Round;

/// All of it.
#[derive(NetabaseDefinition)]
#[netabase(topics(Round), journal)]
pub enum Clinic {
    /// who treats
    Doctor(Doctor),
    /// who is treated
    Patient(Patient),
    /// what is written down
    Note(Note),
    /// who was there
    Visit(Visit),
}

/// Data about the health of somebody.
pub struct Phi;

impl DataClass for Phi {
    const NAME: &'static str = "phi";
}

/// What somebody has.
pub struct Diagnosis;

impl DataClass for Diagnosis {
    const NAME: &'static str = "diagnosis";
}

/// Number of a doctor, as a claim.
#[derive(Clone, Copy)]
pub struct Id(pub u64);

/// Number of a ward, as a claim.
#[derive(Clone, Copy)]
pub struct Ward(pub u32);

/// Knows who is where, and not why.
pub const RECEPTION: Role = Role::new("reception");
/// Looks after a ward.
pub const NURSE: Role = Role::new("nurse");
/// Treats, and writes notes.
pub const DOCTOR: Role = Role::new("doctor");
/// Sees all about health, and changes nothing.
pub const AUDITOR: Role = Role::new("auditor");
/// May do nothing.
pub const GUEST: Role = Role::new("guest");

/// Each of them.
pub const ROLES: [Role; 5] = [RECEPTION, NURSE, DOCTOR, AUDITOR, GUEST];

/// What they may do.
pub fn policy() -> Policy<Clinic> {
    let of_ward = |ticket: &Ticket| ticket.get::<Ward>().map(|ward| Patient::WARD.eq(ward.0));
    let treated = |ticket: &Ticket| ticket.get::<Id>().map(|id| Patient::DOCTOR.eq(id.0));
    let own = |ticket: &Ticket| ticket.get::<Id>().map(|id| Note::AUTHOR.eq(id.0));
    Policy::new()
        .allow(
            RECEPTION,
            Rights::<Patient>::new().read().create().update().mask_class::<Diagnosis>().link(Patient::DOCTOR),
        )
        .allow(RECEPTION, Rights::<Visit>::new().read().create())
        .allow(NURSE, Rights::<Patient>::new().read().update().rows(of_ward))
        .allow(NURSE, Rights::<Doctor>::new().read())
        .allow(DOCTOR, Rights::<Patient>::new().all().rows(treated))
        .allow(DOCTOR, Rights::<Note>::new().all().rows(own))
        .allow(DOCTOR, Rights::<Doctor>::new().read())
        .allow_topic::<Round>(DOCTOR)
        .allow_publish::<Round>(NURSE)
        .allow_class::<Phi>(AUDITOR, [Operation::Read])
}

/// A ticket for one of them: doctor 1, in ward 1.
pub fn ticket(role: Role) -> Ticket {
    Ticket::new([role]).claim(Id(1)).claim(Ward(1))
}

/// A patient of a doctor in a ward.
pub fn patient(id: u64, ward: u32, doctor: u64) -> Patient {
    let (email, diagnosis) = (format!("{id}@example.org"), Some(format!("secret {id}")));
    Patient { id, ward, email, doctor: Link::new(doctor), diagnosis, cents: 100 }
}

/// A note of a doctor.
pub fn note(id: u64, patient: u64, author: u64) -> Note {
    let text = format!("secret {id}");
    Note { id, patient: Link::new(patient), answers: None, author, minutes: 10, text }
}

/// Patients 1 and 2, with a note and a visit each: the first of doctor 1 in ward 1, the second of doctor 2 in ward 2.
pub fn filled(store: &Store<Clinic>) -> Result<()> {
    store.as_owner()?.write(|txn| {
        for id in 1..=2 {
            txn.create(&Doctor { id, name: format!("Doctor {id}") })?;
            txn.create(&patient(id, u32::try_from(id).unwrap_or(0), id))?;
            txn.create(&note(id, id, id))?;
            txn.create(&Visit { id, patient: Link::new(id), day: 3 })?;
        }
        Ok(())
    })
}

/// A store with the policy, and with records.
pub fn clinic() -> Result<Store<Clinic>> {
    let store = Store::<Clinic>::builder().in_memory().policy(policy()).open()?;
    filled(&store)?;
    Ok(store)
}
