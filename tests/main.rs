//! Every behaviour in a file named after it.

mod oracle;
