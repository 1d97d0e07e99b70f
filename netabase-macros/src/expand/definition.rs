//! `#[derive(NetabaseDefinition)]`: the list of models, as types and as data.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::schema::grant;
use super::scoped;
use crate::model::{Definition, Header};

pub(crate) fn definition(definition: &Definition) -> TokenStream {
    let Definition { header: Header { ident, vis, name, krate }, topics, models, grants, journal } =
        definition;
    let grants = grants.iter().map(grant);
    let (kind, keys) = (format_ident!("{ident}Kind"), format_ident!("{ident}Keys"));
    let changes = format_ident!("{ident}Change");
    let variants: Vec<_> = models.iter().map(|model| &model.variant).collect();
    let types: Vec<_> = models.iter().map(|model| &model.ty).collect();
    let ordinals: Vec<_> = (0..models.len()).map(proc_macro2::Literal::usize_unsuffixed).collect();
    let kind_doc = format!("A model of [`{ident}`], without its record.");
    let keys_doc = format!("A primary key of one of the models of [`{ident}`].");
    let changes_doc = format!("What became of a record of one of the models of [`{ident}`].");
    let variant_docs: Vec<_> = variants.iter().map(|variant| format!("`{variant}`")).collect();
    let scoped = scoped(
        &definition.header,
        quote! {
            #[automatically_derived]
            impl _netabase::NetabaseDefinition for #ident {
                type Kind = #kind;
                type Keys = #keys;
                type Changes = #changes;
                const NAME: &'static str = #name;
                const SCHEMA: &'static _netabase::DefinitionSchema = &_netabase::DefinitionSchema {
                    name: #name,
                    models: &[#(<#types as _netabase::NetabaseModel>::SCHEMA),*],
                    topics: &[#(<#topics as _netabase::NetabaseTopic>::NAME),*],
                    grants: &[#(#grants),*],
                    journal: #journal,
                };
                const READERS: &'static [&'static _netabase::RecordReader] =
                    &[#(<#types as _netabase::NetabaseModel>::READER),*];
                fn read_change(number: usize, change: &_netabase::RawChange<'_>) -> _netabase::Result<#changes> {
                    match number {
                        #(#ordinals => change.read().map(#changes::#variants),)*
                        _ => ::core::result::Result::Err(change.unknown()),
                    }
                }
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
            #(
                #[automatically_derived]
                impl _netabase::TopicOf<#ident> for #topics {}
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

        #[doc = #changes_doc]
        #[derive(Debug)]
        #[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
        #vis enum #changes { #(#[doc = #variant_docs] #variants(#krate::change::Change<#types>)),* }

        #scoped
    }
}
