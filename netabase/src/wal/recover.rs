//! Opening: what the log has and the engine does not is read into a memtable.

use std::io;
use std::sync::Arc;

use super::files::Folder;
use super::filter::Hashed;
use super::mark::{self, Mark};
use super::merged::Layer;
use super::record::{Change, Item, Items};
use super::segment::{FORM, HEADER, Header, Scan, salt};
use super::segments::{Segments, is_segment};
use super::sorted::Changes;
use super::state::{Registry, State};
use crate::engine::{Engine, IndexChange, MapChange};
use crate::error::{Error, ErrorKind, Result};

/// Is told how many bytes of the log are read, of how many.
pub(super) type OnProgress<'p> = &'p mut dyn FnMut(u64, u64);

/// A file of the log.
struct File {
    name: String,
    header: Option<Header>,
}

impl File {
    fn open(folder: &dyn Folder, name: String) -> Result<File> {
        let page = folder.read(&name, HEADER as u64).map_err(|error| failed(folder, error))?;
        let header = match Header::read(&page) {
            Some((FORM, header)) => Some(header),
            Some((found, _)) => {
                return Err(Error::new(ErrorKind::NewerFormat { of: "the journal", found, supported: FORM }));
            }
            None => None,
        };
        Ok(File { name, header })
    }

    fn read(&self, folder: &dyn Folder) -> Result<Vec<u8>> {
        folder.read(&self.name, u64::MAX).map_err(|error| failed(folder, error))
    }

    fn has_commits(&self, folder: &dyn Folder, header: &Header) -> Result<bool> {
        Ok(Scan::new(&self.read(folder)?, header.salt(), header.first).next().is_some())
    }
}

#[cold]
fn failed(folder: &dyn Folder, error: io::Error) -> Error {
    let error = Error::caused(ErrorKind::Io { kind: error.kind() }, error);
    error.context(format_args!("reading the journal in `{}`", folder.path().display()))
}

/// Reads the log that belongs to the engine.
///
/// # Errors
/// `JournalMismatch` if it belongs to another database, or to an older or newer state of this one. `Corrupt` if something that was
/// durable is not what was written.
pub(super) fn recover(
    engine: &dyn Engine,
    folder: &Arc<dyn Folder>,
    forget_missing: bool,
    progress: OnProgress<'_>,
) -> Result<(State, Segments)> {
    let mark = Mark::read(engine)?;
    let names = folder.list().map_err(|error| failed(&**folder, error))?;
    let names = names.into_iter().filter(|name| is_segment(name));
    let files: Vec<File> = names.map(|name| File::open(&**folder, name)).collect::<Result<_>>()?;
    let mut replay = Replay { folder: &**folder, mark, progress };
    let is_forgotten = files.is_empty() && forget_missing;
    let Some(mark) = mark.filter(|mark| !mark.is_closed && !is_forgotten) else {
        replay.refuse_foreign(&files, "it belongs to another database, or to an older copy of this one")?;
        // Files may be left of a log of which the engine has everything, or of one that was about to begin.
        if !engine.is_read_only() {
            let names: Vec<String> = files.into_iter().map(|file| file.name).collect();
            folder.remove(&names).map_err(|error| failed(&**folder, error))?;
            if mark.is_some() {
                mark::remove(engine)?;
            }
        }
        let segments = Segments::new(folder.clone(), Vec::new(), Vec::new());
        return Ok((State::new(Registry::default(), None, 1, 0), segments));
    };
    if files.is_empty() {
        return Err(replay.mismatch("it is missing, and the database is not whole without it"));
    }
    replay.refuse_foreign(&files, "it belongs to another database")?;
    let is_own = |file: &File| file.header.is_some_and(|header| header.id == mark.id);
    let (mut own, others): (Vec<File>, Vec<File>) = files.into_iter().partition(is_own);
    own.sort_by_key(|file| file.header.map(|header| header.number));
    let replayed = replay.run(mark, &own, &others)?;
    let Replayed { layer, last, number, registry, unsynced } = replayed;
    if !engine.is_read_only() {
        // A kill may have left in the system's memory what nobody was told of. It is on disk before anything is built on it.
        let write = |(name, at, bytes): &(String, usize, Vec<u8>)| {
            let mut file = folder.open(name, false)?;
            file.write(*at as u64, bytes)?;
            file.sync()
        };
        unsynced.iter().try_for_each(write).map_err(|error| failed(&**folder, error))?;
    }
    let live = own.iter().filter_map(|file| Some((file.header?.number, file.name.clone()))).collect();
    let free = others.into_iter().map(|file| file.name).collect();
    let recovered = (last > mark.drained).then_some(layer);
    let mut segments = Segments::new(folder.clone(), live, free);
    if recovered.is_none() && !engine.is_read_only() {
        segments.free(number);
    }
    let mut state = State::new(registry, recovered, number.saturating_add(1), last);
    (state.id, state.direct) = (Some(mark.id), mark.direct);
    Ok((state, segments))
}

const OLDER: &str = "it is older than the database";
const NEWER: &str = "it is newer than the database, which was copied before";

struct Replay<'r> {
    folder: &'r dyn Folder,
    mark: Option<Mark>,
    progress: OnProgress<'r>,
}

struct Replayed {
    layer: Layer,
    /// number of the last commit
    last: u64,
    /// number of the last segment
    number: u64,
    registry: Registry,
    /// what may not be on disk: a file, a place in it, and bytes
    unsynced: Option<(String, usize, Vec<u8>)>,
}

impl Replay<'_> {
    fn corrupt(&self, file: &File, at: usize) -> Error {
        let path = self.folder.path().join(&file.name);
        Error::new(ErrorKind::Corrupt { place: format!("`{}` at byte {at}", path.display()) })
    }

    fn mismatch(&self, reason: &'static str) -> Error {
        Error::new(ErrorKind::JournalMismatch { path: self.folder.path(), reason })
    }

    /// Refuses commits of a log that is not the engine's.
    fn refuse_foreign(&self, files: &[File], reason: &'static str) -> Result<()> {
        for file in files {
            if let Some(header) = file.header
                && self.mark.is_none_or(|mark| mark.id != header.id)
                && file.has_commits(self.folder, &header)?
            {
                return Err(self.mismatch(reason));
            }
        }
        Ok(())
    }

    fn size(&self, files: &[File]) -> Result<u64> {
        let sizes = files.iter().map(|file| self.folder.size(&file.name));
        sizes.sum::<io::Result<u64>>().map_err(|error| failed(self.folder, error))
    }

    /// `own`: the segments in their order; `others`: files that say nothing of themselves.
    fn run(&mut self, mark: Mark, own: &[File], others: &[File]) -> Result<Replayed> {
        let headers: Vec<Header> = own.iter().filter_map(|file| file.header).collect();
        let (mut changes, mut registry) = (Changes::default(), Registry::default());
        let number = headers.last().map_or(0, |header| header.number);
        let layer = Layer::new(number);
        let total = self.size(own)?;
        let (mut last, mut unsynced, mut done) = (None, None, 0);
        for (place, (file, header)) in own.iter().zip(&headers).enumerate() {
            // What the next segment begins with, this one ends before.
            let until = headers.get(place + 1).map(|next| next.first.saturating_sub(1));
            if until.is_some_and(|until| until <= mark.drained) {
                done += self.size(std::slice::from_ref(file))?;
                continue;
            }
            if header.first > last.unwrap_or(mark.drained).saturating_add(1) {
                return Err(self.missing(file, others));
            }
            let bytes = file.read(self.folder)?;
            let mut scan = Scan::new(&bytes, header.salt(), header.first);
            let (mut slots, mut places, mut durable) = (Vec::new(), Vec::new(), 0);
            while until.is_none_or(|until| scan.seq <= until) {
                let at = scan.at;
                let Some(record) = scan.next() else {
                    if until.is_some() || scan.is_missed() {
                        return Err(self.corrupt(file, at));
                    }
                    break;
                };
                if record.seq > mark.drained && header.direct != mark.direct {
                    // Between this record and the database stands a commit that went past the log.
                    let is_newer = header.direct > mark.direct;
                    return Err(self.mismatch(if is_newer { NEWER } else { OLDER }));
                }
                durable = record.durable;
                places.push((record.seq, at));
                let layer = (record.seq > mark.drained).then_some((&mut changes, &layer));
                apply(record.items, &mut slots, &mut registry, layer)
                    .ok_or_else(|| self.corrupt(file, at))?;
            }
            last = Some(scan.seq.saturating_sub(1));
            // All but the last records were on disk when the next one came, or the next segment began.
            unsynced = places
                .iter()
                .find(|(seq, _)| *seq > durable)
                .and_then(|(_, at)| Some((file.name.clone(), *at, bytes.get(*at..scan.at)?.to_vec())));
            done += bytes.len() as u64;
            (self.progress)(done, total);
        }
        let Some(last) = last else {
            let unread = others.first().map(|file| self.corrupt(file, 0));
            return Err(unread.unwrap_or_else(|| self.mismatch("none of its files has commits")));
        };
        if last < mark.drained || number < mark.segment {
            return Err(self.mismatch(OLDER));
        }
        // The last segment's page may be damaged: then its commits stand in a file that says nothing of itself.
        let next = salt(&mark.id, number.saturating_add(1));
        for file in others {
            let bytes = file.read(self.folder)?;
            if Scan::new(&bytes, next, last.saturating_add(1)).next().is_some() {
                return Err(self.corrupt(file, 0));
            }
        }
        let layer = Layer { rows: Arc::new(changes.into_memtable()?), ..layer };
        Ok(Replayed { layer, last, number, registry, unsynced })
    }

    /// Commits are missing before a segment.
    fn missing(&self, file: &File, others: &[File]) -> Error {
        if others.is_empty() { self.mismatch(NEWER) } else { self.corrupt(others.first().unwrap_or(file), 0) }
    }
}

/// Notes the changes of a record, or only learns its tables. `None` if an item makes no sense.
fn apply(
    items: Items<'_>,
    slots: &mut Vec<(u64, usize)>,
    registry: &mut Registry,
    mut to: Option<(&mut Changes, &Layer)>,
) -> Option<()> {
    let mut table = None;
    for item in items {
        match item.ok()? {
            Item::Name(number, name) => {
                let slot = registry.slot(&name.spec());
                slots.retain(|(of, _)| *of != number);
                slots.push((number, slot));
            }
            Item::Table(number) => table = Some(slots.iter().find(|(of, _)| *of == number)?.1),
            item => {
                let slot = table?;
                let change = item.change(registry.specs.get(slot)?.form)?;
                let Some((changes, layer)) = &mut to else { continue };
                let key = match change {
                    Change::Map(
                        MapChange::Insert(key, _) | MapChange::Put(key, _) | MapChange::Delete(key),
                    )
                    | Change::Index(IndexChange::Insert(key, _) | IndexChange::Remove(key, _)) => key,
                };
                layer.filter.add(Hashed::new(slot, key));
                changes.push(slot, change);
            }
        }
    }
    Some(())
}
