/// An enumeration of named things: what an error can be about, or why packets are refused. Gives the enum, its `ALL`, `name` and `Display`, and
/// with families a method that tells the family. For the crates of this family; it is no part of the documented interface.
#[doc(hidden)]
#[macro_export]
macro_rules! named {
    ($(#[$meta:meta])* $enum:ident { $($name:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $enum {
            $(#[doc = $text] $name,)*
        }

        impl $enum {
            /// All of them, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name as a person reads it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl ::core::fmt::Display for $enum {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
    ($(#[$meta:meta])* $enum:ident, $method:ident: $families:ident { $($family:ident { $($name:ident = $text:literal,)* })* }) => {
        $crate::named! {
            $(#[$meta])*
            $enum { $($($name = $text,)*)* }
        }

        impl $enum {
            #[doc = concat!("The [`", stringify!($families), "`] that it belongs to.")]
            #[must_use]
            pub const fn $method(self) -> $families {
                match self { $($(Self::$name => $families::$family,)*)* }
            }
        }
    };
}
