//! Messages in conversations.
