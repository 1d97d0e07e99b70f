//! What permissions cost: the same reads by the owner, and in sessions.
//!
//! `cargo run --release -p netabase-benches --example permissions -- --rounds 9`
//!
//! Prints nanoseconds per get or per record of a query, and the ratio to the owner's. For instructions, which vary less, let
//! callgrind count one row with two numbers of gets, and take the difference:
//! `valgrind --tool=callgrind target/release/examples/permissions --only "get, by a role" --gets 20000 --rounds 1`

use std::time::Instant;

use netabase::model::ModelOf;
use netabase::policy::{Policy, Rights, Role, Ticket};
use netabase::{Link, NetabaseDefinition, NetabaseModel, ReadTransaction, Store};
use netabase_benches::{Club, Options, Result, User};
use serde::{Deserialize, Serialize};

/// A model without rules.
#[derive(NetabaseModel, Serialize, Deserialize)]
struct Free {
    #[primary_key]
    id: u64,
    text: String,
}

/// The same with all that a model may say.
#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(access(create, read), inbound(all = "read"), class = "log")]
struct Ruled {
    #[primary_key]
    id: u64,
    text: String,
}

#[derive(NetabaseDefinition)]
#[netabase(grants(all = "read"))]
enum Log {
    Free(Free),
    Ruled(Ruled),
}

const ANYONE: Role = Role::new("anyone");
const TEAM: Role = Role::new("team");

/// Users of one team.
const MEMBERS: u64 = 100;

struct Team(u64);

fn user(id: u64) -> User {
    User {
        id,
        name: format!("user {}", id / 10),
        age: (id % 60) as u32,
        team: Link::new(id / MEMBERS),
        email: format!("{id}@example.org"),
        bio: "x".repeat(120),
    }
}

struct Row {
    name: &'static str,
    /// what it is held against
    to: &'static str,
    role: Option<Role>,
    work: Work,
}

enum Work {
    Club(fn(&ReadTransaction<Club>, u64) -> netabase::Result<u64>),
    Log(fn(&ReadTransaction<Log>, u64) -> netabase::Result<u64>),
}

/// Gets of one user after the other; returns how many.
fn get(snapshot: &ReadTransaction<Club>, gets: u64) -> netabase::Result<u64> {
    (0..gets).try_fold(0, |found, at| Ok(found + u64::from(snapshot.get::<User>(at % MEMBERS)?.is_some())))
}

fn get_of<M: ModelOf<Log, PrimaryKey: From<u64>>>(
    log: &ReadTransaction<Log>,
    gets: u64,
) -> netabase::Result<u64> {
    (0..gets).try_fold(0, |found, at| {
        Ok(found + u64::from(log.get::<M>(M::PrimaryKey::from(at % MEMBERS))?.is_some()))
    })
}

/// The users of a team, by a condition.
fn team(snapshot: &ReadTransaction<Club>, gets: u64) -> netabase::Result<u64> {
    repeated(gets, || snapshot.query::<User>().filter(User::TEAM.eq(0)).collect())
}

/// The users of a team, as a policy shows no others.
fn all(snapshot: &ReadTransaction<Club>, gets: u64) -> netabase::Result<u64> {
    repeated(gets, || snapshot.query::<User>().collect())
}

fn repeated(gets: u64, query: impl Fn() -> netabase::Result<Vec<User>>) -> netabase::Result<u64> {
    (0..gets / MEMBERS).try_fold(0, |found, _| Ok(found + query()?.len() as u64))
}

const ROWS: &[Row] = &[
    Row { name: "get, by the owner", to: "get, by the owner", role: None, work: Work::Club(get) },
    Row { name: "get, by a role", to: "get, by the owner", role: Some(ANYONE), work: Work::Club(get) },
    Row {
        name: "get, by a role that sees a team",
        to: "get, by the owner",
        role: Some(TEAM),
        work: Work::Club(get),
    },
    Row { name: "team, by the owner", to: "team, by the owner", role: None, work: Work::Club(team) },
    Row { name: "team, by a role", to: "team, by the owner", role: Some(ANYONE), work: Work::Club(team) },
    Row {
        name: "all, by a role that sees a team",
        to: "team, by the owner",
        role: Some(TEAM),
        work: Work::Club(all),
    },
    Row {
        name: "team, by a role that sees it",
        to: "team, by the owner",
        role: Some(TEAM),
        work: Work::Club(team),
    },
    Row {
        name: "get, a model without rules",
        to: "get, a model without rules",
        role: None,
        work: Work::Log(get_of::<Free>),
    },
    Row {
        name: "get, a model with rules",
        to: "get, a model without rules",
        role: None,
        work: Work::Log(get_of::<Ruled>),
    },
];

#[allow(clippy::cast_precision_loss, reason = "some thousands")]
fn main() -> Result<()> {
    let options = Options::parse(&["rounds", "gets", "only"])?;
    let (rounds, gets) = (options.get("rounds", 9)?, options.get("gets", 20_000_u64)?);
    let only = options.get("only", String::new())?;
    let of_team = |ticket: &Ticket| ticket.get::<Team>().map(|team| User::TEAM.eq(team.0));
    let policy = Policy::<Club>::new()
        .allow(ANYONE, Rights::<User>::new().read())
        .allow(TEAM, Rights::<User>::new().read().rows(of_team));
    let store = Store::<Club>::builder().in_memory().policy(policy).open()?;
    let owner = store.as_owner()?;
    owner.write(|txn| (0..100 * MEMBERS).try_for_each(|id| txn.create(&user(id))))?;
    let log = Store::<Log>::in_memory()?;
    log.write(|txn| {
        (0..MEMBERS).try_for_each(|id| {
            txn.create(&Free { id, text: "x".repeat(120) })?;
            txn.create(&Ruled { id, text: "x".repeat(120) })
        })
    })?;
    let log = log.begin_read()?;
    let rows: Vec<_> = ROWS.iter().filter(|row| only.is_empty() || row.name == only).collect();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    for _ in 0..rounds {
        for (row, times) in rows.iter().zip(&mut times) {
            let session = match row.role {
                Some(role) => store.session(&Ticket::new([role]).claim(Team(0)))?,
                None => owner.clone(),
            };
            let snapshot = session.begin_read()?;
            let start = Instant::now();
            let found = match row.work {
                Work::Club(work) => work(&snapshot, gets)?,
                Work::Log(work) => work(&log, gets)?,
            };
            assert_eq!(found, gets, "{} finds all", row.name);
            times.push(start.elapsed().as_secs_f64() * 1e9 / gets as f64);
        }
    }
    let median = |times: &[f64]| {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    println!("{:34} {:>8} {:>6}", "", "ns", "ratio");
    for (row, own) in rows.iter().zip(&times) {
        let to = rows.iter().position(|other| other.name == row.to).map(|at| median(&times[at]));
        let ratio = to.map_or("-".to_owned(), |to| format!("{:.2}", median(own) / to));
        println!("{:34} {:>8.0} {:>6}", row.name, median(own), ratio);
    }
    Ok(())
}
