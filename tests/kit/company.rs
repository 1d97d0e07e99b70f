//! Two definitions and the repository that lists them. They have a model in common, and models that link within each.

use netabase::{Link, NetabaseDefinition, NetabaseModel, NetabaseRepository};
use serde::{Deserialize, Serialize};

/// A person who works.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Employee {
    /// given by the store
    #[primary_key(auto)]
    pub id: u64,
    /// one of a kind
    #[secondary_key(unique)]
    pub name: String,
    /// hours on projects
    pub hours: u32,
}

/// What an employee is on.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Shift {
    /// its number
    #[primary_key]
    pub id: u64,
    /// whose it is
    #[relation(on_delete = "cascade")]
    pub employee: Link<Employee>,
}

/// What there is to do.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Project {
    /// given by the store
    #[primary_key(auto)]
    pub id: u64,
    /// where it stands
    #[secondary_key]
    pub state: String,
    /// hours of employees
    pub hours: u32,
}

/// A part of a project.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Task {
    /// its number
    #[primary_key]
    pub id: u64,
    /// the whole
    #[relation(on_delete = "cascade", references = "deferred")]
    pub project: Link<Project>,
}

/// A remark, in either definition.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Note {
    /// its number
    #[primary_key]
    pub id: u64,
    /// what it says
    #[secondary_key]
    pub text: String,
}

/// Who works.
#[derive(NetabaseDefinition)]
pub enum Staff {
    /// a person
    Employee(Employee),
    /// what they are on
    Shift(Shift),
    /// a remark
    Note(Note),
}

/// What is worked on.
#[derive(NetabaseDefinition)]
pub enum Work {
    /// a remark, at another place than in the other definition
    Note(Note),
    /// what there is to do
    Project(Project),
    /// a part of it
    Task(Task),
}

/// Both.
#[derive(NetabaseRepository)]
pub enum Company {
    /// who works
    Staff(Staff),
    /// what is worked on
    Work(Work),
}

/// An employee of this name, without hours.
pub fn employee(id: u64, name: &str) -> Employee {
    Employee { id, name: name.into(), hours: 0 }
}

/// A project that is open, without hours.
pub fn project(id: u64) -> Project {
    Project { id, state: "open".into(), hours: 0 }
}
