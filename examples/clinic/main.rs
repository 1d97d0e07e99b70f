//! Who sees what in a clinic: one store, one policy, four sessions.
//!
//! ```sh
//! cargo run --example clinic
//! ```

mod model;

use netabase::policy::{Role, Ticket};
use netabase::{Link, Result, Store};

use crate::model::{
    AUDITOR, Appointment, Clinic, DOCTOR, DoctorId, NURSE, Note, Patient, RECEPTIONIST, Ward, policy,
};

fn main() -> Result<()> {
    let store = Store::<Clinic>::builder()
        .in_memory()
        .policy(policy())
        .on_decision(|decision| {
            if !decision.allowed {
                let role = decision.roles.first().map_or("nobody", |role| role.name());
                println!("  denied: {} {} {}", role, decision.door.name(), decision.model.unwrap_or("all"));
            }
        })
        .open()?;
    fill(&store)?;

    println!("without a ticket:");
    let _ = store.len::<Patient>();

    for (role, ticket) in tickets() {
        println!("the {}:", role.name());
        let session = store.session(&ticket)?;
        print(&session);
    }

    println!("what they may not do:");
    let doctor = session(&store, DOCTOR)?;
    // Ada is doctor 7's; Bob is not, so he is not there.
    doctor
        .write(|txn| txn.update_with(1, |patient: &mut Patient| patient.diagnosis = Some("healed".into())))?;
    assert_eq!(doctor.get::<Patient>(2)?, None);
    let refused = doctor.write(|txn| txn.update_with(2, |patient: &mut Patient| patient.ward = 9));
    println!("  {}", refused.expect_err("not his patient"));

    // Who does not see a field leaves it as it is.
    let reception = session(&store, RECEPTIONIST)?;
    reception.write(|txn| txn.update_with(1, |patient: &mut Patient| patient.ward = 2))?;
    let ada = store.as_owner()?.get::<Patient>(1)?;
    println!("Ada moved, and is still {:?}", ada.and_then(|ada| ada.diagnosis).unwrap_or_default());

    let badge = Ticket::new([NURSE]).claim(Ward(2));
    let nurse = store.session(&badge)?;
    println!("ward 2 has {} patients", nurse.len::<Patient>()?);
    badge.revoke();
    println!("{}", nurse.len::<Patient>().expect_err("her shift has ended"));
    Ok(())
}

/// One for each role.
fn tickets() -> [(Role, Ticket); 4] {
    [
        (RECEPTIONIST, Ticket::new([RECEPTIONIST])),
        (NURSE, Ticket::new([NURSE]).claim(Ward(1))),
        (DOCTOR, Ticket::new([DOCTOR]).claim(DoctorId(7))),
        (AUDITOR, Ticket::new([AUDITOR])),
    ]
}

fn session(store: &Store<Clinic>, role: Role) -> Result<Store<Clinic>> {
    let ticket = tickets().into_iter().find(|(of, _)| *of == role).map(|(_, ticket)| ticket);
    store.session(&ticket.unwrap_or_else(|| Ticket::new([])))
}

fn fill(store: &Store<Clinic>) -> Result<()> {
    let people = [(1, "Ada", 1, 7, "a cold"), (2, "Bob", 1, 8, "a broken arm"), (3, "Cleo", 2, 8, "nothing")];
    store.as_owner()?.write(|txn| {
        for (id, name, ward, doctor, diagnosis) in people {
            let (name, diagnosis) = (name.to_owned(), Some(diagnosis.to_owned()));
            txn.create(&Patient { id, name, ward, doctor, diagnosis })?;
            let text = format!("doctor {doctor} saw patient {id}");
            txn.create_auto(&mut Note { id: 0, patient: Link::new(id), author: doctor, text })?;
            txn.create_auto(&mut Appointment {
                id: 0,
                patient: Link::new(id),
                day: 20 + u32::from(ward == 1),
            })?;
        }
        Ok(())
    })
}

/// All that a session shows; what is denied the store tells by itself.
fn print(session: &Store<Clinic>) {
    for patient in session.query::<Patient>().order_by(Patient::ID.asc()).collect().unwrap_or_default() {
        let diagnosis = patient.diagnosis.unwrap_or_else(|| "-".into());
        println!("  {} in ward {}: {diagnosis}", patient.name, patient.ward);
    }
    for note in session.query::<Note>().collect().unwrap_or_default() {
        println!("  note: {}", note.text);
    }
    if let Ok(appointments) = session.query::<Appointment>().include(Appointment::PATIENT).collect() {
        let names = appointments.iter().map(|(appointment, patient)| {
            let name = patient.as_ref().map_or("somebody", |patient| &patient.name);
            format!("{name} on day {}", appointment.day)
        });
        println!("  appointments: {}", names.collect::<Vec<_>>().join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clinic() -> Result<Store<Clinic>> {
        let store = Store::<Clinic>::builder().in_memory().policy(policy()).open()?;
        fill(&store)?;
        Ok(store)
    }

    fn seen(role: Role) -> Result<(Vec<String>, usize)> {
        let session = session(&clinic()?, role)?;
        let patients = session.query::<Patient>().order_by(Patient::ID.asc()).collect()?;
        let lines = patients
            .into_iter()
            .map(|patient| format!("{} {}", patient.name, patient.diagnosis.as_deref().unwrap_or("-")));
        Ok((lines.collect(), session.query::<Note>().collect().map_or(0, |notes| notes.len())))
    }

    #[test]
    fn everybody_sees_what_the_work_asks_for() -> Result<()> {
        assert_eq!(seen(RECEPTIONIST)?, (vec!["Ada -".into(), "Bob -".into(), "Cleo -".into()], 0));
        assert_eq!(seen(NURSE)?, (vec!["Ada a cold".into(), "Bob a broken arm".into()], 0));
        assert_eq!(seen(DOCTOR)?, (vec!["Ada a cold".into()], 1));
        assert_eq!(seen(AUDITOR)?.1, 3);
        Ok(())
    }

    #[test]
    fn a_note_is_never_changed_and_never_about_others() -> Result<()> {
        let store = clinic()?;
        let change = |store: &Store<Clinic>| {
            store.write(|txn| txn.update_with(1, |note: &mut Note| note.text.clear()))
        };
        assert!(change(&session(&store, DOCTOR)?).is_err() && change(&store.as_owner()?).is_err());
        let about_bob = Note { id: 9, patient: Link::new(2), author: 7, text: String::new() };
        assert!(session(&store, DOCTOR)?.write(|txn| txn.create(&about_bob)).is_err());
        assert!(store.as_owner()?.verify(|_| {})?.is_clean());
        Ok(())
    }
}
