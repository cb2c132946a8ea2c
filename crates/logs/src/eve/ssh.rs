//! `ssh`: a record for each connection in which both sides said what they are.

use super::{At, Record};
use crate::value::Value;
use crate::{Field, Subject, alone, is_ssh};

pub(super) const RECORD: Record = Record {
    event: "ssh",
    fields: FIELDS,
    records: |flow, _| alone(is_ssh(flow)),
    at: |subject| At { time: subject.flow.int("start_time"), ..At::default() },
};

const FIELDS: &[Field] = &[
    Field::made("ssh.client.proto_version", "", "ssh_client", |s| part(s, "ssh_client", PROTOCOL)),
    Field::made("ssh.client.software_version", "", "ssh_client", |s| {
        part(s, "ssh_client", SOFTWARE)
    }),
    Field::flow("ssh.client.hassh.hash", "", "ssh_hassh"),
    Field::never("ssh.client.hassh.string", ""),
    Field::made("ssh.server.proto_version", "", "ssh_server", |s| part(s, "ssh_server", PROTOCOL)),
    Field::made("ssh.server.software_version", "", "ssh_server", |s| {
        part(s, "ssh_server", SOFTWARE)
    }),
    Field::flow("ssh.server.hassh.hash", "", "ssh_hassh_server"),
    Field::never("ssh.server.hassh.string", ""),
];

/// A part of an identification, `SSH-protocol-software comments` (RFC 4253, section 4.2).
fn part<'a>(subject: &Subject<'a>, side: &str, number: usize) -> Value<'a> {
    let banner = subject.flow.text(side).unwrap_or_default();
    let said = banner.split(' ').next().unwrap_or_default();
    said.splitn(3, '-').nth(number).into()
}

const PROTOCOL: usize = 1;
const SOFTWARE: usize = 2;
