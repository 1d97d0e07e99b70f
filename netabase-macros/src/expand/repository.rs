//! `#[derive(NetabaseRepository)]`: the list of definitions.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::scoped;
use crate::model::{Header, Repository};

pub(crate) fn repository(repository: &Repository) -> TokenStream {
    let Repository { header: Header { ident, name, .. }, definitions } = repository;
    let variants: Vec<_> = definitions.iter().map(|definition| &definition.variant).collect();
    let types: Vec<_> = definitions.iter().map(|definition| &definition.ty).collect();
    let places = (0..definitions.len()).map(Literal::usize_unsuffixed);
    scoped(
        &repository.header,
        quote! {
            #[automatically_derived]
            impl _netabase::NetabaseRepository for #ident {
                const NAME: &'static str = #name;
                const DEFINITIONS: &'static [&'static _netabase::DefinitionSchema] =
                    &[#(<#types as _netabase::NetabaseDefinition>::SCHEMA),*];
                const READERS: &'static [&'static [&'static _netabase::RecordReader]] =
                    &[#(<#types as _netabase::NetabaseDefinition>::READERS),*];
            }
            const _: () = _netabase::DefinitionSchema::check_all(
                #name,
                <#ident as _netabase::NetabaseRepository>::DEFINITIONS,
            );
            #(
                #[automatically_derived]
                impl _netabase::DefinitionOf<#ident> for #types {
                    const PLACE: usize = #places;
                }
                #[automatically_derived]
                impl ::core::convert::From<#types> for #ident {
                    fn from(record: #types) -> Self {
                        #ident::#variants(record)
                    }
                }
            )*
            // What the variants hold counts as read, so that the compiler does not call it dead.
            #[allow(dead_code)]
            fn held(repository: &#ident) {
                match repository {
                    #(#ident::#variants(held) => { let _: &#types = held; })*
                }
            }
        },
    )
}
