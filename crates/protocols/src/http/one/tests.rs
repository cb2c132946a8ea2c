//! HTTP/1 as it is said.
