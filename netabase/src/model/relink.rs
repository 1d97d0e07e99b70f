//! Links that are changed in records whose type the caller does not know: a target that is deleted, or gets another key.

use super::{Link, NetabaseModel};
use crate::error::{Error, Result};
use crate::key::Key;

/// A field of a relation, for the derive.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the field of a relation",
    label = "not a `Link`",
    note = "a relation is a field of type `Link<T>`, `Option<Link<T>>` or `Vec<Link<T>>`"
)]
pub trait Relinked {
    /// Makes the links to `old` lead to `new`, or takes them out.
    fn relink(&mut self, old: &[u8], new: Option<&[u8]>) -> Result<()>;
}

fn leads_to<M: NetabaseModel, In: 'static>(link: &Link<M, In>, key: &[u8]) -> Result<bool> {
    let mut own = Vec::new();
    link.encode_tail(&mut own)?;
    Ok(own == key)
}

impl<M: NetabaseModel, In: 'static> Relinked for Link<M, In> {
    fn relink(&mut self, old: &[u8], new: Option<&[u8]>) -> Result<()> {
        if leads_to(self, old)? {
            let new = new.ok_or_else(|| Error::internal("a link that is always there cannot go"))?;
            *self = Link::<M, In>::decode_tail(new)?;
        }
        Ok(())
    }
}

impl<M: NetabaseModel, In: 'static> Relinked for Option<Link<M, In>> {
    fn relink(&mut self, old: &[u8], new: Option<&[u8]>) -> Result<()> {
        match self {
            Some(link) if leads_to(link, old)? => {
                *self = new.map(Link::<M, In>::decode_tail).transpose()?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl<M: NetabaseModel, In: 'static> Relinked for Vec<Link<M, In>> {
    fn relink(&mut self, old: &[u8], new: Option<&[u8]>) -> Result<()> {
        let new = new.map(Link::<M, In>::decode_tail).transpose()?;
        let links = std::mem::take(self);
        for link in links {
            if leads_to(&link, old)? {
                self.extend(new.clone());
            } else {
                self.push(link);
            }
        }
        Ok(())
    }
}
