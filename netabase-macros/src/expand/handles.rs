//! `Author::EMAIL` and its like: the constants through which filters are made.

use proc_macro2::TokenStream;
use quote::quote;

use super::{index, primary_key};
use crate::model::{Field, Model, NamedIndex, Relation, Role, Secondary, Shape};

/// Parts are numbered as in the schema: the main table, then indexes, then relations.
pub(super) fn item(model: &Model) -> TokenStream {
    let ident = &model.header.ident;
    let single = model.primary().count() == 1;
    let (mut index, mut relation) = (1, 1 + model.index_count());
    let handles = model.fields.iter().map(|field| {
        let ty = match &field.role {
            Role::Plain if field.primary && single => {
                let key = primary_key(&model.header);
                let ty = quote!(_netabase::Index<#ident, #key>);
                return constant(field, "the primary key", &ty, &quote!(_netabase::Index::new(0)));
            }
            Role::Plain => {
                let (ty, field_ident, name) = (&field.ty, &field.ident, &field.name);
                let ty = quote!(_netabase::Field<#ident, #ty>);
                return constant(
                    field,
                    "no index",
                    &ty,
                    &quote!(_netabase::Field::new(#name, |model| &model.#field_ident)),
                );
            }
            Role::Secondary(Secondary { shape, key, unique }) => {
                let shape = shape_type(*shape);
                let ty = quote!(_netabase::Index<#ident, #key #shape>);
                let doc = if *unique { "a unique secondary key" } else { "a secondary key" };
                let constant = constant(field, doc, &ty, &index_number(index));
                index += 1;
                return constant;
            }
            Role::Relation(Relation { shape, target, .. }) => {
                let shape = shape_type(*shape);
                quote!(_netabase::Index<#ident, <#target as _netabase::NetabaseModel>::PrimaryKey #shape>)
            }
        };
        let constant = constant(field, "a relation", &ty, &index_number(relation));
        relation += 1;
        constant
    });
    let handles: Vec<_> = handles.collect();
    let named = (1 + model.secondary().count()..).zip(&model.indexes).map(|(part, named)| {
        let NamedIndex { name, handle, unique, shape, .. } = named;
        let (key, shape, part) =
            (index::key(named, &quote!(_netabase)), shape_type(*shape), index_number(part));
        let doc = format!("`{name}`: {}", if *unique { "a unique index" } else { "an index" });
        let vis = &model.header.vis;
        quote!(#[doc = #doc] #vis const #handle: _netabase::Index<#ident, #key #shape> = #part;)
    });
    let whole = (!single).then(|| {
        let (key, vis) = (primary_key(&model.header), &model.header.vis);
        quote! {
            /// The whole primary key.
            #vis const PRIMARY_KEY: _netabase::Index<#ident, #key> = _netabase::Index::new(0);
        }
    });
    quote! {
        #[allow(dead_code)]
        impl #ident {
            #whole
            #(#handles)*
            #(#named)*
        }
    }
}

fn index_number(part: usize) -> TokenStream {
    let part = proc_macro2::Literal::usize_unsuffixed(part);
    quote!(_netabase::Index::new(#part))
}

fn constant(field: &Field, what: &str, ty: &TokenStream, value: &TokenStream) -> TokenStream {
    let (vis, handle) = (&field.vis, &field.handle);
    let doc = format!("`{}`: {what}", field.name);
    quote!(#[doc = #doc] #vis const #handle: #ty = #value;)
}

fn shape_type(shape: Shape) -> TokenStream {
    match shape {
        Shape::One => quote!(),
        Shape::Optional => quote!(, _netabase::Optional),
        Shape::Each => quote!(, _netabase::Each),
    }
}
