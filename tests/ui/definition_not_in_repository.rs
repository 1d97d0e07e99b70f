// A scope of a definition that the repository does not list, and a model of another definition.
use kit::company::{Company, Project, Staff};
use kit::models::Blog;
use netabase::{Repository, Result};

fn not_listed(company: &Repository<Company>) -> Result<()> {
    company.write(|txn| {
        txn.definition::<Blog>();
        Ok(())
    })?;
    company.begin_read()?.definition::<Blog>();
    company.begin_read()?.definition::<Staff>().get::<Project>(1)?;
    Ok(())
}

fn main() {}
