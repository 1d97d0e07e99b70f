// Two definitions of one recorded name, which would have the same tables.
use kit::company::{Employee, Staff};
use netabase::{NetabaseDefinition, NetabaseRepository};

#[derive(NetabaseDefinition)]
#[netabase(rename = "Staff")]
enum Others {
    Employee(Employee),
}

#[derive(NetabaseRepository)]
enum Company {
    Staff(Staff),
    Others(Others),
}

fn main() {}
