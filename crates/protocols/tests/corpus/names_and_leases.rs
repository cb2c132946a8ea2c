//! DNS and DHCP against the facts that tshark tells of the corpus, where the corpus is there.

use flowloom_protocols::dns::{Data, Message};
use flowloom_protocols::{Transport, Want, Wants, dhcp};

use crate::common::{Flow, corpus, facts, flows};
use crate::review::Review;

/// A name as tshark shows it: `\DDD` as the byte, no backslashes, `<Root>`.
fn plain(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, rest) {
            (b'\\', [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..]) => {
                let value = |digit: &u8| u32::from(digit - b'0');
                bytes.push((value(a) * 100 + value(b) * 10 + value(c)) as u8);
                rest = after;
            }
            (b'\\', [escaped, after @ ..]) => {
                bytes.push(*escaped);
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    if name == "." { "<Root>".into() } else { String::from_utf8_lossy(&bytes).into_owned() }
}

fn sorted(mut list: Vec<String>) -> String {
    list.sort();
    list.join("|")
}

/// The cells of a fact: application, transport, source, destination, identifier, whether it is a
/// response, response code, question, its type, addresses, aliases, count of answers.
fn dns_row(flow: &Flow, message: &Message) -> Vec<String> {
    let [(from, _), (to, _)] = flow.sent(message.direction);
    let of = |kind: u16| {
        let records = message.records.iter().filter(|record| record.kind == kind);
        sorted(
            records
                .filter_map(|record| match &record.data {
                    Data::Address(address) => Some(address.to_string()),
                    Data::Name(name) => Some(plain(name)),
                    _ => None,
                })
                .collect(),
        )
    };
    let is_response = message.is_response();
    vec![
        message.app.name().into(),
        if message.transport == Transport::Tcp { "tcp" } else { "udp" }.into(),
        from.to_string(),
        to.to_string(),
        format!("{:#06x}", message.id),
        if is_response { "True" } else { "False" }.into(),
        if is_response { (message.flags & 15).to_string() } else { String::new() },
        sorted(message.questions.iter().map(|question| plain(&question.name)).collect()),
        sorted(message.questions.iter().map(|question| question.kind.to_string()).collect()),
        of(1),
        of(28),
        of(5),
        message.counts[1].to_string(),
    ]
}

/// A fact, apart where several messages ended in a frame and no lists make that ambiguous.
fn dns_facts(fact: &[String]) -> Vec<Vec<String>> {
    let mut cells = fact.to_vec();
    cells.remove(0);
    cells.remove(2);
    let messages = cells[4].split('|').count();
    let part = |cell: &str, i: usize| cell.split('|').nth(i).unwrap_or_default().to_owned();
    (0..messages)
        .map(|i| {
            let cell = |(at, cell): (usize, &String)| match at {
                _ if messages == 1 && at < 7 => cell.clone(),
                4..=8 | 12 if messages > 1 => part(cell, i),
                9..12 if messages > 1 => String::new(),
                _ => sorted(cell.split('|').map(str::to_owned).collect()),
            };
            // Backslashes are doubled in the file.
            let cell = |(at, text): (usize, &String)| match at {
                7 | 11 => plain(&cell((at, &text.replace("\\\\", "\\")))),
                _ => cell((at, text)),
            };
            cells.iter().enumerate().map(cell).collect()
        })
        .collect()
}

#[test]
fn dns_messages_are_those_of_the_corpus() {
    let mut review = Review::of(&["dns"]);
    for (capture, path, expected) in corpus() {
        let facts = facts(&expected, "dns");
        let flows = flows(&path, Wants::of(&[Want::DnsMessages])).unwrap_or_default();
        let found = flows.iter().flat_map(|flow| {
            let dns = flow.findings().dns.as_deref();
            let messages = dns.map(|dns| dns.messages.as_slice()).unwrap_or_default();
            messages.iter().map(|message| dns_row(flow, message))
        });
        // tshark has NBNS under other fields, of which there are no facts.
        let found = found.filter(|row| row[0] != "nbns");
        let facts = facts.iter().flat_map(|fact| dns_facts(fact));
        review.compare(
            "dns",
            &capture,
            facts.map(|row| row.join(" ")),
            found.map(|row| row.join(" ")),
        );
    }
    review.judge();
}

/// The cells of a fact: type, transaction, hardware address, host name, vendor
/// class, requested address, given address, domain, server.
fn dhcp_row(message: &dhcp::Message) -> Vec<String> {
    let event = dhcp::DhcpEvent::of(1, message);
    let ip = |address: Option<std::net::IpAddr>| address.map(|ip| ip.to_string());
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    vec![
        message.kinds.first().map(ToString::to_string).unwrap_or_default(),
        event.transaction_id.map(|id| format!("{id:#010x}")).unwrap_or_default(),
        text(event.client_mac),
        text(event.hostname),
        text(event.vendor_class),
        ip(event.requested_address).unwrap_or_default(),
        ip(event.your_address).unwrap_or_else(|| "0.0.0.0".into()),
        text(event.domain),
        text(event.server_id),
    ]
}

/// The cells of a fact: types, transaction, the client's name, DUIDs, addresses.
fn dhcpv6_row(message: &dhcp::Message) -> Vec<String> {
    let event = dhcp::DhcpEvent::of(1, message);
    let kinds: Vec<_> = message.kinds.iter().map(ToString::to_string).collect();
    let duids = [event.client_id, event.server_id].into_iter().flatten();
    vec![
        kinds.join("|"),
        event.transaction_id.map(|id| format!("{id:#08x}")).unwrap_or_default(),
        event.fqdn.unwrap_or_default().to_owned(),
        sorted(duids.map(str::to_owned).collect()),
        sorted(event.addresses.iter().map(ToString::to_string).collect()),
    ]
}

/// Compares the messages of a version with the facts of a kind.
fn leases(kind: &'static [&'static str; 1], version: u8, row: fn(&dhcp::Message) -> Vec<String>) {
    let mut review = Review::of(kind);
    for (capture, path, expected) in corpus() {
        let mut facts = facts(&expected, kind[0]);
        for fact in &mut facts {
            // Of captures with several sections, tshark counts frames otherwise.
            fact.remove(0);
            if version == 4 {
                // The hardware address in the client identifier is listed as well.
                let end = fact[2].find('|').unwrap_or(fact[2].len());
                fact[2].truncate(end);
            } else {
                fact[2] = fact[2].trim_end_matches('.').into();
                fact[3] = sorted(fact[3].split('|').map(str::to_owned).collect());
                fact[4] = sorted(fact[4].split('|').map(str::to_owned).collect());
            }
        }
        let flows = flows(&path, Wants::of(&[Want::DhcpMessages])).unwrap_or_default();
        let found = flows.iter().flat_map(|flow| {
            let dhcp = flow.findings().dhcp.as_deref();
            dhcp.map(|dhcp| dhcp.messages.as_slice()).unwrap_or_default()
        });
        let found = found.filter(|message| message.version == version).map(row);
        review.compare(
            kind[0],
            &capture,
            facts.iter().map(|row| row.join(" ")),
            found.map(|row| row.join(" ")),
        );
    }
    review.judge();
}

#[test]
fn dhcp_messages_are_those_of_the_corpus() {
    leases(&["dhcp"], 4, dhcp_row);
}

#[test]
fn dhcpv6_messages_are_those_of_the_corpus() {
    leases(&["dhcpv6"], 6, dhcpv6_row);
}
