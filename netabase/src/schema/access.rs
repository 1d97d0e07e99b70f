//! What may be done, as constants: with the records of a model, by anyone; with a definition, by another one.

/// What is done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// it is looked at, counted, or found
    Read,
    /// it is stored anew
    Create,
    /// it is changed
    Update,
    /// it goes
    Delete,
}

impl Operation {
    /// Each of them.
    pub const ALL: [Operation; 4] =
        [Operation::Read, Operation::Create, Operation::Update, Operation::Delete];

    const fn bit(self) -> u8 {
        match self {
            Operation::Read => 1,
            Operation::Create => 2,
            Operation::Update => 4,
            Operation::Delete => 8,
        }
    }
}

/// A set of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Operations(u8);

impl Operations {
    /// None of them.
    pub const NONE: Operations = Operations(0);
    /// All of them.
    pub const ALL: Operations = Operations::of(&Operation::ALL);

    /// These.
    pub const fn of(operations: &[Operation]) -> Self {
        let (mut bits, mut rest) = (0, operations);
        while let Some((first, others)) = rest.split_first() {
            bits |= first.bit();
            rest = others;
        }
        Operations(bits)
    }

    /// Whether it is among them.
    #[inline]
    pub const fn has(self, operation: Operation) -> bool {
        self.0 & operation.bit() != 0
    }

    /// Whether all of the others are among them.
    #[inline]
    pub const fn has_all(self, others: Operations) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those of either.
    #[must_use]
    pub const fn or(self, others: Operations) -> Self {
        Operations(self.0 | others.0)
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, others: Operations) -> Self {
        Operations(self.0 & others.0)
    }
}

/// What code that works on one definition may do with another one in the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// nothing
    None,
    /// link to its records, and read them
    Read,
    /// change them, too
    Write,
}

/// What a definition lets another one do, which it names as that is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// `None`: any
    pub to: Option<&'static str>,
    /// how much
    pub access: Access,
}

impl Grant {
    /// For the derive.
    #[doc(hidden)]
    pub const fn new(to: Option<&'static str>, access: Access) -> Self {
        Grant { to, access }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_a_set() {
        let some = Operations::of(&[Operation::Read, Operation::Create, Operation::Read]);
        let found: Vec<_> = Operation::ALL.into_iter().filter(|operation| some.has(*operation)).collect();
        assert_eq!(found, [Operation::Read, Operation::Create]);
        assert!(
            Operations::ALL.has_all(some) && !some.has_all(Operations::ALL) && some.has_all(Operations::NONE)
        );
        assert_eq!(
            some.and(Operations::of(&[Operation::Create, Operation::Delete])),
            Operations::of(&[Operation::Create])
        );
    }
}
