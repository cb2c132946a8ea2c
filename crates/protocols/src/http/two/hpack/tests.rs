//! Header blocks of RFC 7541, and broken ones.
