//! The definitions that are shipped, over messages of their protocols.

use crate::Transport;
use crate::declared::{Declared, Library, Value};
use crate::testing::Script;

#[test]
fn what_is_shipped_loads() {
    let library = Library::parse(&[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(library.protocols().count() >= 20);
}

/// Plays datagrams or segments, `>` from the initiator, and gives the application and the fields.
fn play(transport: Transport, port: u16, said: &[(char, &[u8])]) -> (String, String) {
    let mut script = Script::new(transport, [40_000, port]);
    for (direction, bytes) in said {
        match direction {
            '>' => script.up(bytes),
            _ => script.down(bytes),
        };
    }
    let findings = script.end();
    let application = findings.applications.first();
    let name = application.map(|found| format!("{} by {}", found.protocol.name(), found.by.name()));
    let json = findings.declared.as_deref().map(Declared::to_json);
    (name.unwrap_or_default(), json.unwrap_or_default())
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// Protocol, transport, port, messages by hand after the specifications, and what is read of them.
type Sample = (&'static str, Transport, u16, &'static [(char, &'static str)], &'static str);

const MESSAGES: &[Sample] = &[
    (
        "ntp",
        Transport::Udp,
        123,
        &[
            (
                '>',
                "23000600 00000000 00000000 00000000 0000000000000000 0000000000000000 0000000000000000 e9a5b1c200000000",
            ),
            (
                '<',
                "240206e8 00000a00 00000b00 c0000201 0000000000000001 e9a5b1c200000000 0000000000000002 0000000000000003",
            ),
        ],
        r#"{"ntp":{"leap":0,"version":4,"mode":3,"stratum":0,"poll":6,"precision":0,"root_delay":0,"root_dispersion":0,"reference_id":"00000000","reference_time":0,"origin_time":0,"receive_time":0,"transmit_time":16836058228776239104},"answer":{"ntp":{"leap":0,"version":4,"mode":4,"stratum":2,"poll":6,"precision":-24,"root_delay":2560,"root_dispersion":2816,"reference_id":"c0000201","reference_time":1,"origin_time":16836058228776239104,"receive_time":2,"transmit_time":3}}}"#,
    ),
    (
        "stun",
        Transport::Udp,
        40_001,
        &[(
            '>',
            "0101 0018 2112a442 000102030405060708090a0b 0001 0008 0001 1234 c0000201 8022 0005 6865 6c6c 6f000000",
        )],
        r#"{"stun":{"class":2,"method":1,"message_length":24,"cookie":"2112a442","transaction_id":"000102030405060708090a0b","attributes":[1,32802],"mapped_address":{"family":1,"port":4660,"address":"192.0.2.1"},"software":"hello"}}"#,
    ),
    // The answers in RFC 5769, sections 2.2 and 2.3, but for what authenticates them.
    (
        "stun",
        Transport::Udp,
        40_001,
        &[('>', "0101 000c 2112a442 b7e7a701bc34d686fa87dfae 0020 0008 0001 a147 e112a643")],
        r#"{"stun":{"class":2,"method":1,"message_length":12,"cookie":"2112a442","transaction_id":"b7e7a701bc34d686fa87dfae","attributes":[32],"xor_mapped_address":{"family":1,"port":32853,"address":"192.0.2.1"}}}"#,
    ),
    (
        "stun",
        Transport::Udp,
        40_001,
        &[(
            '>',
            "0101 0018 2112a442 b7e7a701bc34d686fa87dfae 0020 0014 0002 a147 0113a9faa5d3f179bc25f4b5bed2b9d9",
        )],
        r#"{"stun":{"class":2,"method":1,"message_length":24,"cookie":"2112a442","transaction_id":"b7e7a701bc34d686fa87dfae","attributes":[32],"xor_mapped_address":{"family":2,"port":32853,"address":"2001:db8:1234:5678:11:2233:4455:6677"}}}"#,
    ),
    (
        "radius",
        Transport::Udp,
        1812,
        &[('>', "01 07 001f 000102030405060708090a0b0c0d0e0f 0105 626f62 0406 c0000202")],
        r#"{"radius":{"code":1,"identifier":7,"length":31,"authenticator":"000102030405060708090a0b0c0d0e0f","attributes":[1,4],"user_name":"bob","nas_ip_address":"192.0.2.2"}}"#,
    ),
    (
        "snmp",
        Transport::Udp,
        16_100,
        &[(
            '>',
            "3026 020101 0406 7075626c6963 a019 02041a2b3c4d 020100 020100 300b 3009 06052b06010201 0500",
        )],
        r#"{"snmp":{"version":1,"community":"public","pdu_type":160,"request_id":439041101,"error_status":0,"error_index":0}}"#,
    ),
    (
        "snmp",
        Transport::Udp,
        161,
        &[(
            '>',
            "304102010330110204123456780203010000040104020103041630140405800000000102010302010504016104000400301104000400a00b0201010201000201003000",
        )],
        r#"{"snmp":{"version":3,"message_id":305419896,"max_size":65536,"flags":4,"security_model":3,"engine_id":"8000000001","engine_boots":3,"engine_time":5,"user_name":"a"}}"#,
    ),
    (
        "wireguard",
        Transport::Udp,
        51_820,
        &[('>', "04000000 2a000000 0100000000000000 000102030405060708090a0b0c0d0e0f")],
        r#"{"wireguard":{"message_type":4,"receiver":42,"counter":1}}"#,
    ),
    (
        "mqtt",
        Transport::Tcp,
        9,
        &[('>', "10 11 0004 4d515454 04 82 003c 0002 6964 0001 75"), ('<', "20 02 01 00")],
        r#"{"mqtt":{"message_type":1,"flags":0,"remaining_length":17,"protocol_name":"MQTT","protocol_level":4,"has_username":1,"has_password":0,"will_retain":0,"will_qos":0,"has_will":0,"clean_session":1,"keep_alive":60,"client_id":"id","username":"u"},"answer":{"mqtt":{"message_type":2,"flags":0,"remaining_length":2,"session_present":1,"reason_code":0}}}"#,
    ),
    (
        "mqtt",
        Transport::Tcp,
        9,
        &[('>', "10 0f 0004 4d515454 05 02 003c 00 0002 6964")],
        r#"{"mqtt":{"message_type":1,"flags":0,"remaining_length":15,"protocol_name":"MQTT","protocol_level":5,"has_username":0,"has_password":0,"will_retain":0,"will_qos":0,"has_will":0,"clean_session":1,"keep_alive":60,"client_id":"id"}}"#,
    ),
    // Published with and without a number; subscriptions of version 3.1.1, and of 5.
    (
        "mqtt",
        Transport::Tcp,
        1883,
        &[('>', "30 06 0003 612f62 78"), ('<', "3d 08 0003 612f62 0102 78")],
        r#"{"mqtt":{"message_type":3,"flags":0,"remaining_length":6,"topic":"a/b"},"answer":{"mqtt":{"message_type":3,"flags":13,"remaining_length":8,"topic":"a/b","packet_id":258}}}"#,
    ),
    (
        "mqtt",
        Transport::Tcp,
        1883,
        &[('>', "82 0c 0001 0003 612f62 00 0001 63 01"), ('<', "a2 06 0002 00 0001 63")],
        r#"{"mqtt":{"message_type":8,"flags":2,"remaining_length":12,"packet_id":1,"topics":["a/b","c"]},"answer":{"mqtt":{"message_type":10,"flags":2,"remaining_length":6,"packet_id":2,"topics":["c"]}}}"#,
    ),
    (
        "modbus",
        Transport::Tcp,
        502,
        &[('>', "0001 0000 0006 11 03 006b 0003"), ('<', "0001 0000 0003 11 83 02")],
        r#"{"modbus":{"transaction_id":1,"protocol_id":0,"length":6,"unit_id":17,"function_code":3},"answer":{"modbus":{"transaction_id":1,"protocol_id":0,"length":3,"unit_id":17,"function_code":131,"exception_code":2}}}"#,
    ),
    (
        "coap",
        Transport::Udp,
        5683,
        &[('>', "42 01 1234 abcd b4 74657374")],
        r#"{"coap":{"version":1,"message_type":0,"token_length":2,"code_class":0,"code_detail":1,"message_id":4660,"token":"abcd"}}"#,
    ),
    (
        "bfd",
        Transport::Udp,
        3784,
        &[('>', "20 c0 03 18 00000001 00000002 000f4240 000f4240 00000000")],
        r#"{"bfd":{"version":1,"diagnostic":0,"state":3,"poll":0,"final":0,"control_plane_independent":0,"authentication":0,"demand":0,"multipoint":0,"detect_multiplier":3,"length":24,"my_discriminator":1,"your_discriminator":2,"desired_min_tx":1000000,"required_min_rx":1000000,"required_min_echo_rx":0}}"#,
    ),
    (
        "ipfix",
        Transport::Udp,
        9,
        &[('>', "000a 0018 65000000 00000005 00000001 0002 0008 01000000")],
        r#"{"ipfix":{"version":10,"length":24,"export_time":1694498816,"sequence":5,"domain_id":1,"set_ids":[2]}}"#,
    ),
    (
        "netflow",
        Transport::Udp,
        2055,
        &[('>', "0009 0001 00000064 65000000 00000007 00000003 0000 0008 0100 0000")],
        r#"{"netflow":{"version":9,"count":1,"uptime":100,"seconds":1694498816,"sequence":7,"source_id":3,"set_ids":[0]}}"#,
    ),
    (
        "ike",
        Transport::Udp,
        4500,
        &[('>', "00000000 0102030405060708 0000000000000000 21 20 22 08 00000000 0000001c")],
        r#"{"ike":{"initiator_spi":"0102030405060708","responder_spi":"0000000000000000","next_payload":33,"version":2,"minor_version":0,"exchange_type":34,"flags":8,"message_id":0,"length":28}}"#,
    ),
    (
        "l2tp",
        Transport::Udp,
        1701,
        &[('>', "c802 0014 0001 0000 0000 0000 8008 0000 0000 0001")],
        r#"{"l2tp":{"is_control":1,"priority":0,"version":2,"length":20,"tunnel_id":1,"session_id":0,"sent":0,"expected":0,"message_type":1}}"#,
    ),
    (
        "rtp",
        Transport::Udp,
        5004,
        &[('>', "81 e0 1234 00000064 deadbeef 00000007 0102")],
        r#"{"rtp":{"version":2,"padding":0,"extension":0,"csrc_count":1,"marker":1,"payload_type":96,"sequence":4660,"timestamp":100,"ssrc":"deadbeef","csrc":["00000007"]}}"#,
    ),
    (
        "rtcp",
        Transport::Udp,
        9,
        &[('>', "80 c8 0006 deadbeef e9a5b1c200000000 00000064 00000003 00000200")],
        r#"{"rtcp":{"version":2,"padding":0,"count":0,"packet_type":200,"words":6,"ssrc":"deadbeef","ntp_time":16836058228776239104,"rtp_time":100,"packets":3,"bytes":512}}"#,
    ),
    (
        "bt_utp",
        Transport::Udp,
        6881,
        &[('>', "41 00 1234 00000001 00000002 00000003 0001 0000")],
        r#"{"bt_utp":{"packet_type":4,"version":1,"extension":0,"connection_id":4660,"timestamp":1,"timestamp_difference":2,"window":3,"sequence":1,"acknowledged":0}}"#,
    ),
];

#[test]
fn messages_by_hand_are_read() {
    for (name, transport, port, said, expected) in MESSAGES {
        let said = said.iter().map(|(side, hex)| (*side, bytes(hex))).collect::<Vec<_>>();
        let said = said.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect::<Vec<_>>();
        let (application, json) = play(*transport, *port, &said);
        assert_eq!((application, json), (format!("{name} by content"), (*expected).to_owned()));
        for (_, message) in &said {
            for len in 0..message.len() {
                play(*transport, *port, &[('>', &message[..len])]);
            }
        }
    }
}

#[test]
fn text_protocols_are_read() {
    let request = "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nCall-ID:7@x\r\n\r\nv=0\r\n";
    let response = "SIP/2.0 401 Not allowed\r\nServer: \"s\"\r\n\r\n";
    let (name, json) =
        play(Transport::Udp, 9, &[('>', request.as_bytes()), ('<', response.as_bytes())]);
    assert_eq!(name, "sip by content");
    assert_eq!(
        json,
        r#"{"sip":{"method":"REGISTER","uri":"sip:example.org","version":"SIP/2.0","headers":[{"name":"Via","value":"SIP/2.0/UDP 192.0.2.1"},{"name":"Call-ID","value":"7@x"}]},"answer":{"sip":{"version":"SIP/2.0","status":401,"reason":"Not allowed","headers":[{"name":"Server","value":"\"s\""}]}}}"#
    );

    let (name, json) =
        play(Transport::Udp, 9, &[('>', b"<165>1 2003-10-11T22:14:15.003Z host app - \xff")]);
    assert_eq!(name, "syslog by content");
    assert_eq!(
        json,
        "{\"syslog\":{\"priority\":165,\"facility\":20,\"severity\":5,\"message\":\"1 2003-10-11T22:14:15.003Z host app - \u{fffd}\"}}"
    );

    let (name, json) = play(Transport::Udp, 69, &[('>', b"\0\x01boot.img\0octet\0")]);
    assert_eq!(
        (name.as_str(), json.as_str()),
        ("tftp by content", r#"{"tftp":{"opcode":1,"filename":"boot.img","mode":"octet"}}"#)
    );

    let (name, json) = play(
        Transport::Udp,
        9,
        &[('>', b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")],
    );
    assert_eq!(
        (name.as_str(), json.as_str()),
        (
            "bt_dht by content",
            r#"{"bt_dht":{"kind":"a","node_id":"6162636465666768696a30313233343536373839"}}"#
        )
    );

    let search = b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\n\r\n\r\n";
    let (name, json) = play(Transport::Udp, 6_771, &[('>', search)]);
    assert_eq!(
        (name.as_str(), json.as_str()),
        (
            "bt_lsd by content",
            r#"{"bt_lsd":{"headers":[{"name":"Host","value":"239.192.152.143:6771"},{"name":"Port","value":"6881"}]}}"#
        )
    );

    let peer =
        b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\x05abcdefghij0123456789-TR3000-abcdefghijkl";
    let (name, json) = play(Transport::Tcp, 9, &[('>', &peer[..30]), ('>', &peer[30..])]);
    assert_eq!(
        (name.as_str(), json.as_str()),
        (
            "bittorrent by content",
            r#"{"bittorrent":{"protocol":"BitTorrent protocol","reserved":"0000000000100005","info_hash":"6162636465666768696a30313233343536373839","peer_id":"-TR3000-abcdefghijkl"}}"#
        )
    );
}

#[test]
fn fields_are_found_by_name_on_either_side() {
    let mut script = Script::new(Transport::Udp, [40_000, 9]);
    let (request, answer) = (
        bytes("0001 0000 2112a442 000102030405060708090a0b"),
        bytes("0101 0000 2112a442 000102030405060708090a0b"),
    );
    let findings = script.up(&request).down(&answer).end();
    let declared = findings.declared.as_deref().unwrap();
    assert_eq!(declared.field("stun", "class"), Some(&Value::Signed(0)));
    let classes = declared.values("stun", "class").collect::<Vec<_>>();
    assert_eq!(classes, [&Value::Signed(0), &Value::Signed(2)]);
    assert_eq!((declared.field("stun", "nothing"), declared.field("ntp", "class")), (None, None));
}

#[test]
fn other_protocols_on_the_same_ports_are_left_to_others() {
    let stun = bytes("0001 0000 2112a442 000102030405060708090a0b");
    let unknown = bytes("ffffffffffffff");
    let mut script = Script::new(Transport::Udp, [40_000, 123]);
    script.up(&stun).up(&unknown).up(&bytes(MESSAGES[0].3[0].1));
    let names = script.end().applications.iter().map(|found| found.protocol.name().to_owned());
    assert_eq!(names.collect::<Vec<_>>(), ["stun", "ntp"]);
}

#[test]
fn a_long_message_is_not_waited_for() {
    // A CONNECT that says it is far longer than what is waited for.
    let start = bytes("10 ff7f 0004 4d515454 04");
    let (name, json) = play(Transport::Tcp, 9, &[('>', &start), ('>', &[0; 9_000])]);
    assert_eq!(name, "mqtt by content");
    assert!(
        json.contains(r#""remaining_length":16383,"protocol_name":"MQTT","protocol_level":4}"#)
    );
}
