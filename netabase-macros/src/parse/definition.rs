//! `#[derive(NetabaseDefinition)]`: an enum that lists models.

use syn::{Data, DeriveInput, Fields};

use super::{attr, header, refuse_generics};
use crate::errors::Errors;
use crate::model::{Definition, Listed};

pub(crate) fn definition(input: &DeriveInput, errors: &mut Errors) -> Option<Definition> {
    refuse_generics(input, "definition", errors);
    let mut topics = Vec::new();
    let header = header(input, &["topics"], errors, |arg, errors| {
        let known = arg.name() == "topics";
        if known {
            topics = arg.paths(errors);
        }
        known
    });
    let Data::Enum(data) = &input.data else {
        errors.at(
            &input.ident,
            "a definition is an enum that lists its models: `enum Blog { Author(Author) }`",
        );
        return None;
    };
    let mut models = Vec::new();
    for variant in &data.variants {
        attr::misplaced(&variant.attrs, "on the enum or on the model's struct", &["netabase"], errors);
        for field in &variant.fields {
            attr::misplaced(&field.attrs, "on the model's struct", &["netabase"], errors);
        }
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let ty = fields.unnamed.first().map(|field| field.ty.clone());
                models.extend(ty.map(|ty| Listed { variant: variant.ident.clone(), ty }));
            }
            _ => errors.at(variant, format!("a variant holds one model: `{0}({0})`", variant.ident)),
        }
    }
    Some(Definition { header, topics, models })
}
