//! Input to data. One file for each derive, one for attributes, one for the shapes of types.

mod attr;
mod definition;
mod grant;
mod index;
mod key;
mod model;
pub(crate) mod ty;

pub(crate) use definition::{definition, repository};
pub(crate) use key::key;
pub(crate) use model::model;

use syn::DeriveInput;

use self::attr::{Arg, Args};
use crate::errors::Errors;
use crate::model::{Header, Topic};

/// Reads the attributes that every derive takes, and gives the others to `rest`.
fn header(
    input: &DeriveInput,
    more: &[&str],
    errors: &mut Errors,
    mut rest: impl FnMut(&Arg, &mut Errors) -> bool,
) -> Header {
    let mut header = Header {
        ident: input.ident.clone(),
        vis: input.vis.clone(),
        name: attr::unraw(&input.ident),
        krate: syn::parse_quote!(::netabase),
    };
    for arg in Args::of(&input.attrs, "netabase", errors) {
        match arg.name() {
            "rename" => header.name = arg.name_text(errors).unwrap_or(header.name),
            "crate" => header.krate = arg.path(errors).unwrap_or(header.krate),
            _ if rest(&arg, errors) => {}
            _ => arg.refuse(&[&["rename", "crate"], more].concat(), errors),
        }
    }
    header
}

fn refuse_generics(input: &DeriveInput, what: &str, errors: &mut Errors) {
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            format!("a {what} cannot be generic, because the file records one type for it: name the types"),
        );
    }
}

pub(crate) fn topic(input: &DeriveInput, errors: &mut Errors) -> Topic {
    refuse_generics(input, "topic", errors);
    let mut payload = None;
    let header = header(input, &["payload"], errors, |arg, errors| {
        if arg.name() == "payload" {
            payload = arg.one_path(errors);
            return true;
        }
        false
    });
    Topic { header, payload }
}
