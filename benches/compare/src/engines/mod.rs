//! The engines, one file each.

mod fjall;
mod lmdb;
mod native_db;
mod netabase;
mod redb;
mod sqlite;

pub(crate) use fjall::Fjall;
pub(crate) use lmdb::Lmdb;
pub(crate) use native_db::NativeDb;
pub(crate) use netabase::Netabase;
pub(crate) use redb::Redb;
pub(crate) use sqlite::{SqliteFull, SqliteNormal};

use crate::Result;
use netabase_benches::User;

/// A record of the engines that store bytes.
fn decode(bytes: &[u8]) -> Result<User> {
    Ok(postcard::from_bytes(bytes)?)
}

/// Encodes into a buffer that is used again and again.
fn encode(user: &User, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    *buffer = postcard::to_extend(user, std::mem::take(buffer))?;
    Ok(())
}

/// Why a write is refused, where the engine does not say so itself.
#[cold]
fn taken(what: &str) -> crate::Error {
    format!("this {what} is taken").into()
}
