//! The derives of netabase. They are documented where they are re-exported, in the `netabase` crate.
//!
//! Each derive goes the same way: `parse` reads the input into the plain data of `model`, `check` holds it
//! against the rules that need the whole struct, and `expand` writes constants and thin impls. Errors of one
//! input are collected and reported together, each at its place; on an error a stub impl is written beside them,
//! so that what uses the type does not fail a second time.

mod check;
mod errors;
mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::errors::Errors;

/// Makes a struct a model: its key types, handles and schema.
#[proc_macro_derive(NetabaseModel, attributes(netabase, primary_key, secondary_key, relation))]
pub fn derive_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, model)
}

/// Makes an enum of models a definition.
#[proc_macro_derive(NetabaseDefinition, attributes(netabase))]
pub fn derive_definition(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, definition)
}

/// Makes an enum of definitions a repository.
#[proc_macro_derive(NetabaseRepository, attributes(netabase))]
pub fn derive_repository(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, repository)
}

/// Makes a newtype, struct or enum of keys a key.
#[proc_macro_derive(NetabaseKey, attributes(netabase))]
pub fn derive_key(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, key)
}

/// Makes a type a topic.
#[proc_macro_derive(NetabaseTopic, attributes(netabase))]
pub fn derive_topic(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, topic)
}

fn derive(
    input: proc_macro::TokenStream,
    expand: fn(&DeriveInput) -> TokenStream,
) -> proc_macro::TokenStream {
    match syn::parse(input) {
        Ok(input) => expand(&input).into(),
        Err(error) => error.into_compile_error().into(),
    }
}

fn model(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let mut model = parse::model(input, &mut errors);
    if let Some(model) = &model {
        check::model(model, &mut errors);
    }
    let errors = errors.finish();
    if errors.is_some() {
        model = model.and_then(check::usable);
    }
    match model {
        // With what is left of the fields, so that the rest of the program sees its handles and keys.
        Some(model) if input.generics.params.is_empty() => {
            let code = expand::model(&model);
            quote::quote!(#errors #code)
        }
        _ => expand::stub::model(input, errors),
    }
}

fn definition(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let definition = parse::definition(input, &mut errors);
    if let Some(definition) = &definition {
        check::definition(definition, &mut errors);
    }
    match (definition, errors.finish()) {
        (Some(definition), None) => expand::definition(&definition),
        (definition, errors) => expand::stub::definition(input, definition.as_ref(), errors),
    }
}

fn repository(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let repository = parse::repository(input, &mut errors);
    if let Some(repository) = &repository {
        check::repository(repository, &mut errors);
    }
    match (repository, errors.finish()) {
        (Some(repository), None) => expand::repository(&repository),
        (repository, errors) => expand::stub::repository(input, repository.as_ref(), errors),
    }
}

fn key(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let key = parse::key(input, &mut errors);
    if let Some(key) = &key {
        check::key(key, &mut errors);
    }
    match (key, errors.finish()) {
        (Some(key), None) => expand::key(&key),
        (_, errors) => expand::stub::key(input, errors),
    }
}

fn topic(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let topic = parse::topic(input, &mut errors);
    match errors.finish() {
        None => expand::topic(&topic),
        Some(errors) => expand::stub::topic(&topic, errors),
    }
}
