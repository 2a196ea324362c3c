//! The compression functions, written once over whatever a "word" is: one `u32`, a vector of lanes, or a pair of vectors.
//!
//! A module that wants them has a type `V` and the functions that the macros call: `splat`, `add`, `xor3`, `choose`, `majority`,
//! `or_not` (`y ^ (x | !z)`, MD5's fourth function), `settle` (the same value, computed as it was written), `rol::<N, { 32 - N }>` and, for SHA-256, `shr::<N>`. The macros' arguments are attributes for the
//! functions that they make, so that each copy is compiled for its target features. All rounds are written out, and the words of a block stay at
//! fixed places: registers where there are enough.
//!
//! Words are asked for four at a time, by `load0` to `load3`, just before the rounds that use them first: reading and transposing then goes on
//! beside rounds that wait for each other, for which a CPU cannot look far enough ahead by itself. They are four functions, each called from one
//! place, so that each is compiled in its place.

/// `md5(state, load0, load1, load2, load3) -> state`: RFC 1321 3.4.
macro_rules! md5_compression {
    ($(#[$attribute:meta])*) => {
        $(#[$attribute])*
        pub(super) fn md5(
            state: [V; 4],
            load0: impl FnOnce() -> [V; 4],
            load1: impl FnOnce() -> [V; 4],
            load2: impl FnOnce() -> [V; 4],
            load3: impl FnOnce() -> [V; 4],
        ) -> [V; 4] {
            macro_rules! step {
                ($f:expr, $a:ident, $b:ident, $w:ident, $left:literal, $right:literal, $t:literal) => {
                    // All but the function's value is known early. It is added up apart, so that only one addition stands in the chain from step to step.
                    let early = settle(add($a, add($w, splat($t))));
                    $a = add($b, rol::<$left, $right>(add(early, $f)));
                };
            }
            let [mut a, mut b, mut c, mut d] = state;
            let [w0, w1, w2, w3] = load0();
            step!(choose(b, c, d), a, b, w0, 7, 25, 0xd76a_a478);
            step!(choose(a, b, c), d, a, w1, 12, 20, 0xe8c7_b756);
            step!(choose(d, a, b), c, d, w2, 17, 15, 0x2420_70db);
            step!(choose(c, d, a), b, c, w3, 22, 10, 0xc1bd_ceee);
            let [w4, w5, w6, w7] = load1();
            step!(choose(b, c, d), a, b, w4, 7, 25, 0xf57c_0faf);
            step!(choose(a, b, c), d, a, w5, 12, 20, 0x4787_c62a);
            step!(choose(d, a, b), c, d, w6, 17, 15, 0xa830_4613);
            step!(choose(c, d, a), b, c, w7, 22, 10, 0xfd46_9501);
            let [w8, w9, w10, w11] = load2();
            step!(choose(b, c, d), a, b, w8, 7, 25, 0x6980_98d8);
            step!(choose(a, b, c), d, a, w9, 12, 20, 0x8b44_f7af);
            step!(choose(d, a, b), c, d, w10, 17, 15, 0xffff_5bb1);
            step!(choose(c, d, a), b, c, w11, 22, 10, 0x895c_d7be);
            let [w12, w13, w14, w15] = load3();
            step!(choose(b, c, d), a, b, w12, 7, 25, 0x6b90_1122);
            step!(choose(a, b, c), d, a, w13, 12, 20, 0xfd98_7193);
            step!(choose(d, a, b), c, d, w14, 17, 15, 0xa679_438e);
            step!(choose(c, d, a), b, c, w15, 22, 10, 0x49b4_0821);
            step!(choose(d, b, c), a, b, w1, 5, 27, 0xf61e_2562);
            step!(choose(c, a, b), d, a, w6, 9, 23, 0xc040_b340);
            step!(choose(b, d, a), c, d, w11, 14, 18, 0x265e_5a51);
            step!(choose(a, c, d), b, c, w0, 20, 12, 0xe9b6_c7aa);
            step!(choose(d, b, c), a, b, w5, 5, 27, 0xd62f_105d);
            step!(choose(c, a, b), d, a, w10, 9, 23, 0x0244_1453);
            step!(choose(b, d, a), c, d, w15, 14, 18, 0xd8a1_e681);
            step!(choose(a, c, d), b, c, w4, 20, 12, 0xe7d3_fbc8);
            step!(choose(d, b, c), a, b, w9, 5, 27, 0x21e1_cde6);
            step!(choose(c, a, b), d, a, w14, 9, 23, 0xc337_07d6);
            step!(choose(b, d, a), c, d, w3, 14, 18, 0xf4d5_0d87);
            step!(choose(a, c, d), b, c, w8, 20, 12, 0x455a_14ed);
            step!(choose(d, b, c), a, b, w13, 5, 27, 0xa9e3_e905);
            step!(choose(c, a, b), d, a, w2, 9, 23, 0xfcef_a3f8);
            step!(choose(b, d, a), c, d, w7, 14, 18, 0x676f_02d9);
            step!(choose(a, c, d), b, c, w12, 20, 12, 0x8d2a_4c8a);
            step!(xor3(b, c, d), a, b, w5, 4, 28, 0xfffa_3942);
            step!(xor3(a, b, c), d, a, w8, 11, 21, 0x8771_f681);
            step!(xor3(d, a, b), c, d, w11, 16, 16, 0x6d9d_6122);
            step!(xor3(c, d, a), b, c, w14, 23, 9, 0xfde5_380c);
            step!(xor3(b, c, d), a, b, w1, 4, 28, 0xa4be_ea44);
            step!(xor3(a, b, c), d, a, w4, 11, 21, 0x4bde_cfa9);
            step!(xor3(d, a, b), c, d, w7, 16, 16, 0xf6bb_4b60);
            step!(xor3(c, d, a), b, c, w10, 23, 9, 0xbebf_bc70);
            step!(xor3(b, c, d), a, b, w13, 4, 28, 0x289b_7ec6);
            step!(xor3(a, b, c), d, a, w0, 11, 21, 0xeaa1_27fa);
            step!(xor3(d, a, b), c, d, w3, 16, 16, 0xd4ef_3085);
            step!(xor3(c, d, a), b, c, w6, 23, 9, 0x0488_1d05);
            step!(xor3(b, c, d), a, b, w9, 4, 28, 0xd9d4_d039);
            step!(xor3(a, b, c), d, a, w12, 11, 21, 0xe6db_99e5);
            step!(xor3(d, a, b), c, d, w15, 16, 16, 0x1fa2_7cf8);
            step!(xor3(c, d, a), b, c, w2, 23, 9, 0xc4ac_5665);
            step!(or_not(b, c, d), a, b, w0, 6, 26, 0xf429_2244);
            step!(or_not(a, b, c), d, a, w7, 10, 22, 0x432a_ff97);
            step!(or_not(d, a, b), c, d, w14, 15, 17, 0xab94_23a7);
            step!(or_not(c, d, a), b, c, w5, 21, 11, 0xfc93_a039);
            step!(or_not(b, c, d), a, b, w12, 6, 26, 0x655b_59c3);
            step!(or_not(a, b, c), d, a, w3, 10, 22, 0x8f0c_cc92);
            step!(or_not(d, a, b), c, d, w10, 15, 17, 0xffef_f47d);
            step!(or_not(c, d, a), b, c, w1, 21, 11, 0x8584_5dd1);
            step!(or_not(b, c, d), a, b, w8, 6, 26, 0x6fa8_7e4f);
            step!(or_not(a, b, c), d, a, w15, 10, 22, 0xfe2c_e6e0);
            step!(or_not(d, a, b), c, d, w6, 15, 17, 0xa301_4314);
            step!(or_not(c, d, a), b, c, w13, 21, 11, 0x4e08_11a1);
            step!(or_not(b, c, d), a, b, w4, 6, 26, 0xf753_7e82);
            step!(or_not(a, b, c), d, a, w11, 10, 22, 0xbd3a_f235);
            step!(or_not(d, a, b), c, d, w2, 15, 17, 0x2ad7_d2bb);
            step!(or_not(c, d, a), b, c, w9, 21, 11, 0xeb86_d391);
            let [a0, b0, c0, d0] = state;
            [add(a0, a), add(b0, b), add(c0, c), add(d0, d)]
        }
    };
}
pub(super) use md5_compression;

/// `sha1(state, load0, load1, load2, load3) -> state`: FIPS 180-4 6.1.
macro_rules! sha1_compression {
    ($(#[$attribute:meta])*) => {
        $(#[$attribute])*
        pub(super) fn sha1(
            state: [V; 5],
            load0: impl FnOnce() -> [V; 4],
            load1: impl FnOnce() -> [V; 4],
            load2: impl FnOnce() -> [V; 4],
            load3: impl FnOnce() -> [V; 4],
        ) -> [V; 5] {
            // W(t) = ROTL1(W(t-3) ^ W(t-8) ^ W(t-14) ^ W(t-16)) takes the place of W(t-16).
            macro_rules! schedule {
                ($w0:ident, $w2:ident, $w8:ident, $w13:ident) => {
                    $w0 = rol::<1, 31>(xor(xor3($w0, $w2, $w8), $w13));
                };
            }
            macro_rules! step {
                ($f:expr, $a:ident, $b:ident, $e:ident, $w:ident, $k:literal) => {
                    $e = add(add(add(rol::<5, 27>($a), $f), add($w, splat($k))), $e);
                    $b = rol::<30, 2>($b);
                };
            }
            let [mut a, mut b, mut c, mut d, mut e] = state;
            let [mut w0, mut w1, mut w2, mut w3] = load0();
            step!(choose(b, c, d), a, b, e, w0, 0x5a82_7999);
            step!(choose(a, b, c), e, a, d, w1, 0x5a82_7999);
            step!(choose(e, a, b), d, e, c, w2, 0x5a82_7999);
            step!(choose(d, e, a), c, d, b, w3, 0x5a82_7999);
            let [mut w4, mut w5, mut w6, mut w7] = load1();
            step!(choose(c, d, e), b, c, a, w4, 0x5a82_7999);
            step!(choose(b, c, d), a, b, e, w5, 0x5a82_7999);
            step!(choose(a, b, c), e, a, d, w6, 0x5a82_7999);
            step!(choose(e, a, b), d, e, c, w7, 0x5a82_7999);
            let [mut w8, mut w9, mut w10, mut w11] = load2();
            step!(choose(d, e, a), c, d, b, w8, 0x5a82_7999);
            step!(choose(c, d, e), b, c, a, w9, 0x5a82_7999);
            step!(choose(b, c, d), a, b, e, w10, 0x5a82_7999);
            step!(choose(a, b, c), e, a, d, w11, 0x5a82_7999);
            let [mut w12, mut w13, mut w14, mut w15] = load3();
            step!(choose(e, a, b), d, e, c, w12, 0x5a82_7999);
            step!(choose(d, e, a), c, d, b, w13, 0x5a82_7999);
            step!(choose(c, d, e), b, c, a, w14, 0x5a82_7999);
            step!(choose(b, c, d), a, b, e, w15, 0x5a82_7999);
            schedule!(w0, w2, w8, w13);
            step!(choose(a, b, c), e, a, d, w0, 0x5a82_7999);
            schedule!(w1, w3, w9, w14);
            step!(choose(e, a, b), d, e, c, w1, 0x5a82_7999);
            schedule!(w2, w4, w10, w15);
            step!(choose(d, e, a), c, d, b, w2, 0x5a82_7999);
            schedule!(w3, w5, w11, w0);
            step!(choose(c, d, e), b, c, a, w3, 0x5a82_7999);
            schedule!(w4, w6, w12, w1);
            step!(xor3(b, c, d), a, b, e, w4, 0x6ed9_eba1);
            schedule!(w5, w7, w13, w2);
            step!(xor3(a, b, c), e, a, d, w5, 0x6ed9_eba1);
            schedule!(w6, w8, w14, w3);
            step!(xor3(e, a, b), d, e, c, w6, 0x6ed9_eba1);
            schedule!(w7, w9, w15, w4);
            step!(xor3(d, e, a), c, d, b, w7, 0x6ed9_eba1);
            schedule!(w8, w10, w0, w5);
            step!(xor3(c, d, e), b, c, a, w8, 0x6ed9_eba1);
            schedule!(w9, w11, w1, w6);
            step!(xor3(b, c, d), a, b, e, w9, 0x6ed9_eba1);
            schedule!(w10, w12, w2, w7);
            step!(xor3(a, b, c), e, a, d, w10, 0x6ed9_eba1);
            schedule!(w11, w13, w3, w8);
            step!(xor3(e, a, b), d, e, c, w11, 0x6ed9_eba1);
            schedule!(w12, w14, w4, w9);
            step!(xor3(d, e, a), c, d, b, w12, 0x6ed9_eba1);
            schedule!(w13, w15, w5, w10);
            step!(xor3(c, d, e), b, c, a, w13, 0x6ed9_eba1);
            schedule!(w14, w0, w6, w11);
            step!(xor3(b, c, d), a, b, e, w14, 0x6ed9_eba1);
            schedule!(w15, w1, w7, w12);
            step!(xor3(a, b, c), e, a, d, w15, 0x6ed9_eba1);
            schedule!(w0, w2, w8, w13);
            step!(xor3(e, a, b), d, e, c, w0, 0x6ed9_eba1);
            schedule!(w1, w3, w9, w14);
            step!(xor3(d, e, a), c, d, b, w1, 0x6ed9_eba1);
            schedule!(w2, w4, w10, w15);
            step!(xor3(c, d, e), b, c, a, w2, 0x6ed9_eba1);
            schedule!(w3, w5, w11, w0);
            step!(xor3(b, c, d), a, b, e, w3, 0x6ed9_eba1);
            schedule!(w4, w6, w12, w1);
            step!(xor3(a, b, c), e, a, d, w4, 0x6ed9_eba1);
            schedule!(w5, w7, w13, w2);
            step!(xor3(e, a, b), d, e, c, w5, 0x6ed9_eba1);
            schedule!(w6, w8, w14, w3);
            step!(xor3(d, e, a), c, d, b, w6, 0x6ed9_eba1);
            schedule!(w7, w9, w15, w4);
            step!(xor3(c, d, e), b, c, a, w7, 0x6ed9_eba1);
            schedule!(w8, w10, w0, w5);
            step!(majority(b, c, d), a, b, e, w8, 0x8f1b_bcdc);
            schedule!(w9, w11, w1, w6);
            step!(majority(a, b, c), e, a, d, w9, 0x8f1b_bcdc);
            schedule!(w10, w12, w2, w7);
            step!(majority(e, a, b), d, e, c, w10, 0x8f1b_bcdc);
            schedule!(w11, w13, w3, w8);
            step!(majority(d, e, a), c, d, b, w11, 0x8f1b_bcdc);
            schedule!(w12, w14, w4, w9);
            step!(majority(c, d, e), b, c, a, w12, 0x8f1b_bcdc);
            schedule!(w13, w15, w5, w10);
            step!(majority(b, c, d), a, b, e, w13, 0x8f1b_bcdc);
            schedule!(w14, w0, w6, w11);
            step!(majority(a, b, c), e, a, d, w14, 0x8f1b_bcdc);
            schedule!(w15, w1, w7, w12);
            step!(majority(e, a, b), d, e, c, w15, 0x8f1b_bcdc);
            schedule!(w0, w2, w8, w13);
            step!(majority(d, e, a), c, d, b, w0, 0x8f1b_bcdc);
            schedule!(w1, w3, w9, w14);
            step!(majority(c, d, e), b, c, a, w1, 0x8f1b_bcdc);
            schedule!(w2, w4, w10, w15);
            step!(majority(b, c, d), a, b, e, w2, 0x8f1b_bcdc);
            schedule!(w3, w5, w11, w0);
            step!(majority(a, b, c), e, a, d, w3, 0x8f1b_bcdc);
            schedule!(w4, w6, w12, w1);
            step!(majority(e, a, b), d, e, c, w4, 0x8f1b_bcdc);
            schedule!(w5, w7, w13, w2);
            step!(majority(d, e, a), c, d, b, w5, 0x8f1b_bcdc);
            schedule!(w6, w8, w14, w3);
            step!(majority(c, d, e), b, c, a, w6, 0x8f1b_bcdc);
            schedule!(w7, w9, w15, w4);
            step!(majority(b, c, d), a, b, e, w7, 0x8f1b_bcdc);
            schedule!(w8, w10, w0, w5);
            step!(majority(a, b, c), e, a, d, w8, 0x8f1b_bcdc);
            schedule!(w9, w11, w1, w6);
            step!(majority(e, a, b), d, e, c, w9, 0x8f1b_bcdc);
            schedule!(w10, w12, w2, w7);
            step!(majority(d, e, a), c, d, b, w10, 0x8f1b_bcdc);
            schedule!(w11, w13, w3, w8);
            step!(majority(c, d, e), b, c, a, w11, 0x8f1b_bcdc);
            schedule!(w12, w14, w4, w9);
            step!(xor3(b, c, d), a, b, e, w12, 0xca62_c1d6);
            schedule!(w13, w15, w5, w10);
            step!(xor3(a, b, c), e, a, d, w13, 0xca62_c1d6);
            schedule!(w14, w0, w6, w11);
            step!(xor3(e, a, b), d, e, c, w14, 0xca62_c1d6);
            schedule!(w15, w1, w7, w12);
            step!(xor3(d, e, a), c, d, b, w15, 0xca62_c1d6);
            schedule!(w0, w2, w8, w13);
            step!(xor3(c, d, e), b, c, a, w0, 0xca62_c1d6);
            schedule!(w1, w3, w9, w14);
            step!(xor3(b, c, d), a, b, e, w1, 0xca62_c1d6);
            schedule!(w2, w4, w10, w15);
            step!(xor3(a, b, c), e, a, d, w2, 0xca62_c1d6);
            schedule!(w3, w5, w11, w0);
            step!(xor3(e, a, b), d, e, c, w3, 0xca62_c1d6);
            schedule!(w4, w6, w12, w1);
            step!(xor3(d, e, a), c, d, b, w4, 0xca62_c1d6);
            schedule!(w5, w7, w13, w2);
            step!(xor3(c, d, e), b, c, a, w5, 0xca62_c1d6);
            schedule!(w6, w8, w14, w3);
            step!(xor3(b, c, d), a, b, e, w6, 0xca62_c1d6);
            schedule!(w7, w9, w15, w4);
            step!(xor3(a, b, c), e, a, d, w7, 0xca62_c1d6);
            schedule!(w8, w10, w0, w5);
            step!(xor3(e, a, b), d, e, c, w8, 0xca62_c1d6);
            schedule!(w9, w11, w1, w6);
            step!(xor3(d, e, a), c, d, b, w9, 0xca62_c1d6);
            schedule!(w10, w12, w2, w7);
            step!(xor3(c, d, e), b, c, a, w10, 0xca62_c1d6);
            schedule!(w11, w13, w3, w8);
            step!(xor3(b, c, d), a, b, e, w11, 0xca62_c1d6);
            schedule!(w12, w14, w4, w9);
            step!(xor3(a, b, c), e, a, d, w12, 0xca62_c1d6);
            schedule!(w13, w15, w5, w10);
            step!(xor3(e, a, b), d, e, c, w13, 0xca62_c1d6);
            schedule!(w14, w0, w6, w11);
            step!(xor3(d, e, a), c, d, b, w14, 0xca62_c1d6);
            schedule!(w15, w1, w7, w12);
            step!(xor3(c, d, e), b, c, a, w15, 0xca62_c1d6);
            let [a0, b0, c0, d0, e0] = state;
            [add(a0, a), add(b0, b), add(c0, c), add(d0, d), add(e0, e)]
        }
    };
}
pub(super) use sha1_compression;

/// `sha256(state, load0, load1, load2, load3) -> state`: FIPS 180-4 6.2.
macro_rules! sha256_compression {
    ($(#[$attribute:meta])*) => {
        $(#[$attribute])*
        pub(super) fn sha256(
            state: [V; 8],
            load0: impl FnOnce() -> [V; 4],
            load1: impl FnOnce() -> [V; 4],
            load2: impl FnOnce() -> [V; 4],
            load3: impl FnOnce() -> [V; 4],
        ) -> [V; 8] {
            // W(t) = s1(W(t-2)) + W(t-7) + s0(W(t-15)) + W(t-16) takes the place of W(t-16).
            macro_rules! schedule {
                ($w0:ident, $w1:ident, $w9:ident, $w14:ident) => {
                    let small0 = xor3(rol::<25, 7>($w1), rol::<14, 18>($w1), shr::<3>($w1));
                    let small1 = xor3(rol::<15, 17>($w14), rol::<13, 19>($w14), shr::<10>($w14));
                    $w0 = add(add($w0, $w9), add(small0, small1));
                };
            }
            macro_rules! step {
                ($a:ident, $b:ident, $c:ident, $d:ident, $e:ident, $f:ident, $g:ident, $h:ident, $w:ident, $k:literal) => {
                    let big1 = xor3(rol::<26, 6>($e), rol::<21, 11>($e), rol::<7, 25>($e));
                    $h = add(add($h, add($w, splat($k))), add(choose($e, $f, $g), big1));
                    $d = add($d, $h);
                    let big0 = xor3(rol::<30, 2>($a), rol::<19, 13>($a), rol::<10, 22>($a));
                    $h = add($h, add(big0, majority($a, $b, $c)));
                };
            }
            let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
            let [mut w0, mut w1, mut w2, mut w3] = load0();
            step!(a, b, c, d, e, f, g, h, w0, 0x428a_2f98);
            step!(h, a, b, c, d, e, f, g, w1, 0x7137_4491);
            step!(g, h, a, b, c, d, e, f, w2, 0xb5c0_fbcf);
            step!(f, g, h, a, b, c, d, e, w3, 0xe9b5_dba5);
            let [mut w4, mut w5, mut w6, mut w7] = load1();
            step!(e, f, g, h, a, b, c, d, w4, 0x3956_c25b);
            step!(d, e, f, g, h, a, b, c, w5, 0x59f1_11f1);
            step!(c, d, e, f, g, h, a, b, w6, 0x923f_82a4);
            step!(b, c, d, e, f, g, h, a, w7, 0xab1c_5ed5);
            let [mut w8, mut w9, mut w10, mut w11] = load2();
            step!(a, b, c, d, e, f, g, h, w8, 0xd807_aa98);
            step!(h, a, b, c, d, e, f, g, w9, 0x1283_5b01);
            step!(g, h, a, b, c, d, e, f, w10, 0x2431_85be);
            step!(f, g, h, a, b, c, d, e, w11, 0x550c_7dc3);
            let [mut w12, mut w13, mut w14, mut w15] = load3();
            step!(e, f, g, h, a, b, c, d, w12, 0x72be_5d74);
            step!(d, e, f, g, h, a, b, c, w13, 0x80de_b1fe);
            step!(c, d, e, f, g, h, a, b, w14, 0x9bdc_06a7);
            step!(b, c, d, e, f, g, h, a, w15, 0xc19b_f174);
            schedule!(w0, w1, w9, w14);
            step!(a, b, c, d, e, f, g, h, w0, 0xe49b_69c1);
            schedule!(w1, w2, w10, w15);
            step!(h, a, b, c, d, e, f, g, w1, 0xefbe_4786);
            schedule!(w2, w3, w11, w0);
            step!(g, h, a, b, c, d, e, f, w2, 0x0fc1_9dc6);
            schedule!(w3, w4, w12, w1);
            step!(f, g, h, a, b, c, d, e, w3, 0x240c_a1cc);
            schedule!(w4, w5, w13, w2);
            step!(e, f, g, h, a, b, c, d, w4, 0x2de9_2c6f);
            schedule!(w5, w6, w14, w3);
            step!(d, e, f, g, h, a, b, c, w5, 0x4a74_84aa);
            schedule!(w6, w7, w15, w4);
            step!(c, d, e, f, g, h, a, b, w6, 0x5cb0_a9dc);
            schedule!(w7, w8, w0, w5);
            step!(b, c, d, e, f, g, h, a, w7, 0x76f9_88da);
            schedule!(w8, w9, w1, w6);
            step!(a, b, c, d, e, f, g, h, w8, 0x983e_5152);
            schedule!(w9, w10, w2, w7);
            step!(h, a, b, c, d, e, f, g, w9, 0xa831_c66d);
            schedule!(w10, w11, w3, w8);
            step!(g, h, a, b, c, d, e, f, w10, 0xb003_27c8);
            schedule!(w11, w12, w4, w9);
            step!(f, g, h, a, b, c, d, e, w11, 0xbf59_7fc7);
            schedule!(w12, w13, w5, w10);
            step!(e, f, g, h, a, b, c, d, w12, 0xc6e0_0bf3);
            schedule!(w13, w14, w6, w11);
            step!(d, e, f, g, h, a, b, c, w13, 0xd5a7_9147);
            schedule!(w14, w15, w7, w12);
            step!(c, d, e, f, g, h, a, b, w14, 0x06ca_6351);
            schedule!(w15, w0, w8, w13);
            step!(b, c, d, e, f, g, h, a, w15, 0x1429_2967);
            schedule!(w0, w1, w9, w14);
            step!(a, b, c, d, e, f, g, h, w0, 0x27b7_0a85);
            schedule!(w1, w2, w10, w15);
            step!(h, a, b, c, d, e, f, g, w1, 0x2e1b_2138);
            schedule!(w2, w3, w11, w0);
            step!(g, h, a, b, c, d, e, f, w2, 0x4d2c_6dfc);
            schedule!(w3, w4, w12, w1);
            step!(f, g, h, a, b, c, d, e, w3, 0x5338_0d13);
            schedule!(w4, w5, w13, w2);
            step!(e, f, g, h, a, b, c, d, w4, 0x650a_7354);
            schedule!(w5, w6, w14, w3);
            step!(d, e, f, g, h, a, b, c, w5, 0x766a_0abb);
            schedule!(w6, w7, w15, w4);
            step!(c, d, e, f, g, h, a, b, w6, 0x81c2_c92e);
            schedule!(w7, w8, w0, w5);
            step!(b, c, d, e, f, g, h, a, w7, 0x9272_2c85);
            schedule!(w8, w9, w1, w6);
            step!(a, b, c, d, e, f, g, h, w8, 0xa2bf_e8a1);
            schedule!(w9, w10, w2, w7);
            step!(h, a, b, c, d, e, f, g, w9, 0xa81a_664b);
            schedule!(w10, w11, w3, w8);
            step!(g, h, a, b, c, d, e, f, w10, 0xc24b_8b70);
            schedule!(w11, w12, w4, w9);
            step!(f, g, h, a, b, c, d, e, w11, 0xc76c_51a3);
            schedule!(w12, w13, w5, w10);
            step!(e, f, g, h, a, b, c, d, w12, 0xd192_e819);
            schedule!(w13, w14, w6, w11);
            step!(d, e, f, g, h, a, b, c, w13, 0xd699_0624);
            schedule!(w14, w15, w7, w12);
            step!(c, d, e, f, g, h, a, b, w14, 0xf40e_3585);
            schedule!(w15, w0, w8, w13);
            step!(b, c, d, e, f, g, h, a, w15, 0x106a_a070);
            schedule!(w0, w1, w9, w14);
            step!(a, b, c, d, e, f, g, h, w0, 0x19a4_c116);
            schedule!(w1, w2, w10, w15);
            step!(h, a, b, c, d, e, f, g, w1, 0x1e37_6c08);
            schedule!(w2, w3, w11, w0);
            step!(g, h, a, b, c, d, e, f, w2, 0x2748_774c);
            schedule!(w3, w4, w12, w1);
            step!(f, g, h, a, b, c, d, e, w3, 0x34b0_bcb5);
            schedule!(w4, w5, w13, w2);
            step!(e, f, g, h, a, b, c, d, w4, 0x391c_0cb3);
            schedule!(w5, w6, w14, w3);
            step!(d, e, f, g, h, a, b, c, w5, 0x4ed8_aa4a);
            schedule!(w6, w7, w15, w4);
            step!(c, d, e, f, g, h, a, b, w6, 0x5b9c_ca4f);
            schedule!(w7, w8, w0, w5);
            step!(b, c, d, e, f, g, h, a, w7, 0x682e_6ff3);
            schedule!(w8, w9, w1, w6);
            step!(a, b, c, d, e, f, g, h, w8, 0x748f_82ee);
            schedule!(w9, w10, w2, w7);
            step!(h, a, b, c, d, e, f, g, w9, 0x78a5_636f);
            schedule!(w10, w11, w3, w8);
            step!(g, h, a, b, c, d, e, f, w10, 0x84c8_7814);
            schedule!(w11, w12, w4, w9);
            step!(f, g, h, a, b, c, d, e, w11, 0x8cc7_0208);
            schedule!(w12, w13, w5, w10);
            step!(e, f, g, h, a, b, c, d, w12, 0x90be_fffa);
            schedule!(w13, w14, w6, w11);
            step!(d, e, f, g, h, a, b, c, w13, 0xa450_6ceb);
            schedule!(w14, w15, w7, w12);
            step!(c, d, e, f, g, h, a, b, w14, 0xbef9_a3f7);
            schedule!(w15, w0, w8, w13);
            step!(b, c, d, e, f, g, h, a, w15, 0xc671_78f2);
            let [a0, b0, c0, d0, e0, f0, g0, h0] = state;
            [add(a0, a), add(b0, b), add(c0, c), add(d0, d), add(e0, e), add(f0, f), add(g0, g), add(h0, h)]
        }
    };
}
pub(super) use sha256_compression;
