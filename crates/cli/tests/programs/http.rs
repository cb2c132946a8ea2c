//! curl fetches from nginx, in the versions of HTTP that both speak in the clear.

use serde_json::json;

use crate::lab::{Lab, Recorded, Row, assert_row};

#[test]
fn curl_and_nginx() {
    let Some(mut lab) = Lab::new("HTTP", &["curl", "nginx"]) else { return };
    lab.write("small.txt", "hello\n");
    lab.write("large.txt", &"0123456789 abcdef\n".repeat(30_000));
    lab.write("upload", &"0123456789 abcdef\n".repeat(60_000));
    let directory = lab.path("");
    let settings = lab.write("nginx.conf", &SETTINGS.replace("DIRECTORY", &directory));
    lab.serve(80, &["nginx", "-e", "stderr", "-p", &directory, "-c", &settings]);
    let fetch = |words: &str| {
        let words = words.replace("UPLOAD", &lab.path("upload"));
        let curl =
            ["curl", "-sS", "-A", "lab", "-o", "/dev/null", "--max-time", "10", "-w", REPORT];
        let mut line = [&curl[..], &words.split(' ').collect::<Vec<_>>()].concat();
        // Each URL takes an output.
        line.extend(["-o", "/dev/null"].repeat(words.matches("http://").count() - 1));
        let report = lab.told(&line);
        (words, report)
    };
    let reports = FETCHES.map(fetch);
    let recorded = lab.recorded();
    for port in [80, 8080, 8081] {
        let mark = format!(":{port}/");
        let reports = reports.iter().filter(|(words, _)| words.contains(&mark));
        let flows = recorded.flows(port);
        assert_eq!(flows.len(), reports.clone().count(), "a connection for each run of curl");
        for ((words, report), flow) in reports.zip(flows) {
            compare(words, report, flow, &recorded);
        }
    }
}

#[track_caller]
fn compare(words: &str, report: &str, flow: &Row, recorded: &Recorded) {
    let transfers = report.lines().map(Transfer::of).collect::<Vec<_>>();
    let events = recorded.events("http", flow);
    assert_eq!(events.len(), transfers.len(), "{words}: {report}");
    for (event, transfer) in events.iter().zip(&transfers) {
        let expected = json!({
            "version": version(words, transfer),
            "method": transfer.method,
            "url": transfer.url(),
            "status": transfer.status,
            "content_type": transfer.content_type,
            "body_bytes": transfer.downloaded,
            "request_body_bytes": uploaded(words, transfer),
            "user_agent": transfer.agent,
            "server": "nginx",
            "location": transfer.location,
        });
        assert_row(event, &expected, words);
        // curl counts from before it connects to after it has read the whole answer.
        let duration = event["duration"].as_f64().unwrap();
        assert!(duration > 0.0 && duration < transfer.seconds, "{duration}: {report}");
    }
    let first = &transfers[0];
    let expected = json!({
        "application": if first.version == "2" { "http2" } else { "http" },
        "http_version": version(words, first),
        "http_method": first.method,
        "http_url": first.url(),
        "http_status": first.status,
        "http_request_count": transfers.len(),
        "http_response_count": transfers.len(),
        "http_error_count": transfers.iter().filter(|transfer| transfer.status >= 400).count(),
        "http_request_body_bytes": transfers.iter().map(|transfer| uploaded(words, transfer)).sum::<u64>(),
        "http_response_body_bytes": transfers.iter().map(|transfer| transfer.downloaded).sum::<u64>(),
        // nginx does not take the offer to change to HTTP/2.
        "http_upgrade": null,
        "http_incomplete": false,
    });
    assert_row(flow, &expected, words);
}

/// curl tells the version of the response; a row has that of the request.
fn version<'a>(words: &str, transfer: &Transfer<'a>) -> &'a str {
    if words.contains("--http1.0") { "1.0" } else { transfer.version }
}

/// curl counts the framing of chunks, too.
fn uploaded(words: &str, transfer: &Transfer<'_>) -> u64 {
    if words.contains("chunked") { UPLOAD_BYTES } else { transfer.uploaded }
}

/// What curl says of one transfer.
struct Transfer<'a> {
    status: u64,
    version: &'a str,
    method: &'a str,
    downloaded: u64,
    uploaded: u64,
    seconds: f64,
    url: &'a str,
    content_type: Option<&'a str>,
    location: Option<&'a str>,
    agent: &'a str,
}

impl<'a> Transfer<'a> {
    #[track_caller]
    fn of(line: &'a str) -> Self {
        let fields = line.split('|').collect::<Vec<_>>();
        let [status, version, method, downloaded, uploaded, seconds, url, kind, location] =
            fields[..]
        else {
            panic!("curl says: {line}");
        };
        let text = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Self {
            status: status.parse().unwrap(),
            version,
            method,
            downloaded: downloaded.parse().unwrap(),
            uploaded: uploaded.parse().unwrap(),
            seconds: seconds.parse().unwrap(),
            url,
            content_type: text(kind),
            location: text(location),
            agent: "lab",
        }
    }

    /// As it is asked for: the port that goes without saying is not said.
    fn url(&self) -> String {
        self.url.replace(":80/", "/")
    }
}

const UPLOAD_BYTES: u64 = 18 * 60_000;

const REPORT: &str = "%{http_code}|%{http_version}|%{method}|%{size_download}|%{size_upload}|\
                      %{time_total}|%{url}|%{content_type}|%header{location}\\n";

/// With prior knowledge one transfer each, and no answer before the request is over: with other things
/// curl 7.88 fails, always or at times.
const FETCHES: [&str; 17] = [
    "http://127.0.0.1:80/small.txt",
    "http://[::1]:80/large.txt",
    "http://127.0.0.1:80/small.txt http://127.0.0.1:80/large.txt http://127.0.0.1:80/none",
    "-I http://127.0.0.1:80/large.txt",
    "http://127.0.0.1:80/moved",
    "-d a=b http://127.0.0.1:80/post",
    "-T UPLOAD http://127.0.0.1:80/upload",
    "-H Transfer-Encoding:chunked -T UPLOAD http://127.0.0.1:80/upload",
    "-r 100-299 http://127.0.0.1:80/large.txt",
    "-H Accept-Encoding:gzip http://127.0.0.1:80/large.txt",
    "--http1.0 http://127.0.0.1:80/small.txt",
    "--http2 http://127.0.0.1:80/small.txt",
    "http://127.0.0.1:8080/small.txt http://127.0.0.1:8080/none",
    "--http2-prior-knowledge http://127.0.0.1:8081/small.txt",
    "--http2-prior-knowledge http://127.0.0.1:8081/large.txt",
    "--http2-prior-knowledge -T UPLOAD http://127.0.0.1:8081/upload",
    "--http2-prior-knowledge -I http://127.0.0.1:8081/none",
];

const SETTINGS: &str = "
daemon off;
master_process off;
pid DIRECTORY/nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path DIRECTORY/body;
    proxy_temp_path DIRECTORY/proxy;
    fastcgi_temp_path DIRECTORY/fastcgi;
    uwsgi_temp_path DIRECTORY/uwsgi;
    scgi_temp_path DIRECTORY/scgi;
    default_type text/plain;
    client_max_body_size 10m;
    gzip on;
    gzip_types text/plain;
    server_tokens off;
    server {
        listen 127.0.0.1:8080;
        listen 127.0.0.1:8081 http2;
        listen [::1]:80;
        listen 127.0.0.1:80;
        root DIRECTORY;
        location /moved { return 301 http://elsewhere.test/; }
        location /post { return 200 posted; }
        location /upload { dav_methods PUT; create_full_put_path on; alias DIRECTORY/uploaded; }
    }
}
";
