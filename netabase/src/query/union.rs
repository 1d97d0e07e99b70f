//! Several walks side by side, whose rows all come by primary key: each record once, in that order.

use super::walk::Walk;
use crate::engine::Direction;
use crate::error::Result;

/// What the walks give together.
pub(super) struct Union<'r> {
    members: Vec<Member<'r>>,
    way: Direction,
    began: bool,
    /// the primary key it stands on
    key: Vec<u8>,
}

struct Member<'r> {
    walk: Walk<'r>,
    /// whether it stands on a row
    lives: bool,
}

impl<'r> Union<'r> {
    pub(super) fn new(walks: Vec<Walk<'r>>, way: Direction) -> Self {
        let members = walks.into_iter().map(|walk| Member { walk, lives: true }).collect();
        Union { members, way, began: false, key: Vec::new() }
    }

    /// Goes to the next record that any walk leads to; `false` at the end. Most walks are no union, and step faster without its code.
    #[inline(never)]
    pub(super) fn advance(&mut self) -> Result<bool> {
        for Member { walk, lives } in &mut self.members {
            if *lives && (!self.began || walk.key() == self.key) {
                *lives = walk.advance()?;
            }
        }
        self.began = true;
        let living = self.members.iter().filter(|member| member.lives).map(|member| member.walk.key());
        let next = match self.way {
            Direction::Forward => living.min(),
            Direction::Reverse => living.max(),
        };
        self.key.clear();
        self.key.extend_from_slice(next.unwrap_or_default());
        Ok(next.is_some())
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Counts the rows that are read.
    pub(super) fn count(&mut self) {
        let members = std::mem::take(&mut self.members).into_iter();
        self.members =
            members.map(|Member { walk, lives }| Member { walk: walk.counting(), lives }).collect();
    }

    /// The rows that were read of each walk.
    pub(super) fn counts(&self) -> Vec<u64> {
        self.members.iter().map(|member| member.walk.counts().iter().sum()).collect()
    }
}
