//! `AuthorSecondaryKeys` and its like: the keys of a model with their values.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::variant_name;
use crate::model::{Field, Header, Model, Relation, Secondary, Shape, Subscription};

/// One of the three enums, ready to be written.
pub(super) struct Enum {
    /// `AuthorSecondaryKeys`, or `NoKeys`
    pub(super) ty: TokenStream,
    /// the enum itself, beside the struct
    pub(super) item: TokenStream,
    /// what makes filters of it
    pub(super) conversion: TokenStream,
}

struct Variant {
    ident: Ident,
    doc: String,
    content: TokenStream,
    pattern: TokenStream,
    filter: TokenStream,
}

pub(super) fn secondary(model: &Model) -> Enum {
    let Header { ident, krate, .. } = &model.header;
    let variants = model.secondary().map(|(field, Secondary { shape, key, .. })| {
        let content =
            if *shape == Shape::Optional { quote!((::core::option::Option<#key>)) } else { quote!((#key)) };
        keyed(ident, field, *shape, content)
    });
    let named = model.indexes.iter().map(|index| {
        let key = super::index::key(index, &quote!(#krate));
        let (handle, optional) = (&index.handle, index.shape == Shape::Optional);
        let content = if optional { quote!((::core::option::Option<#key>)) } else { quote!((#key)) };
        let filter = if optional {
            quote!(#ident::#handle.value_or_none(key))
        } else {
            quote!(#ident::#handle.value(key))
        };
        let doc = format!("a key of the index `{}`", index.name);
        Variant { ident: index.variant.clone(), doc, content, pattern: quote!((key)), filter }
    });
    write(model, "Secondary", "Secondary keys", variants.chain(named).collect())
}

pub(super) fn relational(model: &Model) -> Enum {
    let Header { ident, krate, .. } = &model.header;
    let variants = model.relations().map(|(field, Relation { shape, target, .. })| {
        let key = quote!(<#target as #krate::NetabaseModel>::PrimaryKey);
        let content =
            if *shape == Shape::Optional { quote!((::core::option::Option<#key>)) } else { quote!((#key)) };
        keyed(ident, field, *shape, content)
    });
    write(model, "Relational", "Relational keys", variants.collect())
}

fn keyed(model: &Ident, field: &Field, shape: Shape, content: TokenStream) -> Variant {
    // The message about a type that is no key belongs to the field.
    let (handle, place) = (&field.handle, super::place_of(&field.ty));
    let (doc, filter) = match shape {
        Shape::One => (format!("`{}`", field.name), quote_spanned!(place=> #model::#handle.value(key))),
        Shape::Optional => (
            format!("`{}`, or its absence", field.name),
            quote_spanned!(place=> #model::#handle.value_or_none(key)),
        ),
        Shape::Each => {
            (format!("an element of `{}`", field.name), quote_spanned!(place=> #model::#handle.value(key)))
        }
    };
    Variant { ident: variant_name(&field.ident), doc, content, pattern: quote!((key)), filter }
}

pub(super) fn subscriptions(model: &Model) -> Enum {
    let ident = &model.header.ident;
    let variant = |Subscription { topic, .. }: &Subscription| {
        let last = topic.segments.last()?;
        Some(Variant {
            ident: last.ident.clone(),
            doc: format!("`{}`", last.ident),
            content: quote!(),
            pattern: quote!(),
            filter: quote!(_netabase::topic::<#ident>(<#topic as _netabase::NetabaseTopic>::NAME)),
        })
    };
    write(model, "Subscription", "Topics that enrol", model.topics.iter().filter_map(variant).collect())
}

fn write(model: &Model, kind: &str, what: &str, variants: Vec<Variant>) -> Enum {
    let Header { ident, vis, .. } = &model.header;
    if variants.is_empty() {
        return Enum { ty: quote!(_netabase::NoKeys), item: quote!(), conversion: quote!() };
    }
    let name = format_ident!("{ident}{kind}Keys");
    let doc = if kind == "Subscription" {
        format!("{what} every [`{ident}`].")
    } else {
        format!("{what} of [`{ident}`], with their values.")
    };
    let items =
        variants.iter().map(|Variant { ident, doc, content, .. }| quote!(#[doc = #doc] #ident #content));
    let arms = variants
        .iter()
        .map(|Variant { ident, pattern, filter, .. }| quote!(#name::#ident #pattern => #filter));
    let item = quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq)]
        #[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
        #vis enum #name { #(#items),* }
    };
    let conversion = quote! {
        impl _netabase::KeyValue<#ident> for #name {
            fn filter(&self) -> _netabase::Filter<#ident> {
                match self { #(#arms),* }
            }
        }
    };
    Enum { ty: quote!(#name), item, conversion }
}
