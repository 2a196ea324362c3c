//! Compiles the shim over Intel's ipsec-mb, if that peer is asked for.

fn main() {
    println!("cargo::rerun-if-changed=src/lanes/ipsec_mb.c");
    #[cfg(feature = "ipsec-mb")]
    {
        cc::Build::new().file("src/lanes/ipsec_mb.c").opt_level(3).warnings_into_errors(true).compile("wirecraft_ipsec_mb");
        println!("cargo::rustc-link-lib=IPSec_MB");
    }
}
