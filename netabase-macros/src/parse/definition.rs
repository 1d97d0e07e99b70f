//! `#[derive(NetabaseDefinition)]` and `#[derive(NetabaseRepository)]`: enums that list models, or definitions.

use syn::{Data, DeriveInput, Fields};

use super::grant::{self, GRANTED};
use super::{attr, header, refuse_generics};
use crate::errors::Errors;
use crate::model::{Definition, Listed, Repository};

pub(crate) fn definition(input: &DeriveInput, errors: &mut Errors) -> Option<Definition> {
    refuse_generics(input, "definition", errors);
    let (mut topics, mut grants, mut journal) = (Vec::new(), Vec::new(), false);
    let header = header(input, &["topics", "grants", "journal"], errors, |arg, errors| {
        match arg.name() {
            "topics" => topics = arg.paths(errors),
            "grants" => grants = grant::list(arg, GRANTED, errors),
            "journal" => journal = arg.flag(errors),
            _ => return false,
        }
        true
    });
    let Data::Enum(_) = &input.data else {
        errors.at(
            &input.ident,
            "a definition is an enum that lists its models: `enum Blog { Author(Author) }`",
        );
        return None;
    };
    let models = listed(input, "model", "on the model's struct", errors);
    Some(Definition { header, topics, grants, journal, models })
}

pub(crate) fn repository(input: &DeriveInput, errors: &mut Errors) -> Option<Repository> {
    refuse_generics(input, "repository", errors);
    let header = header(input, &[], errors, |_, _| false);
    let Data::Enum(_) = &input.data else {
        errors.at(
            &input.ident,
            "a repository is an enum that lists its definitions: `enum Company { Staff(Staff) }`",
        );
        return None;
    };
    let definitions = listed(input, "definition", "on the definition's enum", errors);
    Some(Repository { header, definitions })
}

/// The variants of an enum, each of which holds one thing of this kind. `place`: where its attributes belong.
fn listed(input: &DeriveInput, kind: &str, place: &str, errors: &mut Errors) -> Vec<Listed> {
    let mut listed = Vec::new();
    let Data::Enum(data) = &input.data else { return listed };
    for variant in &data.variants {
        attr::misplaced(&variant.attrs, &format!("on the enum or {place}"), &["netabase"], errors);
        for field in &variant.fields {
            attr::misplaced(&field.attrs, place, &["netabase"], errors);
        }
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let ty = fields.unnamed.first().map(|field| field.ty.clone());
                listed.extend(ty.map(|ty| Listed { variant: variant.ident.clone(), ty }));
            }
            _ => errors.at(variant, format!("a variant holds one {kind}: `{0}({0})`", variant.ident)),
        }
    }
    listed
}
