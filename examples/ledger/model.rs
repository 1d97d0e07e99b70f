//! What is stored: transactions, and the indexes that the questions go through.

use netabase::{NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::date::Date;

/// A line of a statement.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(index(name = "account_day", fields(account, date desc)))]
pub(crate) struct Transaction {
    /// a hash of the line, and of how many equal lines stand before it
    #[primary_key]
    pub(crate) id: u128,
    #[secondary_key]
    pub(crate) date: Date,
    #[secondary_key]
    pub(crate) merchant: String,
    #[secondary_key]
    pub(crate) amount: Amount,
    pub(crate) account: String,
    pub(crate) category: String,
    pub(crate) note: String,
}

#[derive(NetabaseDefinition)]
pub(crate) enum Ledger {
    Transaction(Transaction),
}
