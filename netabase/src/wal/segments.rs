//! The files of the log: written at the end, filled with zeros ahead, and used again when the engine has what they hold.

use std::io;
use std::sync::Arc;

use super::files::{Folder, Storage};
use super::segment::{HEADER, Header, Id};
use super::state::Part;
use crate::error::{Error, ErrorKind, Result};

/// How far a file is filled ahead. To write where bytes are already costs a sync of the data alone; to make a file longer costs one
/// of its description too.
const STEP: u64 = 1 << 20;
/// How many files without commits are kept to be used again.
const SPARE: usize = 2;

/// The files.
#[derive(Debug)]
pub(super) struct Segments {
    folder: Arc<dyn Folder>,
    /// the one that is written to
    current: Option<Open>,
    /// names of files with commits, by number of the segment
    live: Vec<(u64, String)>,
    /// names of files without, the oldest first
    free: Vec<String>,
    /// number for the name of a new file
    next: u64,
}

#[derive(Debug)]
struct Open {
    number: u64,
    file: Box<dyn Storage>,
    /// where the next record goes
    at: u64,
    /// up to where it has bytes
    filled: u64,
}

/// What the names begin with.
const NAME: &str = "segment-";

/// Whether a file is one of the log's.
pub(super) fn is_segment(name: &str) -> bool {
    name.strip_prefix(NAME).is_some_and(|number| number.parse::<u64>().is_ok())
}

impl Segments {
    pub(super) fn new(folder: Arc<dyn Folder>, live: Vec<(u64, String)>, free: Vec<String>) -> Self {
        let names = live.iter().map(|(_, name)| name).chain(&free);
        let numbers = names.filter_map(|name| name.strip_prefix(NAME)?.parse::<u64>().ok());
        let next = numbers.max().map_or(0, |last| last.saturating_add(1));
        Segments { folder, current: None, live, free, next }
    }

    /// Begins a segment if it has not begun, in a file that is free if there is one. Those before it are written.
    pub(super) fn begin(&mut self, header: Header) -> Result<()> {
        if self.current.as_ref().is_some_and(|open| open.number >= header.number) {
            return Ok(());
        }
        self.began(header).map_err(|error| self.failed(error))
    }

    fn began(&mut self, header: Header) -> io::Result<()> {
        // The last one stays as it is until there is a newer one: it tells how far the log had come.
        let (name, is_new) = match self.free.len() {
            0 | 1 => (format!("{NAME}{}", self.next), true),
            _ => (self.free.remove(0), false),
        };
        let mut file = self.folder.open(&name, is_new)?;
        self.next += u64::from(is_new);
        file.write(0, &header.write())?;
        file.sync()?;
        let filled = file.size()?;
        self.live.push((header.number, name));
        self.current = Some(Open { number: header.number, file, at: HEADER as u64, filled });
        Ok(())
    }

    /// Writes records; they are durable when this returns.
    pub(super) fn write(&mut self, id: Id, parts: &[Part]) -> Result<()> {
        for part in parts {
            self.begin(Header { id, number: part.segment, first: part.first, direct: part.direct })?;
            let written = match &mut self.current {
                Some(open) => open.append(&part.bytes),
                None => Ok(()),
            };
            written.map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// Notes that the engine has all of these segments, up to this number.
    pub(super) fn free(&mut self, number: u64) {
        let (free, live) = self.live.drain(..).partition(|(of, _)| *of <= number);
        self.live = live;
        let freed: Vec<(u64, String)> = free;
        self.free.extend(freed.into_iter().map(|(_, name)| name));
        if self.free.len() > SPARE {
            let names: Vec<_> = self.free.drain(..self.free.len() - SPARE).collect();
            // What is left goes with the others, at the latest when the log is closed.
            let _ = self.folder.remove(&names);
        }
    }

    /// Removes all files. The engine has everything.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        *self = Segments::new(self.folder.clone(), Vec::new(), Vec::new());
        // Also those that did not go when they were to go.
        let names: Vec<_> = self.folder.list()?.into_iter().filter(|name| is_segment(name)).collect();
        self.folder.remove(&names)
    }

    #[cold]
    fn failed(&self, error: io::Error) -> Error {
        let error = Error::caused(ErrorKind::Io { kind: error.kind() }, error);
        error.context(format_args!("writing the journal in `{}`", self.folder.path().display()))
    }
}

impl Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.at + bytes.len() as u64;
        self.file.write(self.at, bytes)?;
        if end > self.filled {
            // The next records overwrite these.
            let zeros = vec![0; usize::try_from(STEP - end % STEP).unwrap_or(0)];
            self.file.write(end, &zeros)?;
            self.filled = end + zeros.len() as u64;
        }
        self.file.sync()?;
        self.at = end;
        Ok(())
    }
}
