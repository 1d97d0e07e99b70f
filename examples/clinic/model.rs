//! Patients, notes and appointments of a clinic, and what its people may do with them.

use netabase::policy::{DataClass, Operation, Policy, Rights, Role, Ticket};
use netabase::{Link, NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

/// Who is treated.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(class = "health")]
pub(crate) struct Patient {
    #[primary_key]
    pub(crate) id: u64,
    pub(crate) name: String,
    #[secondary_key]
    pub(crate) ward: u32,
    /// number of the doctor
    #[secondary_key]
    pub(crate) doctor: u64,
    /// not everybody's business
    #[netabase(class = "diagnosis")]
    pub(crate) diagnosis: Option<String>,
}

/// What a doctor writes down. It is never changed.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(class = "health", access(create, read))]
pub(crate) struct Note {
    #[primary_key(auto)]
    pub(crate) id: u64,
    #[relation]
    pub(crate) patient: Link<Patient>,
    #[secondary_key]
    pub(crate) author: u64,
    pub(crate) text: String,
}

/// When somebody comes.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Appointment {
    #[primary_key(auto)]
    pub(crate) id: u64,
    #[relation(on_delete = "cascade")]
    pub(crate) patient: Link<Patient>,
    #[secondary_key]
    pub(crate) day: u32,
}

#[derive(NetabaseDefinition)]
pub(crate) enum Clinic {
    Patient(Patient),
    Note(Note),
    Appointment(Appointment),
}

pub(crate) const RECEPTIONIST: Role = Role::new("receptionist");
pub(crate) const NURSE: Role = Role::new("nurse");
pub(crate) const DOCTOR: Role = Role::new("doctor");
pub(crate) const AUDITOR: Role = Role::new("auditor");

/// What a nurse's ticket says: her ward.
#[derive(Clone, Copy)]
pub(crate) struct Ward(pub(crate) u32);

/// What a doctor's ticket says: the number that is in records.
#[derive(Clone, Copy)]
pub(crate) struct DoctorId(pub(crate) u64);

struct Health;
impl DataClass for Health {
    const NAME: &'static str = "health";
}

struct Diagnosis;
impl DataClass for Diagnosis {
    const NAME: &'static str = "diagnosis";
}

/// Who may do what; all else is denied.
pub(crate) fn policy() -> Policy<Clinic> {
    let of_ward = |ticket: &Ticket| ticket.get::<Ward>().map(|ward| Patient::WARD.eq(ward.0));
    let treated = |ticket: &Ticket| ticket.get::<DoctorId>().map(|id| Patient::DOCTOR.eq(id.0));
    let own = |ticket: &Ticket| ticket.get::<DoctorId>().map(|id| Note::AUTHOR.eq(id.0));
    Policy::new()
        // Everybody who comes, and not why.
        .allow(RECEPTIONIST, Rights::<Patient>::new().read().create().update().mask_class::<Diagnosis>())
        .allow(RECEPTIONIST, Rights::<Appointment>::new().all())
        // Those of the ward, with all there is to know.
        .allow(NURSE, Rights::<Patient>::new().read().rows(of_ward))
        .allow(NURSE, Rights::<Appointment>::new().read())
        // Whom they treat, and what they wrote.
        .allow(DOCTOR, Rights::<Patient>::new().read().update().rows(treated))
        .allow(DOCTOR, Rights::<Note>::new().read().create().rows(own))
        .allow(DOCTOR, Rights::<Appointment>::new().read())
        // All about health, and nothing to change.
        .allow_class::<Health>(AUDITOR, [Operation::Read])
}
