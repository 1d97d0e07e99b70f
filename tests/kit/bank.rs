//! A bank: accounts whose changes are kept, payments whose changes are not, and alerts for those who wait for them.

use netabase::{Link, NetabaseDefinition, NetabaseModel, NetabaseTopic};
use serde::{Deserialize, Serialize};

/// An account, with its history.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(journal)]
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

/// A payment. It goes with its account.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Payment {
    /// its number
    #[primary_key]
    pub id: u64,
    /// where from
    #[relation(on_delete = "cascade")]
    pub account: Link<Account>,
    /// how much
    pub cents: i64,
}

/// What consumers add up.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
pub struct Total {
    /// of which consumer
    #[primary_key]
    pub id: u64,
    /// how many changes
    pub changes: u64,
    /// sum of the accounts
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
    /// a payment
    Payment(Payment),
    /// a sum
    Total(Total),
}

/// An account of Ada's.
pub fn account(id: u64, cents: i64) -> Account {
    Account { id, owner: "ada".into(), cents }
}

/// A payment from an account.
pub fn payment(id: u64, account: u64) -> Payment {
    Payment { id, account: Link::new(account), cents: 1 }
}
