//! Where segments stand: a folder beside the database. Tests put a failing disk in its place.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A folder of files with simple names.
pub trait Folder: Send + Sync + fmt::Debug {
    /// Names of the files there are; none if there is no folder.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Bytes that a file has.
    fn size(&self, name: &str) -> io::Result<u64>;
    /// The first bytes of a file, so many at most.
    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>>;
    /// Opens a file to write. `create`: makes it, and the folder; their names are durable when this returns.
    fn open(&self, name: &str, create: bool) -> io::Result<Box<dyn Storage>>;
    /// Removes the files of these names and, if nothing else is in it, the folder. They stay away when this returns.
    fn remove(&self, names: &[String]) -> io::Result<()>;
    /// For messages.
    fn path(&self) -> PathBuf;
}

/// One file, in the hands of one writer.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Bytes it has.
    fn size(&self) -> io::Result<u64>;
    /// Writes bytes to a place, and makes the file longer where they need it.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Returns when all that was written is durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// A folder of the file system.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    /// the file whose permissions its files have
    like: PathBuf,
}

impl Disk {
    pub(super) fn new(path: PathBuf, like: PathBuf) -> Self {
        Disk { path, like }
    }

    /// The folder and its files are for those whom the database is for.
    fn permit(&self, path: &Path) -> io::Result<()> {
        let like = match fs::metadata(&self.like) {
            Ok(like) if like.is_file() => like.permissions(),
            _ => return Ok(()),
        };
        #[cfg(unix)]
        let like = {
            use std::os::unix::fs::PermissionsExt;
            let mode = like.mode() & 0o777;
            // Who may read a folder may also enter it.
            let enter = if path == self.path { (mode & 0o444) >> 2 } else { 0 };
            fs::Permissions::from_mode(mode | enter)
        };
        fs::set_permissions(path, like)
    }
}

impl Folder for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            entries => entries?,
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.path.join(name))?.len())
    }

    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let file = File::open(self.path.join(name))?;
        let size = file.metadata()?.len().min(most);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn open(&self, name: &str, create: bool) -> io::Result<Box<dyn Storage>> {
        if create && !self.path.is_dir() {
            fs::create_dir_all(&self.path)?;
            self.permit(&self.path)?;
            sync_folder(self.path.parent())?;
        }
        let path = self.path.join(name);
        let file = File::options().read(true).write(true).create(create).truncate(false).open(&path)?;
        if create {
            self.permit(&path)?;
            sync_folder(Some(&self.path))?;
        }
        Ok(Box::new(file))
    }

    fn remove(&self, names: &[String]) -> io::Result<()> {
        if !self.path.is_dir() {
            return Ok(());
        }
        for name in names {
            match fs::remove_file(self.path.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        // It stays if something else is there.
        let is_empty = fs::remove_dir(&self.path).is_ok();
        sync_folder(if is_empty { self.path.parent() } else { Some(&self.path) })
    }

    fn path(&self) -> PathBuf {
        self.path.clone()
    }
}

/// The name of a file is as durable as its folder. Systems that cannot sync a folder do without.
fn sync_folder(folder: Option<&Path>) -> io::Result<()> {
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        Err(error) if cfg!(unix) => Err(error),
        _ => Ok(()),
    }
}

impl Storage for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
