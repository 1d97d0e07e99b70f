//! `#[derive(NetabaseDefinition)]`: the list of models, as types and as data.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::schema::grant;
use super::scoped;
use crate::model::{Definition, Header};

pub(crate) fn definition(definition: &Definition) -> TokenStream {
    let Definition { header: Header { ident, vis, name, krate }, topics, models, grants } = definition;
    let grants = grants.iter().map(grant);
    let (kind, keys) = (format_ident!("{ident}Kind"), format_ident!("{ident}Keys"));
    let variants: Vec<_> = models.iter().map(|model| &model.variant).collect();
    let types: Vec<_> = models.iter().map(|model| &model.ty).collect();
    let ordinals = (0..models.len()).map(proc_macro2::Literal::usize_unsuffixed);
    let kind_doc = format!("A model of [`{ident}`], without its record.");
    let keys_doc = format!("A primary key of one of the models of [`{ident}`].");
    let variant_docs: Vec<_> = variants.iter().map(|variant| format!("`{variant}`")).collect();
    let scoped = scoped(
        &definition.header,
        quote! {
            #[automatically_derived]
            impl _netabase::NetabaseDefinition for #ident {
                type Kind = #kind;
                type Keys = #keys;
                const NAME: &'static str = #name;
                const SCHEMA: &'static _netabase::DefinitionSchema = &_netabase::DefinitionSchema {
                    name: #name,
                    models: &[#(<#types as _netabase::NetabaseModel>::SCHEMA),*],
                    topics: &[#(<#topics as _netabase::NetabaseTopic>::NAME),*],
                    grants: &[#(#grants),*],
                };
                const READERS: &'static [&'static _netabase::RecordReader] =
                    &[#(<#types as _netabase::NetabaseModel>::READER),*];
            }
            const _: () = {
                <#ident as _netabase::NetabaseDefinition>::SCHEMA.check();
                #(<#types as _netabase::LinksIn<#ident>>::GRANTED;)*
            };
            #(
                #[automatically_derived]
                impl _netabase::ModelOf<#ident> for #types {
                    const ORDINAL: usize = #ordinals;
                }
                #[automatically_derived]
                impl ::core::convert::From<#types> for #ident {
                    fn from(record: #types) -> Self {
                        #ident::#variants(record)
                    }
                }
            )*
            #[automatically_derived]
            impl ::core::convert::From<&#ident> for #keys {
                fn from(record: &#ident) -> Self {
                    match record {
                        #(#ident::#variants(record) => #keys::#variants(_netabase::NetabaseModel::primary_key(record))),*
                    }
                }
            }
            #[automatically_derived]
            impl ::core::convert::From<&#keys> for #kind {
                fn from(key: &#keys) -> Self {
                    match key {
                        #(#keys::#variants(_) => #kind::#variants),*
                    }
                }
            }
        },
    );
    quote! {
        #[doc = #kind_doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(dead_code, deprecated, non_camel_case_types)]
        #vis enum #kind { #(#[doc = #variant_docs] #variants),* }

        #[doc = #keys_doc]
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
        #vis enum #keys { #(#[doc = #variant_docs] #variants(<#types as #krate::NetabaseModel>::PrimaryKey)),* }

        #scoped
    }
}
