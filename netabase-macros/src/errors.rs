//! All errors of one input, reported together.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// An error at these tokens.
    pub(crate) fn at(&mut self, place: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(place, message));
    }

    /// An error at this span.
    pub(crate) fn at_span(&mut self, place: Span, message: impl std::fmt::Display) {
        self.push(syn::Error::new(place, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Takes the value, or notes the error.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// The errors as code, if there are any.
    pub(crate) fn finish(self) -> Option<TokenStream> {
        self.0.map(syn::Error::into_compile_error)
    }
}
