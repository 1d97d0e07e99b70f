//! What is hidden from a session does nothing to its watchers: it wakes none, makes none lag, and no error tells of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use futures_core::Stream;
use kit::clinic::{NURSE, Patient, clinic, ticket};
use kit::feeds::{Counting, numbers};
use netabase::policy::{Policy, Rights, Role, Ticket};
use netabase::{NetabaseDefinition, NetabaseModel, Result, Store};
use serde::{Deserialize, Serialize};

/// An entry, which its owner alone sees.
#[derive(NetabaseModel, Serialize, Deserialize)]
struct Entry {
    #[primary_key]
    id: u64,
    #[secondary_key]
    owner: u64,
}

/// What no writer sees.
#[derive(NetabaseModel, Serialize, Deserialize)]
struct Secret {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseDefinition)]
enum Diary {
    Entry(Entry),
    Secret(Secret),
}

/// Number of an owner, as a claim.
struct Me(u64);

const WRITER: Role = Role::new("writer");

/// Leaves no more than a byte in memory.
fn diary() -> Result<Store<Diary>> {
    let own = |ticket: &Ticket| ticket.get::<Me>().map(|me| Entry::OWNER.eq(me.0));
    let policy = Policy::<Diary>::new().allow(WRITER, Rights::<Entry>::new().all().rows(own));
    Store::builder().in_memory().staging_limit(1).policy(policy).open()
}

fn writer() -> Ticket {
    Ticket::new([WRITER]).claim(Me(1))
}

#[test]
fn what_is_hidden_wakes_nobody() -> Result<()> {
    let root = clinic()?;
    let owner = root.as_owner()?;
    let mut hers = root.session(&ticket(NURSE))?.watch::<Patient>().begin()?;
    let count = Arc::new(Counting::default());
    let waker = Waker::from(count.clone());
    assert!(Pin::new(&mut hers).poll_next(&mut Context::from_waker(&waker)).is_pending());
    // Patient 2 is of another ward.
    owner.write(|txn| txn.update_with(2, |patient: &mut Patient| patient.cents += 1))?;
    assert_eq!(count.times(), 0);
    owner.write(|txn| txn.update_with(1, |patient: &mut Patient| patient.cents += 1))?;
    assert_eq!(count.times(), 1);
    Ok(())
}

#[test]
fn nobody_lags_behind_what_is_hidden() -> Result<()> {
    let root = diary()?;
    let owner = root.as_owner()?;
    let mut mine = root.session(&writer())?.watch::<Entry>().capacity(1).begin()?;
    let mut secrets = owner.watch::<Secret>().begin()?;
    for id in 0..5 {
        owner.write(|txn| txn.create(&Entry { id, owner: 2 }))?;
    }
    owner.write(|txn| (0..5).try_for_each(|id| txn.create(&Secret { id })))?;
    assert_eq!(numbers(&mut mine), [""; 0]);
    assert_eq!(numbers(&mut secrets), ["6"]);
    owner.write(|txn| txn.create(&Entry { id: 5, owner: 1 }))?;
    assert_eq!(numbers(&mut mine), ["7"]);
    Ok(())
}

#[test]
fn after_the_end_of_a_ticket_no_lag_is_told() -> Result<()> {
    let root = diary()?;
    let owner = root.as_owner()?;
    let ticket = writer();
    let mut mine = root.session(&ticket)?.watch::<Entry>().capacity(1).begin()?;
    ticket.revoke();
    for id in 0..5 {
        owner.write(|txn| txn.create(&Entry { id, owner: 1 }))?;
    }
    let told = numbers(&mut mine);
    assert!(matches!(&told[..], [ended] if ended.starts_with("TicketEnded")), "{told:?}");
    Ok(())
}
