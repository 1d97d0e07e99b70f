// Rights are on models of the definition, rows are filters of the model, and links are its relations.
use kit::clinic::{Clinic, Note, Patient};
use kit::models::Author;
use netabase::policy::{Policy, Rights, Role};

const ROLE: Role = Role::new("role");

fn main() {
    let _ = Policy::<Clinic>::new().allow(ROLE, Rights::<Author>::new().read());
    let _ = Rights::<Patient>::new().read().rows(|_| Some(Note::AUTHOR.eq(1)));
    let _ = Rights::<Patient>::new().read().link(Patient::WARD);
}
