//! Two definitions in one file: hours that are free are in one, hours that are booked in the other, and none is lost on
//! the way.
//!
//! ```sh
//! cargo run --example company
//! cargo run --example company -- company.redb
//! ```
//!
//! Without a file the company is in memory. With one it goes on where it was.

mod model;

use std::error::Error;

use netabase::{Error as NetabaseError, Link, Repository, Result};

use crate::model::{Booking, Company, Employee, Project, Staff, Work};

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let company = match std::env::args().nth(1) {
        Some(path) => Repository::<Company>::open(path)?,
        None => Repository::<Company>::in_memory()?,
    };
    let ada = hire(&company, "Ada", 40)?;
    for name in ["engine", "loom"] {
        company.write(|txn| txn.definition::<Work>().upsert(&Project { name: name.into() }))?;
    }
    book(&company, ada, "engine", 8)?;
    // Ada has not so much left: neither definition changes.
    match book(&company, ada, "loom", 1000) {
        Ok(()) => println!("1000 hours on the loom"),
        Err(error) => println!("nothing is booked on the loom: {error}"),
    }
    print(&company)?;
    let tables = company.definitions().iter().flat_map(|definition| {
        definition.models.iter().map(move |model| format!("{}/{}", definition.name, model.name))
    });
    println!("in the file: {}", tables.collect::<Vec<_>>().join(", "));
    Ok(())
}

/// The number of the employee of this name, who is new or there already.
fn hire(company: &Repository<Company>, name: &str, hours: u32) -> Result<u64> {
    company.write(|txn| {
        let mut staff = txn.definition::<Staff>();
        if let Some(known) = staff.query().filter(Employee::NAME.eq(name)).first()? {
            return Ok(known.id);
        }
        let mut employee = Employee { id: 0, name: name.into(), free: hours };
        staff.create_auto(&mut employee)?;
        Ok(employee.id)
    })
}

/// Takes hours from an employee and books them on a project, in one commit.
fn book(company: &Repository<Company>, employee: u64, project: &str, hours: u32) -> Result<()> {
    company.write(|txn| {
        let mut work = txn.definition::<Work>();
        let booked = work.get::<Booking>((project, employee))?.map_or(0, |booking| booking.hours);
        let hours_booked = booked.saturating_add(hours);
        work.upsert(&Booking {
            project: Link::new(project),
            employee: Link::new(employee),
            hours: hours_booked,
        })?;
        drop(work);
        // This may fail after the other definition has changed: the commit is for both, or for none.
        txn.definition::<Staff>().update_with(employee, |record: &mut Employee| {
            let left = record.free.checked_sub(hours);
            left.map(|left| record.free = left)
                .ok_or_else(|| NetabaseError::user("not so many hours are free"))
        })?
    })
}

/// All hours, as of one moment.
fn print(company: &Repository<Company>) -> Result<()> {
    let snapshot = company.begin_read()?;
    for employee in snapshot.definition::<Staff>().query::<Employee>().collect()? {
        println!("{} has {} hours left", employee.name, employee.free);
    }
    // The staff lets the work read it, so bookings come with their employees.
    let work = snapshot.definition::<Work>();
    for (booking, employee) in work.query::<Booking>().include(Booking::EMPLOYEE.required()).collect()? {
        println!("{} hours of {} on the {}", booking.hours, employee.name, booking.project.key().0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(company: &Repository<Company>, employee: u64) -> Result<(u32, u32)> {
        let snapshot = company.begin_read()?;
        let free = snapshot.definition::<Staff>().get::<Employee>(employee)?.map_or(0, |record| record.free);
        let bookings =
            snapshot.definition::<Work>().query().filter(Booking::EMPLOYEE.eq(employee)).collect()?;
        Ok((free, bookings.iter().map(|booking| booking.hours).sum()))
    }

    #[test]
    fn hours_are_moved_and_none_is_lost() -> Result<()> {
        let company = Repository::<Company>::in_memory()?;
        let ada = hire(&company, "Ada", 40)?;
        assert_eq!(hire(&company, "Ada", 40)?, ada);
        company.write(|txn| txn.definition::<Work>().create(&Project { name: "engine".into() }))?;
        book(&company, ada, "engine", 8)?;
        assert_eq!(hours(&company, ada)?, (32, 8));
        assert!(book(&company, ada, "engine", 33).is_err());
        assert!(book(&company, ada, "loom", 1).is_err(), "there is no such project");
        assert_eq!(hours(&company, ada)?, (32, 8));
        Ok(())
    }
}
