//! `#[derive(NetabaseKey)]`: a newtype, a struct or an enum of keys.

use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Expr, ExprLit, Fields, Index, Lit, Member};

use super::{attr, header, refuse_generics};
use crate::errors::Errors;
use crate::model::{KeyForm, KeyInput, Part, Parts, Variant};

pub(crate) fn key(input: &DeriveInput, errors: &mut Errors) -> Option<KeyInput> {
    refuse_generics(input, "key", errors);
    let header = header(input, &[], errors, |_, _| false);
    let form = match &input.data {
        Data::Struct(data) => KeyForm::Struct(parts(&data.fields, errors)),
        Data::Enum(data) => {
            let mut next = 0;
            KeyForm::Enum(data.variants.iter().map(|input| variant(input, &mut next, errors)).collect())
        }
        Data::Union(_) => {
            errors.at(&input.ident, "a key is a struct or an enum");
            return None;
        }
    };
    Some(KeyInput { header, form })
}

fn parts(fields: &Fields, errors: &mut Errors) -> Parts {
    for field in fields {
        attr::misplaced(&field.attrs, "on the key, not on its fields", &["netabase"], errors);
        attr::refuse_skipped(&field.attrs, errors);
    }
    let part = |(at, field): (usize, &syn::Field)| {
        let number =
            || Member::Unnamed(Index { index: u32::try_from(at).unwrap_or(u32::MAX), span: field.span() });
        let member = field.ident.clone().map_or_else(number, Member::Named);
        Part { member, ty: field.ty.clone() }
    };
    Parts { named: matches!(fields, Fields::Named(_)), parts: fields.iter().enumerate().map(part).collect() }
}

/// A variant's number is its discriminant: as written, or one more than that of the variant before it.
fn variant(input: &syn::Variant, next: &mut u32, errors: &mut Errors) -> Variant {
    attr::refuse_skipped(&input.attrs, errors);
    let mut place = input.ident.span();
    if let Some((_, value)) = &input.discriminant {
        place = value.span();
        match ungrouped(value) {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.base10_parse::<u32>().is_ok() => {
                *next = number.base10_parse().unwrap_or(*next);
            }
            _ => errors.at(value, "the number of a key's variant is written out, from 0 to 4294967295"),
        }
    }
    let number = *next;
    *next = next.saturating_add(1);
    Variant { ident: input.ident.clone(), number, place, parts: parts(&input.fields, errors) }
}

/// A macro may wrap a value in an invisible group.
fn ungrouped(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => ungrouped(&group.expr),
        value => value,
    }
}
