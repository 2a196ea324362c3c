//! One packet of each row of figures 1 and 2, before and after protection, typed out: outer lengths and checksums, AH, ESP, duplicates, trailer.
//!
//! Keys are 20 octets of 5a for AH (HMAC-SHA-1-96, SPI 1000), the same for ESP (SPI 1001) with the NULL cipher and HMAC-SHA-1-96. What ESP seals by a cipher is
//! AES-GCM with a key of 16 octets of 5a and a salt of 4. The packets were computed apart from this crate, from the layouts in PROFILE.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use common::*;
use hex_literal::hex;
use ngisec_wire::Form;

struct Row {
    name: &'static str,
    form: Form,
    original: &'static [u8],
    framed: &'static [u8],
    sealed: &'static [u8],
}

/// What `seal` and `wrap` make of a row's packet, and `open` and `unwrap` make of that.
fn check(row: &Row) {
    let Row { name, form, original, framed, sealed } = row;
    let mut buf = buffer(original);
    form.wrap(&mut buf).unwrap();
    assert_eq!(buf.octets(), *framed, "{name}, framed");
    let observed = form.unwrap(&mut buf).unwrap();
    assert_eq!((buf.octets(), observed.is_translated()), (*original, false), "{name}, unframed");
    let mut buf = buffer(original);
    sender(*form, 0x1000, NULL).seal(NOW, &mut buf).unwrap();
    assert_eq!(buf.octets(), *sealed, "{name}, sealed");
    receiver(*form, 0x1000, NULL).open(NOW, &mut buf).unwrap();
    assert_eq!(buf.octets(), *original, "{name}, opened");
}

#[test]
fn plain_data_is_behind_ah_and_esp_without_its_transport_header() {
    for row in [
        Row {
            name: "plain data, TCP, IPv4",
            form: Form::Plain,
            original: &hex!(
                "4500002d 00000000 400666c9 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 22c50000" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "4500002d 00000000 400666c9 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 22c50000" // T
                "68656c6c 6f" // data
            ),
            sealed: &hex!(
                "4500005c 00000000 4006669a 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 d0a50000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "c4564f19 00f46b59 8f4e402c" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "68656c6c 6f" // data
                "010106" // padding, pad length, next header
                "7c2aff75 09df7a9b c16dee20" // ICV of ESP
            ),
        },
        Row {
            name: "plain data, UDP, IPv4",
            form: Form::Plain,
            original: &hex!(
                "4500001f 00000000 401166cc 0a000001 0a000002" // IP
                "04d20050 000b5d4a" // T
                "686921" // data
            ),
            framed: &hex!(
                "4500001f 00000000 401166cc 0a000001 0a000002" // IP
                "04d20050 000b5d4a" // T
                "686921" // data
            ),
            sealed: &hex!(
                "45000050 00000000 4011669b 0a000001 0a000002" // IP
                "04d20050 003cfaf5" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "4efec974 df2172b7 e0745c6e" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "686921" // data
                "01020303 11" // padding, pad length, next header
                "25e84003 a57868ee a5f24961" // ICV of ESP
            ),
        },
        Row {
            name: "plain data, TCP, IPv6",
            form: Form::Plain,
            original: &hex!(
                "60000000 00190640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 3cc30000" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "60000000 00190640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 3cc30000" // T
                "68656c6c 6f" // data
            ),
            sealed: &hex!(
                "60000000 00480640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 eaa30000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "c4564f19 00f46b59 8f4e402c" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "68656c6c 6f" // data
                "010106" // padding, pad length, next header
                "7c2aff75 09df7a9b c16dee20" // ICV of ESP
            ),
        },
        Row {
            name: "plain data, UDP, IPv6",
            form: Form::Plain,
            original: &hex!(
                "60000000 000b1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 000b7748" // T
                "686921" // data
            ),
            framed: &hex!(
                "60000000 000b1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 000b7748" // T
                "686921" // data
            ),
            sealed: &hex!(
                "60000000 003c1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 003c14f4" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "4efec974 df2172b7 e0745c6e" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "686921" // data
                "01020303 11" // padding, pad length, next header
                "25e84003 a57868ee a5f24961" // ICV of ESP
            ),
        },
    ] {
        check(&row);
    }
}

#[test]
fn an_encapsulating_duplicate_is_the_whole_packet_before_its_data() {
    for row in [
        Row {
            name: "duplicated, encapsulating, UDP, IPv4",
            form: Form::DuplicateEncapsulating,
            original: &hex!(
                "45000021 00000000 401166ca 0a000001 0a000002" // IP
                "04d20050 000da2dd" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "4500003d 00000000 401166ae 0a000001 0a000002" // IP
                "04d20050 0029fa98" // T
                "45000021 00000000 401166ca 0a000001 0a000002" // IP'
                "04d20050 000da2dd" // T'
                "68656c6c 6f" // data
            ),
            sealed: &hex!(
                "4500006c 00000000 4011667f 0a000001 0a000002" // IP
                "04d20050 005845e4" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "2c370c4d 85f55a7d 67ffe4ec" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "45000021 00000000 401166ca 0a000001 0a000002" // IP'
                "04d20050 000da2dd" // T'
                "68656c6c 6f" // data
                "010104" // padding, pad length, next header
                "49cb4049 1333b3fb bd99ec89" // ICV of ESP
            ),
        },
        Row {
            name: "duplicated, encapsulating, TCP, IPv4",
            form: Form::DuplicateEncapsulating,
            original: &hex!(
                "4500002c 00000000 400666ca 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 8dd50000" // T
                "64617461" // data
            ),
            framed: &hex!(
                "45000054 00000000 400666a2 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 7a910000" // T
                "4500002c 00000000 400666ca 0a000001 0a000002" // IP'
                "04d20050 01020304 05060708 50102000 8dd50000" // T'
                "64617461" // data
            ),
            sealed: &hex!(
                "45000084 00000000 40066672 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 82720000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "a85e6273 b4d907ac 8ad797d2" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "4500002c 00000000 400666ca 0a000001 0a000002" // IP'
                "04d20050 01020304 05060708 50102000 8dd50000" // T'
                "64617461" // data
                "01020204" // padding, pad length, next header
                "b4327e48 8e68d4cf df974394" // ICV of ESP
            ),
        },
        Row {
            name: "duplicated, encapsulating, UDP, IPv6",
            form: Form::DuplicateEncapsulating,
            original: &hex!(
                "60000000 000d1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 000dbcdb" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "60000000 003d1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 003d8f1e" // T
                "60000000 000d1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP'
                "04d20050 000dbcdb" // T'
                "68656c6c 6f" // data
            ),
            sealed: &hex!(
                "60000000 006c1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 006c0440" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "550cdfe5 2edb115d e3aa5186" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "60000000 000d1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP'
                "04d20050 000dbcdb" // T'
                "68656c6c 6f" // data
                "010129" // padding, pad length, next header
                "f8a1b025 09213673 c9e3dab3" // ICV of ESP
            ),
        },
        Row {
            name: "duplicated, encapsulating, TCP, IPv6",
            form: Form::DuplicateEncapsulating,
            original: &hex!(
                "60000000 00180640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 a7d30000" // T
                "64617461" // data
            ),
            framed: &hex!(
                "60000000 00540640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 1a200000" // T
                "60000000 00180640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP'
                "04d20050 01020304 05060708 50102000 a7d30000" // T'
                "64617461" // data
            ),
            sealed: &hex!(
                "60000000 00840640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 a2710000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "73e61322 835f43ed b43a5417" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "60000000 00180640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP'
                "04d20050 01020304 05060708 50102000 a7d30000" // T'
                "64617461" // data
                "01020229" // padding, pad length, next header
                "cc8bfa4b 0bdb0ca5 7e426e0a" // ICV of ESP
            ),
        },
    ] {
        check(&row);
    }
}

#[test]
fn an_appended_duplicate_is_behind_the_data_with_its_length_behind_it() {
    for row in [
        Row {
            name: "duplicated, appended, TCP, IPv4",
            form: Form::DuplicateAppended,
            original: &hex!(
                "4500002d 00000000 400666c9 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 22c50000" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "45000059 00000000 4006669d 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 eef00000" // T
                "68656c6c 6f" // data
                "4500002d 00000000 400666c9 0a000001 0a000002" // IP'
                "04d20050 01020304 05060708 50102000 22c50000" // T'
                "00000028" // length of IP' and T'
            ),
            sealed: &hex!(
                "45000088 00000000 4006666e 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 aa4e0000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "fdd690f3 33455f3e cbc2d315" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "68656c6c 6f" // data
                "4500002d 00000000 400666c9 0a000001 0a000002" // IP'
                "04d20050 01020304 05060708 50102000 22c50000" // T'
                "00000028" // length of IP' and T'
                "010104" // padding, pad length, next header
                "11464d72 f26886a9 a295b6df" // ICV of ESP
            ),
        },
        Row {
            name: "duplicated, appended, UDP, IPv4",
            form: Form::DuplicateAppended,
            original: &hex!(
                "4500001f 00000000 401166cc 0a000001 0a000002" // IP
                "04d20050 000b134f" // T
                "6f6464" // data
            ),
            framed: &hex!(
                "4500003f 00000000 401166ac 0a000001 0a000002" // IP
                "04d20050 002b7af6" // T
                "6f6464" // data
                "4500001f 00000000 401166cc 0a000001 0a000002" // IP'
                "04d20050 000b134f" // T'
                "0000001c" // length of IP' and T'
            ),
            sealed: &hex!(
                "45000070 00000000 4011667b 0a000001 0a000002" // IP
                "04d20050 005cbeb6" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "ee7660af e6383656 c7feddf8" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "6f6464" // data
                "4500001f 00000000 401166cc 0a000001 0a000002" // IP'
                "04d20050 000b134f" // T'
                "0000001c" // length of IP' and T'
                "01020303 04" // padding, pad length, next header
                "ab650a8d 43a87572 7b5d68b6" // ICV of ESP
            ),
        },
        Row {
            name: "duplicated, appended, TCP, IPv6",
            form: Form::DuplicateAppended,
            original: &hex!(
                "60000000 00190640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 3cc30000" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "60000000 00590640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 98600000" // T
                "68656c6c 6f" // data
                "60000000 00190640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP'
                "04d20050 01020304 05060708 50102000 3cc30000" // T'
                "0000003c" // length of IP' and T'
            ),
            sealed: &hex!(
                "60000000 00880640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 75ff0000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "b6c8d9e6 61e139d2 7574486e" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "68656c6c 6f" // data
                "60000000 00190640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP'
                "04d20050 01020304 05060708 50102000 3cc30000" // T'
                "0000003c" // length of IP' and T'
                "010129" // padding, pad length, next header
                "02884725 b3522b4f c6daf590" // ICV of ESP
            ),
        },
        Row {
            name: "duplicated, appended, UDP, IPv6",
            form: Form::DuplicateAppended,
            original: &hex!(
                "60000000 000b1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 000b2d4d" // T
                "6f6464" // data
            ),
            framed: &hex!(
                "60000000 003f1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 003f3247" // T
                "6f6464" // data
                "60000000 000b1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP'
                "04d20050 000b2d4d" // T'
                "00000030" // length of IP' and T'
            ),
            sealed: &hex!(
                "60000000 00701140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 00701198" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "95c0bf0b 1ef42542 1d0bdeac" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "6f6464" // data
                "60000000 000b1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP'
                "04d20050 000b2d4d" // T'
                "00000030" // length of IP' and T'
                "01020303 29" // padding, pad length, next header
                "f035134f decf2faa 645cbe02" // ICV of ESP
            ),
        },
    ] {
        check(&row);
    }
}

#[test]
fn tcpsec_and_udpsec_hide_the_transport_header_and_show_another() {
    for row in [
        Row {
            name: "TCPSec, IPv4",
            form: Form::TransportSec,
            original: &hex!(
                "4500002d 00000000 400666c9 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 22c50000" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "45000041 00000000 400666b5 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 7aa50000" // T
                "04d20050 01020304 05060708 50102000 22c50000" // T'
                "68656c6c 6f" // data
            ),
            sealed: &hex!(
                "45000070 00000000 40066686 0a000001 0a000002" // IP
                "04d20050 01020304 05060708 50102000 61010000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "c685f1d9 7d01ba58 7a83eb6d" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "04d20050 01020304 05060708 50102000 22c50000" // T'
                "68656c6c 6f" // data
                "010106" // padding, pad length, next header
                "1ddb88e3 542c9ac5 61f97911" // ICV of ESP
            ),
        },
        Row {
            name: "UDPSec, IPv4",
            form: Form::TransportSec,
            original: &hex!(
                "45000022 00000000 401166c9 0a000001 0a000002" // IP
                "04d20050 000ea2ba" // T
                "68656c6c 6f21" // data
            ),
            framed: &hex!(
                "4500002a 00000000 401166c1 0a000001 0a000002" // IP
                "04d20050 0016fabf" // T
                "04d20050 000ea2ba" // T'
                "68656c6c 6f21" // data
            ),
            sealed: &hex!(
                "45000058 00000000 40116693 0a000001 0a000002" // IP
                "04d20050 0044ce42" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "600b10d0 f365c42b 971cb9d7" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "04d20050 000ea2ba" // T'
                "68656c6c 6f21" // data
                "0011" // padding, pad length, next header
                "db94d11e 5a04f5af 1b9448ab" // ICV of ESP
            ),
        },
        Row {
            name: "TCPSec, IPv6",
            form: Form::TransportSec,
            original: &hex!(
                "60000000 00190640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 3cc30000" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "60000000 002d0640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 7aa50000" // T
                "04d20050 01020304 05060708 50102000 3cc30000" // T'
                "68656c6c 6f" // data
            ),
            sealed: &hex!(
                "60000000 005c0640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 009f0000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "54b851b1 be89ff5d 776c1892" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "04d20050 01020304 05060708 50102000 3cc30000" // T'
                "68656c6c 6f" // data
                "010106" // padding, pad length, next header
                "d5c074f8 71db6f04 37a2cf3d" // ICV of ESP
            ),
        },
        Row {
            name: "UDPSec, IPv6",
            form: Form::TransportSec,
            original: &hex!(
                "60000000 000e1140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 000ebcb8" // T
                "68656c6c 6f21" // data
            ),
            framed: &hex!(
                "60000000 00161140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 0016fabf" // T
                "04d20050 000ebcb8" // T'
                "68656c6c 6f21" // data
            ),
            sealed: &hex!(
                "60000000 00441140 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 0044d9d2" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "a9087927 1a37504f 2f801876" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "04d20050 000ebcb8" // T'
                "68656c6c 6f21" // data
                "0011" // padding, pad length, next header
                "e3891ee4 163a9d6c 637ee038" // ICV of ESP
            ),
        },
    ] {
        check(&row);
    }
}

/// A packet under a cipher, of another sender's IV.
fn check_gcm(row: &Row) {
    let Row { name, form, original, sealed, .. } = row;
    let mut buf = buffer(sealed);
    receiver(*form, 0x1000, GCM).open(NOW, &mut buf).unwrap();
    assert_eq!(buf.octets(), *original, "{name}, opened");
    let mut buf = buffer(original);
    sender(*form, 0x1000, GCM).seal(NOW, &mut buf).unwrap();
    assert_eq!(buf.len(), sealed.len(), "{name}, sealed");
}

#[test]
fn what_another_sealed_under_a_cipher_opens() {
    for row in [
        Row {
            name: "duplicated, appended, UDP, IPv4",
            form: Form::DuplicateAppended,
            original: &hex!(
                "45000021 00000000 401166ca 0a000001 0a000002" // IP
                "04d20050 000da2dd" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "45000041 00000000 401166aa 0a000001 0a000002" // IP
                "04d20050 002d79f5" // T
                "68656c6c 6f" // data
                "45000021 00000000 401166ca 0a000001 0a000002" // IP'
                "04d20050 000da2dd" // T'
                "0000001c" // length of IP' and T'
            ),
            sealed: &hex!(
                "4500007c 00000000 4011666f 0a000001 0a000002" // IP
                "04d20050 00683e67" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "1cc1f9d9 c94d4306 00ed861d" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "a1a2a3a4 a5a6a7a8" // IV
                "cbd8174e 3e85d872 f2ef1fe0 4f80e28c 9907d9e8 65aef210 6eb1abd3 f3a7cf80 1d5f5560 333ef899" // ciphertext
                "d8ef2888 9c04044d c8465ade bca81172" // ICV of ESP
            ),
        },
        Row {
            name: "TCPSec, IPv6",
            form: Form::TransportSec,
            original: &hex!(
                "60000000 00190640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 3cc30000" // T
                "68656c6c 6f" // data
            ),
            framed: &hex!(
                "60000000 002d0640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 7aa50000" // T
                "04d20050 01020304 05060708 50102000 3cc30000" // T'
                "68656c6c 6f" // data
            ),
            sealed: &hex!(
                "60000000 00680640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002" // IP
                "04d20050 01020304 05060708 50102000 d8340000" // T
                "32040000 00001000 00000001" // AH: next header 50, length 4; SPI, sequence number
                "c87d2354 e7347ee3 d21bc0ab" // ICV of AH
                "00001001 00000001" // ESP: SPI, sequence number
                "a1a2a3a4 a5a6a7a8" // IV
                "a76f7b72 50c2db76 d6e918e8 1fd0d3ea 6fced9e8 0cc19e7c 03b478d5" // ciphertext
                "87479574 e2c56822 2b8f1e99 5f1b29b3" // ICV of ESP
            ),
        },
    ] {
        check_gcm(&row);
    }
}
