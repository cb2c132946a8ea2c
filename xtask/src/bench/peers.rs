//! Beside other programs that read captures, as far as they are installed.
//!
//! They do other things, some more and some less: the figures say what a job costs, not who is
//! better.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use super::measure::{Measured, Median, cpu, measure, peak};
use super::{A, B, Lab, line, path};

/// All of them, in turn, beside A and B of flowloom.
pub(super) fn all(lab: &Lab) -> Result<(), String> {
    let big = lab.big()?;
    let mut entries = vec![
        Entry::new("flowloom, A", lab.flows(&big, A)),
        Entry::new("flowloom, B", lab.flows(&big, B)),
    ];
    let (there, absent): (Vec<_>, Vec<_>) = PEERS.iter().partition(|peer| peer.is_there());
    entries.extend(there.iter().map(|peer| Entry::new(peer.name, peer.command(lab, &big))));
    for round in 0..=ROUNDS {
        for entry in entries.iter_mut().filter(|entry| entry.failure.is_none()) {
            match measure(&entry.command) {
                Ok(_) if round == 0 => {}
                Ok(measured) => entry.runs.push(measured),
                Err(failure) => entry.failure = Some(failure),
            }
        }
    }
    report(&entries);
    for peer in absent {
        println!("  {}: not installed", peer.name);
    }
    Ok(())
}

struct Entry {
    name: &'static str,
    command: Vec<OsString>,
    runs: Vec<Measured>,
    failure: Option<String>,
}

impl Entry {
    fn new(name: &'static str, command: Vec<OsString>) -> Self {
        Self { name, command, runs: Vec::new(), failure: None }
    }
}

fn report(entries: &[Entry]) {
    let ours = entries.first().map_or(&[][..], |entry| &entry.runs);
    for Entry { name, runs, failure, .. } in entries {
        match failure {
            Some(failure) => println!("  {name}: {}", failure.trim()),
            None => println!(
                "  {name}: {:.2} s CPU, {:.2} times A of flowloom, peak {:.0} MiB",
                Median::about(runs, cpu),
                Median::ratio(runs, ours, cpu),
                Median::about(runs, peak),
            ),
        }
    }
}

struct Peer {
    name: &'static str,
    /// Of the programs, that which is run; of the Python packages, the script.
    program: Program,
    /// CAPTURE and WORK stand for paths.
    arguments: &'static [&'static str],
}

enum Program {
    Command(&'static str),
    Python { package: &'static str, script: &'static str },
}

impl Peer {
    fn is_there(&self) -> bool {
        let mut look = match self.program {
            Program::Command(name) => {
                let mut which = Command::new("sh");
                which.args(["-c", &format!("command -v {name}")]);
                which
            }
            Program::Python { package, .. } => {
                let mut python = Command::new("python3");
                python.args(["-c", &format!("import {package}")]);
                python
            }
        };
        look.stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn command(&self, lab: &Lab, capture: &Path) -> Vec<OsString> {
        let arguments = self.arguments.iter().map(|argument| match *argument {
            "CAPTURE" => path(capture),
            "WORK" => path(&lab.work),
            argument => argument,
        });
        let arguments = arguments.collect::<Vec<_>>();
        match self.program {
            Program::Command(name) => line(Path::new(name), &[&arguments]),
            Program::Python { script, .. } => {
                let script = lab.shared.join("peers").join(script);
                line(Path::new("python3"), &[&[path(&script)], &arguments])
            }
        }
    }
}

const PEERS: &[Peer] = &[
    Peer {
        name: "tcpdump, copying",
        program: Program::Command("tcpdump"),
        arguments: &["-r", "CAPTURE", "-w", "/dev/null"],
    },
    Peer {
        name: "capinfos, without hashes",
        program: Program::Command("capinfos"),
        arguments: &["-cdu", "CAPTURE"],
    },
    Peer {
        name: "softflowd",
        program: Program::Command("softflowd"),
        arguments: &["-d", "-r", "CAPTURE", "-n", "127.0.0.1:9995"],
    },
    Peer {
        name: "nfpcapd",
        program: Program::Command("nfpcapd"),
        arguments: &["-r", "CAPTURE", "-w", "WORK"],
    },
    Peer {
        name: "tshark, TCP conversations",
        program: Program::Command("tshark"),
        arguments: &["-q", "-z", "conv,tcp", "-r", "CAPTURE"],
    },
    Peer {
        name: "nfstream, flows",
        program: Program::Python { package: "nfstream", script: "nfs.py" },
        arguments: &["CAPTURE", "n_dissections=0"],
    },
    Peer {
        name: "nfstream, statistics and 255 packets",
        program: Program::Python { package: "nfstream", script: "nfs.py" },
        arguments: &["CAPTURE", "n_dissections=0,statistical_analysis=True,splt_analysis=255"],
    },
    Peer {
        name: "wa1kpcap",
        program: Program::Python { package: "wa1kpcap", script: "wa1k.py" },
        arguments: &["CAPTURE"],
    },
];

/// Some take a minute each.
const ROUNDS: usize = 3;
