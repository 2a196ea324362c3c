//! `tour`.

use std::path::PathBuf;

use clap::Args;

use super::probability;

/// Arguments of `tour`.
#[derive(Debug, Clone, Args)]
pub struct Tour {
    /// Capture to read: pcap or pcapng; an embedded sample if left out
    pub file: Option<PathBuf>,
    /// Probability that the line between the two gateways loses a cell
    #[arg(long, value_name = "P", default_value_t = 0.01, value_parser = probability)]
    pub loss: f64,
    /// Seed of the line's losses and of all keys: the same seed, the same tour
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The table as JSON lines
    #[arg(long)]
    pub json: bool,
    /// File to draw the tour to, as SVG: stages and counts, no times
    #[arg(long, value_name = "SVG")]
    pub svg: Option<PathBuf>,
}
