//! Rules that need the whole input.

use std::collections::{HashMap, HashSet};

use quote::ToTokens;
use syn::ext::IdentExt;

use crate::errors::Errors;
use crate::expand::variant_name;
use crate::expand::view::borrowed;
use crate::model::{
    Definition, Field, KeyForm, KeyInput, Listed, Model, NamedIndex, Parts, Repository, Role,
};
use crate::parse::ty;

pub(crate) fn model(model: &Model, errors: &mut Errors) {
    primary_key(model, errors);
    generated(model, errors);
    handles(model, errors);
    recorded_names(model, errors);
    variants(model, errors);
    topics(model.topics.iter().map(|subscription| &subscription.topic), errors);
    view(model, errors);
    access(model, errors);
}

/// Rules that the model's own access does not allow, and classes that cannot be hidden.
fn access(model: &Model, errors: &mut Errors) {
    if let Some(allowed) = &model.access {
        for (_, relation) in model.relations() {
            let on_delete = &relation.rules.0;
            let needed = match on_delete.to_string().as_str() {
                "Cascade" => "Delete",
                "SetNull" => "Update",
                _ => continue,
            };
            if !allowed.iter().any(|operation| operation == needed) {
                let operation = needed.to_lowercase();
                errors.at(
                    on_delete,
                    format!("this would {operation} records, which `access(..)` of the model leaves out: add `{operation}` there, or choose \"restrict\" or \"keep\""),
                );
            }
        }
    }
    for field in model.primary() {
        if let Some(class) = &field.class {
            errors.at(
                class,
                "a primary key names its record and cannot be hidden: give the class to the model",
            );
        }
    }
}

fn borrows(model: &Model) -> bool {
    model.fields.iter().any(|field| borrowed(field).is_some())
}

/// A view of a model in which nothing can be borrowed.
fn view(model: &Model, errors: &mut Errors) {
    if model.view.is_some() && !borrows(model) {
        let ident = &model.header.ident;
        errors.at(
            ident,
            format!(
                "a view of `{ident}` would borrow nothing, as it has no `String` or `Vec<u8>`: remove `view`"
            ),
        );
    }
}

fn primary_key(model: &Model, errors: &mut Errors) {
    if model.primary().next().is_none() {
        let ident = &model.header.ident;
        errors.at(
            ident,
            format!("`{ident}` has no primary key: add `#[primary_key]` to the field that names a record"),
        );
    }
    if model.primary().count() > 6 {
        errors.at(&model.header.ident, "a primary key has at most six fields: put them in a key struct");
    }
    for field in model.primary() {
        if let Some(reason) = ty::refused(&field.ty) {
            errors.at(&field.ty, reason);
        }
        if ty::is(&field.ty, "f32") || ty::is(&field.ty, "f64") {
            errors.at(
                &field.ty,
                "a float cannot be a primary key, because it is not `Eq`: use it as a secondary key",
            );
        }
        if ty::argument(&field.ty, "Option").is_some() && model.primary().count() == 1 {
            errors.at(&field.ty, "a primary key is never absent: remove the `Option`");
        }
        let inner = ty::argument(&field.ty, "Option").unwrap_or(&field.ty);
        if ty::link(inner).is_some_and(|target| ty::is(target, &model.header.ident.to_string())) {
            errors.at(
                &field.ty,
                "a primary key cannot hold a link to its own model, as it would hold itself: take another field as the key",
            );
        }
        if matches!(field.role, Role::Secondary(_)) && model.primary().count() == 1 {
            errors.at(&field.ident, "the primary key needs no index of its own: remove `#[secondary_key]`");
        }
    }
}

/// Generated keys are numbers: one field of a type with enough of them.
fn generated(model: &Model, errors: &mut Errors) {
    const TYPES: &[&str] = &["u32", "u64", "i32", "i64"];
    for field in model.primary() {
        let Some(auto) = &field.auto else { continue };
        if model.primary().count() > 1 {
            errors.at(
                auto,
                "`auto` gives a record one number, and this key has several fields: remove `auto`, or make one field the key",
            );
        } else if !TYPES.iter().any(|name| ty::is(&field.ty, name)) {
            errors.at(
                &field.ty,
                "a generated key is a `u32`, `u64`, `i32` or `i64`, written out and not as an alias: use one of them, or \
                 remove `auto`",
            );
        }
    }
}

/// What is left of a model with errors: the fields whose names meet no other's. `None` if it has no usable key.
pub(crate) fn usable(mut model: Model) -> Option<Model> {
    let mut errors = Errors::default();
    primary_key(&model, &mut errors);
    if errors.finish().is_some() {
        return None;
    }
    if !borrows(&model) {
        model.view = None;
    }
    let mut errors = Errors::default();
    generated(&model, &mut errors);
    if errors.finish().is_some() {
        model.fields.iter_mut().for_each(|field| field.auto = None);
    }
    let (mut handles, mut variants) = (HashSet::new(), HashSet::new());
    model.fields.retain(|field| {
        handles.insert(field.handle.unraw().to_string())
            && variants.insert(variant_name(&field.ident).to_string())
    });
    model.indexes.retain(|index| {
        handles.insert(index.handle.unraw().to_string()) && variants.insert(index.variant.to_string())
    });
    Some(model)
}

/// A name that a field or an index gives to something, and where to say so.
struct Named<'m> {
    name: String,
    /// "the field `day`"
    whose: String,
    place: &'m dyn ToTokens,
}

/// Complains of each name that came before.
fn clashes<'m>(
    names: impl IntoIterator<Item = Named<'m>>,
    errors: &mut Errors,
    text: impl Fn(&str, &str) -> String,
) {
    let mut known: HashMap<String, String> = HashMap::new();
    for Named { name, whose, place } in names {
        if let Some(other) = known.insert(name.clone(), whose) {
            errors.at(place, text(&other, &name));
        }
    }
}

fn of_field(field: &Field, name: String) -> Named<'_> {
    Named { name, whose: format!("the field `{}`", field.ident), place: &field.ident }
}

fn of_index(index: &NamedIndex, name: String) -> Named<'_> {
    // Its name stands there.
    Named { name, whose: format!("the index `{}`", index.name), place: &index.variant }
}

/// Two that would give one name to the same constant.
fn handles(model: &Model, errors: &mut Errors) {
    let whole = (model.primary().count() > 1).then(|| Named {
        name: "PRIMARY_KEY".to_owned(),
        whose: "the whole key".to_owned(),
        place: &model.header.ident,
    });
    let fields = model.fields.iter().map(|field| of_field(field, field.handle.unraw().to_string()));
    let indexes = model.indexes.iter().map(|index| of_index(index, index.handle.unraw().to_string()));
    clashes(whole.into_iter().chain(fields).chain(indexes), errors, |other, handle| {
        format!(
            "{other} has the handle `{handle}` too: give this one another with `handle = \"..\"` in its attribute"
        )
    });
}

/// Two keys of one name in the file.
fn recorded_names(model: &Model, errors: &mut Errors) {
    let fields = model.fields.iter().map(|field| of_field(field, field.name.clone()));
    let indexes = model.indexes.iter().map(|index| of_index(index, index.name.clone()));
    clashes(fields.chain(indexes), errors, |other, name| {
        format!("{other} is recorded as `{name}` too: rename one of them")
    });
}

/// Two whose names differ only in case or underscores.
fn variants(model: &Model, errors: &mut Errors) {
    let text =
        |other: &str, variant: &str| format!("{other} is the variant `{variant}` too: rename one of them");
    let variant = |field| of_field(field, variant_name(&field.ident).to_string());
    let secondary = model.secondary().map(|(field, _)| variant(field));
    let indexes = model.indexes.iter().map(|index| of_index(index, index.variant.to_string()));
    clashes(secondary.chain(indexes), errors, text);
    clashes(model.relations().map(|(field, _)| variant(field)), errors, text);
}

fn topics<'t>(topics: impl Iterator<Item = &'t syn::Path>, errors: &mut Errors) {
    let mut known = HashMap::new();
    for topic in topics {
        let name = topic.segments.last().map(|last| last.ident.to_string());
        if known.insert(name, topic).is_some() {
            errors.at(topic, "this topic is named twice: remove one");
        }
    }
}

pub(crate) fn definition(definition: &Definition, errors: &mut Errors) {
    let ident = &definition.header.ident;
    if definition.models.is_empty() {
        errors.at(ident, format!("`{ident}` lists no models: write `enum {ident} {{ Author(Author) }}`"));
    }
    listed_once(&definition.models, "model", errors);
    topics(definition.topics.iter(), errors);
}

pub(crate) fn repository(repository: &Repository, errors: &mut Errors) {
    let ident = &repository.header.ident;
    if repository.definitions.is_empty() {
        errors.at(ident, format!("`{ident}` lists no definitions: write `enum {ident} {{ Staff(Staff) }}`"));
    }
    listed_once(&repository.definitions, "definition", errors);
}

fn listed_once(listed: &[Listed], kind: &str, errors: &mut Errors) {
    let mut known = HashMap::new();
    for Listed { variant, ty } in listed {
        if let Some(other) = known.insert(ty.to_token_stream().to_string(), variant) {
            errors.at(ty, format!("the variant `{other}` lists this {kind} already: remove one"));
        }
    }
}

pub(crate) fn key(key: &KeyInput, errors: &mut Errors) {
    let ident = &key.header.ident;
    let parts: Vec<_> = match &key.form {
        KeyForm::Struct(parts) => parts.parts.iter().collect(),
        KeyForm::Enum(variants) => variants.iter().flat_map(|variant| &variant.parts.parts).collect(),
    };
    for part in parts {
        if let Some(reason) = ty::refused(&part.ty) {
            errors.at(&part.ty, reason);
        }
    }
    match &key.form {
        KeyForm::Struct(Parts { parts, .. }) if parts.is_empty() => {
            errors.at(ident, "a key has at least one field");
        }
        KeyForm::Struct(Parts { parts, .. }) if parts.len() > 6 => {
            errors.at(ident, "a key has at most six fields: put some of them in a key struct of their own");
        }
        KeyForm::Struct(_) => {}
        KeyForm::Enum(variants) if variants.is_empty() => errors.at(ident, "a key has at least one variant"),
        KeyForm::Enum(variants) => {
            let mut known = HashMap::new();
            for variant in variants {
                if let Some(other) = known.insert(variant.number, &variant.ident) {
                    let number = variant.number;
                    errors
                        .at_span(variant.place, format!("the variant `{other}` has the number {number} too"));
                }
            }
        }
    }
}
