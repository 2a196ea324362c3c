//! `ip xfrm policy`.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use ip_wire::Protocol;

use super::super::text::Piece;
use super::lines::{self, end, mark, next_line, remark};
use super::state::{Id, flags};
use super::{Lifetime, Mark, Mode, Offload, Selector, Time, Usage};
use super::{next_record, once};
use crate::error::{Error, Field, Problem};
use crate::spd;

/// One policy of a kernel. Of those that match, the one with the lowest priority number decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Which packets.
    pub selector: Selector,
    /// Where they pass.
    pub direction: PolicyDirection,
    /// Whether it is for one socket only.
    pub socket: bool,
    /// What is done.
    pub action: Action,
    /// The kernel's number for it, with `-s`.
    pub index: Option<u32>,
    /// Lower goes first.
    pub priority: u32,
    /// Main or sub policy.
    pub kind: PolicyType,
    /// Who shares its SAs, with `-s`.
    pub sharing: Option<Sharing>,
    /// Flags.
    pub flags: PolicyFlags,
    /// The mark that its packets have.
    pub mark: Option<Mark>,
    /// The protections that packets have, from the inside out. None with [`Action::Allow`]: no protection.
    pub templates: Vec<Template>,
    /// When it was used last.
    pub last_used: Option<Time>,
    /// A device that does some of the work.
    pub offload: Option<Offload>,
    /// The XFRM interface that it belongs to.
    pub interface: Option<u32>,
    /// Limits, with `-s`.
    pub lifetime: Option<Lifetime>,
    /// Use so far, with `-s`.
    pub usage: Option<Usage>,
    /// The security context.
    pub context: Option<String>,
}

/// Where packets pass a policy.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyDirection {
    /// To this node.
    In,
    /// From this node, or through it, on the way out.
    Out,
    /// Through this node, on the way in.
    Forward,
    /// Another, by number.
    Other(u8),
}

/// What a policy does.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Packets pass, with the protection of the templates.
    Allow,
    /// Packets are dropped.
    Block,
    /// Another, by number.
    Other(u8),
}

/// Which of the kernel's two tables.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyType {
    /// The one that there always is.
    Main,
    /// Mobile IPv6's.
    Sub,
    /// Another, by number.
    Other(u8),
}

/// Who may share SAs.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// Everyone.
    Any,
    /// One session.
    Session,
    /// One user.
    User,
    /// Nobody.
    Unique,
    /// Another, by number.
    Other(u8),
}

flags! {
    /// Flags of a policy; those without a name survive.
    PolicyFlags(u8) {
        /// Users may override it.
        LOCAL_OK = 0x01, "localok";
        /// ICMP errors about its packets are let through.
        ICMP = 0x02, "icmp";
    }
}

/// A protection that packets must have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template {
    /// Source address of the SA, unspecified for any.
    pub source: IpAddr,
    /// Destination address of the SA, unspecified for any.
    pub destination: IpAddr,
    /// ESP, AH, IPComp, or one of mobile IPv6; 255 for any of the first three.
    pub protocol: Protocol,
    /// The SA's SPI, if it must have one.
    pub spi: Option<u32>,
    /// The SA's reqid.
    pub reqid: u32,
    /// How packets are carried.
    pub mode: Mode,
    /// Whether it may be left out.
    pub level: Level,
    /// Who shares its SAs, with `-s`.
    pub sharing: Option<Sharing>,
    /// Ciphers, integrity and compression algorithms that may be used, a bit each, with `-s`.
    pub algorithms: Option<[u32; 3]>,
}

/// Whether a protection may be left out.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// It may not.
    Required,
    /// Where there is an SA, it is used.
    Use,
    /// Another, by number.
    Other(u8),
}

/// Reads what `ip xfrm policy` prints, one policy after another. A policy that can't be read gives its error, and the next one is read.
#[must_use]
pub const fn policies(text: &str) -> Policies<'_> {
    Policies { rest: Piece::whole(text) }
}

/// See [`policies`].
#[derive(Debug, Clone)]
pub struct Policies<'a> {
    rest: Piece<'a>,
}

impl Iterator for Policies<'_> {
    type Item = Result<Policy, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        next_record(&mut self.rest).map(Policy::parse)
    }
}

impl core::iter::FusedIterator for Policies<'_> {}

impl Policy {
    fn parse(mut record: Piece<'_>) -> Result<Self, Error> {
        let mut line = next_line(&mut record, Field::Record)?;
        let selector = Selector::parse(&mut line)?;
        let mut policy = Self {
            selector,
            direction: PolicyDirection::In,
            socket: false,
            action: Action::Allow,
            index: None,
            priority: 0,
            kind: PolicyType::Main,
            sharing: None,
            flags: PolicyFlags::default(),
            mark: None,
            templates: Vec::new(),
            last_used: None,
            offload: None,
            interface: None,
            lifetime: None,
            usage: None,
            context: None,
        };
        let mut line = next_line(&mut record, Field::Direction)?;
        if line.accept("security") {
            policy.context = Some(lines::context(&mut line)?);
            end(&mut line)?;
            line = next_line(&mut record, Field::Direction)?;
        }
        policy.direction_line(&mut line)?;
        while let Some(mut line) = record.next_line() {
            if let Ok(word) = line.next_word() {
                policy.attribute(word, &mut line, &mut record)?;
                end(&mut line)?;
            }
        }
        Ok(policy)
    }

    /// `dir out action allow index 9 priority 0 ptype main share any flag localok (0x00000001)`.
    fn direction_line(&mut self, line: &mut Piece<'_>) -> Result<(), Error> {
        let word = line.value(Field::Direction)?;
        self.socket = match word.text {
            "dir" => false,
            "socket" => true,
            _ => return Err(word.error(Field::Direction, Problem::Unknown)),
        };
        let word = line.value(Field::Direction)?;
        self.direction = match word.text {
            "in" => PolicyDirection::In,
            "out" => PolicyDirection::Out,
            "fwd" => PolicyDirection::Forward,
            number => word.one_of(Field::Direction, number.parse().ok().map(PolicyDirection::Other))?,
        };
        let mut in_flags = false;
        while let Ok(word) = line.next_word() {
            match word.text {
                "action" => {
                    let value = line.value(Field::Action)?;
                    self.action = match value.text {
                        "allow" => Action::Allow,
                        "block" => Action::Block,
                        number => value.one_of(Field::Action, number.parse().ok().map(Action::Other))?,
                    };
                }
                "index" => self.index = Some(line.number_value(Field::Index)?),
                "priority" => self.priority = line.number_value(Field::Priority)?,
                "ptype" => {
                    let value = line.value(Field::PolicyType)?;
                    lines::check_whole(&value)?;
                    self.kind = match value.text {
                        "main" => PolicyType::Main,
                        "sub" => PolicyType::Sub,
                        number => value.one_of(Field::PolicyType, number.parse().ok().map(PolicyType::Other))?,
                    };
                }
                "share" => self.sharing = Some(sharing(line)?),
                "flag" => in_flags = true,
                _ if remark(&word) => {}
                _ if in_flags => self.flags.set(&word)?,
                _ => return Err(word.error(Field::Keyword, Problem::Unknown)),
            }
        }
        Ok(())
    }

    /// One line, and those behind it that belong to it.
    fn attribute(&mut self, word: Piece<'_>, line: &mut Piece<'_>, lines: &mut Piece<'_>) -> Result<(), Error> {
        match word.text {
            "mark" => once(&mut self.mark, mark(line)?, &word, Field::Mark),
            "tmpl" => {
                self.templates.push(Template::parse(line, lines)?);
                Ok(())
            }
            "lastused" => {
                self.last_used = lines::time(line)?;
                Ok(())
            }
            "crypto" => once(&mut self.offload, lines::offload(line)?, &word, Field::Device),
            "if_id" => once(&mut self.interface, line.number_value(Field::InterfaceId)?, &word, Field::InterfaceId),
            "lifetime" => {
                let which = line.value(Field::Lifetime)?;
                match which.text {
                    "config:" => once(&mut self.lifetime, lines::lifetime(lines)?, &word, Field::Lifetime),
                    "current:" => once(&mut self.usage, lines::usage(lines)?, &word, Field::Lifetime),
                    _ => Err(which.error(Field::Lifetime, Problem::Unknown)),
                }
            }
            "security" => once(&mut self.context, lines::context(line)?, &word, Field::Keyword),
            _ => {
                lines::check_whole(&word)?;
                Err(word.error(Field::Keyword, Problem::Unknown))
            }
        }
    }

    /// The same as an entry of [`crate::spd`], protected as the caller says; the default protects nothing of what no policy matches.
    /// Policies of `ip xfrm policy` are to be entered by their priority, the lowest number first. Forwarded packets come in, and go out by a
    /// policy of their own.
    ///
    /// # Errors
    /// Those of [`Selector::selectors`]; [`Error::Value`] for an action or direction that is none of those with a name.
    pub fn entry<P>(&self, parameters: P) -> Result<spd::Entry<P>, Error> {
        let (outbound, applies) = match self.direction {
            PolicyDirection::Out => (true, spd::Applies::Outbound),
            PolicyDirection::In | PolicyDirection::Forward => (false, spd::Applies::Inbound),
            PolicyDirection::Other(found) => {
                return Err(Error::Value { field: Field::Direction, found: u32::from(found), needed: 1 });
            }
        };
        let action = match self.action {
            Action::Block => spd::Action::Discard,
            Action::Allow if self.templates.is_empty() => spd::Action::Bypass,
            Action::Allow => spd::Action::Protect { pfp: spd::Pfp::NONE, parameters },
            Action::Other(found) => return Err(Error::Value { field: Field::Action, found: u32::from(found), needed: 1 }),
        };
        Ok(spd::Entry { applies, ..spd::Entry::new(self.selector.selectors(outbound)?, action) })
    }
}

impl Template {
    /// Behind `tmpl`: `src 192.0.2.1 dst 192.0.2.2`, a line with the identifier, and with `-s` two more.
    fn parse(line: &mut Piece<'_>, lines: &mut Piece<'_>) -> Result<Self, Error> {
        line.expect("src", Field::Source)?;
        let source = line.value(Field::Source)?.address(Field::Source)?;
        line.expect("dst", Field::Destination)?;
        let destination = line.value(Field::Destination)?.address(Field::Destination)?;
        let Id { protocol, spi, reqid, mode } = Id::parse(&mut next_line(lines, Field::Template)?)?;
        let level = Level::Required;
        let mut template = Self { source, destination, protocol, spi, reqid, mode, level, sharing: None, algorithms: None };
        let mut ahead = *lines;
        while let Some(mut line) = ahead.next_line() {
            if line.accept("level") {
                template.level_line(&mut line)?;
            } else if line.accept("enc-mask") {
                let ciphers = mask(&mut line)?;
                line.expect("auth-mask", Field::Template)?;
                let integrity = mask(&mut line)?;
                line.expect("comp-mask", Field::Template)?;
                template.algorithms = Some([ciphers, integrity, mask(&mut line)?]);
                end(&mut line)?;
            } else {
                break;
            }
            *lines = ahead;
        }
        Ok(template)
    }

    fn level_line(&mut self, line: &mut Piece<'_>) -> Result<(), Error> {
        let value = line.value(Field::Level)?;
        self.level = match value.text {
            "required" => Level::Required,
            "use" => Level::Use,
            number => value.one_of(Field::Level, number.parse().ok().map(Level::Other))?,
        };
        if line.accept("share") {
            self.sharing = Some(sharing(line)?);
        }
        end(line)
    }
}

fn sharing(line: &mut Piece<'_>) -> Result<Sharing, Error> {
    let value = line.value(Field::Sharing)?;
    let sharing = match value.text {
        "any" => Sharing::Any,
        "session" => Sharing::Session,
        "user" => Sharing::User,
        "unique" => Sharing::Unique,
        number => return value.one_of(Field::Sharing, number.parse().ok().map(Sharing::Other)),
    };
    Ok(sharing)
}

/// Eight digits without 0x.
fn mask(line: &mut Piece<'_>) -> Result<u32, Error> {
    let word = line.value(Field::Template)?;
    u32::from_str_radix(word.text, 16).map_err(|_| word.error(Field::Template, Problem::Malformed))
}
