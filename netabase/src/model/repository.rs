//! Several definitions in one file.

use super::{NetabaseDefinition, RecordReader};
use crate::schema::{DefinitionSchema, has_definition};

/// An enum with `#[derive(NetabaseRepository)]`: the list of definitions that share a file.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a repository",
    label = "not a repository",
    note = "add `#[derive(NetabaseRepository)]` to an enum that lists the definitions"
)]
pub trait NetabaseRepository: Sized + Send + Sync + 'static {
    /// Its name, for messages. The file records the names of the definitions alone.
    const NAME: &'static str;
    /// The definitions, as data.
    const DEFINITIONS: &'static [&'static DefinitionSchema];
    /// For each definition those of its models.
    const READERS: &'static [&'static [&'static RecordReader]];
}

/// `Self` is one of the definitions of repository `R`. Implemented by the derive of `R`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a definition of the repository `{R}`",
    label = "not listed in `{R}`",
    note = "list it as a variant of `enum {R}`"
)]
pub trait DefinitionOf<R: NetabaseRepository>: NetabaseDefinition {
    /// Place in the enum.
    const PLACE: usize;
}

/// Stops the compiler when `D` claims a place in `R` that the derive of `R` did not give it.
pub(crate) const fn assert_member<R: NetabaseRepository, D: DefinitionOf<R>>() {
    assert!(
        has_definition(R::DEFINITIONS, D::NAME, D::PLACE),
        "`DefinitionOf` was implemented by hand for a definition that the repository does not list"
    );
}
