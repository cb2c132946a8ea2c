//! HTTP/1 as it is said.

use flowloom_flow::Direction;
use proptest::prelude::*;

use crate::http::exchange::Response;
use crate::http::{Http, HttpColumns, HttpEvent};
use crate::testing::Script;
use crate::{Findings, Transport, WireText};

fn script() -> Script {
    Script::new(Transport::Tcp, [40_000, 80])
}

fn http(findings: &Findings) -> &Http {
    findings.http.as_ref().unwrap()
}

fn applications(findings: &Findings) -> Vec<&str> {
    findings.applications.iter().map(|found| found.protocol.name()).collect()
}

/// Method, target and status of each exchange, and the bytes of both bodies.
fn told(http: &Http) -> Vec<(String, u16, u64, u64)> {
    let text = |text: &Option<WireText>| text.as_ref().map_or("", WireText::as_str).to_owned();
    http.exchanges
        .iter()
        .map(|exchange| {
            let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
            (
                request.map_or(String::new(), |request| text(&request.target)),
                response.and_then(|response| response.status).unwrap_or(0),
                request.map_or(0, |request| request.body_bytes),
                response.map_or(0, |response| response.body_bytes),
            )
        })
        .collect()
}

fn row(target: &str, status: u16, sent: u64, got: u64) -> (String, u16, u64, u64) {
    (target.to_owned(), status, sent, got)
}

const REQUEST: &[u8] = b"POST /a?b=c HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: probe/1\r\n\
    Referer: http://r.example/\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
const RESPONSE: &[u8] = b"HTTP/1.1 201 Made it\r\nServer: here\r\nContent-Type: text/html\r\n\
    Content-Encoding: gzip\r\nLocation: /new\r\nTransfer-Encoding: chunked\r\n\r\n\
    3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";

#[test]
fn a_request_and_its_response_fill_every_column() {
    let mut script = script();
    let findings = script.up(REQUEST).down(RESPONSE).end();
    assert_eq!(applications(findings), ["http"]);
    let columns = HttpColumns::of(Some(findings));
    assert_eq!(columns.http_version, Some("1.1"));
    assert_eq!(columns.http_method, Some("POST"));
    assert_eq!(columns.http_host, Some("www.example.com"));
    assert_eq!(columns.http_uri, Some("/a?b=c"));
    assert_eq!(columns.http_url.as_deref(), Some("http://www.example.com/a?b=c"));
    assert_eq!(columns.http_user_agent, Some("probe/1"));
    assert_eq!(columns.http_referer, Some("http://r.example/"));
    assert_eq!(columns.http_request_content_type, Some("text/plain"));
    assert_eq!(columns.http_status, Some(201));
    assert_eq!(columns.http_reason, Some("Made it"));
    assert_eq!(columns.http_server, Some("here"));
    assert_eq!(columns.http_content_type, Some("text/html"));
    assert_eq!(columns.http_content_encoding, Some("gzip"));
    assert_eq!(columns.http_location, Some("/new"));
    assert_eq!((columns.http_request_count, columns.http_response_count), (Some(1), Some(1)));
    assert_eq!(columns.http_request_body_bytes, Some(5));
    assert_eq!(columns.http_response_body_bytes, Some(13));
    assert_eq!((columns.http_upgrade, columns.http_goaway), (None, None));
    assert_eq!(columns.http_incomplete, Some(false));
    let event = HttpEvent::of(7, &http(findings).exchanges[0]);
    assert_eq!((event.flow_id, event.request_frame, event.response_frame), (7, Some(1), Some(2)));
    assert_eq!((event.request_time.unwrap().0, event.duration), (1_000_000_000, Some(1.0)));
    assert_eq!((event.request_content_length, event.request_body_bytes), (Some(5), Some(5)));
    assert_eq!((event.content_length, event.body_bytes), (None, Some(13)));
    assert_eq!((event.status, event.http2_stream), (Some(201), None));
}

#[test]
fn the_same_is_found_when_every_byte_comes_alone() {
    let mut script = script();
    for byte in REQUEST {
        script.up(&[*byte]);
    }
    for byte in RESPONSE {
        script.down(&[*byte]);
    }
    assert_eq!(told(http(script.end())), [row("/a?b=c", 201, 5, 13)]);
}

#[test]
fn truncated_conversations_tell_what_is_there() {
    for len in 1..REQUEST.len() {
        let mut script = script();
        let findings = script.up(&REQUEST[..len]).end();
        if let Some(http) = &findings.http {
            let wanted = if len <= b"POST /a?b=c".len() { None } else { Some("/a?b=c") };
            let target = http.request().and_then(|request| request.target.as_ref());
            assert!(
                wanted.is_none_or(|wanted| target.is_some_and(|is| is.as_str() == wanted)),
                "{len}"
            );
        }
    }
    for len in 1..RESPONSE.len() {
        let mut script = script();
        script.up(REQUEST).down(&RESPONSE[..len]).end();
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut script = script();
    script.up(b"GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\n\nGET /4 HTTP/1.0\r\n\r\n");
    script.down(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    script.down(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n");
    script.down(b"HTTP/1.0 200 OK\r\n\r\nuntil").down(b" close");
    let found = http(script.end());
    let wanted =
        [row("/1", 200, 0, 2), row("/2", 200, 0, 0), row("/3", 304, 0, 0), row("/4", 200, 0, 11)];
    assert_eq!(told(found), wanted);
    assert_eq!(found.exchanges[0].interim, [100]);
    assert_eq!((found.request_count, found.response_count), (4, 4));
}

#[test]
fn lost_bytes_of_a_body_are_passed_over_and_others_resynchronised() {
    let mut script = script();
    script.up(b"GET /1 HTTP/1.1\r\n\r\n").down(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
    script.lose(Direction::Down, 6).down(b"cd").up(b"GET /2 HTTP/1.1\r\n\r\n");
    script.lose(Direction::Down, 50).down(b"rest of a body");
    script.up(b"GET /3 HTTP/1.1\r\n\r\n").down(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    let found = http(script.end());
    assert!(found.is_incomplete);
    assert_eq!(told(found)[0], row("/1", 200, 0, 4));
    assert_eq!(told(found)[1..], [row("/2", 0, 0, 0), row("/3", 404, 0, 0)]);
}

/// What answers a request behind a hole, in which another was answered.
#[test]
fn lost_answers_shift_no_others() {
    let answer = |status: u16| format!("HTTP/1.1 {status} x\r\nContent-Length: 1\r\n\r\n-");
    let answer_to_head = b"HTTP/1.1 200 x\r\nContent-Length: 3000\r\n\r\n";
    let mut script = script();
    script.up(b"GET /0 HTTP/1.1\r\n\r\n").down(answer(200).as_bytes());
    script.up(b"GET /1 HTTP/1.1\r\n\r\n").lose(Direction::Down, 70);
    script.up(b"HEAD /2 HTTP/1.1\r\n\r\n").down(answer_to_head);
    script.up(b"GET /3 HTTP/1.1\r\n\r\n").down(answer(203).as_bytes());
    script.up(b"GET /4 HTTP/1.1\r\n\r\n").lose(Direction::Down, 9);
    script.up(b"GET /5 HTTP/1.1\r\n\r\n").down(b"HTTP/1.1 100 Go on\r\n\r\n");
    script.down(answer(500).as_bytes());
    let found = http(script.end());
    let wanted = [
        ("/0", 200, 1),
        ("/1", 0, 0),
        ("/2", 200, 0),
        ("/3", 203, 1),
        ("/4", 0, 0),
        ("/5", 500, 1),
    ];
    assert_eq!(told(found), wanted.map(|(target, status, got)| row(target, status, 0, got)));
    assert_eq!((found.error_count, &*found.exchanges[5].interim), (1, &[100][..]));
    // Of requests that did not wait for their answers, nobody knows which one is answered then.
    for is_shown in [false, true] {
        let mut script = self::script();
        script.up(b"GET /0 HTTP/1.1\r\n\r\n");
        if is_shown {
            script.up(b"GET /1 HTTP/1.1\r\n\r\n").down(answer(200).as_bytes());
        } else {
            script
                .down(answer(200).as_bytes())
                .up(b"GET /1 HTTP/1.1\r\n\r\nGET /1b HTTP/1.1\r\n\r\n");
        }
        script.up(b"GET /2 HTTP/1.1\r\n\r\n").up(b"GET /3 HTTP/1.1\r\n\r\n");
        script.lose(Direction::Down, 40).down(answer(202).as_bytes()).down(answer(203).as_bytes());
        script.up(b"GET /4 HTTP/1.1\r\n\r\n").down(answer(204).as_bytes());
        let told = told(http(script.end()));
        let of = |target: &str| told.iter().find(|row| row.0 == target).map(|row| row.1);
        assert_eq!(["/0", "/1", "/2", "/3", "/4"].map(of), [200, 0, 0, 0, 204].map(Some));
        assert_eq!(told.iter().filter(|row| row.0.is_empty()).count(), 2);
    }
}

/// Where requests were lost as well, an answer may be to one of those.
#[test]
fn answers_to_lost_requests_are_given_to_no_others() {
    let answer = |status: u16| format!("HTTP/1.1 {status} x\r\nContent-Length: 1\r\n\r\n-");
    let told_of = |script: &mut Script| {
        let told = told(http(script.end()));
        told.into_iter().map(|(target, status, ..)| (target, status)).collect::<Vec<_>>()
    };
    let row = |target: &str, status: u16| (target.to_owned(), status);
    // The answer to /1, and the request /2.
    let mut script = script();
    script.up(b"GET /0 HTTP/1.1\r\n\r\n").down(answer(200).as_bytes());
    script.up(b"GET /1 HTTP/1.1\r\n\r\n").lose(Direction::Down, 44).lose(Direction::Up, 19);
    script.down(answer(402).as_bytes()).up(b"GET /3 HTTP/1.1\r\n\r\n");
    let seen = told_of(script.down(answer(403).as_bytes()));
    assert_eq!(seen, [row("/0", 200), row("/1", 0), row("/3", 403), row("", 402)]);
    // The end of the request /1, and a part of the body of its answer.
    let mut script = self::script();
    script.up(b"GET /0 HTTP/1.1\r\n\r\n").down(answer(200).as_bytes());
    script.up(b"GET /1 HTTP/1.1\r\n\r").lose(Direction::Up, 1);
    script
        .down(b"HTTP/1.1 401 x\r\nContent-Length: 9\r\n\r\n12")
        .lose(Direction::Down, 5)
        .down(b"89");
    script.up(b"GET /2 HTTP/1.1\r\n\r\n");
    let seen = told_of(script.down(answer(402).as_bytes()));
    assert_eq!(seen, [row("/0", 200), row("", 401), row("/1", 0), row("/2", 402)]);
}

#[test]
fn fields_of_several_lines_are_one_value() {
    let head = b"GET /1 HTTP/1.1\r\nUser-Agent: one\r\n (two;\r\n\t three)\r\nHost:\r\n a\r\nX: y\r\n \r\n\r\n";
    for len in 0..head.len() {
        let mut script = script();
        let found = http(script.up(&head[..len]).up(&head[len..]).end());
        let request = found.request().unwrap();
        let texts =
            [&request.user_agent, &request.host].map(|text| text.as_ref().unwrap().as_str());
        assert_eq!(texts, ["one (two; three)", "a"], "{len}");
        assert_eq!(found.request_count, 1, "{len}");
    }
}

#[test]
fn connect_gives_way_to_what_is_inside() {
    let mut script = script();
    script.up(b"CONNECT a.example:443 HTTP/1.1\r\n\r\n");
    script.up(b"GET /inside HTTP/1.1\r\nHost: a\r\n\r\n");
    script.down(b"HTTP/1.1 200 Connected\r\n\r\n").down(b"HTTP/1.1 204 Empty\r\n\r\n");
    let findings = script.end();
    let columns = HttpColumns::of(Some(findings));
    assert_eq!(
        (columns.http_uri, columns.http_host),
        (Some("a.example:443"), Some("a.example:443"))
    );
    assert_eq!(columns.http_url, None);
    let wanted = [row("a.example:443", 200, 0, 0), row("/inside", 204, 0, 0)];
    assert_eq!(told(http(findings)), wanted);
}

#[test]
fn a_refused_connect_goes_on() {
    let mut script = script();
    script.up(b"CONNECT a:1 HTTP/1.1\r\n\r\n");
    script.down(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n").up(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(told(http(script.end())), [row("a:1", 407, 0, 0), row("/", 0, 0, 0)]);
}

#[test]
fn an_upgrade_ends_http() {
    let mut script = script();
    script.up(b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    script
        .down(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x05hello")
        .up(b"\x81\x85abcd");
    let findings = script.end();
    assert_eq!(HttpColumns::of(Some(findings)).http_upgrade, Some("websocket"));
    let names = findings.applications.iter().map(|found| found.protocol.name());
    assert!(names.eq(["http", "websocket"]));
    assert_eq!(told(http(findings)), [row("/chat", 101, 0, 0)]);
}

#[test]
fn odd_messages_are_taken_as_they_are() {
    let mut script = script();
    script.down(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nbody");
    script.up(b"\r\nGET /a b HTTP/1.1\nno colon\n : empty\nHost : h\n\n");
    let found = http(script.end());
    assert_eq!(told(found), [row("", 200, 0, 4), row("/a b", 0, 0, 0)]);
    assert_eq!(found.request().unwrap().host.as_ref().map(WireText::as_str), Some("h"));
}

#[test]
fn chunks_that_are_none_are_a_body_until_the_end() {
    let mut script = script();
    script.up(b"GET / HTTP/1.1\r\n\r\n");
    script.down(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nnot a size\r\nmore");
    assert_eq!(told(http(script.end())), [row("/", 200, 0, 16)]);
}

#[test]
fn a_header_without_end_is_given_up() {
    let mut script = script();
    script.up(b"GET / HTTP/1.1\r\n");
    for _ in 0..100 {
        script.up(&[b'a'; 8_000]);
    }
    assert_eq!(told(http(script.end())), [row("/", 0, 0, 0)]);
}

#[test]
fn texts_beyond_what_is_kept_are_counted() {
    let mut script = script();
    let value = "v".repeat(4_000);
    let fields = format!("Server: {value}\r\nLocation: {value}\r\nContent-Type: {value}\r\n");
    let answer = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n");
    script.up(&b"GET / HTTP/1.1\r\n\r\n".repeat(2_000));
    (0..2_000).for_each(|_| {
        script.down(answer.as_bytes());
    });
    let findings = script.end();
    let has_texts = |response: &&Response| response.server.is_some();
    let responses = || http(findings).exchanges.iter().filter_map(|each| each.response.as_ref());
    let kept = responses().filter(has_texts).count();
    assert!((1_300..1_400).contains(&kept), "{kept}");
    assert!(responses().all(|response| response.status == Some(200)));
    assert_eq!(responses().count(), 2_000);
    assert_eq!(findings.messages_dropped, 2_000 - kept as u64);
}

#[test]
fn ssdp_is_found_in_datagrams() {
    let mut script = Script::new(Transport::Udp, [50_000, 1900]);
    script.up(b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: ssdp:all\r\n\r\n");
    script
        .down(b"HTTP/1.1 200 OK\r\nLOCATION: http://10.0.0.1/d.xml\r\nSERVER: x UPnP/1.0\r\n\r\n");
    let findings = script.end();
    assert_eq!(applications(findings), ["ssdp"]);
    let columns = HttpColumns::of(Some(findings));
    assert_eq!(columns.http_method, Some("M-SEARCH"));
    assert_eq!(columns.http_host, Some("239.255.255.250:1900"));
    assert_eq!(columns.http_location, Some("http://10.0.0.1/d.xml"));
    assert_eq!((columns.http_status, columns.http_url), (Some(200), None));
}

#[test]
fn what_is_written_as_ssdp_is_so_at_its_port_alone() {
    let search = b"FIND * HTTP/1.1\r\nHost: 239.1.2.3:6771\r\n\r\n";
    for (port, expected) in [(1900, &["ssdp"][..]), (50_001, &[])] {
        let mut script = Script::new(Transport::Udp, [50_000, port]);
        assert_eq!(applications(script.up(search).end()), expected);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(says: Vec<(bool, bool, Vec<u8>)>, upgraded: bool) {
        let mut script = script();
        script.up(REQUEST).down(if upgraded {
            b"HTTP/1.1 101 S\r\nUpgrade: h2c\r\n\r\n"
        } else {
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        });
        for (up, lost, bytes) in says {
            let direction = if up { Direction::Up } else { Direction::Down };
            if lost {
                script.lose(direction, 7);
            }
            script.say(direction, &bytes);
        }
        script.end();
    }
}
