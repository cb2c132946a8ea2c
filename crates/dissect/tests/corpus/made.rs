//! What no capture of the corpus has, made here and held against tshark: frames of HTTP/2 of every
//! kind, with padding, priorities, promises, and header fields in several frames; records of TLS of
//! which a snap length has left the front.

use std::fs;
use std::path::Path;

use crate::Values;
use crate::ours;
use crate::tshark::Oracle;

#[test]
fn frames_of_http2_are_those_of_tshark() {
    let Some(oracle) = Oracle::find() else {
        eprintln!("skipped: there is no tshark");
        return;
    };
    let path = std::env::temp_dir().join(format!("flowloom-http2-{}.pcap", std::process::id()));
    fs::write(&path, capture()).unwrap();
    let (ours, theirs) = (ours::values(&path), oracle.values(&path));
    fs::remove_file(&path).unwrap();
    assert_eq!(ours.len(), theirs.len());
    let (mut equal, mut wrong) = (0, Vec::new());
    for (at, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        let is_http2 = |field: &&&str| field.starts_with("http2.");
        for field in our.keys().chain(their.keys()).filter(is_http2) {
            if oracle.fields.binary_search(field).is_ok() {
                // tshark reads the header fields of each frame by themselves, and gives frames that
                // go on with a header padding that they cannot have (RFC 9113, section 6.10).
                let is_own = ["http2.header", "http2.flags.padded", "http2.pad_length"];
                let is_cut = CUT.contains(&(at + 1));
                if is_cut && is_own.iter().any(|prefix| field.starts_with(prefix)) {
                    continue;
                }
                if at + 1 == PADDED && *field == "http2.data.data" {
                    // tshark takes padding for data where it puts bodies together.
                    continue;
                }
                let (our, their) = (our.get(field), their.get(field));
                if our == their {
                    equal += our.map_or(0, Vec::len);
                } else {
                    wrong.push(format!("{field} of frame {}: {our:?}, tshark {their:?}", at + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let last = &ours[CUT.end() - 1];
    assert_eq!(last["http2.header.name"], [":method", ":scheme", ":path", ":authority"]);
    assert_eq!(last["http2.headers.authority"], ["www.example.com"]);
    eprintln!("{equal} values of {} frames equal", ours.len());
    assert!(equal > 300, "only {equal} values were compared");
}

#[test]
fn records_that_are_cut_show_their_front_as_tshark_does() {
    let Some(oracle) = Oracle::find() else {
        eprintln!("skipped: there is no tshark");
        return;
    };
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/browsing.pcapng");
    let header: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1];
    let mut cut = header.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    ours::each_frame(&sample, |_, bytes| {
        let kept = &bytes[..bytes.len().min(KEPT)];
        let record = [1, 0, kept.len() as u32, bytes.len() as u32];
        cut.extend(record.iter().flat_map(|word| word.to_le_bytes()));
        cut.extend(kept);
    });
    let path = std::env::temp_dir().join(format!("flowloom-cut-{}.pcap", std::process::id()));
    fs::write(&path, cut).unwrap();
    let (ours, theirs) = (ours::values(&path), oracle.values(&path));
    fs::remove_file(&path).unwrap();
    let (mut fronts, mut wrong) = (0, Vec::new());
    for (at, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        for field in ["tls.record.length", "tls.record.version"] {
            match (our.get(field), their.get(field)) {
                (None, None) => {}
                (our, their) if our == their => fronts += 1,
                // tshark shows nothing of a record that goes on in the next segment.
                (Some(_), None) if last(our, "tls.record.length") + 5 > last(our, "tcp.len") => {}
                (our, their) => {
                    wrong.push(format!("{field} of frame {}: {our:?}, tshark {their:?}", at + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!("{fronts} fronts of records equal");
    assert!(fronts > 50, "only {fronts} were compared");
}

#[test]
fn messages_are_known_wherever_their_beginning_is_cut() {
    let request = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    let path = std::env::temp_dir().join(format!("flowloom-begins-{}.pcap", std::process::id()));
    for cut in 1..request.len() - 1 {
        let mut made = Made::new();
        for part in [&request[..cut], &request[cut..]] {
            made.say(UP, part);
        }
        answer.chunks(cut).for_each(|part| made.say(DOWN, part));
        fs::write(&path, made.bytes).unwrap();
        let frames = ours::values(&path);
        let all = |field| {
            frames.iter().filter_map(|frame| frame.get(field)).flatten().collect::<Vec<_>>()
        };
        assert_eq!(all("http.request.uri"), ["/x"], "{cut}");
        assert_eq!(all("http.response.code"), ["204"], "{cut}");
    }
    // Of messages behind others, too.
    for cut in 1..request.len() {
        let mut made = Made::new();
        for part in [&request[..], &request[..cut], &request[cut..], request] {
            made.say(UP, part);
        }
        let cut = cut.min(answer.len() - 1);
        for part in [&[answer, &answer[..cut]].concat(), &answer[cut..], answer] {
            made.say(DOWN, part);
        }
        fs::write(&path, made.bytes).unwrap();
        let frames = ours::values(&path);
        let all = |field| frames.iter().filter_map(|frame| frame.get(field)).flatten().count();
        assert_eq!((all("http.request.uri"), all("http.response.code")), (3, 3), "{cut}");
    }
    // What only begins alike, byte for byte, in the beginning and behind a message.
    let mut made = Made::new();
    for part in [&b"G"[..], b"O", b"GET /x HTTP/1.1\r\n\r\nHE", b"GET /y HTTP/1.1\r\n\r\n"] {
        made.say(UP, part);
    }
    fs::write(&path, made.bytes).unwrap();
    let frames = ours::values(&path);
    fs::remove_file(&path).unwrap();
    assert_eq!(frames.last().unwrap()["http.request.uri"], ["/y"]);
}

#[test]
fn heads_behind_bodies_are_those_of_tshark() {
    let Some(oracle) = Oracle::find() else {
        eprintln!("skipped: there is no tshark");
        return;
    };
    let answer = |code: u32, len: usize, body: &str| {
        format!("HTTP/1.1 {code} x\r\ncontent-LENGTH:  {len}\r\n\r\n{body}")
    };
    let (plain, trap) = (answer(200, 5, "hello"), answer(201, 24, "HTTP/1.1 404 not a head."));
    let (no_body, cut) = (answer(202, 9, ""), answer(203, 9, "wor"));
    let path = std::env::temp_dir().join(format!("flowloom-bodies-{}.pcap", std::process::id()));
    let asked = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let write_answers_to = |first: &str, answers: [&str; 3]| {
        let mut made = Made::at(80);
        made.say(UP, [first, asked, asked].concat().as_bytes());
        made.say(DOWN, answers.concat().as_bytes());
        made.say(DOWN, b"ld 123");
        fs::write(&path, made.bytes).unwrap();
    };
    let write = |answers| write_answers_to(asked, answers);
    let all = |frames: &[Values], field| {
        frames.iter().filter_map(|frame| frame.get(field)).flatten().cloned().collect::<Vec<_>>()
    };
    write([&plain, &trap, &cut]);
    let (ours, theirs) = (ours::values(&path), oracle.values(&path));
    for field in ["http.request.method", "http.response.code", "http.content_length_header"] {
        assert_eq!(all(&ours, field), all(&theirs, field), "{field}");
    }
    assert_eq!(all(&ours, "http.response.code"), ["200", "201", "203"]);
    // In chunks, with an extension, what looks like a head, and a trailer.
    let chunked = "HTTP/1.1 206 x\r\nTransfer-Encoding:  chunked\r\n\r\n\
                   5;a=b\r\nhello\r\n1A\r\nHTTP/1.1 404 not a head.\r\n\r\n0\r\nX: y\r\n\r\n";
    write([chunked, &plain, &cut]);
    let (ours, theirs) = (ours::values(&path), oracle.values(&path));
    for field in ["http.response.code", "http.transfer_encoding", "http.content_length_header"] {
        assert_eq!(all(&ours, field), all(&theirs, field), "{field}");
    }
    assert_eq!(all(&ours, "http.response.code"), ["206", "200", "203"]);
    // tshark knows this coding in small letters alone, and nothing behind a field of two lines.
    let folded = "HTTP/1.1 205 x\r\nServer: one\r\n\ttwo\r\nContent-Length: 0\r\n\r\n";
    write([&chunked.replace("chunked", "gzip, Chunked"), folded, &cut]);
    let ours = ours::values(&path);
    assert_eq!(all(&ours, "http.response.code"), ["206", "205", "203"]);
    assert_eq!(all(&ours, "http.content_length_header"), ["0", "9"]);
    let server = &all(&ours, "http.server")[0];
    assert!(server.starts_with("one") && server.ends_with("two"), "{server:?}");
    // tshark takes the next head for the body of an answer to HEAD.
    write_answers_to(&asked.replace("GET", "HEAD"), [&no_body, &plain, &cut]);
    assert_eq!(all(&ours::values(&path), "http.response.code"), ["202", "200", "203"]);
    fs::remove_file(&path).unwrap();
}

#[test]
fn bodies_of_several_segments_hold_no_heads() {
    let path = std::env::temp_dir().join(format!("flowloom-pieces-{}.pcap", std::process::id()));
    let asked = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let fake = "HTTP/1.1 404 Fake\r\n\r\n";
    let chunk = format!("{:x}\r\n{fake}\r\n", fake.len());
    let length = format!("HTTP/1.1 201 x\r\nContent-Length: {}\r\n\r\n", 2 * fake.len());
    let chunked = "HTTP/1.1 202 x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut made = Made::at(80);
    made.say(UP, format!("POST /p HTTP/1.1\r\nContent-Length: {}\r\n\r\n", asked.len()).as_bytes());
    // The body of a request, which is none.
    made.say(UP, asked);
    made.say(DOWN, b"HTTP/1.1 100 Continue\r\n\r\n");
    for part in
        [length.as_str(), fake, fake, "HTTP/1.1 203 x\r\nContent-Le", "ngth: 1\r\n\r\n-HTTP/1.1 2"]
    {
        made.say(DOWN, part.as_bytes());
        made.say(UP, asked);
    }
    for part in [
        "04 x\r\n\r\n",
        chunked,
        &chunk[..2],
        &chunk[2..4],
        &chunk[4..],
        &chunk,
        "0\r\n",
        "\r\n",
        &chunked.replace("202", "205"),
        "0\r\n\r\n",
    ] {
        made.say(DOWN, part.as_bytes());
    }
    // Until the connection ends.
    made.say(DOWN, b"HTTP/1.1 206 x\r\n\r\n");
    made.say(DOWN, fake.as_bytes());
    fs::write(&path, &made.bytes).unwrap();
    let ours = ours::values(&path);
    fs::remove_file(&path).unwrap();
    let all = |frames: &[Values], field| {
        frames.iter().filter_map(|frame| frame.get(field)).flatten().cloned().collect::<Vec<_>>()
    };
    let codes = ["100", "201", "203", "204", "202", "205", "206"];
    assert_eq!(all(&ours, "http.response.code"), codes);
    assert_eq!(all(&ours, "http.request.method"), ["POST", "GET", "GET", "GET", "GET", "GET"]);
}

#[test]
fn messages_are_shown_whatever_the_order_of_their_segments() {
    let request = |name: &str| format!("GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n");
    let [first, cut, last] = ["first", "cut", "last"].map(request);
    let pieces: [&[u8]; 3] = [&cut.as_bytes()[..9], &cut.as_bytes()[9..20], &cut.as_bytes()[20..]];
    let path = std::env::temp_dir().join(format!("flowloom-order-{}.pcap", std::process::id()));
    let uris = |made: Made| {
        fs::write(&path, made.bytes).unwrap();
        let frames = ours::values(&path);
        fs::remove_file(&path).unwrap();
        let uris = frames.iter().filter_map(|frame| frame.get("http.request.uri")).flatten();
        uris.cloned().collect::<Vec<_>>()
    };
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut made = Made::new();
        made.say(UP, first.as_bytes());
        let begin = made.seqs[UP];
        for piece in order {
            let before = pieces[..piece].concat().len() as u32;
            made.seqs[UP] = begin + before;
            made.say(UP, pieces[piece]);
        }
        made.seqs[UP] = begin + cut.len() as u32;
        made.say(UP, last.as_bytes());
        assert_eq!(uris(made), ["/first", "/cut", "/last"], "{order:?}");
    }
    // A piece that is not there, and that the other side has.
    let mut made = Made::new();
    made.say(UP, first.as_bytes());
    made.say(UP, pieces[0]);
    made.seqs[UP] += pieces[1].len() as u32;
    made.say(UP, pieces[2]);
    made.say(UP, last.as_bytes());
    made.say(DOWN, b"HTTP/1.1 204 No Content\r\n\r\n");
    made.say(UP, first.as_bytes());
    assert_eq!(uris(made), ["/first", "/last", "/first"]);
}

#[test]
fn handshakes_over_several_records_are_those_of_tshark() {
    let Some(oracle) = Oracle::find() else {
        eprintln!("skipped: there is no tshark");
        return;
    };
    let message =
        |kind: u8, body: &[u8]| [&[kind, 0], &(body.len() as u16).to_be_bytes()[..], body].concat();
    let name = hex("0000000e000c0000096c6f63616c686f7374");
    let random = [7; 32];
    let client = [
        &[3, 3][..],
        &random,
        &hex("0000041301c02f0100"),
        &(name.len() as u16).to_be_bytes(),
        &name,
    ];
    let client = message(1, &client.concat());
    let server = message(2, &[&[3, 3][..], &random, &hex("00c02f00")].concat());
    let certificates = message(11, &[&[0, 1, 3, 0, 1, 0][..], &[5; 256]].concat());
    let answer = [server, certificates, message(14, &[])].concat();
    let fields = [
        "tls.record.length",
        "tls.handshake.type",
        "tls.handshake.length",
        "tls.handshake.extensions_server_name",
        "tls.handshake.ciphersuite",
        "tls.handshake.certificate_length",
    ];
    let records = |said: &[u8], len: usize| {
        let record =
            |held: &[u8]| [&[22, 3, 3], &(held.len() as u16).to_be_bytes()[..], held].concat();
        said.chunks(len).map(record).collect::<Vec<_>>()
    };
    let path = std::env::temp_dir().join(format!("flowloom-hello-{}.pcap", std::process::id()));
    let mut equal = 0;
    for len in [5, 6, 40, 42, 60, 100, 300] {
        for together in [1, 2, 100] {
            let mut made = Made::at(443);
            for (side, said) in [(UP, &client), (DOWN, &answer)] {
                records(said, len).chunks(together).for_each(|some| made.say(side, &some.concat()));
            }
            // What is encrypted begins no handshake message, however it looks.
            made.say(UP, &hex("140303000101160303000501000030ff"));
            made.say(UP, &hex("1603030004aabbccdd"));
            fs::write(&path, made.bytes).unwrap();
            let (ours, theirs) = (ours::values(&path), oracle.values(&path));
            for (at, (our, their)) in ours.iter().zip(&theirs).enumerate() {
                for field in fields {
                    let (our, their) = (our.get(field), their.get(field));
                    assert_eq!(our, their, "{field} of frame {}, {len} in {together}", at + 1);
                    equal += our.map_or(0, Vec::len);
                }
            }
        }
    }
    fs::remove_file(&path).unwrap();
    eprintln!("{equal} values equal");
    assert!(equal > 500, "only {equal} were compared");
}

#[test]
fn names_of_a_node_are_those_of_tshark() {
    let Some(oracle) = Oracle::find() else {
        eprintln!("skipped: there is no tshark");
        return;
    };
    // The question `*`, and the answer: a machine, its group, and its hardware address.
    let name = [&[32][..], b"CK", &[b'A'; 30], &[0]].concat();
    let asked = [&hex("123400000001000000000000")[..], &name, &hex("00210001")].concat();
    let own = |text: &str, kind: u8, flags: u16| {
        [format!("{text:15}").as_bytes(), &[kind], &flags.to_be_bytes()].concat()
    };
    let names = [own("WORK.ST 1", 0x20, 0x0400), own("GROUP", 0, 0xfe00)].concat();
    let unit = [&hex("020000000001")[..], &[0; 40]].concat();
    let data = [&[2], &names[..], &unit].concat();
    let head = [&hex("123484000000000100000000")[..], &name, &hex("0021000100000000")].concat();
    let answer = [&head[..], &(data.len() as u16).to_be_bytes(), &data].concat();
    let path = std::env::temp_dir().join(format!("flowloom-nbns-{}.pcap", std::process::id()));
    fs::write(&path, datagrams(137, &[asked, answer])).unwrap();
    let (ours, theirs) = (ours::values(&path), oracle.values(&path));
    fs::remove_file(&path).unwrap();
    let mut equal = 0;
    for (our, their) in ours.iter().zip(&theirs) {
        for field in our.keys().chain(their.keys()).filter(|field| field.starts_with("nbns.")) {
            // tshark says of names of records and of nodes what their kinds stand for.
            let is_described = matches!(*field, "nbns.netbios_name" | "nbns.name");
            if oracle.fields.binary_search(field).is_ok() && !is_described {
                assert_eq!(our.get(field), their.get(field), "{field}");
                equal += our[field].len();
            }
        }
    }
    assert_eq!(ours[1]["nbns.netbios_name"], ["WORK.ST 1<20>", "GROUP<00>"]);
    eprintln!("{equal} values equal");
    assert!(equal > 60, "only {equal} were compared");
}

#[test]
fn messages_of_dns_are_known_at_any_port() {
    let asked = hex("000101000001000000000000036e6e6e037473740000010001");
    let cut = asked[..asked.len() - 1].to_vec();
    let longer = [&asked[..], &[0]].concat();
    let path = std::env::temp_dir().join(format!("flowloom-dns-{}.pcap", std::process::id()));
    fs::write(&path, datagrams(9_999, &[asked.clone(), cut, longer])).unwrap();
    let [whole, cut, longer] = &ours::values(&path)[..] else { panic!("three frames") };
    assert_eq!(whole["dns.qry.name"], ["nnn.tst"]);
    assert!(!cut.contains_key("dns.id") && !longer.contains_key("dns.id"));
    let mut made = Made::at(9_999);
    made.say(UP, &[&[0, asked.len() as u8][..], &asked].concat());
    fs::write(&path, made.bytes).unwrap();
    assert_eq!(ours::values(&path).last().unwrap()["dns.qry.name"], ["nnn.tst"]);
    fs::remove_file(&path).unwrap();
}

/// A capture of datagrams from and to a port.
fn datagrams(port: u16, payloads: &[Vec<u8>]) -> Vec<u8> {
    let header: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 101];
    let mut bytes = header.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    for payload in payloads {
        let len = 28 + payload.len() as u16;
        let record = [1, 0, u32::from(len), u32::from(len)];
        bytes.extend(record.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend([&[0x45, 0][..], &len.to_be_bytes(), &[0, 0, 0x40, 0, 64, 17, 0, 0]].concat());
        bytes.extend([192, 0, 2, 1, 192, 0, 2, 2]);
        bytes.extend([port, port, len - 20, 0].iter().flat_map(|part| part.to_be_bytes()));
        bytes.extend(payload);
    }
    bytes
}

/// The last number of a field.
fn last(values: &Values, field: &str) -> u32 {
    values[field].last().unwrap().parse().unwrap()
}

/// A connection in which both sides say all that can be said.
fn capture() -> Vec<u8> {
    let mut made = Made::new();
    // Appendix C of RFC 7541 has these blocks.
    let first = hex("828684418cf1e3c2e5f23a6ba0ab90f4ff");
    let second = hex("828684be5886a8eb10649cbf");
    let third = hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf");
    let answer = hex(
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
    );
    let settings = hex(
        "000100001000000200000001000300000064000400010000000500004000000600002000000800000001ffff00000007",
    );
    made.say(UP, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    made.say(UP, &frame(4, 0, 0, &settings));
    made.say(DOWN, &frame(4, 0, 0, &hex("000300000064")));
    made.say(DOWN, &frame(4, 1, 0, &[]));
    // Padding and priority, the header in three frames.
    let priority = [0x80, 0, 0, 3, 15];
    let padded = [&[4], &priority[..], &first[..5], &[0; 4]].concat();
    made.say(UP, &frame(1, 0x28, 1, &padded));
    made.say(UP, &frame(9, 0, 1, &first[5..9]));
    made.say(UP, &frame(9, 4, 1, &first[9..]));
    made.say(UP, &frame(0, 9, 1, &[&[3], &b"hello"[..], &[0; 3]].concat()));
    // Two frames in a segment, and one in two.
    let pair = [frame(1, 5, 3, &second), frame(2, 0, 3, &[0, 0, 0, 1, 255])].concat();
    made.say(UP, &pair);
    let cut = frame(1, 5, 5, &third);
    made.say(UP, &cut[..7]);
    made.say(UP, &cut[7..]);
    made.say(UP, &frame(6, 0, 0, b"12345678"));
    made.say(DOWN, &frame(6, 1, 0, b"12345678"));
    let promise = [&[2, 0, 0, 0, 2], &hex("828684418aa0e41d139d09b8f01e07")[..], &[0; 2]].concat();
    made.say(DOWN, &frame(5, 0xc, 1, &promise));
    made.say(DOWN, &frame(1, 4, 1, &answer));
    made.say(DOWN, &frame(8, 0, 1, &[0, 1, 0, 0]));
    made.say(DOWN, &frame(3, 0, 5, &[0, 0, 0, 8]));
    made.say(DOWN, &frame(0, 1, 1, b"world"));
    made.say(DOWN, &frame(7, 0, 0, &[&[0, 0, 0, 5, 0, 0, 0, 2], &b"bye"[..]].concat()));
    made.bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u32).to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn hex(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// A capture of one connection.
struct Made {
    bytes: Vec<u8>,
    seqs: [u32; 2],
    port: u16,
}

impl Made {
    fn new() -> Self {
        Self::at(HTTP2_PORT)
    }

    fn at(port: u16) -> Self {
        let header: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, LINK_TYPE_RAW];
        let bytes = header.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut made = Self { bytes, seqs: [1_000, 5_000], port };
        made.segment(UP, 0x02, &[]);
        made.segment(DOWN, 0x12, &[]);
        made
    }

    fn say(&mut self, side: usize, payload: &[u8]) {
        self.segment(side, 0x18, payload);
    }

    fn segment(&mut self, side: usize, flags: u8, payload: &[u8]) {
        let ends: [([u8; 4], u16); 2] = [([10, 0, 0, 1], 40_000), ([10, 0, 0, 2], self.port)];
        let ((src, src_port), (dst, dst_port)) = (ends[side], ends[1 - side]);
        let mut ip = vec![0x45, 0];
        ip.extend((40 + payload.len() as u16).to_be_bytes());
        ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        ip.extend(src.iter().chain(&dst));
        ip.extend(src_port.to_be_bytes().iter().chain(&dst_port.to_be_bytes()));
        ip.extend(self.seqs[side].to_be_bytes());
        ip.extend(self.seqs[1 - side].to_be_bytes());
        ip.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
        ip.extend(payload);
        self.seqs[side] += payload.len() as u32 + u32::from(flags >> 1 & 1);
        let len = ip.len() as u32;
        self.bytes.extend([1, 0, len, len].iter().flat_map(|word| word.to_le_bytes()));
        self.bytes.extend(ip);
    }
}

/// Bytes that are left of a frame.
const KEPT: usize = 120;
/// Frames of the capture among which a header is cut.
const CUT: std::ops::RangeInclusive<usize> = 7..=9;
/// The frame of the capture with data and padding.
const PADDED: usize = 10;
const UP: usize = 0;
const DOWN: usize = 1;
/// At which tshark is told to look for HTTP/2.
const HTTP2_PORT: u16 = 6233;
const LINK_TYPE_RAW: u32 = 101;
