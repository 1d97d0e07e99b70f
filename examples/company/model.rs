//! Two definitions, each of which could have a file of its own, and the repository that puts them into one.

use netabase::{Link, NetabaseDefinition, NetabaseModel, NetabaseRepository};
use serde::{Deserialize, Serialize};

/// Who works.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Employee {
    #[primary_key(auto)]
    pub(crate) id: u64,
    #[secondary_key(unique)]
    pub(crate) name: String,
    /// hours that are not booked on a project
    pub(crate) free: u32,
}

/// What is worked on.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Project {
    #[primary_key]
    pub(crate) name: String,
}

/// Hours of an employee on a project. The employee is one of the other definition, which grants that.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Booking {
    #[primary_key]
    #[relation(on_delete = "cascade")]
    pub(crate) project: Link<Project>,
    #[primary_key]
    #[relation]
    pub(crate) employee: Link<Employee, Staff>,
    pub(crate) hours: u32,
}

#[derive(NetabaseDefinition)]
#[netabase(grants(Work = "read"))]
pub(crate) enum Staff {
    Employee(Employee),
}

#[derive(NetabaseDefinition)]
pub(crate) enum Work {
    Project(Project),
    Booking(Booking),
}

#[derive(NetabaseRepository)]
pub(crate) enum Company {
    Staff(Staff),
    Work(Work),
}
