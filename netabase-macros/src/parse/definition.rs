//! `#[derive(NetabaseDefinition)]` and `#[derive(NetabaseRepository)]`: enums that list models, or definitions.

use std::collections::HashSet;

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Fields, LitStr, Token};

use super::attr::{self, Arg};
use super::{header, refuse_generics};
use crate::errors::Errors;
use crate::model::{Definition, Grant, Listed, Repository};

pub(crate) fn definition(input: &DeriveInput, errors: &mut Errors) -> Option<Definition> {
    refuse_generics(input, "definition", errors);
    let (mut topics, mut grants) = (Vec::new(), Vec::new());
    let header = header(input, &["topics", "grants"], errors, |arg, errors| {
        match arg.name() {
            "topics" => topics = arg.paths(errors),
            "grants" => grants = self::grants(arg, errors),
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
    Some(Definition { header, topics, grants, models })
}

/// `Shop = "read"`, or `all = "read"`; a name that is no word stands in quotes.
struct GrantItem {
    to: String,
    place: Span,
    access: LitStr,
}

impl Parse for GrantItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (to, place) = if input.peek(LitStr) {
            let name: LitStr = input.parse()?;
            (name.value(), name.span())
        } else {
            let name = Ident::parse_any(input)?;
            (attr::unraw(&name), name.span())
        };
        if !input.peek(Token![=]) {
            return Err(syn::Error::new(place, format!("write `{to} = \"read\"`, or \"write\" or \"none\"")));
        }
        input.parse::<Token![=]>()?;
        Ok(GrantItem { to, place, access: input.parse()? })
    }
}

fn grants(arg: &Arg, errors: &mut Errors) -> Vec<Grant> {
    const ACCESS: &[(&str, &str)] = &[("none", "None"), ("read", "Read"), ("write", "Write")];
    let Some(list) = arg.list(errors) else { return Vec::new() };
    let items = errors.take(Punctuated::<GrantItem, Token![,]>::parse_terminated.parse2(list));
    let (mut grants, mut known) = (Vec::new(), HashSet::new());
    for GrantItem { to, place, access } in items.into_iter().flatten() {
        if !known.insert(to.clone()) {
            errors.at_span(place, format!("`{to}` is granted something twice: remove one"));
        }
        if let Some(access) = attr::one_of("a grant", &access, ACCESS, errors) {
            grants.push(Grant { to: (to != "all").then_some(to), access });
        }
    }
    grants
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
