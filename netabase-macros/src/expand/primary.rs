//! `AuthorPrimaryKey`: the key of a model, a type of its own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::primary_key;
use crate::model::{Field, Header, Model};
use crate::parse::ty;

/// The type, beside the struct, because users name it.
pub(super) fn item(model: &Model) -> TokenStream {
    let Header { ident, vis, krate, .. } = &model.header;
    let name = primary_key(&model.header);
    let doc = format!("Primary key of [`{ident}`].");
    let serde = format!("{}::__private::serde", quote!(#krate)).replace(' ', "");
    let netabase = quote!(#krate).to_string().replace(' ', "");
    // The model may be renamed in the program and not in the file, and so its key.
    let recorded = format!("{}PrimaryKey", model.header.name);
    let fields: Vec<&Field> = model.primary().collect();
    let (body, transparent) = if let [field] = fields.as_slice() {
        let (vis, ty) = (&field.vis, stored(field, model));
        (quote!((#vis #ty);), quote!(, transparent))
    } else {
        let parts = fields.iter().map(|field| {
            let (vis, ident, ty) = (&field.vis, &field.ident, stored(field, model));
            let doc = format!("`{}` of the record", field.name);
            quote!(#[doc = #doc] #vis #ident: #ty)
        });
        (quote!({ #(#parts),* }), quote!())
    };
    quote! {
        #[doc = #doc]
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, #krate::NetabaseKey,
            #krate::__private::serde::Serialize, #krate::__private::serde::Deserialize
        )]
        #[serde(crate = #serde #transparent)]
        #[netabase(crate = #netabase, rename = #recorded)]
        #[allow(dead_code, deprecated, non_camel_case_types)]
        #vis struct #name #body
    }
}

/// The type of the field inside the key. (`_netabase` is not in scope here.)
fn stored(field: &Field, model: &Model) -> Type {
    let krate = &model.header.krate;
    match ty::link(&field.ty) {
        Some(target) => syn::parse_quote!(<#target as #krate::NetabaseModel>::PrimaryKey),
        None => field.ty.clone(),
    }
}

/// A copy of the field's value, as it stands in the key.
fn value(field: &Field) -> TokenStream {
    let ident = &field.ident;
    match ty::link(&field.ty) {
        Some(_) => quote!(::core::clone::Clone::clone(self.#ident.key())),
        None => quote!(::core::clone::Clone::clone(&self.#ident)),
    }
}

/// `primary_key` and `encode_key` of the model.
pub(super) fn methods(model: &Model) -> TokenStream {
    let name = primary_key(&model.header);
    let fields: Vec<&Field> = model.primary().collect();
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let values: Vec<_> = fields.iter().map(|field| value(field)).collect();
    let construct = match values.as_slice() {
        [value] => quote!(#name(#value)),
        values => quote!(#name { #(#idents: #values),* }),
    };
    // `check` has seen to it that there is one.
    let Some((last, front)) = idents.split_last() else { return quote!() };
    quote! {
        fn primary_key(&self) -> #name {
            #construct
        }
        fn encode_key(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            #( _netabase::Key::encode_part(&self.#front, out)?; )*
            _netabase::Key::encode_tail(&self.#last, out)
        }
    }
}

/// The key as the number that the store gives.
pub(super) fn generated(model: &Model) -> TokenStream {
    let Some(field) = model.primary().find(|field| field.auto.is_some()) else { return quote!() };
    let (ident, field, name) = (&model.header.ident, &field.ident, primary_key(&model.header));
    quote! {
        #[automatically_derived]
        impl _netabase::GeneratedKey for #ident {
            fn set_key(&mut self, number: ::core::primitive::u64) -> ::core::primitive::bool {
                ::core::convert::TryFrom::try_from(number).map(|key| self.#field = key).is_ok()
            }
            fn key_number(key: &#name) -> ::core::option::Option<::core::primitive::u64> {
                ::core::convert::TryFrom::try_from(key.0).ok()
            }
        }
    }
}

/// Conversions: from the fields, to the model, and the record in place of its key.
pub(super) fn conversions(model: &Model) -> TokenStream {
    let ident = &model.header.ident;
    let name = primary_key(&model.header);
    let fields: Vec<&Field> = model.primary().collect();
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let types: Vec<_> = fields.iter().map(|field| super::key_type(&field.ty)).collect();
    let from = if let [ty] = types.as_slice() {
        quote! {
            impl ::core::convert::From<#ty> for #name {
                fn from(key: #ty) -> Self {
                    #name(key)
                }
            }
        }
    } else {
        quote! {
            impl ::core::convert::From<(#(#types,)*)> for #name {
                fn from((#(#idents,)*): (#(#types,)*)) -> Self {
                    #name { #(#idents),* }
                }
            }
        }
    };
    let from_text = match types.as_slice() {
        [ty] if ty::ends_with(ty, "String") => Some(quote! {
            impl ::core::convert::From<&str> for #name {
                fn from(key: &str) -> Self {
                    #name(key.into())
                }
            }
        }),
        _ => None,
    };
    quote! {
        #from
        #from_text
        impl _netabase::ModelKey for #name {
            type Model = #ident;
        }
        impl _netabase::AsKey<#name> for #ident {
            fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                _netabase::write_key_part(self, out)
            }
            fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                _netabase::NetabaseModel::encode_key(self, out)
            }
        }
    }
}
