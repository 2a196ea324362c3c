//! Each function here holds a guard whose destructor calls a symbol that does not exist. Only where the optimiser shows that nothing in
//! the function can panic does the call go away; else the program does not link, and the linker names the function.
//!
//! `cargo xtask no-panic` builds this and compares the names with those listed in `not-shown.txt`.

#![deny(missing_docs)]

/// Functions with the guard, and one that keeps them all in the program.
macro_rules! entry_points {
    ($($name:ident($($argument:ident: $kind:ty),* $(,)?) $body:block)*) => {
        $(
            #[no_panic::no_panic]
            fn $name($($argument: $kind),*) {
                let result = $body;
                let _kept = core::hint::black_box(result);
            }
        )*

        /// Keeps them.
        pub(crate) fn keep() {
            $(core::hint::black_box($name as *const ());)*
        }
    };
}

mod atm;
mod diffserv;
mod ip;
mod ipsec;
mod llpf;
mod ngisec;
mod sharing;
mod sixtofour;

fn main() {
    ip::keep();
    atm::keep();
    ipsec::keep();
    llpf::keep();
    ngisec::keep();
    sixtofour::keep();
    sharing::keep();
    diffserv::keep();
}
