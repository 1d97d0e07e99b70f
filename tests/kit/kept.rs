//! One definition as several programs have it: some keep the changes of its models, some do not, and some lack a model.

use netabase::{NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

/// An account whose changes are not kept.
#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(rename = "Account")]
pub struct Unkept {
    /// its number
    #[primary_key]
    pub id: u64,
    /// whose it is
    #[secondary_key]
    pub owner: String,
    /// what is on it
    pub cents: i64,
}

/// The same, with its history.
#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(rename = "Account", journal)]
pub struct Kept {
    /// its number
    #[primary_key]
    pub id: u64,
    /// whose it is
    #[secondary_key]
    pub owner: String,
    /// what is on it
    pub cents: i64,
}

/// A note, with its history.
#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(journal)]
pub struct Note {
    /// its number
    #[primary_key]
    pub id: u64,
}

/// Nothing is kept.
#[derive(NetabaseDefinition)]
#[netabase(rename = "Bank")]
pub enum Before {
    /// an account
    Account(Unkept),
}

/// Everything is kept.
#[derive(NetabaseDefinition)]
#[netabase(rename = "Bank")]
pub enum After {
    /// an account
    Account(Kept),
    /// a note
    Note(Note),
}

/// Notes are kept, accounts are not.
#[derive(NetabaseDefinition)]
#[netabase(rename = "Bank")]
pub enum Between {
    /// an account
    Account(Unkept),
    /// a note
    Note(Note),
}

/// Everything is kept, and there are no notes.
#[derive(NetabaseDefinition)]
#[netabase(rename = "Bank")]
pub enum Without {
    /// an account
    Account(Kept),
}

/// An account of Ada's whose changes are not kept.
pub fn unkept(id: u64) -> Unkept {
    Unkept { id, owner: "ada".into(), cents: 0 }
}

/// An account of Ada's, with its history.
pub fn kept(id: u64) -> Kept {
    Kept { id, owner: "ada".into(), cents: 0 }
}
