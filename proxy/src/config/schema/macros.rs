//! Turns the lines of the tables into statics.

/// `message NAME "type" { number field: kind (, in "group")? => (required)? "help"; … } (needs ["group"])?
/// (without { number field: shape, … })?`
macro_rules! messages {
    ($(
        message $constant:ident $message:literal {
            $($number:literal $field:ident : $kind:expr $(, in $group:literal)? => $($required:ident)? $help:literal;)*
        }
        $(needs [$($need:literal),*])?
        $(without { $($other_number:literal $other:ident : $shape:expr),* $(,)? })?
    )*) => {$(
        #[doc = concat!("`", $message, "`")]
        pub static $constant: $crate::config::schema::Message = $crate::config::schema::Message {
            name: $message,
            fields: &[$($crate::config::schema::Field {
                number: $number,
                name: stringify!($field),
                kind: $kind,
                one_of: $crate::config::schema::macros::group!($($group)?),
                required: $crate::config::schema::macros::required!($($required)?),
                help: $help,
            }),*],
            needs: &[$($($need),*)?],
            others: &[$($($crate::config::schema::Other {
                number: $other_number,
                name: stringify!($other),
                shape: $shape,
            }),*)?],
        };
    )*};
}

/// `enum NAME "type" { number NAME, … } (without { number NAME, … })?`
macro_rules! enumerations {
    ($(
        enum $constant:ident $enumeration:literal { $($number:literal $value:ident),* $(,)? }
        $(without { $($other_number:literal $other:ident),* $(,)? })?
    )*) => {$(
        #[doc = concat!("`", $enumeration, "`")]
        pub static $constant: $crate::config::schema::Enumeration =
            $crate::config::schema::Enumeration {
                name: $enumeration,
                values: &[$(($number, stringify!($value))),*],
                others: &[$($(($other_number, stringify!($other))),*)?],
            };
    )*};
}

macro_rules! group {
    () => {
        None
    };
    ($group:literal) => {
        Some($group)
    };
}

macro_rules! required {
    () => {
        false
    };
    (required) => {
        true
    };
}

pub(super) use {enumerations, group, messages, required};
