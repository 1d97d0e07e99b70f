//! The doors to records, and what each of them needs.

use crate::schema::{Operation, Operations};

macro_rules! doors {
    ($($(#[doc = $doc:literal])* $door:ident $name:literal [$($needs:ident)*];)*) => {
        /// A way to records, as [`Decision`](crate::policy::Decision)s name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Door {
            $($(#[doc = $doc])* $door,)*
        }

        impl Door {
            /// Each of them.
            pub const ALL: &[Door] = &[$(Door::$door),*];

            /// What a principal needs to go through it. Nothing: it is the owner's alone.
            #[inline]
            pub const fn needs(self) -> Operations {
                match self {
                    $(Door::$door => Operations::of(&[$(Operation::$needs),*]),)*
                }
            }

            /// The verb, as errors say it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Door::$door => $name,)*
                }
            }
        }
    };
}

doors! {
    /// `get` of a store or a transaction
    Get "get" [Read];
    /// `view`
    View "view" [Read];
    /// `get_many`
    GetMany "get_many" [Read];
    /// `contains`
    Contains "contains" [Read];
    /// `get_versioned` and `version`
    GetVersioned "get_versioned" [Read];
    /// `len` and `is_empty`
    Len "len" [Read];
    /// a query, whatever it ends with
    RunQuery "query" [Read];
    /// a query that tells what it does, which is for those who may see all records
    ExplainQuery "explain" [Read];
    /// records along a relation, in a query
    LoadLinks "include" [Read];
    /// records against a relation, in a query
    LoadInverse "inverse" [Read];
    /// a walk along relations or against them
    Walk "walk" [Read];
    /// what names a hidden field, to filter, order, select or group by it
    NameField "name a hidden field" [Read];
    /// who is enrolled in a topic
    Topic "topic" [Read];
    /// `watch`
    Watch "watch" [Read];
    /// `create`
    Create "create" [Create];
    /// `create_auto`
    CreateAuto "create_auto" [Create];
    /// `create_if_absent`, and `update_if_version` where the record is to be absent
    CreateIfAbsent "create_if_absent" [Create];
    /// `update_if_version`
    UpdateIfVersion "update_if_version" [Update];
    /// `delete_if_version`
    DeleteIfVersion "delete_if_version" [Delete];
    /// `update`
    Update "update" [Update];
    /// `upsert`
    Upsert "upsert" [Create Update];
    /// `replace`
    Replace "replace" [Read Update];
    /// `update_with`
    UpdateWith "update_with" [Read Update];
    /// `update_if`
    UpdateIf "update_if" [Read Update];
    /// `update_where`
    UpdateWhere "update_where" [Read Update];
    /// `rekey`
    Rekey "rekey" [Read Update];
    /// `delete`
    Delete "delete" [Delete];
    /// `take`
    Take "take" [Read Delete];
    /// `delete_if`
    DeleteIf "delete_if" [Read Delete];
    /// `delete_where`
    DeleteWhere "delete_where" [Read Delete];
    /// what a deletion deletes with it
    Cascade "cascade" [Delete];
    /// links that are taken out, or follow a key
    Relink "relink" [Update];
    /// `verify`
    Verify "verify" [];
    /// `rebuild_indexes`
    Rebuild "rebuild_indexes" [];
    /// `compact`
    Compact "compact" [];
    /// `stats`
    Stats "stats" [];
    /// `publish`, for which a topic has rights of its own
    Publish "publish" [];
    /// messages of a topic, for which it has rights of its own
    Receive "receive" [];
    /// `journal`
    ReadJournal "journal" [];
    /// `consumer` and `group`
    Consume "consumer" [];
    /// `session`, `as_owner`, and what is begun without a ticket
    Session "session" [];
}

impl Door {
    /// Whether it leads to records by their keys alone.
    pub(super) const fn is_by_key(self) -> bool {
        matches!(
            self,
            Door::Get | Door::View | Door::GetMany | Door::Contains | Door::GetVersioned | Door::Len
        )
    }

    /// Its place in a set.
    #[inline]
    pub(super) const fn bit(self) -> u64 {
        1 << self as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_have_places_and_names_of_their_own() {
        let bits = Door::ALL.iter().fold(0, |all, door| all | door.bit());
        assert_eq!(bits.count_ones() as usize, Door::ALL.len());
        let mut names: Vec<_> = Door::ALL.iter().map(|door| door.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Door::ALL.len());
    }
}
