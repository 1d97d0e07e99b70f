//! `index(name = "..", fields(a, b desc), unique, when = path, key = path -> Type, covering(c), sum(d), handle = "..")` on a model.

use proc_macro2::{Ident, Span};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{LitStr, Path, Token, Type};

use super::attr::{self, Arg};
use super::ty;
use crate::errors::Errors;
use crate::model::{Beside, Column, Field, NamedIndex, Role, Shape, Source};

/// What stands between the parentheses, as it is written.
enum Item {
    Name(LitStr),
    Handle(LitStr),
    Fields(Vec<(Ident, bool)>),
    Unique,
    When(Path),
    Key(Path, Box<Type>),
    Covering(Vec<Ident>),
    Sum(Vec<Ident>),
}

/// One of the fields, which may be followed by `desc`.
struct FieldItem(Ident, bool);

impl Parse for FieldItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let field = input.parse()?;
        let descending = match input.parse::<Option<Ident>>()? {
            Some(word) if word == "desc" => true,
            Some(word) if word == "asc" => false,
            Some(word) => return Err(syn::Error::new(word.span(), "a field may be followed by `desc`")),
            None => false,
        };
        Ok(FieldItem(field, descending))
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        let is_unknown = || {
            let known = "`name = \"..\"`, `fields(a, b desc)`, `key = path -> Type`, `unique`, `when = path`, `covering(c)`, `sum(d)`, `handle = \"..\"`";
            syn::Error::new(name.span(), format!("an index has no `{name}`; it has {known}"))
        };
        match name.to_string().as_str() {
            "unique" => return Ok(Item::Unique),
            "fields" => {
                let content;
                syn::parenthesized!(content in input);
                let fields = Punctuated::<FieldItem, Token![,]>::parse_terminated(&content)?;
                return Ok(Item::Fields(fields.into_iter().map(|field| (field.0, field.1)).collect()));
            }
            list @ ("covering" | "sum") => {
                let content;
                syn::parenthesized!(content in input);
                let fields = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
                let fields = fields.into_iter().collect();
                return Ok(if list == "sum" { Item::Sum(fields) } else { Item::Covering(fields) });
            }
            "name" | "handle" | "when" | "key" => {}
            _ => return Err(is_unknown()),
        }
        input.parse::<Token![=]>()?;
        match name.to_string().as_str() {
            "name" => Ok(Item::Name(input.parse()?)),
            "handle" => Ok(Item::Handle(input.parse()?)),
            "when" => Ok(Item::When(input.parse()?)),
            _ => {
                let function = input.parse()?;
                input.parse::<Token![->]>()?;
                Ok(Item::Key(function, Box::new(input.parse()?)))
            }
        }
    }
}

/// Reads one index; the fields of the model are known.
pub(super) fn index(arg: &Arg, fields: &[Field], errors: &mut Errors) -> Option<NamedIndex> {
    let place = arg.ident().span();
    let items = arg.list(errors)?;
    let items = errors.take(Punctuated::<Item, Token![,]>::parse_terminated.parse2(items))?;
    let (mut name, mut handle, mut unique, mut when, mut columns, mut key) =
        (None, None, false, None, None, None);
    let (mut covering, mut sums) = (None, None);
    for item in items {
        let is_second = match item {
            Item::Name(text) => name.replace(text).is_some(),
            Item::Handle(text) => handle.replace(text).is_some(),
            Item::Unique => std::mem::replace(&mut unique, true),
            Item::When(path) => when.replace(path).is_some(),
            Item::Fields(fields) => columns.replace(fields).is_some(),
            Item::Key(function, ty) => key.replace((function, *ty)).is_some(),
            Item::Covering(fields) => covering.replace(fields).is_some(),
            Item::Sum(fields) => sums.replace(fields).is_some(),
        };
        if is_second {
            errors.at_span(place, "something is said twice of this index: remove one".to_owned());
        }
    }
    let Some(text) = name else {
        errors.at_span(
            place,
            "an index has a name, by which the file knows it: add `name = \"..\"`".to_owned(),
        );
        return None;
    };
    let name = attr::recorded_name(&text, errors)?;
    let handle = match handle {
        Some(text) => attr::ident_of(&text, errors)?,
        None => ident(&name.to_uppercase(), &text, errors)?,
    };
    let variant = crate::expand::variant_name(&Ident::new(&attr::unraw(&handle).to_lowercase(), text.span()));
    let (source, shape) = match (columns, key) {
        (Some(columns), None) => self::columns(&columns, fields, place, errors)?,
        (None, Some((function, ty))) => {
            let (shape, key) = super::model::shape(&ty, None, errors)?;
            (Source::Computed(function, Box::new(key)), shape)
        }
        _ => {
            let message = "an index is over `fields(a, b)` or over what a function says, `key = path -> Type`: give one";
            errors.at_span(place, message.to_owned());
            return None;
        }
    };
    let covering = beside(&covering.unwrap_or_default(), fields, errors, |field| {
        let is_column = matches!(&source, Source::Columns(columns) if columns.iter().any(|column| column.ident == field.ident));
        if is_column {
            return Some("this field is in the key of the index already: remove it here");
        }
        if field.primary {
            return Some("the primary key stands in every index: remove it here");
        }
        if !matches!(field.role, Role::Plain) {
            return Some("a field that is a key cannot be covered: put it behind the others in `fields(..)`");
        }
        if ty::mentions(&field.ty, &["HashMap", "HashSet"]) {
            return Some(
                "a `HashMap` or `HashSet` cannot be covered, as its bytes have no one order: use a `BTreeMap` or `BTreeSet`",
            );
        }
        (!field.wire.is_empty()).then_some(
            "a field with a serde encoding of its own cannot be covered: remove it here, or its serde attribute",
        )
    });
    let sums = beside(&sums.unwrap_or_default(), fields, errors, |_| {
        unique.then_some("a key of a unique index has one record: remove `sum` or `unique`")
    });
    // What is wrong with both is told at once.
    let (covering, sums) = (covering?, sums?);
    Some(NamedIndex { name, handle, variant, unique, when, source, shape, covering, sums })
}

/// Fields whose values an index holds beside its keys.
fn beside(
    given: &[Ident],
    fields: &[Field],
    errors: &mut Errors,
    refused: impl Fn(&Field) -> Option<&'static str>,
) -> Option<Vec<Beside>> {
    let mut found: Vec<Beside> = Vec::new();
    let mut is_whole = true;
    for ident in given {
        let field = fields.iter().find(|field| field.ident == *ident);
        let twice = found.iter().any(|known| known.ident == *ident);
        let reason = match field {
            None => Some(format!("the model has no field `{ident}`")),
            Some(_) if twice => Some("this field is there already: remove one".to_owned()),
            Some(field) => refused(field).map(str::to_owned),
        };
        match (field, reason) {
            (Some(field), None) => {
                let (ident, name, ty) = (field.ident.clone(), field.name.clone(), field.ty.clone());
                found.push(Beside { ident, name, ty });
            }
            (_, reason) => {
                errors.at(ident, reason.unwrap_or_default());
                is_whole = false;
            }
        }
    }
    is_whole.then_some(found)
}

fn ident(name: &str, text: &LitStr, errors: &mut Errors) -> Option<Ident> {
    let ident = syn::parse_str::<Ident>(name).ok();
    if ident.is_none() {
        errors.at(text, "the name of an index is a word, as its handle is: letters, digits and `_`");
    }
    ident.map(|ident| Ident::new(&ident.to_string(), text.span()))
}

fn columns(
    given: &[(Ident, bool)],
    fields: &[Field],
    place: Span,
    errors: &mut Errors,
) -> Option<(Source, Shape)> {
    if given.is_empty() || given.len() > 6 {
        errors.at_span(place, "an index is over one to six fields".to_owned());
        return None;
    }
    let (mut columns, mut shape, mut refused) = (Vec::new(), Shape::One, false);
    let mut refuse = |place: &Ident, reason: &str, errors: &mut Errors| {
        errors.at(place, reason);
        refused = true;
    };
    for (ident, descending) in given {
        let Some(field) = fields.iter().find(|field| field.ident == *ident) else {
            refuse(ident, &format!("the model has no field `{ident}`"), errors);
            continue;
        };
        if columns.iter().any(|column: &Column| column.ident == *ident) {
            refuse(ident, "this field is there already: remove one", errors);
        }
        let element = ty::argument(&field.ty, "Vec").filter(|element| !ty::is(element, "u8"));
        let ty = element.unwrap_or(&field.ty).clone();
        if let Some(reason) = ty::refused(&ty) {
            refuse(ident, reason, errors);
        }
        if element.is_some() {
            if shape == Shape::Each {
                refuse(
                    ident,
                    "an index has one `Vec` at most, as two would have a key for each combination",
                    errors,
                );
            }
            shape = Shape::Each;
        }
        columns.push(Column {
            ident: field.ident.clone(),
            name: field.name.clone(),
            ty,
            many: element.is_some(),
            descending: *descending,
        });
    }
    // Without what is wrong it would be another index.
    (!refused).then_some((Source::Columns(columns), shape))
}
