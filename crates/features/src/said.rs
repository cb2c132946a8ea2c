//! The families of what flows say: one for each record of `flowloom_protocols`.

use flowloom_protocols::declared::DeclaredColumns;
use flowloom_protocols::dhcp::DhcpColumns;
use flowloom_protocols::dns::{DnsColumns, DnsQuestionColumns};
use flowloom_protocols::http::HttpColumns;
use flowloom_protocols::icmp::IcmpColumns;
#[cfg(feature = "ja4plus")]
use flowloom_protocols::ja4plus::Ja4PlusColumns;
use flowloom_protocols::quic::QuicColumns;
use flowloom_protocols::ssh::SshColumns;
use flowloom_protocols::tls::{ChainColumns, TlsColumns};
use flowloom_protocols::{ApplicationColumns, Want, Wants};
use flowloom_schema::{Column, Record, Series};

use crate::family::{Family, FlowRow, Needs};

/// Which protocol it is, and whose server.
pub(crate) struct ApplicationFamily;

impl Family for ApplicationFamily {
    fn columns(&self) -> Vec<Column> {
        ApplicationColumns::columns()
    }

    fn needs(&self) -> Needs {
        Needs { said: Wants::of(&[Want::Application, Want::DnsNames]), ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        ApplicationColumns::push_all(
            &[ApplicationColumns::of(row.findings(), row.by_port)],
            series,
        );
    }
}

macro_rules! families {
    ($($(#[$doc:meta])* $family:ident: $record:ident of $($finding:ident)|+ wants $($want:ident),+;)*) => {
        $($(#[$doc])*
        pub(crate) struct $family;

        impl Family for $family {
            fn columns(&self) -> Vec<Column> {
                $record::columns()
            }

            fn needs(&self) -> Needs {
                Needs { said: Wants::of(&[$(Want::$want),+]), ..Needs::default() }
            }

            fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
                $record::push_all(&[$record::of(row.findings())], series);
            }

            fn append_all(&self, rows: &[FlowRow<'_>], series: &mut [Series]) {
                let speaks = |row: &FlowRow<'_>| {
                    row.findings().is_some_and(|findings| $(findings.$finding.is_some())||+)
                };
                // Most flows speak something else: their nulls are made many at a time.
                for rows in rows.chunk_by(|row, next| speaks(row) == speaks(next)) {
                    if !rows.first().is_some_and(speaks) {
                        for series in &mut *series {
                            series.push_nulls(rows.len());
                        }
                        continue;
                    }
                    // Few enough to stay in the nearest cache.
                    for rows in rows.chunks(ROWS_AT_A_TIME) {
                        let rows = rows.iter().map(|row| $record::of(row.findings()));
                        $record::push_all(&rows.collect::<Vec<_>>(), series);
                    }
                }
            }
        })*
    };
}

families! {
    /// What the TLS handshake told.
    TlsFamily: TlsColumns of tls wants Tls, Certificates;
    /// What the certificates of a TLS handshake told.
    ChainFamily: ChainColumns of tls wants Tls, Certificates;
    /// What a QUIC handshake told.
    QuicFamily: QuicColumns of quic wants Quic;
    /// What HTTP messages told.
    HttpFamily: HttpColumns of http wants Http;
    /// What DNS messages told.
    DnsFamily: DnsColumns of dns wants Dns;
    /// What was in question in DNS messages.
    DnsQuestionFamily: DnsQuestionColumns of dns wants DnsQuestions;
    /// What DHCP messages told.
    DhcpFamily: DhcpColumns of dhcp wants Dhcp;
    /// What ICMP and IGMP messages told.
    IcmpFamily: IcmpColumns of icmp wants Icmp;
    /// What declared protocols told.
    DeclaredFamily: DeclaredColumns of declared wants Declared;
    /// What the SSH key exchange told.
    SshFamily: SshColumns of ssh wants Ssh;
}

#[cfg(feature = "ja4plus")]
families! {
    /// Fingerprints under the `FoxIO` licence.
    Ja4PlusFamily: Ja4PlusColumns of tls|http|ja4plus
        wants Tls, Certificates, Http, Ssh, Ja4Plus;
}

/// Rows that are made before they are appended.
const ROWS_AT_A_TIME: usize = 16;
