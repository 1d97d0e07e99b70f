//! Indexes with names of their own: over several fields, or over what a function says.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use crate::model::{Beside, Column, NamedIndex, Shape, Source};
use crate::parse::ty;

/// The type of one key. `netabase`: where the runtime is, from where the type is written.
pub(super) fn key(index: &NamedIndex, netabase: &TokenStream) -> TokenStream {
    let columns = match &index.source {
        Source::Computed(_, key) => return key.to_token_stream(),
        Source::Columns(columns) => columns,
    };
    let keys = columns.iter().map(|column| {
        let key = column_key(&column.ty, netabase);
        if column.descending { quote!(::core::cmp::Reverse<#key>) } else { key }
    });
    quote!((#(#keys,)*))
}

/// A link is the key it holds.
fn column_key(field: &Type, netabase: &TokenStream) -> TokenStream {
    if let Some(target) = ty::link(field) {
        return quote!(<#target as #netabase::NetabaseModel>::PrimaryKey);
    }
    match ty::argument(field, "Option") {
        Some(inner) => {
            let inner = column_key(inner, netabase);
            quote!(::core::option::Option<#inner>)
        }
        None => field.to_token_stream(),
    }
}

/// The index as data.
pub(super) fn schema(index: &NamedIndex) -> TokenStream {
    let NamedIndex { name, unique, when, source, shape, covering, sums, .. } = index;
    let (key, shape) = (key(index, &quote!(_netabase)), super::schema::shape_value(*shape));
    let source = match source {
        Source::Columns(columns) => {
            let columns = columns.iter().map(|Column { name, descending, .. }| {
                quote!(_netabase::ColumnSchema { field: #name, descending: #descending })
            });
            quote!(_netabase::KeySource::Columns(&[#(#columns),*]))
        }
        Source::Computed(function, _) => {
            let function = spelled(function);
            quote!(_netabase::KeySource::Computed(#function))
        }
    };
    let when = match when {
        Some(when) => {
            let when = spelled(when);
            quote!(::core::option::Option::Some(#when))
        }
        None => quote!(::core::option::Option::None),
    };
    let beside = (!(covering.is_empty() && sums.is_empty())).then(|| {
        let (covering, sums) =
            (covering.iter().map(|field| &field.name), sums.iter().map(|field| &field.name));
        quote!(.with(&[#(#covering),*], &[#(#sums),*]))
    });
    quote!(_netabase::IndexSchema::new::<#key>(#name, #shape, #unique).of(#source, #when)#beside)
}

/// The path as it is written, without spaces.
pub(super) fn spelled(path: &syn::Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

/// The call that adds the entries of a record.
pub(super) fn entries(index: &NamedIndex, part: usize) -> TokenStream {
    let part = Literal::usize_unsuffixed(part);
    let call = match (&index.source, index.shape, index.unique) {
        (Source::Columns(columns), ..) => {
            let columns = columns.iter().map(column);
            quote!(out.compound(#part, &[#(#columns),*])?;)
        }
        (Source::Computed(function, _), Shape::One, _) => quote!(out.one(#part, &#function(self))?;),
        (Source::Computed(function, _), Shape::Optional, false) => {
            quote!(out.optional(#part, &#function(self))?;)
        }
        (Source::Computed(function, _), Shape::Optional, true) => {
            quote!(out.optional_unique(#part, &#function(self))?;)
        }
        (Source::Computed(function, _), Shape::Each, _) => quote!(out.each(#part, &#function(self))?;),
    };
    let covers = index.covering.iter().map(|Beside { ident, ty, .. }| {
        let place = super::place_of(ty);
        quote_spanned!(place=> out.cover::<Self>(#part, &self.#ident)?;)
    });
    let amounts = index.sums.iter().map(|Beside { ident, ty, .. }| {
        let place = super::place_of(ty);
        quote_spanned!(place=> &self.#ident as &dyn _netabase::Amount)
    });
    let sums = (!index.sums.is_empty()).then(|| quote!(out.sum::<Self>(#part, &[#(#amounts),*])?;));
    match &index.when {
        // Code of the user's runs where somebody asks for what it says.
        Some(when) => quote!(if out.wants(#part) && #when(self) { #call #(#covers)* #sums }),
        None if matches!(index.source, Source::Computed(..)) => {
            quote!(if out.wants(#part) { #call #(#covers)* #sums })
        }
        None => quote!(#call #(#covers)* #sums),
    }
}

fn column(Column { ident, ty, many, descending, .. }: &Column) -> TokenStream {
    // The message about a type that is no key belongs to the field.
    let place = super::place_of(ty);
    match (many, descending) {
        (true, true) => quote_spanned!(place=> &_netabase::Descending(_netabase::Many(&self.#ident))),
        (true, false) => quote_spanned!(place=> &_netabase::Many(&self.#ident)),
        (false, true) => quote_spanned!(place=> &_netabase::Descending(_netabase::Single(&self.#ident))),
        (false, false) => quote_spanned!(place=> &_netabase::Single(&self.#ident)),
    }
}
