//! A private network where programs talk, the recording of it, and what is told of the recording.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Write as _, stderr};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Map, Value};
use tempfile::TempDir;

pub(crate) type Row = Map<String, Value>;

/// A network namespace of its own, in which only a loopback interface is, and all of it recorded.
pub(crate) struct Lab {
    directory: TempDir,
    recorder: Child,
    servers: Vec<Child>,
}

impl Lab {
    /// None where programs or the right to a namespace are missing, which is said even when the
    /// test harness keeps back what tests that pass print.
    pub(crate) fn new(test: &str, programs: &[&str]) -> Option<Self> {
        let always = ["tcpdump", "ip", "unshare", "nsenter", "timeout", "bash"];
        let missing = always.iter().chain(programs).find(|name| !is_installed(name));
        let why = missing.map(|name| format!("there is no {name}")).or_else(no_namespace);
        if let Some(why) = why {
            say_skipped(test, &why);
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let capture = fs::File::create(directory.path().join(CAPTURE)).unwrap();
        let mut command = command("unshare");
        command.args(&NAMESPACE[1..]).args(["sh", "-c", RECORD]);
        let recorder = command.stdout(capture).stderr(Stdio::null()).spawn().unwrap();
        let lab = Self { directory, recorder, servers: Vec::new() };
        lab.mark("the recording begins");
        Some(lab)
    }

    /// None where Python lacks a module, which is said likewise.
    pub(crate) fn with_python(self, test: &str, module: &str) -> Option<Self> {
        let is_there = self.told(&["python3", "-c", &format!("import {module}")]).is_empty();
        if !is_there {
            say_skipped(test, &format!("python3 has no {module}"));
        }
        is_there.then_some(self)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().into()
    }

    pub(crate) fn write(&self, name: &str, contents: &str) -> String {
        let path = self.path(name);
        fs::write(&path, contents).unwrap();
        path
    }

    /// Starts a server and waits for its port; what it says goes to a file of the port's name.
    #[track_caller]
    pub(crate) fn serve(&mut self, port: u16, line: &[&str]) {
        let log = fs::File::create(self.path(&port.to_string())).unwrap();
        let mut server = self.inside(line);
        // openssl ends when its input does.
        server.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        self.servers.push(server.spawn().unwrap());
        let local = format!(":{port:04X} ");
        let is_there = wait_until(|| {
            let sockets = "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6";
            self.told(&["sh", "-c", sockets]).lines().any(|line| line.contains(&local))
        });
        assert!(is_there, "{line:?} does not listen: {}", self.log(port));
    }

    /// What a server has said.
    pub(crate) fn log(&self, port: u16) -> String {
        fs::read_to_string(self.path(&port.to_string())).unwrap()
    }

    /// What a program says inside the network, on both of its outputs, whether it succeeds or not.
    pub(crate) fn told(&self, line: &[&str]) -> String {
        let line = [&["timeout", "20"], line].concat();
        let Output { stdout, stderr, .. } = self.inside(&line).output().unwrap();
        String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned()
    }

    /// Ends the recording; gives what is told of it, and what else the directory holds is gone.
    pub(crate) fn recorded(mut self) -> Recorded {
        self.mark("the recording ends");
        self.end();
        Recorded::of(self.directory.path())
    }

    /// A program inside the network.
    fn inside(&self, line: &[&str]) -> Command {
        let mut command = command("nsenter");
        let pid = self.recorder.id().to_string();
        command.args(["--target", &pid, "--user", "--preserve-credentials", "--net", "--"]);
        command.args(line);
        command
    }

    /// Sends a datagram until it is seen in the capture.
    #[track_caller]
    fn mark(&self, text: &str) {
        let send = format!("echo {text} > /dev/udp/127.0.0.1/{MARK_PORT}");
        let is_seen = wait_until(|| {
            self.told(&["bash", "-c", &send]);
            let capture = fs::read(self.path(CAPTURE)).unwrap();
            capture.windows(text.len()).any(|bytes| bytes == text.as_bytes())
        });
        assert!(is_seen, "tcpdump does not record");
    }

    fn end(&mut self) {
        for child in self.servers.iter_mut().chain([&mut self.recorder]) {
            // One that has ended already is no error here.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.end();
    }
}

/// The rows that are made of a recording.
pub(crate) struct Recorded {
    tables: BTreeMap<&'static str, Vec<Row>>,
}

impl Recorded {
    fn of(directory: &Path) -> Self {
        let output = directory.join("tables");
        let capture = directory.join(CAPTURE);
        let run = Command::new(env!("CARGO_BIN_EXE_flowloom"))
            .args(["flows", capture.to_str().unwrap(), "-o", output.to_str().unwrap()])
            .args(["--features", "core,tls,quic,http,dns,ssh,application", "--order", "start"])
            .args(["--events", "dns,http,tls_records,certificates", "--format", "jsonl"])
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let read = |table: &'static str| {
            let text = fs::read_to_string(output.join(format!("{table}.jsonl"))).unwrap();
            let rows = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            (table, rows)
        };
        Self { tables: TABLES.map(read).into() }
    }

    /// The flows to a port, in the order in which they start.
    pub(crate) fn flows(&self, port: u16) -> Vec<&Row> {
        self.tables["flows"].iter().filter(|row| row["dst_port"] == port).collect()
    }

    /// The events of a flow.
    pub(crate) fn events(&self, table: &str, flow: &Row) -> Vec<&Row> {
        let is_of = |row: &&Row| row["flow_id"] == flow["flow_id"];
        self.tables[table].iter().filter(is_of).collect()
    }
}

/// What follows a label in a report, up to the end of the line.
#[track_caller]
pub(crate) fn after<'a>(report: &'a str, label: &str) -> &'a str {
    let rest = report.lines().find_map(|line| Some(line.split_once(label)?.1));
    rest.unwrap_or_else(|| panic!("{label:?} is not in: {report}")).trim()
}

/// Checks columns of a row all at once, so that a failure shows all that differ.
#[track_caller]
pub(crate) fn assert_row(row: &Row, expected: &Value, what: &str) {
    let expected = expected.as_object().unwrap();
    let differing = expected.iter().filter(|(name, value)| row.get(*name) != Some(value));
    let told = differing.map(|(name, value)| format!("{name}: {:?}, not {value}", row.get(name)));
    let told = told.collect::<Vec<_>>();
    assert!(told.is_empty(), "{what}\n{}", told.join("\n"));
}

/// A program, found where only root looks, too; it says things as in C.
fn command(program: &str) -> Command {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    command.env("PATH", path).env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn say_skipped(test: &str, why: &str) {
    let said = format!("SKIPPED: {test} with real programs: {why}\n");
    stderr().write_all(said.as_bytes()).unwrap();
}

fn is_installed(program: &str) -> bool {
    let look = format!("command -v {program}");
    command("sh").args(["-c", &look]).stdout(Stdio::null()).status().is_ok_and(|s| s.success())
}

fn no_namespace() -> Option<String> {
    let output = command(NAMESPACE[0]).args(&NAMESPACE[1..]).args(["sh", "-c", PREPARE]).output();
    let output = output.unwrap();
    let why = || format!("no private network: {}", String::from_utf8_lossy(&output.stderr).trim());
    (!output.status.success()).then(why)
}

/// Whether something comes true within some seconds.
fn wait_until(mut condition: impl FnMut() -> bool) -> bool {
    let mut looks = 0..500;
    looks.any(|_| {
        let is_true = condition();
        if !is_true {
            std::thread::sleep(Duration::from_millis(20));
        }
        is_true
    })
}

const CAPTURE: &str = "recorded.pcap";
const TABLES: [&str; 5] = ["flows", "dns", "http", "tls_records", "certificates"];
/// Discard.
const MARK_PORT: u16 = 9;

/// Not as root inside: servers that are root would change to users that are not mapped.
const NAMESPACE: [&str; 7] =
    ["unshare", "--user", "--net", "--map-user=65534", "--map-group=65534", "--keep-caps", "--"];
const PREPARE: &str = "ip link set lo up && echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start";
const RECORD: &str = "ip link set lo up && echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start \
                      && exec tcpdump -i lo -w - -U -B 32768 --immediate-mode";
