//! A program without std and without an allocator that really uses the crates: if one needed either, it would not link. On Linux it also runs; its exit status is 0 when every answer was right, else the number of the first wrong one.

#![no_std]
#![no_main]
#![deny(missing_docs)]

mod atm;
mod diffserv;
mod ip;
mod ipsec;
mod lanes;
mod llpf;
mod ngisec;
mod sharing;
mod sixtofour;

use core::hint::black_box;
use core::panic::PanicInfo;

/// Every check takes its input through `black_box`, so that nothing is computed when the program is compiled.
fn first_wrong_answer() -> u8 {
    let checks = ip::CHECKS
        .iter()
        .chain(&atm::CHECKS)
        .chain(&lanes::CHECKS)
        .chain(&ipsec::CHECKS)
        .chain(&diffserv::CHECKS)
        .chain(&sixtofour::CHECKS)
        .chain(&sharing::CHECKS)
        .chain(&llpf::CHECKS)
        .chain(&ngisec::CHECKS);
    (1..).zip(checks).find(|(_, check)| !black_box(check)()).map_or(0, |(number, _)| number)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// The C start-up code calls this; nothing else of the C library is needed but the memory functions that the compiler
/// calls by itself.
#[cfg(not(target_os = "none"))]
// SAFETY: the symbol is the one that the start-up code expects, with a signature it accepts, and defined once.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> i32 {
    i32::from(first_wrong_answer())
}

#[cfg(not(target_os = "none"))]
#[link(name = "c")]
// SAFETY: nothing is declared; the block only asks for the library that start-up code and memory functions are in.
unsafe extern "C" {}

/// On bare metal linking is the whole test.
#[cfg(target_os = "none")]
// SAFETY: the linker's default entry symbol, defined once.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    black_box(first_wrong_answer());
    loop {
        core::hint::spin_loop();
    }
}
