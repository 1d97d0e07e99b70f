//! The records: a user with an index of every kind.

use netabase::{Link, NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

/// What users belong to.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Team {
    /// the number of the team
    #[primary_key]
    pub id: u64,
}

/// About 190 bytes, with three indexes, one of them unique, and a relation.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct User {
    /// the number of the user
    #[primary_key]
    pub id: u64,
    /// shared by 10 users
    #[secondary_key]
    pub name: String,
    /// shared by 1000 users
    #[secondary_key]
    pub age: u32,
    /// shared by 100 users
    #[relation(references = "unchecked")]
    pub team: Link<Team>,
    /// the user's alone
    #[secondary_key(unique)]
    pub email: String,
    /// 120 bytes without an index
    pub bio: String,
}

/// The store's models.
#[derive(NetabaseDefinition)]
pub enum Club {
    /// users
    User(User),
    /// teams
    Team(Team),
}
