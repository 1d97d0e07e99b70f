//! `Author::EMAIL` and its like: the constants through which filters are made.

use proc_macro2::TokenStream;
use quote::quote;

use super::primary_key;
use crate::model::{Field, Header, Model, Relation, Role, Secondary, Shape};

/// Parts are numbered as in the schema: the main table, then indexes, then relations.
pub(super) fn item(model: &Model) -> TokenStream {
    let Header { ident, krate, .. } = &model.header;
    let single = model.primary().count() == 1;
    let (mut index, mut relation) = (1, 1 + model.secondary().count());
    let handles = model.fields.iter().map(|field| {
        let ty = match &field.role {
            Role::Plain if field.primary && single => {
                let key = primary_key(&model.header);
                return constant(field, "the primary key", &quote!(#krate::query::Index<#ident, #key>), &quote!(0));
            }
            Role::Plain => {
                let (ty, field_ident) = (&field.ty, &field.ident);
                let ty = quote!(#krate::query::Field<#ident, #ty>);
                return constant(field, "no index", &ty, &quote!(|model| &model.#field_ident));
            }
            Role::Secondary(Secondary { shape, key, unique }) => {
                let shape = shape_type(*shape, krate);
                let ty = quote!(#krate::query::Index<#ident, #key #shape>);
                let doc = if *unique { "a unique secondary key" } else { "a secondary key" };
                let constant = constant(field, doc, &ty, &literal(index));
                index += 1;
                return constant;
            }
            Role::Relation(Relation { shape, target }) => {
                let shape = shape_type(*shape, krate);
                quote!(#krate::query::Index<#ident, <#target as #krate::NetabaseModel>::PrimaryKey #shape>)
            }
        };
        let constant = constant(field, "a relation", &ty, &literal(relation));
        relation += 1;
        constant
    });
    let handles: Vec<_> = handles.collect();
    let whole = (!single).then(|| {
        let (key, vis) = (primary_key(&model.header), &model.header.vis);
        quote! {
            /// The whole primary key.
            #vis const PRIMARY_KEY: #krate::query::Index<#ident, #key> = #krate::query::Index::new(0);
        }
    });
    quote! {
        /// Handles for queries.
        #[allow(dead_code)]
        impl #ident {
            #whole
            #(#handles)*
        }
    }
}

fn literal(number: usize) -> TokenStream {
    let number = proc_macro2::Literal::usize_unsuffixed(number);
    quote!(#number)
}

fn constant(field: &Field, what: &str, ty: &TokenStream, argument: &TokenStream) -> TokenStream {
    let (vis, handle) = (&field.vis, &field.handle);
    let doc = format!("`{}`: {what}", field.name);
    // `Index<Post, u32>` constructs as `Index::<Post, u32>`; the annotation already says it.
    quote!(#[doc = #doc] #vis const #handle: #ty = <#ty>::new(#argument);)
}

fn shape_type(shape: Shape, krate: &syn::Path) -> TokenStream {
    match shape {
        Shape::One => quote!(),
        Shape::Optional => quote!(, #krate::query::Optional),
        Shape::Each => quote!(, #krate::query::Each),
    }
}
