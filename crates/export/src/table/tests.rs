//! How tables look.
