//! `SCHEMA`: the model as constant data.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use super::primary_key;
use crate::model::{Field, Grant, Header, Model, Relation, Secondary, Shape};

pub(super) fn constant(model: &Model) -> TokenStream {
    let Model { header: Header { name, .. }, version, topics, fields, journal, versioned, .. } = model;
    let access = access(model);
    let inbound = option(model.inbound.as_ref().map(|inbound| {
        let inbound = inbound.iter().map(grant);
        quote!(&[#(#inbound),*])
    }));
    let class = option(model.class.as_ref().map(ToTokens::to_token_stream));
    let conditions = topics.iter().any(|subscription| subscription.when.is_some()).then(|| {
        let when = topics.iter().map(|subscription| {
            option(subscription.when.as_ref().map(|when| super::index::spelled(when).to_token_stream()))
        });
        quote!(#(#when),*)
    });
    let topics = topics.iter().map(|subscription| &subscription.topic);
    let key = primary_key(&model.header);
    let primary = model.primary().map(|field| &field.name);
    let fields = fields.iter().map(|Field { name, ty, wire, class, .. }| {
        let ty = format!("{wire}{}", spelled(ty));
        let class = class.as_ref().map(|class| quote!(.of_class(#class)));
        quote!(_netabase::FieldSchema::new(#name, #ty)#class)
    });
    let indexes = model.secondary().map(|(Field { name, .. }, Secondary { shape, unique, key })| {
        let shape = shape_value(*shape);
        quote!(_netabase::IndexSchema::new::<#key>(#name, #shape, #unique))
    });
    let named = model.indexes.iter().map(super::index::schema);
    let relations = model.relations().map(
        |(Field { name, .. }, Relation { shape, target, definition, closed, rules })| {
            let shape = shape_value(*shape);
            let (on_delete, references) = rules;
            let is_usual = on_delete == "Restrict" && references == "Checked";
            let rules = (!is_usual).then(|| {
                // Names of the runtime, not of whoever wrote the attribute.
                let name = |rule: &Ident| Ident::new(&rule.to_string(), Span::call_site());
                let (on_delete, references) = (name(on_delete), name(references));
                quote!(.rules(_netabase::OnDelete::#on_delete, _netabase::References::#references))
            });
            let closed = closed.then(|| quote!(.closed()));
            let place = definition.as_ref().map(
                |definition| quote!(.into_definition(<#definition as _netabase::NetabaseDefinition>::NAME)),
            );
            quote!(_netabase::relation::<#target>(#name, #shape)#place #closed #rules)
        },
    );
    quote! {
        const SCHEMA: &'static _netabase::ModelSchema = &_netabase::ModelSchema {
            name: #name,
            version: #version,
            fields: &[#(#fields),*],
            primary: &[#(#primary),*],
            key: <#key as _netabase::Key>::TYPE,
            key_width: <#key as _netabase::Key>::WIDTH,
            indexes: &[#(#indexes,)* #(#named),*],
            relations: &[#(#relations),*],
            topics: &[#(<#topics as _netabase::NetabaseTopic>::NAME),*],
            topic_conditions: &[#conditions],
            access: #access,
            inbound: #inbound,
            class: #class,
            journal: #journal,
            versioned: #versioned,
        };
    }
}

/// What anyone may do with the records.
fn access(model: &Model) -> TokenStream {
    match &model.access {
        None => quote!(_netabase::Operations::ALL),
        Some(allowed) => {
            let allowed = allowed.iter().map(|name| Ident::new(&name.to_string(), Span::call_site()));
            quote!(_netabase::Operations::of(&[#(_netabase::Operation::#allowed),*]))
        }
    }
}

/// What somebody else may do.
pub(super) fn grant(Grant { to, access }: &Grant) -> TokenStream {
    let to = option(to.as_ref().map(ToTokens::to_token_stream));
    let access = Ident::new(&access.to_string(), Span::call_site());
    quote!(_netabase::Grant::new(#to, _netabase::Access::#access))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// The type as it is written, without the spaces that tokens have between them.
fn spelled(ty: &syn::Type) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (wide, tight) in
        [(" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), (" ::", "::"), (":: ", "::"), ("& ", "&")]
    {
        text = text.replace(wide, tight);
    }
    text
}

pub(super) fn shape_value(shape: Shape) -> TokenStream {
    match shape {
        Shape::One => quote!(_netabase::Shape::One),
        Shape::Optional => quote!(_netabase::Shape::Optional),
        Shape::Each => quote!(_netabase::Shape::Each),
    }
}
