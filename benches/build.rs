//! Compiles the shim over Intel's ipsec-mb, if that peer is asked for and the library is there.

fn main() {
    println!("cargo::rerun-if-changed=src/lanes/ipsec_mb.c");
    println!("cargo::rustc-check-cfg=cfg(ipsec_mb)");
    #[cfg(feature = "ipsec-mb")]
    if std::path::Path::new("/usr/include/intel-ipsec-mb.h").exists() {
        cc::Build::new().file("src/lanes/ipsec_mb.c").opt_level(3).warnings_into_errors(true).compile("wirecraft_ipsec_mb");
        println!("cargo::rustc-link-lib=IPSec_MB");
        println!("cargo::rustc-cfg=ipsec_mb");
    } else {
        println!("cargo::warning=ipsec-mb is left out: there is no /usr/include/intel-ipsec-mb.h (Debian: libipsec-mb-dev)");
    }
}
