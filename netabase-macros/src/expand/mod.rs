//! Data to code: constants and thin impls that call the runtime. One file for each thing that is written.

mod definition;
mod enums;
mod handles;
mod index;
mod key;
mod model;
mod primary;
mod repository;
mod schema;
pub(crate) mod stub;
pub(crate) mod view;

pub(crate) use definition::definition;
pub(crate) use key::key;
pub(crate) use model::model;
pub(crate) use repository::repository;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::model::{Header, Topic};
use crate::parse::ty;

/// `created_at` as a variant: `CreatedAt`.
pub(crate) fn variant_name(field: &Ident) -> Ident {
    let mut name = String::new();
    for word in field.unraw().to_string().split('_') {
        let mut chars = word.chars();
        name.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        name.extend(chars);
    }
    // A field named `_1` would begin with a digit; `self_` would be a keyword.
    if name.starts_with(|first: char| first.is_ascii_digit()) || name == "Self" || name.is_empty() {
        name.insert(0, 'K');
    }
    Ident::new(&name, field.span())
}

/// Code in a scope of its own, where `_netabase` is what the derives write against.
fn scoped(header: &Header, code: TokenStream) -> TokenStream {
    let krate = &header.krate;
    quote! {
        #[allow(deprecated, clippy::all, clippy::pedantic)]
        const _: () = {
            use #krate::__private as _netabase;
            #code
        };
    }
}

/// Where an error about a field's type points. Names stay those of this code, also where a macro wrote the type.
fn place_of(ty: &Type) -> Span {
    Span::call_site().located_at(ty.span())
}

/// The type under which a part is a key: a link is the key it holds.
fn key_type(part: &Type) -> Type {
    match ty::link(part) {
        Some(target) => syn::parse_quote!(<#target as _netabase::NetabaseModel>::PrimaryKey),
        None => part.clone(),
    }
}

pub(crate) fn topic(topic: &Topic) -> TokenStream {
    let Header { ident, name, .. } = &topic.header;
    let payload = topic.payload.as_ref().map_or_else(|| quote!(()), |payload| quote!(#payload));
    let code = quote! {
        #[automatically_derived]
        impl _netabase::NetabaseTopic for #ident {
            type Payload = #payload;
            const NAME: &'static str = #name;
        }
    };
    scoped(&topic.header, code)
}

/// Name of the generated primary key.
fn primary_key(header: &Header) -> Ident {
    format_ident!("{}PrimaryKey", header.ident)
}
