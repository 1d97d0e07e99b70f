//! Opening a file: what may stand there, how a new one appears, and what is wrong with one that redb refuses.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadOnlyDatabase, StorageError};

use super::error::refused;
use super::guard::guarded;
use crate::error::{Error, ErrorKind, Result};

/// How to open a redb file.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct RedbOptions {
    /// bytes of pages kept in memory; redb's own default is 1 GiB
    pub cache_size: Option<usize>,
    /// refuse a file that is there already
    pub create_new: bool,
    /// open for reading only; the file must exist
    pub read_only: bool,
    /// Commits write what makes opening after a crash quick, which makes them slower.
    pub quick_repair: bool,
    /// read the whole file and hold every page against its checksum; says nothing of a file opened for reading only
    pub check: bool,
}

pub(super) fn builder(options: &RedbOptions) -> Builder {
    let mut builder = Database::builder();
    if let Some(bytes) = options.cache_size {
        builder.set_cache_size(bytes);
    }
    builder.set_check_integrity_on_open(options.check);
    builder
}

/// Opens the file, or makes it.
pub(super) fn writable(path: &Path, options: &RedbOptions) -> Result<Database> {
    let builder = builder(options);
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(path) {
            // A link that leads nowhere yet. (One that leads in a circle is another error.)
            Ok(target) => writable(&path.with_file_name(target), options),
            Err(_) => make(path, options, &builder),
        },
        Err(error) => Err(Error::caused(open_kind(path), error)),
        Ok(_) if options.create_new => {
            Err(Error::caused(open_kind(path), io::Error::from(io::ErrorKind::AlreadyExists)))
        }
        Ok(found) => {
            usable(path, &found)?;
            guarded(|| builder.open(path).map_err(|error| unopened(path, error)))
                .map_err(|error| diagnosed(path, error))
        }
    }
}

/// Opens the file for reading.
pub(super) fn readable(path: &Path, options: &RedbOptions) -> Result<ReadOnlyDatabase> {
    let found = fs::metadata(path).map_err(|error| Error::caused(open_kind(path), error))?;
    usable(path, &found)?;
    let opened = guarded(|| builder(options).open_read_only(path).map_err(|error| unopened(path, error)));
    opened.map_err(|error| diagnosed(path, error)).map_err(|error| match error.kind() {
        // It need not be.
        ErrorKind::NotWritable { .. } => Error::caused(open_kind(path), error),
        _ => error,
    })
}

/// Refuses what cannot be a database. An empty file may be what is left of one, so it is not taken for a new one.
fn usable(path: &Path, found: &fs::Metadata) -> Result<()> {
    let path = path.into();
    if !found.is_file() {
        return Err(Error::new(ErrorKind::NotAFile { path }));
    }
    if found.len() == 0 {
        return Err(Error::new(ErrorKind::EmptyFile { path }));
    }
    Ok(())
}

/// Makes the database under another name and gives it its own when it is whole, so that a process that is killed in
/// between leaves nothing that cannot be opened.
fn make(path: &Path, options: &RedbOptions, builder: &Builder) -> Result<Database> {
    let (draft, file) = draft(path).map_err(|error| Error::caused(open_kind(path), error))?;
    let made = guarded(|| {
        let backend = FileBackend::new(file).map_err(|error| unopened(path, error))?;
        builder.create_with_backend(backend).map_err(|error| unopened(path, error))
    });
    let placed = made.and_then(|database| place(&draft, path).map(|()| database));
    // Linked or not, the first name goes.
    let _ = fs::remove_file(&draft);
    match placed {
        Err(error)
            if matches!(error.kind(), ErrorKind::Open { .. }) && path.exists() && !options.create_new =>
        {
            // Somebody else was faster.
            writable(path, options)
        }
        placed => {
            sync_folder(path);
            placed
        }
    }
}

/// A file beside the one that is made, under a name that nobody else uses. A killed maker may have left one of this name,
/// as in containers all processes have the same number.
fn draft(path: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_file_name(format!("netabase-{}-{number}.new", std::process::id()));
        match File::options().read(true).write(true).create_new(true).open(&draft) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => {}
            opened => return opened.map(|file| (draft, file)),
        }
    }
}

/// A link never replaces a file that is there. Where a file system has none, the name is claimed with an empty file, which
/// only one maker can do, and then replaced.
fn place(draft: &Path, path: &Path) -> Result<()> {
    let linked = match fs::hard_link(draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            File::create_new(path).and_then(|_| fs::rename(draft, path))
        }
        linked => linked,
    };
    linked.map_err(|error| Error::caused(open_kind(path), error))
}

/// The name of a file is as durable as its folder. Systems that cannot sync a folder do without.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
}

fn open_kind(path: &Path) -> ErrorKind {
    ErrorKind::Open { path: path.into() }
}

#[cold]
fn unopened(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            Error::new(ErrorKind::DatabaseLocked { path: path.into() })
        }
        DatabaseError::RepairAborted => Error::new(ErrorKind::NotClosed { path: path.into() }),
        // It cannot be read to its end, or begins with other bytes: of these the header tells more.
        DatabaseError::Storage(StorageError::Io(error))
            if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
        {
            super::error::corrupt(error.to_string())
        }
        DatabaseError::Storage(StorageError::Io(error)) => refused(path, error),
        DatabaseError::Storage(error @ StorageError::Corrupted(_)) => super::error::storage(error),
        error => Error::caused(open_kind(path), error),
    }
}

/// Says more exactly what is wrong with a file that redb calls corrupt, or would have to mend.
#[cold]
fn diagnosed(path: &Path, error: Error) -> Error {
    if !matches!(error.kind(), ErrorKind::Corrupt { .. } | ErrorKind::NotClosed { .. }) {
        return error;
    }
    let header = Header::read(path);
    let error = match header.ok().and_then(|header| header.complaint(path)) {
        Some(kind) => Error::new(kind),
        None => error,
    };
    error.context(format_args!("opening `{}`", path.display()))
}

/// The first bytes of a redb file, as its design document lays them out.
struct Header {
    bytes: Vec<u8>,
    file_len: u64,
}

const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
const HEADER_LEN: usize = 64 + 2 * 128;
/// Where the two commit slots begin, each with its version.
const SLOTS: [usize; 2] = [64, 192];
/// The version of redb's file format that this program reads.
const ENGINE_FORMAT: u8 = 3;

impl Header {
    fn read(path: &Path) -> io::Result<Header> {
        let file = File::open(path)?;
        let file_len = file.metadata()?.len();
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        file.take(HEADER_LEN as u64).read_to_end(&mut bytes)?;
        Ok(Header { bytes, file_len })
    }

    /// What else than damage explains a refusal.
    fn complaint(&self, path: &Path) -> Option<ErrorKind> {
        if !self.bytes.starts_with(MAGIC.get(..self.bytes.len()).unwrap_or(MAGIC)) {
            return Some(ErrorKind::NotAStore);
        }
        if self.bytes.len() < HEADER_LEN || self.expected_len().is_some_and(|len| self.file_len < len) {
            return Some(ErrorKind::Truncated { path: path.into() });
        }
        // One wrong version may be damage; two that agree are another program's.
        match SLOTS.map(|slot| self.bytes.get(slot).copied()) {
            [Some(one), Some(two)] if one == two && one > ENGINE_FORMAT => {
                Some(ErrorKind::NewerFormat { of: "redb", found: one, supported: ENGINE_FORMAT })
            }
            _ => None,
        }
    }

    /// The length that the header gives the file: a page, the full regions and what is left.
    fn expected_len(&self) -> Option<u64> {
        let number = |at: usize| {
            let bytes = self.bytes.get(at..at + 4)?;
            Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
        };
        let (page, region_header, region_pages) = (number(12)?, number(16)?, number(20)?);
        let (full, trailing) = (number(24)?, number(28)?);
        let last = if trailing == 0 { 0 } else { region_header + trailing };
        let pages = full.checked_mul(region_header + region_pages)?.checked_add(last + 1)?;
        pages.checked_mul(page)
    }
}

/// A database in memory or in another backend.
pub(super) fn on_backend(backend: impl redb::StorageBackend, options: &RedbOptions) -> Result<Database> {
    guarded(|| {
        builder(options).create_with_backend(backend).map_err(|error| match error {
            DatabaseError::Storage(error) => super::error::storage(error),
            error => Error::engine(error),
        })
    })
}
