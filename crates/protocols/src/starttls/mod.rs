//! Protocols that begin in the clear and may turn to TLS: SMTP, IMAP, POP3, FTP, XMPP, LDAP,
//! PostgreSQL, MySQL.
