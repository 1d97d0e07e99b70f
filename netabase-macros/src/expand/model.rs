//! `#[derive(NetabaseModel)]`: everything a model gets.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::{enums, handles, index, place_of, primary, primary_key, schema, scoped, view};
use crate::model::{Header, Model, Relation, Shape};
use crate::parse::ty;

pub(crate) fn model(model: &Model) -> TokenStream {
    let Header { ident, name, .. } = &model.header;
    let key = primary_key(&model.header);
    let (secondary, relational, subscriptions) =
        (enums::secondary(model), enums::relational(model), enums::subscriptions(model));
    let (secondary_type, relational_type, subscription_type) =
        (&secondary.ty, &relational.ty, &subscriptions.ty);
    let schema = schema::constant(model);
    let key_methods = primary::methods(model);
    let entries = entries(model);
    let link_fields = link_fields(model);
    let classed = classed(model);
    let enrolled = enrolled(model);
    let conversions = [
        handles::item(model),
        primary::conversions(model),
        primary::generated(model),
        secondary.conversion,
        relational.conversion,
        subscriptions.conversion,
        links(model),
        view::conversion(model),
        versions(model),
    ];
    let scoped = scoped(
        &model.header,
        quote! {
            #[automatically_derived]
            impl _netabase::NetabaseModel for #ident {
                type PrimaryKey = #key;
                type SecondaryKeys = #secondary_type;
                type RelationalKeys = #relational_type;
                type SubscriptionKeys = #subscription_type;
                const NAME: &'static str = #name;
                #schema
                #key_methods
                #entries
                #link_fields
                #classed
                #enrolled
            }
            #(#conversions)*
        },
    );
    let items =
        [primary::item(model), secondary.item, relational.item, subscriptions.item, view::item(model)];
    quote!(#(#items)* #scoped)
}

/// One call for each index and relation.
fn entries(model: &Model) -> TokenStream {
    let secondary = model.secondary().map(|(field, secondary)| (field, secondary.shape, secondary.unique));
    let relations = model.relations().map(|(field, relation)| (field, relation.shape, false));
    let first_named = 1 + model.secondary().count();
    let named = (first_named..).zip(&model.indexes).map(|(part, named)| index::entries(named, part));
    let calls = (1_usize..first_named).zip(secondary).chain((1 + model.index_count()..).zip(relations)).map(
        |(part, (field, shape, unique))| {
            let (ident, place) = (&field.ident, place_of(&field.ty));
            let part = proc_macro2::Literal::usize_unsuffixed(part);
            match (shape, unique) {
                (Shape::One, _) => quote_spanned!(place=> out.one(#part, &self.#ident)?;),
                (Shape::Optional, false) => quote_spanned!(place=> out.optional(#part, &self.#ident)?;),
                (Shape::Optional, true) => quote_spanned!(place=> out.optional_unique(#part, &self.#ident)?;),
                (Shape::Each, _) => quote_spanned!(place=> out.each(#part, &self.#ident)?;),
            }
        },
    );
    let calls: Vec<TokenStream> = calls.chain(named).collect();
    let out = if calls.is_empty() { quote!(_) } else { quote!(out) };
    quote! {
        fn entries(&self, #out: &mut _netabase::Entries) -> _netabase::Result<()> {
            #(#calls)*
            ::core::result::Result::Ok(())
        }
    }
}

/// The fields of the relations.
fn link_fields(model: &Model) -> TokenStream {
    let fields = model.relations().map(|(field, _)| {
        let (ident, place) = (&field.ident, place_of(&field.ty));
        quote_spanned!(place=> &mut self.#ident)
    });
    let fields: Vec<_> = fields.collect();
    if fields.is_empty() {
        return quote!();
    }
    quote! {
        fn links(&mut self) -> ::std::vec::Vec<&mut dyn _netabase::Relinked> {
            ::std::vec![#(#fields),*]
        }
    }
}

/// Which records are enrolled in the topics that have a condition.
fn enrolled(model: &Model) -> Option<TokenStream> {
    let arms = model.topics.iter().enumerate().filter_map(|(number, subscription)| {
        let when = subscription.when.as_ref()?;
        let number = proc_macro2::Literal::usize_unsuffixed(number);
        Some(quote_spanned!(when.span()=> #number => #when(self),))
    });
    let arms: Vec<_> = arms.collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn is_enrolled(&self, topic: usize) -> bool {
                match topic {
                    #(#arms)*
                    _ => true,
                }
            }
        }
    })
}

/// That each record has a version.
fn versions(model: &Model) -> TokenStream {
    let ident = &model.header.ident;
    if model.versioned { quote!(impl _netabase::HasVersions for #ident {}) } else { quote!() }
}

/// The fields that have a class.
fn classed(model: &Model) -> Option<TokenStream> {
    let fields = model.fields.iter().filter_map(|field| {
        let (ident, place) = (&field.ident, place_of(&field.ty));
        let (name, class) = (&field.name, field.class.as_ref()?);
        Some(quote_spanned!(place=> _netabase::Classed { field: #name, class: #class, value: &mut self.#ident }))
    });
    let fields: Vec<_> = fields.collect();
    (!fields.is_empty()).then(|| {
        quote! {
            fn classed(&mut self) -> ::std::vec::Vec<_netabase::Classed<'_>> {
                ::std::vec![#(#fields),*]
            }
        }
    })
}

/// A model belongs where the targets of its links are.
fn links(model: &Model) -> TokenStream {
    let ident = &model.header.ident;
    let (mut known, mut bounds, mut definitions) = (HashSet::new(), Vec::new(), Vec::new());
    for (_, Relation { target, definition, .. }) in model.relations() {
        let bound = match definition {
            Some(definition) => {
                let is_new = known.insert(definition.to_token_stream().to_string());
                definitions.extend(is_new.then_some(definition));
                quote!(#target: _netabase::ModelOf<#definition>)
            }
            None if ty::is(target, &ident.to_string()) => continue,
            None => quote!(#target: _netabase::ModelOf<__D>),
        };
        if known.insert(bound.to_string()) {
            bounds.push(bound);
        }
    }
    let granted = (!definitions.is_empty())
        .then(|| quote!(const GRANTED: () = { #(_netabase::assert_granted::<#definitions, __D>();)* };));
    quote! {
        impl<__D: _netabase::NetabaseDefinition> _netabase::LinksIn<__D> for #ident
        where
            #(#bounds,)*
        {
            #granted
        }
    }
}
