//! Protocols that are declared in YAML.
