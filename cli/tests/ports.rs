//! The `ports` commands, in process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::fs;

use clap::Parser;
use wirecraft_cli::args::Cli;
use wirecraft_cli::execute;

fn outcome(args: &[&str]) -> Result<String, String> {
    let args = ["wirecraft", "ports"].iter().chain(args).copied();
    let mut out = Vec::new();
    let cli = Cli::try_parse_from(args).map_err(|error| error.to_string())?;
    let outcome = execute(&cli, &mut out).map_err(|error| format!("{error:#}"))?;
    assert_eq!(outcome.failed, 0);
    Ok(String::from_utf8(out).unwrap())
}

fn run(args: &[&str]) -> String {
    outcome(args).unwrap()
}

#[test]
fn a_port_has_a_psid_or_is_excluded() {
    assert_eq!(run(&["psid", "--offset", "6", "--length", "8", "1232"]), "0x34\n");
    assert_eq!(run(&["psid", "--offset", "6", "--length", "8", "80"]), "excluded\n");
    assert_eq!(run(&["psid", "--offset", "0", "--length", "0", "80"]), "0x0\n");
    let error = outcome(&["psid", "--offset", "9", "--length", "8", "80"]).unwrap_err();
    assert_eq!(error, "PSID offset plus PSID length: 17, from 0 to 16 possible");
}

#[test]
fn a_psid_has_its_ranges() {
    for psid in ["0x34", "52"] {
        let text = run(&["set", "--offset", "6", "--length", "8", "--psid", psid]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[1], lines[62]), (63, "1232-1235", "2256-2259", "64720-64723"));
    }
    assert!(outcome(&["set", "--offset", "6", "--length", "8", "--psid", "256"]).is_err());
    assert!(outcome(&["set", "--offset", "6", "--length", "8", "--psid", "0xfffff"]).is_err());
}

#[test]
fn ports_are_allocated_out_of_the_set_each_once() {
    let args = ["allocate", "--offset", "6", "--length", "8", "--psid", "0x34", "--count", "252", "--seed", "7"];
    let text = run(&args);
    let mut ports: Vec<u16> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(run(&args), text);
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 252);
    assert!(ports.iter().all(|port| run(&["psid", "--offset", "6", "--length", "8", &port.to_string()]) == "0x34\n"));
    let error = outcome(&["allocate", "--offset", "6", "--length", "8", "--psid", "0x34", "--count", "253"]).unwrap_err();
    assert_eq!(error, "no port is free");
    let text = run(&["allocate", "--offset", "6", "--length", "8", "--psid", "0x34", "--count", "4", "--block", "4"]);
    let mut ports: Vec<u16> = text.lines().map(|line| line.parse().unwrap()).collect();
    ports.sort_unstable();
    assert_eq!(ports[3], ports[0].saturating_add(3));
}

const EXAMPLE: [&str; 6] = ["--inside", "198.51.100.0/28", "--outside", "192.0.2.1", "--dynamic", "1/2"];

#[test]
fn the_example_of_rfc_7422_is_printed() {
    let text = run(&[&["deterministic"], &EXAMPLE[..], &["--max", "5040"]].concat());
    let expected = "\
reserved 192.0.2.1:0-1023
198.51.100.1 192.0.2.1:1024-5055
198.51.100.2 192.0.2.1:5056-9087
198.51.100.3 192.0.2.1:9088-13119
198.51.100.4 192.0.2.1:13120-17151
198.51.100.5 192.0.2.1:17152-21183
198.51.100.6 192.0.2.1:21184-25215
198.51.100.7 192.0.2.1:25216-29247
198.51.100.8 192.0.2.1:29248-33279
198.51.100.9 192.0.2.1:33280-37311
198.51.100.10 192.0.2.1:37312-41343
198.51.100.11 192.0.2.1:41344-45375
198.51.100.12 192.0.2.1:45376-49407
198.51.100.13 192.0.2.1:49408-53439
198.51.100.14 192.0.2.1:53440-57471
dynamic 192.0.2.1:57472-65535
configuration 198.51.100.0:28:192.0.2.1:32:2:5040:0:0-1023
";
    assert_eq!(text, expected);
    assert_eq!(
        run(&["deterministic", "--inside", "198.51.100.0/28", "--outside", "192.0.2.1/32", "--dynamic", "2", "--max", "5040"]),
        expected
    );
}

#[test]
fn a_port_is_traced_to_its_subscriber() {
    let trace = |rest: &[&str]| run(&[&["trace"], &EXAMPLE[..], rest].concat());
    assert_eq!(trace(&["192.0.2.1:2001"]), "198.51.100.1\n");
    assert_eq!(trace(&["192.0.2.1", "2001"]), "198.51.100.1\n");
    assert_eq!((trace(&["192.0.2.1:58204"]), trace(&["192.0.2.1:80"])), ("dynamic\n".into(), "reserved\n".into()));
    let error = outcome(&[&["trace"], &EXAMPLE[..], &["192.0.2.2:80"]].concat()).unwrap_err();
    assert_eq!(error, "192.0.2.2 is not in the configuration");
    assert!(outcome(&["trace", "--inside", "198.51.100.0/28", "192.0.2.1:80"]).is_err());
    assert!(outcome(&["trace", "192.0.2.1:80"]).is_err());
    assert!(outcome(&[&["trace"], &EXAMPLE[..], &["192.0.2.1"]].concat()).is_err());
}

#[test]
fn the_log_answers_for_dynamic_ports_and_says_when_clocks_matter() {
    let path = std::env::temp_dir().join(format!("wirecraft-ports-{}", std::process::id()));
    fs::write(
        &path,
        "100.000 block assigned 198.51.100.2 192.0.2.1 58200-58299\n\n200.000 block released 198.51.100.2 192.0.2.1 58200-58299\n\
         201.500 session created 17 198.51.100.3:40000 192.0.2.1:58204\n",
    )
    .unwrap();
    let log = path.display().to_string();
    let trace = |rest: &[&str]| run(&[&["trace"], &EXAMPLE[..], &["--log", &log, "192.0.2.1:58204"], rest].concat());
    assert_eq!(trace(&["--time", "150"]), "198.51.100.2\n");
    assert_eq!((trace(&["--time", "201"]), trace(&["--time", "201.5"])), ("nobody\n".into(), "198.51.100.3\n".into()));
    assert_eq!(trace(&["--time", "201", "--skew", "1"]), "198.51.100.2\n198.51.100.3\n");
    assert_eq!(trace(&["--time", "300", "--protocol", "6"]), "nobody\n");
    assert_eq!(run(&["trace", "--log", &log, "--time", "150", "192.0.2.1:58204"]), "198.51.100.2\n");
    // A port of the mapping needs no log.
    assert_eq!(run(&[&["trace"], &EXAMPLE[..], &["--log", &log, "--time", "150", "192.0.2.1:2001"]].concat()), "198.51.100.1\n");
    fs::write(&path, "100.000 block assigned x\n").unwrap();
    let error = outcome(&["trace", "--log", &log, "--time", "150", "192.0.2.1:58204"]).unwrap_err();
    assert!(error.ends_with("line 1: text can't be read from character 23 on"), "{error}");
    fs::write(&path, "2.000 block released 10.0.0.1 192.0.2.1 1-2\n1.000 block released 10.0.0.1 192.0.2.1 1-2\n").unwrap();
    assert!(outcome(&["trace", "--log", &log, "--time", "150", "192.0.2.1:58204"]).unwrap_err().contains("line 2"));
    fs::remove_file(&path).unwrap();
}
