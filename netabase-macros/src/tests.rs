//! What the derives write for the blog of the documentation, to be read in review: `expanded/*.rs`.
//!
//! `BLESS=1 cargo test -p netabase-macros` writes the files anew.

use std::path::PathBuf;

use proc_macro2::TokenStream;
use syn::{DeriveInput, parse_quote};

fn author() -> DeriveInput {
    parse_quote! {
        pub struct Author {
            #[primary_key]
            pub id: u64,
            #[secondary_key(unique)]
            pub email: String,
            #[secondary_key]
            pub country: Option<String>,
        }
    }
}

fn post() -> DeriveInput {
    parse_quote! {
        #[netabase(subscribe(Feed))]
        pub struct Post {
            #[primary_key]
            pub id: u64,
            #[secondary_key]
            pub tags: Vec<String>,
            #[relation]
            pub author: Link<Author>,
            pub day: u32,
            pub body: String,
        }
    }
}

fn page() -> DeriveInput {
    parse_quote! {
        #[netabase(view(Debug))]
        pub struct Page {
            /// where it is
            #[primary_key]
            pub path: String,
            pub html: Option<String>,
            #[serde(with = "compressed")]
            pub image: Vec<u8>,
            pub size: u64,
        }
    }
}

fn blog() -> DeriveInput {
    parse_quote! {
        #[netabase(topics(Feed))]
        pub enum Blog {
            Author(Author),
            Post(Post),
        }
    }
}

fn company() -> DeriveInput {
    parse_quote! {
        pub enum Company {
            Staff(Staff),
            Work(Work),
        }
    }
}

fn key() -> DeriveInput {
    parse_quote! {
        pub struct Slot {
            pub room: String,
            pub day: u32,
        }
    }
}

/// Compares with the file and returns the number of lines.
fn expands(name: &str, code: TokenStream) -> usize {
    let file = syn::parse2(code).expect("the derive writes items");
    let text = prettyplease::unparse(&file);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("expanded").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("it writes");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == known, "{name} has changed; BLESS=1 writes it anew:\n{text}");
    text.lines().count()
}

// A derive that grows is a derive that has begun to do the runtime's work.
#[test]
fn models_expand_to_little() {
    for (name, input) in [("author.rs", author()), ("post.rs", post()), ("page.rs", page())] {
        let lines = expands(name, crate::model(&input));
        assert!(lines < 160, "{name} has {lines} lines");
    }
}

#[test]
fn definitions_repositories_and_keys_expand_to_little() {
    let lines = [
        expands("blog.rs", crate::definition(&blog())),
        expands("company.rs", crate::repository(&company())),
        expands("slot.rs", crate::key(&key())),
    ];
    assert!(lines.iter().all(|lines| *lines < 120), "{lines:?} lines");
}

// Every error of a struct is there at once.
#[test]
fn errors_are_collected() {
    let input: DeriveInput = parse_quote! {
        #[netabase(colour)]
        struct Post {
            #[relation]
            author: u64,
            #[secondary_key(uniq)]
            day: u32,
        }
    };
    let text = crate::model(&input).to_string();
    assert_eq!(text.matches("compile_error").count(), 4, "{text}");
}
