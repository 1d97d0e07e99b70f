//! Verification of versions: what is noted as there is, and what is noted as deleted is not.

use std::ops::Bound;

use super::report::{Meter, Problem, Progress, Report};
use crate::engine::{Direction, Read};
use crate::error::Result;
use crate::permission::{OwnerAccess, Permit};
use crate::table::{Layout, ModelTables, stamp_of};

pub(super) fn verify_versions(
    permit: &Permit<OwnerAccess>,
    read: &dyn Read,
    (layout, tables): (&Layout, &ModelTables),
    progress: &mut dyn FnMut(Progress<'_>),
    report: &mut Report,
) -> Result<()> {
    let Some(table) = tables.versions else { return Ok(()) };
    let name = layout.name(table);
    let mut meter = Meter::new(name, read.len(table)?, progress);
    let mut rows = read.cursor(table, (Bound::Unbounded, Bound::Unbounded), Direction::Forward)?;
    while rows.advance()? {
        meter.step();
        let is_there = read.get(tables.main()?, rows.key())?.is_some();
        let record = || tables.reader.spell(rows.key());
        match stamp_of(permit, tables, rows.value()) {
            Ok(stamp) if stamp.times.is_some() == is_there => {}
            Ok(_) => {
                report.add(|| Problem::Stray {
                    table: name.into(),
                    key: "the version".into(),
                    record: record(),
                });
            }
            Err(_) => report.add(|| Problem::Damaged {
                place: name.into(),
                reason: format!("the version of {} cannot be read", record()),
            }),
        }
    }
    meter.end();
    Ok(())
}
