use ip_wire::ipv6::options::Writer;
use ip_wire::{Protocol, ipv4, ipv6, tcp};

use crate::check_error;

/// A walk over an IPv4 or TCP options area: options stand one behind another and end in an error or at the end, and what each says
/// is written again octet for octet.
macro_rules! area {
    ($name:ident, $module:ident) => {
        #[doc = concat!("The options of `", stringify!($module), "`: no gap, no loop, and each is written again octet for octet.")]
        pub fn $name(data: &[u8]) {
            let area = &data[..data.len().min(40)];
            let mut options = $module::options::Options::new(area, 20);
            let mut at = 0;
            let mut list = $module::OptionList::new();
            let mut typed = true;
            while let Some(step) = options.next() {
                let option = match step {
                    Ok(option) => option,
                    Err(error) => {
                        check_error(&error, area.len() + 20);
                        assert!(options.next().is_none(), "fused");
                        return;
                    }
                };
                assert_eq!(option.offset() as usize, 20 + at);
                assert_eq!(option.octets(), &area[at..at + option.octets().len()]);
                at += option.octets().len();
                match option.value() {
                    Ok(value) => {
                        assert_eq!(value.kind(), option.kind());
                        list.push(&value).expect("an area of at most 40 octets");
                    }
                    Err(error) => {
                        check_error(&error, area.len() + 20);
                        typed = false;
                    }
                }
            }
            assert_eq!(at, area.len());
            if typed {
                assert_eq!(list.len(), area.len().next_multiple_of(4));
                assert_eq!(&list.as_octets()[..area.len()], area);
                assert!(list.as_octets()[area.len()..].iter().all(|octet| *octet == 0));
            }
            assert_eq!($module::OptionList::from_octets(area).map(|list| list.len()), Ok(area.len().next_multiple_of(4)));
        }
    };
}

area!(options_v4, ipv4);
area!(tcp_options, tcp);

/// The options of an extension header: no gap, no loop, each written again octet for octet; aligned writing reads back as the same options.
pub fn options_v6(data: &[u8]) {
    let area = &data[..data.len().min(2046)];
    let mut options = ipv6::options::Options::new(area, 42);
    let mut at = 0;
    let mut buffer = [0; 8192];
    let mut aligned = [0; 8192];
    let mut again = Writer::new(&mut buffer, Protocol::UDP).expect("room");
    let mut writer = Writer::new(&mut aligned, Protocol::UDP).expect("room");
    let mut values = Vec::new();
    let mut fits = true;
    while let Some(step) = options.next() {
        let option = match step {
            Ok(option) => option,
            Err(error) => {
                check_error(&error, area.len() + 42);
                assert!(options.next().is_none(), "fused");
                return;
            }
        };
        assert_eq!(option.offset() as usize, 42 + at);
        assert_eq!(option.octets(), &area[at..at + option.octets().len()]);
        at += option.octets().len();
        match option.value() {
            Ok(value) => {
                again.push_unaligned(&value).expect("a header of at most 2,048 octets");
                if !matches!(value, ipv6::options::Value::Pad1 | ipv6::options::Value::PadN(_)) {
                    fits &= writer.push(&value).is_ok();
                    values.push(value);
                }
            }
            Err(error) => {
                check_error(&error, area.len() + 42);
                return;
            }
        }
    }
    assert_eq!(at, area.len());
    let len = again.finish().expect("a header of at most 2,048 octets");
    assert_eq!(&buffer[2..2 + area.len()], area);
    assert_eq!(len % 8, 0);
    let Ok(len) = writer.finish() else { return };
    if fits {
        let read: Vec<_> = ipv6::options::Options::new(&aligned[2..len], 42)
            .map(|option| option.expect("what was written").value().expect("what was written"))
            .filter(|value| !matches!(value, ipv6::options::Value::Pad1 | ipv6::options::Value::PadN(_)))
            .collect();
        assert_eq!(read, values);
        for option in ipv6::options::Options::new(&aligned[2..len], 2).flatten() {
            let (step, start) = option.value().expect("what was written").alignment();
            assert_eq!(option.offset() as usize % step, start % step, "{option:?}");
        }
    }
}
