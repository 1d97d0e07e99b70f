//! `#[derive(NetabaseModel)]`: the struct and its fields.

use proc_macro2::Ident;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Type, parse_quote};

use super::attr::{self, Args};
use super::grant::{self, FOLLOWED};
use super::{header, index, refuse_generics, ty};
use crate::errors::Errors;
use crate::model::{Field, Model, Relation, Role, Secondary, Shape};

/// What stands on a model, beside what every input has.
const KNOWN: &[&str] =
    &["version", "subscribe", "index", "view", "access", "inbound", "class", "journal", "versioned"];

/// What may be done with records.
const OPERATIONS: &[(&str, &str)] =
    &[("read", "Read"), ("create", "Create"), ("update", "Update"), ("delete", "Delete")];

pub(crate) fn model(input: &DeriveInput, errors: &mut Errors) -> Option<Model> {
    refuse_generics(input, "model", errors);
    attr::refuse_serde(&input.attrs, errors);
    attr::refuse_conversions(&input.attrs, errors);
    let (mut version, mut topics, mut view) = (1, Vec::new(), None);
    let mut indexes = Vec::new();
    let (mut access, mut inbound, mut class) = (None, None, None);
    let (mut journal, mut versioned) = (false, false);
    attr::misplaced(&input.attrs, "on a field", &["primary_key", "secondary_key", "relation"], errors);
    let header = header(input, KNOWN, errors, |arg, errors| {
        match arg.name() {
            "version" => version = arg.byte(errors).unwrap_or(version),
            "subscribe" => topics.extend(arg.subscriptions(errors)),
            "index" => indexes.push(arg.clone()),
            "view" => view = Some(arg.maybe_paths(errors)),
            "access" => access = arg.words(OPERATIONS, errors),
            "inbound" => inbound = Some(grant::list(arg, FOLLOWED, errors)),
            "class" => class = arg.name_text(errors),
            "journal" => journal = arg.flag(errors),
            "versioned" => versioned = arg.flag(errors),
            _ => return false,
        }
        true
    });
    let Data::Struct(data) = &input.data else {
        errors.at(&input.ident, "a model is a struct: put the enum in a field of one");
        return None;
    };
    let Fields::Named(named) = &data.fields else {
        errors.at(&input.ident, "a model has named fields, because its indexes are named after them");
        return None;
    };
    let fields: Vec<_> =
        named.named.iter().filter_map(|field| self::field(field, &input.ident, errors)).collect();
    let indexes = indexes.iter().filter_map(|arg| index::index(arg, &fields, errors)).collect();
    Some(Model { header, version, topics, indexes, view, access, inbound, class, journal, versioned, fields })
}

fn field(input: &syn::Field, model: &Ident, errors: &mut Errors) -> Option<Field> {
    let ident = input.ident.clone()?;
    // The type is written down again in other items, where `Self` would be another.
    let input = &syn::Field { ty: ty::without_self(&input.ty, model), ..input.clone() };
    for name in ["primary_key", "secondary_key", "relation"] {
        attr::given_twice(&input.attrs, name, errors);
    }
    attr::refuse_serde(&input.attrs, errors);
    let mut name = attr::unraw(&ident);
    // Rust has no keyword in capitals.
    let mut handle = Ident::new(&name.to_uppercase(), ident.span());
    let mut class = None;
    for arg in Args::of(&input.attrs, "netabase", errors) {
        match arg.name() {
            "rename" => name = arg.name_text(errors).unwrap_or(name),
            "handle" => handle = arg.as_ident(errors).unwrap_or(handle),
            "class" => class = arg.literal(errors),
            _ => arg.refuse(&["rename", "handle", "class"], errors),
        }
    }
    let secondary = find(&input.attrs, "secondary_key");
    let relation = find(&input.attrs, "relation");
    let role = match (secondary, relation) {
        (Some(_), Some(both)) => {
            errors.at(
                both,
                "a field is a `#[relation]` or a `#[secondary_key]`: a relation has an index already",
            );
            Role::Plain
        }
        (Some(_), None) => self::secondary(input, errors).map_or(Role::Plain, Role::Secondary),
        (None, Some(_)) => self::relation(input, errors).map_or(Role::Plain, Role::Relation),
        (None, None) => Role::Plain,
    };
    let mut auto = None;
    for arg in Args::of(&input.attrs, "primary_key", errors) {
        match arg.name() {
            "auto" => auto = arg.flag(errors).then(|| arg.ident().clone()),
            _ => arg.refuse(&["auto"], errors),
        }
    }
    let primary = find(&input.attrs, "primary_key").is_some();
    if primary || !matches!(role, Role::Plain) {
        attr::refuse_skipped(&input.attrs, errors);
    }
    let wire = attr::wire(&input.attrs);
    let is_kept = |attr: &&Attribute| attr.path().is_ident("doc") || attr.path().is_ident("serde");
    let attrs = input.attrs.iter().filter(is_kept).cloned().collect();
    let (vis, ty) = (input.vis.clone(), input.ty.clone());
    Some(Field { ident, vis, ty, attrs, wire, name, handle, primary, auto, class, role })
}

fn find<'a>(attrs: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attrs.iter().find(|attr| attr.path().is_ident(name))
}

fn secondary(input: &syn::Field, errors: &mut Errors) -> Option<Secondary> {
    let (mut unique, mut each) = (false, None);
    for arg in Args::of(&input.attrs, "secondary_key", errors) {
        match arg.name() {
            "unique" => unique = arg.flag(errors),
            "each" => each = arg.flag(errors).then(|| arg.ident().clone()),
            _ => arg.refuse(&["unique", "each"], errors),
        }
    }
    let (shape, key) = shape(&input.ty, each.as_ref(), errors)?;
    if let Some(reason) = ty::refused(&key) {
        errors.at(&key, reason);
        return None;
    }
    Some(Secondary { shape, unique, key })
}

/// How the field fills its index, and the type of one key.
pub(super) fn shape(field: &Type, each: Option<&Ident>, errors: &mut Errors) -> Option<(Shape, Type)> {
    if ty::link(field).is_some() {
        errors
            .at(field, "a link is indexed as a relation: write `#[relation]` instead of `#[secondary_key]`");
        return None;
    }
    if let Some(key) = ty::argument(field, "Option") {
        if let Some(each) = each {
            errors.at(
                each,
                "`each` needs a collection, and an `Option` is none: remove `each`, or use a `Vec`",
            );
            return None;
        }
        if ty::argument(key, "Vec").is_some_and(|element| !ty::is(element, "u8")) {
            errors.at(field, "an absent list is an empty one: use `Vec<..>` without `Option`");
            return None;
        }
        return Some((Shape::Optional, key.clone()));
    }
    match ty::argument(field, "Vec") {
        Some(element) if each.is_some() || !ty::is(element, "u8") => Some((Shape::Each, element.clone())),
        None if each.is_some() => {
            Some((Shape::Each, parse_quote!(<#field as ::core::iter::IntoIterator>::Item)))
        }
        _ => Some((Shape::One, field.clone())),
    }
}

fn relation(input: &syn::Field, errors: &mut Errors) -> Option<Relation> {
    const ON_DELETE: &[(&str, &str)] =
        &[("restrict", "Restrict"), ("cascade", "Cascade"), ("set_null", "SetNull"), ("keep", "Keep")];
    const REFERENCES: &[(&str, &str)] =
        &[("checked", "Checked"), ("deferred", "Deferred"), ("unchecked", "Unchecked")];
    let (mut on_delete, mut references, mut access) = (None, None, None);
    for arg in Args::of(&input.attrs, "relation", errors) {
        match arg.name() {
            "on_delete" => on_delete = arg.one_of(ON_DELETE, errors),
            "references" => references = arg.one_of(REFERENCES, errors),
            "access" => access = arg.one_of(FOLLOWED, errors),
            _ => arg.refuse(&["on_delete", "references", "access"], errors),
        }
    }
    let field = &input.ty;
    let (shape, link) = match (ty::argument(field, "Option"), ty::argument(field, "Vec")) {
        (Some(link), _) => (Shape::Optional, link),
        (_, Some(link)) => (Shape::Each, link),
        (None, None) => (Shape::One, field),
    };
    let Some(target) = ty::link(link) else {
        errors.at(field, "a relation is a field of type `Link<T>`, `Option<Link<T>>` or `Vec<Link<T>>`, written out and not as an alias");
        return None;
    };
    if let Some(rule) = on_delete.as_ref().filter(|rule| *rule == "SetNull") {
        if shape == Shape::One {
            errors.at(rule, "a link that is always there cannot be taken out: make it an `Option<Link<..>>`, or choose \"cascade\" or \"restrict\"");
        } else if find(&input.attrs, "primary_key").is_some() {
            errors.at(
                rule,
                "a link in the primary key cannot be taken out: choose \"cascade\" or \"restrict\"",
            );
        }
    }
    let default = |name: &str| Ident::new(name, field.span());
    let closed = access.is_some_and(|access| access == "None");
    if closed {
        let looks = references.as_ref().filter(|rule| *rule != "Unchecked");
        if let Some(rule) = looks.or(on_delete.as_ref().filter(|rule| *rule != "Keep")) {
            errors.at(rule, "a link with `access = \"none\"` is a key and nothing more, so nobody looks at its other end: remove this rule");
        }
    }
    let usual = if closed { "Unchecked" } else { "Checked" };
    let references = references.unwrap_or_else(|| default(usual));
    // Who does not mind links that lead nowhere does not mind them later.
    let usual = if references == "Unchecked" { "Keep" } else { "Restrict" };
    let on_delete = on_delete.unwrap_or_else(|| default(usual));
    let definition = ty::link_definition(link).cloned().map(Box::new);
    Some(Relation { shape, target: target.clone(), definition, closed, rules: (on_delete, references) })
}
