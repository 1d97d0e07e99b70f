//! What is written when the input has errors: the errors, and an impl that keeps them from being repeated
//! wherever the type is used. Nothing of it ever runs.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Type};

use super::scoped;
use crate::model::{Definition, Header, Listed, Repository, Topic};

fn header(input: &DeriveInput) -> Header {
    Header {
        ident: input.ident.clone(),
        vis: input.vis.clone(),
        name: input.ident.to_string(),
        krate: syn::parse_quote!(::netabase),
    }
}

pub(crate) fn model(input: &DeriveInput, errors: Option<TokenStream>) -> TokenStream {
    if !input.generics.params.is_empty() {
        return quote!(#errors);
    }
    let header = header(input);
    let (ident, vis, name) = (&header.ident, &header.vis, &header.name);
    let key = super::primary_key(&header);
    let code = quote! {
        impl _netabase::NetabaseModel for #ident {
            type PrimaryKey = #key;
            type SecondaryKeys = _netabase::NoKeys;
            type RelationalKeys = _netabase::NoKeys;
            type SubscriptionKeys = _netabase::NoKeys;
            const NAME: &'static str = #name;
            const SCHEMA: &'static _netabase::ModelSchema = &_netabase::ModelSchema {
                name: #name,
                version: 1,
                fields: &[],
                primary: &[],
                key: <#key as _netabase::Key>::TYPE,
                key_width: <#key as _netabase::Key>::WIDTH,
                indexes: &[],
                relations: &[],
                topics: &[],
                topic_conditions: &[],
                access: _netabase::Operations::ALL,
                inbound: ::core::option::Option::None,
                class: ::core::option::Option::None,
                journal: false,
                versioned: false,
            };
            fn primary_key(&self) -> #key { loop {} }
            fn encode_key(&self, _: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> { loop {} }
            fn entries(&self, _: &mut _netabase::Entries) -> _netabase::Result<()> { loop {} }
        }
        impl<__D: _netabase::NetabaseDefinition> _netabase::LinksIn<__D> for #ident {}
    };
    let scoped = scoped(&header, code);
    quote! {
        #errors
        #[doc(hidden)]
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::netabase::NetabaseKey,
            ::netabase::__private::serde::Serialize, ::netabase::__private::serde::Deserialize
        )]
        #[serde(crate = "::netabase::__private::serde", transparent)]
        #vis struct #key(u64);
        #scoped
    }
}

pub(crate) fn definition(
    input: &DeriveInput,
    definition: Option<&Definition>,
    errors: Option<TokenStream>,
) -> TokenStream {
    if !input.generics.params.is_empty() {
        return quote!(#errors);
    }
    let header = header(input);
    let (ident, name) = (&header.ident, &header.name);
    let types = types(definition.map_or(&[][..], |definition| &definition.models));
    let code = quote! {
        impl _netabase::NetabaseDefinition for #ident {
            type Kind = ();
            type Keys = ();
            type Changes = ();
            const NAME: &'static str = #name;
            const SCHEMA: &'static _netabase::DefinitionSchema =
                &_netabase::DefinitionSchema { name: #name, models: &[], topics: &[], grants: &[], journal: false };
            const READERS: &'static [&'static _netabase::RecordReader] = &[];
            fn read_change(_: usize, _: &_netabase::RawChange<'_>) -> _netabase::Result<()> { loop {} }
        }
        #( impl _netabase::ModelOf<#ident> for #types { const ORDINAL: usize = 0; } )*
    };
    let scoped = scoped(&header, code);
    quote!(#errors #scoped)
}

/// Each type once.
fn types(listed: &[Listed]) -> Vec<&Type> {
    let mut known = HashSet::new();
    listed.iter().map(|listed| &listed.ty).filter(|ty| known.insert(quote!(#ty).to_string())).collect()
}

pub(crate) fn repository(
    input: &DeriveInput,
    repository: Option<&Repository>,
    errors: Option<TokenStream>,
) -> TokenStream {
    if !input.generics.params.is_empty() {
        return quote!(#errors);
    }
    let header = header(input);
    let (ident, name) = (&header.ident, &header.name);
    let types = types(repository.map_or(&[][..], |repository| &repository.definitions));
    let code = quote! {
        impl _netabase::NetabaseRepository for #ident {
            const NAME: &'static str = #name;
            const DEFINITIONS: &'static [&'static _netabase::DefinitionSchema] = &[];
            const READERS: &'static [&'static [&'static _netabase::RecordReader]] = &[];
        }
        #( impl _netabase::DefinitionOf<#ident> for #types { const PLACE: usize = 0; } )*
    };
    let scoped = scoped(&header, code);
    quote!(#errors #scoped)
}

pub(crate) fn key(input: &DeriveInput, errors: Option<TokenStream>) -> TokenStream {
    if !input.generics.params.is_empty() {
        return quote!(#errors);
    }
    let header = header(input);
    let (ident, name) = (&header.ident, &header.name);
    let code = quote! {
        impl _netabase::Key for #ident {
            const WIDTH: ::core::option::Option<usize> = ::core::option::Option::None;
            const TYPE: _netabase::KeyType = _netabase::KeyType::Foreign(#name);
            fn encode_part(&self, _: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> { loop {} }
            fn decode_part(_: &mut &[u8]) -> _netabase::Result<Self> { loop {} }
        }
        impl _netabase::AsKey<#ident> for #ident {
            fn write_part(&self, _: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> { loop {} }
            fn write_tail(&self, _: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> { loop {} }
        }
    };
    let scoped = scoped(&header, code);
    quote!(#errors #scoped)
}

pub(crate) fn topic(topic: &Topic, errors: TokenStream) -> TokenStream {
    let stub = super::topic(topic);
    quote!(#errors #stub)
}
