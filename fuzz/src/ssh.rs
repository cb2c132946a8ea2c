//! SSH: what columns show is there, and no longer than what was said.

use flowloom_protocols::ssh::SshColumns;
use flowloom_protocols::{Limits, Transport};

use crate::talk::{shared, talk};

/// A conversation at the port of SSH.
pub fn ssh(data: &[u8]) {
    let conversation = talk(&mut shared(Limits::default()), Transport::Tcp, 22, data);
    let columns = SshColumns::of(Some(conversation.findings()));
    let banners = [columns.ssh_client, columns.ssh_server].into_iter().flatten();
    for banner in banners {
        assert!(banner.starts_with("SSH-") && !banner.contains('\n'));
    }
    assert_eq!(columns.ssh_hassh.is_some(), columns.ssh_client_kex.is_some());
    assert_eq!(columns.ssh_hassh_server.is_some(), columns.ssh_server_kex.is_some());
    if let (Some(kex), Some(offered)) = (columns.ssh_kex, columns.ssh_server_kex) {
        assert!(offered.contains(&kex), "what was chosen was offered");
    }
}
