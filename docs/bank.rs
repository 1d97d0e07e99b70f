//! The bank that the chapter on changes is about, for its examples.

use netabase::{NetabaseDefinition, NetabaseModel, NetabaseTopic};
use serde::{Deserialize, Serialize};

/// An account, with its history.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(journal, versioned)]
pub struct Account {
    /// its number
    #[primary_key]
    pub id: u64,
    /// whose it is
    #[secondary_key]
    pub owner: String,
    /// what is on it
    pub cents: i64,
}

/// A sum.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
pub struct Total {
    /// its number
    #[primary_key]
    pub id: u64,
    /// how much
    pub cents: i64,
}

/// What alerts say.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Alert {
    /// of which account
    pub account: u64,
    /// what it is
    pub text: String,
}

/// Somebody should look.
#[derive(NetabaseTopic)]
#[netabase(payload(Alert))]
pub struct Alerts;

/// All of it.
#[derive(NetabaseDefinition)]
#[netabase(topics(Alerts))]
pub enum Bank {
    /// an account
    Account(Account),
    /// a sum
    Total(Total),
}

/// An account of Ada's.
pub fn account(id: u64, cents: i64) -> Account {
    Account { id, owner: "ada".into(), cents }
}
