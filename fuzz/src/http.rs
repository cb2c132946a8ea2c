//! HTTP of all versions: whatever is said, rows can be made of it and counts fit one another.

use flowloom_protocols::EVENTS;
use flowloom_protocols::http::HttpColumns;
use flowloom_schema::Series;

use crate::talk::talk;

/// A conversation at the port of HTTP.
pub fn http(data: &[u8]) {
    let conversation = talk(80, data);
    let columns = HttpColumns::of(Some(conversation.findings()));
    if let Some(http) = &conversation.findings().http {
        assert!(columns.http_method.is_none() || http.request_count > 0);
        assert!(columns.http_status.is_none() || http.response_count > 0);
        let bodies = http.request_body_bytes + http.response_body_bytes;
        assert!(bodies <= data.len() as u64, "no more than was said");
    }
    let events = EVENTS.iter().find(|events| events.name == "http").expect("there is the table");
    let mut series: Vec<_> =
        (events.columns)().iter().map(|column| Series::new(column.data_type)).collect();
    let rows = (events.append)(1, conversation.findings(), &mut series);
    assert!(rows <= data.len(), "a message is at least a byte");
}
