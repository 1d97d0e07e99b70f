//! An open store, whatever its definitions: what the typed doors of [`Store`](super::Store) and
//! [`Repository`](super::Repository) call.

use std::fmt;
use std::sync::Arc;

use super::building::Building;
use super::record::recorded;
use super::retry::retry;
use crate::change;
use crate::engine::{Check, Durability, Engine, Stats};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::{Filling, Problem, Progress, Rebuilt, Report, verify};
use crate::overlay::View;
use crate::permission::{Door, Guard};
use crate::transaction::{Core, Open, Queue, State};

pub(super) struct Shared {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) core: Arc<Core>,
    pub(super) open: Arc<Open>,
    pub(super) queue: Arc<Queue>,
    /// recorded names of the definitions
    pub(super) names: Vec<&'static str>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.engine.fmt(f)
    }
}

impl Shared {
    /// A snapshot of the last commit.
    pub(super) fn latest(&self) -> Result<View<'static>> {
        self.core.latest.snapshot(&*self.engine, &self.core.layout.tables).map(View::Snapshot)
    }

    pub(super) fn begin_write(&self, guard: &Guard) -> Result<State> {
        if self.engine.is_read_only() {
            return Err(Error::new(ErrorKind::ReadOnly));
        }
        let turn = self.queue.wait()?;
        let writer = self.engine.begin_write(&self.core.layout.tables)?;
        Ok(State::new(writer, &self.core, (turn, self.open.clone()), guard.actor().map(str::to_owned)))
    }

    pub(super) fn verify(&self, guard: &Guard, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Report> {
        let (engine, core) = (&*self.engine, &*self.core);
        let layout = &*core.layout;
        let permit = guard.all(Door::Verify)?;
        let mut report = Report::default();
        if !engine.is_read_only() {
            let _turn = self.queue.wait()?;
            let _pause = core.latest.pause();
            match engine.check() {
                Ok(check) => report.engine = Some(check),
                Err(error) if matches!(error.kind(), ErrorKind::Busy) => {}
                Err(error) => {
                    report.note("the file", error)?;
                    report.engine = Some(Check::Failed);
                }
            }
            if report.engine == Some(Check::Repaired) {
                let reason = "the engine's own check found and mended damage".to_owned();
                report.add(|| Problem::Damaged { place: "the file".to_owned(), reason });
            }
        }
        let snapshot = engine.begin_read(&layout.tables)?;
        verify(&permit, &*snapshot, layout, core.staging, progress, &mut report)?;
        if let Err(error) = change::check(&View::Snapshot(snapshot.clone())) {
            report.note("netabase.journal", error)?;
        }
        if let Err(error) = change::check_feeds(&View::Snapshot(snapshot.clone())) {
            report.note("netabase.consumers", error)?;
        }
        // Read-only, a store may have tables that a newer program was building. They are dropped before the next write.
        let mut built = Vec::new();
        for name in &self.names {
            built
                .extend(Building::read(layout, name, &*snapshot)?.into_iter().flat_map(|built| built.tables));
        }
        let others = recorded(&*snapshot)?.into_iter().filter(|name| !self.names.contains(&&**name));
        // Those of other definitions are for a store of theirs to judge.
        let others: Vec<String> = others.map(|name| name + "/").collect();
        for table in engine.table_names()? {
            let is_own = layout.tables.iter().any(|spec| spec.name == table);
            if !is_own && !built.contains(&table) && !others.iter().any(|other| table.starts_with(other)) {
                report.add(|| Problem::Unknown { table });
            }
        }
        Ok(report)
    }

    pub(super) fn rebuild_indexes(
        &self,
        guard: &Guard,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Rebuilt> {
        retry(|| Ok(self.rebuild(guard, progress)))
    }

    fn rebuild(&self, guard: &Guard, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Rebuilt> {
        let core = &*self.core;
        let permit = guard.all(Door::Rebuild)?;
        if self.engine.is_read_only() {
            return Err(Error::new(ErrorKind::ReadOnly));
        }
        let _turn = self.queue.wait()?;
        let mut writer = self.engine.begin_bulk(&core.layout.tables)?;
        let mut filling = Filling::new(&core.layout, core.limits, core.staging, progress).lenient();
        for tables in core.layout.models() {
            filling.fill(&permit, &mut *writer, tables, &|_, _| true)?;
        }
        let done = filling.finish()?;
        let _pause = core.latest.pause();
        writer.commit(Durability::Immediate)?.into_result()?;
        Ok(done)
    }

    pub(super) fn sync(&self) -> Result<()> {
        if self.engine.is_read_only() {
            return Ok(());
        }
        let _turn = self.queue.wait()?;
        let _pause = self.core.latest.pause();
        let writer = self.engine.begin_write(&self.core.layout.tables)?;
        writer.commit(Durability::Immediate)?.into_result()
    }

    pub(super) fn checkpoint(&self) -> Result<()> {
        let _turn = self.queue.wait()?;
        self.engine.checkpoint()
    }

    pub(super) fn compact(&self, guard: &Guard) -> Result<bool> {
        guard.all(Door::Compact)?;
        let _turn = self.queue.wait()?;
        let _pause = self.core.latest.pause();
        self.engine.compact()
    }

    pub(super) fn stats(&self, guard: &Guard) -> Result<Stats> {
        guard.all(Door::Stats)?;
        let _turn = self.queue.wait()?;
        self.engine.stats(&self.core.layout.tables)
    }
}
