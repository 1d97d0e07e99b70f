//! `grants(Shop = "read")` on a definition, `inbound(Post = "none")` on a model.

use std::collections::HashSet;

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{LitStr, Token};

use super::attr::{self, Arg};
use crate::errors::Errors;
use crate::model::Grant;

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

/// What a definition grants others.
pub(super) const GRANTED: &[(&str, &str)] = &[("none", "None"), ("read", "Read"), ("write", "Write")];

/// What links may be used for.
pub(super) const FOLLOWED: &[(&str, &str)] = &[("none", "None"), ("read", "Read")];

pub(super) fn list(arg: &Arg, known_access: &[(&str, &str)], errors: &mut Errors) -> Vec<Grant> {
    let Some(list) = arg.list(errors) else { return Vec::new() };
    let items = errors.take(Punctuated::<GrantItem, Token![,]>::parse_terminated.parse2(list));
    let (mut grants, mut known) = (Vec::new(), HashSet::new());
    for GrantItem { to, place, access } in items.into_iter().flatten() {
        if !known.insert(to.clone()) {
            errors.at_span(place, format!("`{to}` is granted something twice: remove one"));
        }
        if let Some(access) = attr::one_of("a grant", &access, known_access, errors) {
            grants.push(Grant { to: (to != "all").then_some(to), access });
        }
    }
    grants
}
