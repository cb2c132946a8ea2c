//! One operand of `and` and `or`: a primitive, or something in parentheses.

use crate::arithmetic::{Comparison, Operator, Size, Sum};
use crate::error::{Complaint, Span};
use crate::expr::Expr;
use crate::keyword::{self, Protocol};
use crate::lex::Token;
use crate::names;
use crate::parts::{LLC_FRAMES, Multicast, Relation};
use crate::primitive::Primitive;

use super::qualified::Qualifiers;
use super::sum::{SumPart, relation};
use super::{Item, Parser, Part, shown, sum_alone};

impl Parser<'_> {
    /// An operand after any number of `not`. Leaves in `qualifiers` what an identifier after it
    /// inherits: those of a qualified primitive; unchanged after parentheses; else none.
    pub(super) fn operand(
        &mut self,
        qualifiers: &mut Option<Qualifiers>,
    ) -> Result<Part, Complaint> {
        let start = self.span();
        let mut negated = false;
        while self.take(&Token::Not) {
            negated = !negated;
        }
        let part = self.plain_operand(qualifiers)?;
        if !negated {
            return Ok(part);
        }
        let Item::Expr(expr) = part.item else { return Err(sum_alone(part.span)) };
        let span = start.to(part.span);
        Ok(Part { item: Item::Expr(expr.negated()), depth: part.depth, span })
    }

    fn plain_operand(&mut self, qualifiers: &mut Option<Qualifiers>) -> Result<Part, Complaint> {
        match *self.peek() {
            Token::Number(_) | Token::Open if self.number_begins_sum() => {
                self.comparison_of_operand(qualifiers)
            }
            Token::Open => self.group(*qualifiers),
            Token::Number(number) => {
                let span = self.span();
                self.next();
                self.number_alone(number, span, *qualifiers)
            }
            Token::Minus | Token::Word("len" | "length") => self.comparison_of_operand(qualifiers),
            Token::Word(_) if self.peek_at(1) == &Token::OpenBracket => {
                self.comparison_of_operand(qualifiers)
            }
            Token::Word(word) => self.word(word, qualifiers),
            Token::Dotted(_) | Token::Ipv6(_) | Token::Mac(_) | Token::Escaped(_) => {
                match *qualifiers {
                    Some(inherited) => self.identifier(inherited),
                    None => Err(self.bare_identifier()),
                }
            }
            _ => Err(self.expected_primitive()),
        }
    }

    /// Whether a number, in parentheses or not, is part of arithmetic, and so no identifier.
    fn number_begins_sum(&mut self) -> bool {
        let at = self.at;
        let begins = self.optional_number().is_some() && self.goes_on_as_sum();
        self.at = at;
        begins
    }

    fn comparison_of_operand(
        &mut self,
        qualifiers: &mut Option<Qualifiers>,
    ) -> Result<Part, Complaint> {
        *qualifiers = None;
        let first = self.sum_operand()?;
        self.comparison(first)
    }

    /// What is in parentheses: a condition, or the start of arithmetic.
    fn group(&mut self, inherited: Option<Qualifiers>) -> Result<Part, Complaint> {
        let open = self.span();
        self.next();
        self.enter()?;
        let inner = self.chain(inherited)?;
        self.leave();
        let close = self.expect(&Token::Close, "`and`, `or` or `)`")?;
        let span = open.to(close);
        match inner.item {
            Item::Expr(_) => Ok(Part { span, depth: inner.depth, ..inner }),
            Item::Sum(sum) => self.comparison(SumPart { sum, depth: inner.depth, span }),
        }
    }

    /// A number that is not part of arithmetic: an identifier if there are qualifiers for it.
    fn number_alone(
        &mut self,
        number: u32,
        span: Span,
        inherited: Option<Qualifiers>,
    ) -> Result<Part, Complaint> {
        match inherited {
            Some(qualifiers) => self.numbered(qualifiers, number, span),
            None => Ok(Part { item: Item::Sum(Sum::Constant(number)), depth: 1, span }),
        }
    }

    /// A primitive that begins with a word.
    fn word(&mut self, word: &str, qualifiers: &mut Option<Qualifiers>) -> Result<Part, Complaint> {
        if let Some(explicit) = self.qualifiers()? {
            *qualifiers = Some(explicit);
            return self.identifier(explicit);
        }
        let inherited = qualifiers.take();
        if let Some(part) = self.special(word)? {
            return Ok(part);
        }
        if let Some(protocol) = Protocol::named(word) {
            return self.protocol(protocol);
        }
        if let Some(inherited) = inherited.filter(|qualifiers| qualifiers.know(word)) {
            *qualifiers = Some(inherited);
            return self.identifier(inherited);
        }
        if let Some(known) = self.words.iter().find(|known| known.name == word).cloned() {
            return self.flow_word(known);
        }
        if let Some(primitive) = Primitive::named(word) {
            self.next();
            return Ok(self.test(primitive, self.last_span()));
        }
        if let Some(reason) = keyword::refused(word) {
            return Err(Complaint::new(self.span(), format!("`{word}` {reason}")));
        }
        *qualifiers = inherited;
        match inherited {
            Some(inherited) => self.identifier(inherited),
            None => Err(self.unknown_word(word)),
        }
    }

    /// A protocol that stands alone, or before `broadcast`, `multicast` and the 802.11 words.
    fn protocol(&mut self, protocol: Protocol) -> Result<Part, Complaint> {
        let start = self.span();
        self.next();
        let Token::Word(after) = *self.peek() else {
            return self.protocol_alone(protocol, start);
        };
        match after {
            "broadcast" | "multicast" => self.group_address(Some(protocol), start),
            "type" | "subtype" | "dir" | "direction" => self.wlan(after, start),
            _ => self.protocol_alone(protocol, start),
        }
    }

    fn protocol_alone(&mut self, protocol: Protocol, start: Span) -> Result<Part, Complaint> {
        match Primitive::of(protocol) {
            Some(primitive) => Ok(self.test(primitive, start)),
            None => {
                Err(self
                    .unexpected("`host`, `src`, `dst`, `proto`, `broadcast`, `multicast` or `[`"))
            }
        }
    }

    /// The primitives that follow no pattern.
    fn special(&mut self, word: &str) -> Result<Option<Part>, Complaint> {
        let start = self.span();
        let primitive = match word {
            "broadcast" | "multicast" => return self.group_address(None, start).map(Some),
            "type" | "subtype" | "dir" | "direction" => return self.wlan(word, start).map(Some),
            "less" => self.length_limit(Relation::LessOrEqual)?,
            "greater" => self.length_limit(Relation::GreaterOrEqual)?,
            "byte" => self.byte()?,
            "llc" => self.llc(),
            "pppoed" => {
                self.next();
                Primitive::EtherType(0x8863)
            }
            "vlan" => Primitive::Vlan(self.tag(0x0fff, "VLAN identifier")?.map(|id| id as u16)),
            "mpls" => Primitive::Mpls(self.tag(0x000f_ffff, "MPLS label")?),
            "pppoes" => Primitive::Pppoe(self.tag(0xffff, "PPPoE session")?.map(|id| id as u16)),
            "geneve" => Primitive::Geneve(self.tag(0x00ff_ffff, "Geneve network identifier")?),
            _ => return Ok(None),
        };
        let span = start.to(self.last_span());
        Ok(Some(self.test(primitive, span)))
    }

    fn length_limit(&mut self, relation: Relation) -> Result<Primitive, Complaint> {
        self.next();
        let limit = self.plain_number("a length in bytes")?;
        Ok(compare(Sum::Length, relation, limit))
    }

    /// `byte 12 = 8`: the older spelling of `link[12] = 8`.
    fn byte(&mut self) -> Result<Primitive, Complaint> {
        self.next();
        let index = self.plain_number("the number of a byte")?;
        let load = Sum::Load {
            header: Protocol::Link,
            index: Box::new(Sum::Constant(index)),
            size: Size::One,
        };
        let sign = self.peek();
        let masked = match sign {
            Token::Ampersand => Some(Operator::And),
            Token::Pipe => Some(Operator::Or),
            Token::Less | Token::Greater | Token::Equal => None,
            _ => return Err(self.unexpected("`=`, `<`, `>`, `&` or `|`")),
        };
        self.next();
        let number = self.plain_number("a number")?;
        Ok(match (masked, relation(sign)) {
            (Some(operator), _) => {
                let right = Box::new(Sum::Constant(number));
                compare(Sum::Binary(operator, Box::new(load), right), Relation::NotEqual, 0)
            }
            (None, relation) => compare(load, relation.unwrap_or(Relation::Equal), number),
        })
    }

    fn plain_number(&mut self, expected: &str) -> Result<u32, Complaint> {
        let Token::Number(number) = *self.peek() else { return Err(self.unexpected(expected)) };
        self.next();
        Ok(number)
    }

    fn llc(&mut self) -> Primitive {
        self.next();
        let named = match self.peek() {
            Token::Word(name) | Token::Escaped(name) => {
                LLC_FRAMES.iter().find(|frame| frame.name.eq_ignore_ascii_case(name))
            }
            _ => None,
        };
        if named.is_some() {
            self.next();
        }
        Primitive::Llc(*named.unwrap_or(&LLC_FRAMES[0]))
    }

    /// The number after `vlan` and its like, if there is one.
    fn tag(&mut self, max: u32, name: &str) -> Result<Option<u32>, Complaint> {
        self.next();
        let start = self.span();
        let Some(number) = self.optional_number() else { return Ok(None) };
        if number > max {
            let span = start.to(self.last_span());
            return Err(Complaint::new(span, format!("a {name} is at most {max}")));
        }
        Ok(Some(number))
    }

    /// `broadcast` or `multicast`, which is the next token.
    fn group_address(
        &mut self,
        protocol: Option<Protocol>,
        start: Span,
    ) -> Result<Part, Complaint> {
        let broadcast = self.peek() == &Token::Word("broadcast");
        let primitive = match (protocol, broadcast) {
            (None | Some(Protocol::Link), true) => Primitive::Broadcast,
            (None | Some(Protocol::Link), false) => Primitive::Multicast(Multicast::Link),
            (Some(Protocol::Ip), false) => Primitive::Multicast(Multicast::Ip),
            (Some(Protocol::Ip6), false) => Primitive::Multicast(Multicast::Ip6),
            (Some(Protocol::Ip), true) => {
                let message = "`ip broadcast` needs the netmask of the live interface";
                return Err(Complaint::new(start.to(self.span()), message)
                    .hint("say which addresses: `dst host 192.0.2.255 or 255.255.255.255`"));
            }
            (Some(_), true) => return Err(self.unexpected("a broadcast of `ether`")),
            (Some(_), false) => {
                return Err(self.unexpected("a multicast of `ether`, `ip` or `ip6`"));
            }
        };
        self.next();
        Ok(self.test(primitive, start.to(self.last_span())))
    }

    /// `type`, `subtype` or `dir`, which is the next token.
    fn wlan(&mut self, word: &str, start: Span) -> Result<Part, Complaint> {
        self.next();
        let primitive = match word {
            "type" => {
                let mask = names::WLAN_TYPE_MASK;
                let bits =
                    self.wlan_bits("a frame type: mgt, ctl or data", names::wlan_type, mask)?;
                if self.take_word("subtype") {
                    let subtype = |name: &str| names::wlan_subtype(name, Some(bits));
                    let expected = "a subtype of that frame type, such as beacon or rts";
                    let low = self.wlan_bits(expected, subtype, names::WLAN_SUBTYPE_MASK)?;
                    let mask = mask | names::WLAN_SUBTYPE_MASK;
                    Primitive::WlanType { mask, bits: bits | low }
                } else {
                    Primitive::WlanType { mask, bits }
                }
            }
            "subtype" => {
                let expected = "a frame subtype, such as beacon, rts or qos-data";
                let subtype = |name: &str| names::wlan_subtype(name, None);
                let bits = self.wlan_bits(expected, subtype, 0)?;
                let mask = names::WLAN_TYPE_MASK | names::WLAN_SUBTYPE_MASK;
                Primitive::WlanType { mask, bits }
            }
            _ => {
                let expected = "a direction: nods, tods, fromds, dstods or a number";
                Primitive::WlanDirection(self.wlan_bits(expected, names::wlan_direction, 0xff)?)
            }
        };
        Ok(self.test(primitive, start.to(self.last_span())))
    }

    /// A named value of the first bytes of an 802.11 frame, or a number within `mask`.
    fn wlan_bits(
        &mut self,
        expected: &str,
        named: impl Fn(&str) -> Option<u8>,
        mask: u8,
    ) -> Result<u8, Complaint> {
        let bits = match *self.peek() {
            Token::Word(name) | Token::Escaped(name) => named(name),
            Token::Number(number) => u8::try_from(number).ok().filter(|bits| bits & !mask == 0),
            _ => None,
        };
        let bits = bits.ok_or_else(|| self.unexpected(expected))?;
        self.next();
        Ok(bits)
    }

    /// A test, put on the list of where the tests are.
    pub(super) fn test(&mut self, primitive: Primitive, span: Span) -> Part {
        self.spans.push(span);
        let depth = if matches!(primitive, Primitive::Compare(_)) { BYTE_DEPTH } else { 1 };
        Part { item: Item::Expr(Expr::Test(primitive)), depth, span }
    }

    fn expected_primitive(&self) -> Complaint {
        self.unexpected("a primitive, such as `tcp`, `host ADDRESS` or `port 80`")
    }

    fn bare_identifier(&self) -> Complaint {
        let what = match self.peek() {
            Token::Mac(_) => "ether host",
            _ => "host",
        };
        let span = self.span();
        let word = shown(self.text.get(span.start..span.end).unwrap_or_default());
        self.expected_primitive().hint(format!("write `{what} {word}`"))
    }

    fn unknown_word(&self, word: &str) -> Complaint {
        let complaint = self.expected_primitive();
        let lower = word.to_ascii_lowercase();
        let tcpdumps = keyword::all().map(|known| -> &str { known });
        let words = tcpdumps.chain(self.words.iter().map(|known| &*known.name));
        // As the column is called that the word stands for.
        let dotted = lower.replacen('_', ".", 1);
        if let Some(word) = self.words.iter().find(|known| *known.name == dotted) {
            return complaint.hint(format!("did you mean `{}`?", word.name));
        }
        if matches!(lower.as_str(), "start_time" | "end_time" | "time") {
            return complaint
                .hint("frames are chosen by their times outside of filters: --from, --until");
        }
        if let Some(near) = names::nearest(&lower, words) {
            return complaint.hint(format!("did you mean `{near}`?"));
        }
        if names::port(&lower).is_some() {
            return complaint.hint(format!("for the service, write `port {lower}`"));
        }
        match self.words_beside(&lower) {
            Some(words) => complaint.hint(words),
            None => complaint,
        }
    }

    /// The flow words that begin as an unknown one does before its dot.
    fn words_beside(&self, word: &str) -> Option<String> {
        let (family, _) = word.split_once('.')?;
        let fields = self.words.iter().filter_map(|known| known.name.strip_prefix(family));
        let mut fields: Vec<&str> = fields.filter(|field| field.starts_with('.')).collect();
        let more = fields.len().saturating_sub(WORDS_SHOWN);
        fields.truncate(WORDS_SHOWN);
        let shown = fields.iter().map(|field| format!("`{family}{field}`")).collect::<Vec<_>>();
        match (shown.is_empty(), more) {
            (true, _) => None,
            (false, 0) => Some(format!("there are {}", shown.join(", "))),
            (false, more) => Some(format!("there are {} and {more} more", shown.join(", "))),
        }
    }
}

fn compare(left: Sum, relation: Relation, number: u32) -> Primitive {
    Primitive::Compare(Comparison { left, relation, right: Sum::Constant(number) })
}

/// Depth of a comparison that is not written as one: `byte 0 & 1` is `(link[0:1] & 1) != 0`.
const BYTE_DEPTH: usize = 4;
/// Flow words that are listed beside an unknown one.
const WORDS_SHOWN: usize = 12;
