//! `AuthorView<'_>`: a record whose text and bytes stand where they are stored.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

use crate::model::{Field, Header, Model};
use crate::parse::ty::{self, Borrowed};

/// The type, beside the struct, because users name it.
pub(super) fn item(model: &Model) -> TokenStream {
    let Some(derives) = &model.view else { return quote!() };
    let Header { ident, vis, krate, .. } = &model.header;
    let name = format_ident!("{ident}View");
    let doc = format!("A stored [`{ident}`], read without copying its text and bytes.");
    let serde = format!("{}::__private::serde", quote!(#krate)).replace(' ', "");
    let fields = model.fields.iter().map(field);
    quote! {
        #[doc = #doc]
        #[derive(#krate::__private::serde::Deserialize #(, #derives)*)]
        #[serde(crate = #serde)]
        #[allow(dead_code, deprecated)]
        #vis struct #name<'v> {
            #(#fields),*
        }
    }
}

fn field(field: &Field) -> TokenStream {
    let Field { ident, vis, ty, attrs, .. } = field;
    match borrowed(field) {
        Some(Borrowed { borrowed, .. }) => quote!(#(#attrs)* #[serde(borrow)] #vis #ident: #borrowed),
        None => quote!(#(#attrs)* #vis #ident: #ty),
    }
}

/// What the field is in the view, if it borrows. A field with an encoding of its own stays what it is.
pub(crate) fn borrowed(field: &Field) -> Option<Borrowed> {
    if field.wire.is_empty() { ty::borrowed(&field.ty) } else { None }
}

pub(super) fn conversion(model: &Model) -> TokenStream {
    if model.view.is_none() {
        return quote!();
    }
    let ident = &model.header.ident;
    let name = format_ident!("{ident}View");
    // Whether a field is what it is called only the compiler can tell.
    let checks = model.fields.iter().filter_map(|field| {
        let Borrowed { owned, .. } = borrowed(field)?;
        let (ident, place) = (&field.ident, super::place_of(&field.ty));
        Some(quote_spanned!(place=> let _: &#owned = &record.#ident;))
    });
    quote! {
        #[automatically_derived]
        impl _netabase::Viewed for #ident {
            type View<'v> = #name<'v>;
        }
        #[allow(dead_code)]
        fn borrowed_fields_are_what_they_are_called(record: &#ident) {
            #(#checks)*
        }
    }
}
