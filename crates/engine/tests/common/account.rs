//! What every account must come to.

use std::collections::BTreeSet;

use flowloom_engine::{Account, Summary};

use crate::common::Row;

/// Every frame is in exactly one count, and every packet in exactly one row.
pub(crate) fn account_is_whole(summary: &Summary) {
    for capture in &summary.captures {
        frames_are_counted_once(&capture.account);
    }
    frames_are_counted_once(&summary.total);
    assert_eq!(summary.total.flow_count(), summary.rows, "{:?}", summary.total);
}

/// For runs without a filter on flows: the packets of all rows are those that were decoded.
pub(crate) fn packets_are_in_rows(rows: &[Row], summary: &Summary) {
    let packets: u64 = rows.iter().map(|row| row.number("packet_count")).sum();
    assert_eq!(packets, packets_of(&summary.total), "{:?}", summary.total);
    if summary.captures.len() == 1 {
        let ids = rows.iter().map(|row| row.number("flow_id")).collect::<BTreeSet<_>>();
        assert_eq!(ids.len(), rows.len(), "each flow has a number of its own");
    }
}

/// IP packets, fragments put together.
pub(crate) fn packets_of(account: &Account) -> u64 {
    account.frames_ip + account.datagrams + account.fragments_unresolved - account.fragments
}

fn frames_are_counted_once(account: &Account) {
    let unknown_link: u64 = account.frames_unknown_link.values().sum();
    let not_ip: u64 = account.frames_not_ip.values().sum();
    let counted = account.frames_outside_window
        + account.frames_duplicate
        + account.frames_filtered
        + unknown_link
        + not_ip
        + account.frames_ip;
    assert_eq!(account.frames, counted, "{account:?}");
}
