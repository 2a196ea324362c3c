//! The commands that README.md shows a newcomer. Each is the `sh` block after a marker, `<!-- command: run -->` or
//! `<!-- command: test -->`, so that what is shown is what is checked.

use std::process::{Command, Stdio};

use crate::{Failure, read, root};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Run,
    Test,
}

impl Which {
    pub(crate) const ALL: [Self; 2] = [Self::Run, Self::Test];

    pub(crate) fn parse(word: &str) -> Result<Self, Failure> {
        match word {
            "run" => Ok(Self::Run),
            "test" => Ok(Self::Test),
            _ => Err(format!("README.md has the commands `run` and `test`, not `{word}`")),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Test => "test",
        }
    }
}

pub(crate) fn run(which: &[Which]) -> Result<(), Failure> {
    let readme = read(&root().join("README.md"))?;
    for &which in which {
        let command = extract(&readme, which)?;
        println!("readme: {}: {command}", which.word());
        let output = Command::new("sh")
            .args(["-e", "-c", &command])
            .current_dir(root())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("cannot run sh: {error}"))?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        if !output.status.success() {
            return Err(format!("README.md, command `{}`: {}", which.word(), output.status));
        }
        if which == Which::Run && output.stdout.trim_ascii().is_empty() {
            return Err("README.md, command `run`: it printed nothing".to_owned());
        }
    }
    Ok(())
}

pub(crate) fn print(which: Which) -> Result<(), Failure> {
    println!("{}", extract(&read(&root().join("README.md"))?, which)?);
    Ok(())
}

/// The lines of the `sh` block after the marker of `which`. Only blank lines may stand between.
fn extract(readme: &str, which: Which) -> Result<String, Failure> {
    let marker = format!("<!-- command: {} -->", which.word());
    let mut lines = readme.lines().map(str::trim).skip_while(|line| *line != marker);
    if lines.next().is_none() {
        return Err(format!("README.md has no line `{marker}`"));
    }
    if lines.find(|line| !line.is_empty()) != Some("```sh") {
        return Err(format!("README.md: no ```sh block directly after `{marker}`"));
    }
    let mut command = Vec::new();
    for line in lines {
        if line == "```" {
            return if command.is_empty() {
                Err(format!("README.md: the block after `{marker}` is empty"))
            } else {
                Ok(command.join("\n"))
            };
        }
        if !line.is_empty() {
            command.push(line);
        }
    }
    Err(format!("README.md: the block after `{marker}` does not end"))
}

#[cfg(test)]
mod tests {
    use super::{Which, extract};

    const README: &str =
        "# x\n\n<!-- command: run -->\n```sh\ncargo run\n```\n<!-- command: test -->\n\n```sh\ncargo test\n```\n";

    #[test]
    fn the_block_after_the_marker_is_the_command() {
        assert_eq!(extract(README, Which::Run).unwrap(), "cargo run");
        assert_eq!(extract(README, Which::Test).unwrap(), "cargo test");
    }

    #[test]
    fn a_missing_marker_is_an_error() {
        assert!(extract("```sh\ncargo run\n```", Which::Run).unwrap_err().contains("<!-- command: run -->"));
    }

    #[test]
    fn text_between_marker_and_block_is_an_error() {
        assert!(extract("<!-- command: run -->\nlike this:\n```sh\nx\n```", Which::Run).is_err());
    }

    #[test]
    fn an_empty_or_open_block_is_an_error() {
        assert!(extract("<!-- command: run -->\n```sh\n```", Which::Run).is_err());
        assert!(extract("<!-- command: run -->\n```sh\nx", Which::Run).is_err());
    }
}
