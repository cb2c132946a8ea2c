//! The machine tcpdump's programs run on: classic BPF, and tcpdump as its compiler.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use flowloom_schema::LinkType;

/// A program for one link type.
#[derive(Debug)]
pub(crate) struct Program(Vec<Instruction>);

#[derive(Clone, Copy, Debug)]
struct Instruction {
    code: u16,
    jump_true: u8,
    jump_false: u8,
    k: u32,
}

/// What a program says of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    Reject,
    /// A byte beyond the capture was loaded, or a number was divided by zero: tcpdump gives up.
    GaveUp,
    /// A cell of memory was read that nothing was written to: what `geneve` leaves in a frame that
    /// is not Geneve.
    Undefined,
}

impl Program {
    /// From what `tcpdump -ddd` prints: the number of instructions, and one on each line.
    fn parse(text: &str) -> Self {
        let instruction = |line: &str| {
            let mut numbers = line.split_whitespace().map(|n| n.parse::<u32>().unwrap());
            let mut next = || numbers.next().unwrap();
            Instruction {
                code: next() as u16,
                jump_true: next() as u8,
                jump_false: next() as u8,
                k: next(),
            }
        };
        Self(text.lines().skip(1).map(instruction).collect())
    }

    pub(crate) fn run(&self, bytes: &[u8], original: u32) -> Verdict {
        self.verdict(bytes, original).unwrap_or_else(|gave_up| gave_up)
    }

    fn verdict(&self, bytes: &[u8], original: u32) -> Result<Verdict, Verdict> {
        let (mut a, mut x) = (0_u32, 0_u32);
        let mut memory = [None; 16];
        let mut at = 0;
        loop {
            let Instruction { code, jump_true, jump_false, k } = self.0[at];
            at += 1;
            let operand = if code & 0x08 == 0 { k } else { x };
            match code & 0x07 {
                LD | LDX => {
                    let value = match code & 0xe0 {
                        IMM => k,
                        ABS => load(bytes, k, code)?,
                        IND => load(bytes, x.wrapping_add(k), code)?,
                        MEM => memory[k as usize].ok_or(Verdict::Undefined)?,
                        LEN => original,
                        _ => (load(bytes, k, BYTE)? & 0x0f) * 4,
                    };
                    if code & 0x07 == LD { a = value } else { x = value }
                }
                ST => memory[k as usize] = Some(a),
                STX => memory[k as usize] = Some(x),
                ALU => a = arithmetic(code & 0xf0, a, operand).ok_or(Verdict::GaveUp)?,
                JMP => {
                    let holds = match code & 0xf0 {
                        JA => {
                            // Loops jump backwards; the offset is signed.
                            at = at.wrapping_add_signed(k.cast_signed() as isize);
                            continue;
                        }
                        JEQ => a == operand,
                        JGT => a > operand,
                        JGE => a >= operand,
                        _ => a & operand != 0,
                    };
                    at += usize::from(if holds { jump_true } else { jump_false });
                }
                RET => return Ok(if k == 0 { Verdict::Reject } else { Verdict::Accept }),
                _ if code & 0xf8 == TXA => a = x,
                _ => x = a,
            }
        }
    }
}

fn load(bytes: &[u8], at: u32, code: u16) -> Result<u32, Verdict> {
    let size = match code & 0x18 {
        WORD => 4,
        HALF => 2,
        _ => 1,
    };
    let at = at as usize;
    let field = bytes.get(at..at + size).ok_or(Verdict::GaveUp)?;
    Ok(field.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}

fn arithmetic(operation: u16, a: u32, operand: u32) -> Option<u32> {
    Some(match operation {
        0x00 => a.wrapping_add(operand),
        0x10 => a.wrapping_sub(operand),
        0x20 => a.wrapping_mul(operand),
        0x30 => a.checked_div(operand)?,
        0x40 => a | operand,
        0x50 => a & operand,
        0x60 => a.checked_shl(operand).unwrap_or(0),
        0x70 => a.checked_shr(operand).unwrap_or(0),
        0x80 => a.wrapping_neg(),
        0x90 => a.checked_rem(operand)?,
        _ => a ^ operand,
    })
}

/// tcpdump as a compiler for captures of any link type.
pub(crate) struct Compiler {
    directory: PathBuf,
    /// A capture without frames per link type and byte order, so that tcpdump compiles for a file.
    headers: HashMap<(LinkType, bool), PathBuf>,
    /// Link types it knows nothing of.
    unknown: BTreeSet<LinkType>,
    /// Link types of which it takes raw bytes and the length only.
    without_ip: BTreeSet<LinkType>,
}

impl Compiler {
    /// If tcpdump is there.
    pub(crate) fn new() -> Option<Self> {
        Command::new("tcpdump").arg("--version").output().ok().filter(|o| o.status.success())?;
        let number = COMPILERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("flowloom-filter-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Some(Self {
            directory,
            headers: HashMap::new(),
            unknown: BTreeSet::new(),
            without_ip: BTreeSet::new(),
        })
    }

    /// Makes ready to compile for `link`, in files of either byte order.
    pub(crate) fn prepare(&mut self, link: LinkType) {
        for big_endian in [false, true] {
            let path = self.directory.join(format!("{}-{big_endian}.pcap", link.0));
            let fields: [(u32, usize); 7] = [
                (0xa1b2_c3d4, 4),
                (2, 2),
                (4, 2),
                (0, 4),
                (0, 4),
                (262_144, 4),
                (u32::from(link.0), 4),
            ];
            let header: Vec<u8> = fields
                .iter()
                .flat_map(|(value, size)| {
                    let bytes = value.to_be_bytes()[4 - size..].to_vec();
                    if big_endian { bytes } else { bytes.into_iter().rev().collect() }
                })
                .collect();
            std::fs::File::create(&path).unwrap().write_all(&header).unwrap();
            self.headers.insert((link, big_endian), path);
        }
        for (expression, refusing) in [("ip", &mut self.without_ip), ("len > 0", &mut self.unknown)]
        {
            let output = tcpdump(&["-ddd"], expression, &self.headers[&(link, false)]);
            if !output.status.success() && !said(&output).contains("rejects all packets") {
                refusing.insert(link);
            }
        }
    }

    /// The program for frames of `link`, or what tcpdump says against it.
    pub(crate) fn compile(
        &self,
        expression: &str,
        link: LinkType,
        big_endian: bool,
    ) -> Result<Program, String> {
        match self.run(&["-ddd"], expression, link, big_endian) {
            // Not for tcpdump to say: it optimized away all that the expression is about.
            Err(said) if said.contains("rejects all packets") => {
                self.run(&["-O", "-ddd"], expression, link, big_endian)
            }
            other => other,
        }
    }

    fn run(
        &self,
        options: &[&str],
        expression: &str,
        link: LinkType,
        big_endian: bool,
    ) -> Result<Program, String> {
        let output = tcpdump(options, expression, &self.headers[&(link, big_endian)]);
        if output.status.success() {
            return Ok(Program::parse(&String::from_utf8_lossy(&output.stdout)));
        }
        Err(said(&output))
    }

    /// Whether there is no need to ask: tcpdump takes no such expression for `link`.
    pub(crate) fn refuses(&self, expression: &str, link: LinkType) -> bool {
        let is_raw = || RAW_WORDS.iter().any(|word| expression.contains(word));
        self.unknown.contains(&link) || (self.without_ip.contains(&link) && !is_raw())
    }

    /// Link types of which frames cannot be filtered by protocol.
    pub(crate) fn refused_links(&self) -> BTreeSet<LinkType> {
        self.unknown.union(&self.without_ip).copied().collect()
    }
}

fn tcpdump(options: &[&str], expression: &str, capture: &Path) -> Output {
    let mut command = Command::new("tcpdump");
    command.args(options).arg("-r").arg(capture).arg("--").arg(expression).output().unwrap()
}

/// What it says last is why.
fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().last().unwrap_or_default().to_owned()
}

impl Drop for Compiler {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What expressions about raw bytes and lengths are made of.
const RAW_WORDS: [&str; 11] =
    ["ether[", "link[", "wlan[", "fddi[", "tr[", "ppp[", "slip[", "len", "less", "greater", "byte"];

/// How many compilers there have been, so that each has a directory of its own.
static COMPILERS: AtomicUsize = AtomicUsize::new(0);

const LD: u16 = 0;
const LDX: u16 = 1;
const ST: u16 = 2;
const STX: u16 = 3;
const ALU: u16 = 4;
const JMP: u16 = 5;
const RET: u16 = 6;

const WORD: u16 = 0x00;
const HALF: u16 = 0x08;
const BYTE: u16 = 0x10;

const IMM: u16 = 0x00;
const ABS: u16 = 0x20;
const IND: u16 = 0x40;
const MEM: u16 = 0x60;
const LEN: u16 = 0x80;

const JA: u16 = 0x00;
const JEQ: u16 = 0x10;
const JGT: u16 = 0x20;
const JGE: u16 = 0x30;

const TXA: u16 = 0x80;
