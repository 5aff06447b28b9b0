//! Values that are one word or one number.

use std::fmt;

use super::InvalidSetting;

/// A value that one setting takes: read from text, written as text that reads back the same.
pub(crate) trait SettingValue: Sized {
    /// Reads the value.
    fn parse(text: &str) -> Result<Self, InvalidSetting>;
    /// Writes it.
    fn text(&self) -> String;
}

/// An enum whose variants are words.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// Every word, in the order of the docs.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl SettingValue for $name {
            fn parse(text: &str) -> Result<Self, InvalidSetting> {
                Self::from_word(text).ok_or_else(|| unknown_word(text, Self::WORDS))
            }

            fn text(&self) -> String {
                self.as_str().to_owned()
            }
        }
    };
}

words! {
    /// Which proxy runs beside the application.
    Proxy {
        /// Our own.
        MeshProxy = "mesh-proxy",
        /// The official Envoy image, with our agent beside it.
        Envoy = "envoy",
    }
}

words! {
    /// How the sidecar runs.
    SidecarKind {
        /// An init container with `restartPolicy: Always` (Kubernetes 1.29).
        Native = "native",
        /// One more container of the pod.
        Container = "container",
    }
}

words! {
    /// Whether the pod still takes plaintext.
    Mtls {
        /// Mesh traffic under mTLS, everything else as it comes.
        Permissive = "permissive",
        /// Mesh traffic only, but for declared probes and `plaintext-ports`.
        Strict = "strict",
    }
}

words! {
    /// The least severe message that is logged; Envoy's words.
    LogLevel {
        /// Everything.
        Trace = "trace",
        /// What a developer wants to know.
        Debug = "debug",
        /// What an operator may want to know.
        Info = "info",
        /// What may become a problem.
        Warning = "warning",
        /// What failed.
        Error = "error",
        /// What ends the process.
        Critical = "critical",
        /// Nothing.
        Off = "off",
    }
}

/// How traffic reaches the sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intercept {
    /// Rules set by the init container `mesh-init`.
    Init,
    /// Nothing is redirected: the application is told of an explicit proxy by its environment.
    None,
}

impl Intercept {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Intercept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl SettingValue for Intercept {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        match text {
            "init" => Ok(Self::Init),
            "none" => Ok(Self::None),
            "cni" => Err(InvalidSetting::new(
                0,
                "`cni` is not supported: use `init`, or `none` where init containers may not have \
                 NET_ADMIN",
            )),
            _ => Err(unknown_word(text, &["init", "none"])),
        }
    }

    fn text(&self) -> String {
        self.as_str().to_owned()
    }
}

impl SettingValue for bool {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(unknown_word(text, &["true", "false"])),
        }
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

/// The user and group of the sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uid(u32);

impl Uid {
    /// The greatest user that Kubernetes takes (`IsValidUserID`).
    const MAX: u64 = i32::MAX as u64;

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Default for Uid {
    fn default() -> Self {
        Self(crate::ports::PROXY_UID)
    }
}

impl SettingValue for Uid {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        if text == "0" {
            return Err(InvalidSetting::new(
                0,
                "the sidecar does not run as root: give a user from 1 to 2147483647",
            ));
        }
        number(text, 1, Self::MAX, "a user").map(Self)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

/// Worker threads of the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency(pub(crate) u32);

impl Concurrency {
    /// The number, 0 to 256; 0 is one for each CPU of the node.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl SettingValue for Concurrency {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        number(text, 0, 256, "a number of threads").map(Self)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

/// How long a stopping sidecar lets requests finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainSeconds(u32);

impl DrainSeconds {
    /// Seconds, 0 to 3600.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Default for DrainSeconds {
    /// Two thirds of Kubernetes' default grace period of 30 s: the rest is for the application.
    fn default() -> Self {
        Self(20)
    }
}

impl SettingValue for DrainSeconds {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        number(text, 0, 3600, "a number of seconds").map(Self)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

fn unknown_word(text: &str, words: &[&str]) -> InvalidSetting {
    let list = words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if text.is_empty() {
        return InvalidSetting::new(0, format!("the value is empty: give one of {list}"));
    }
    InvalidSetting::new(0, format!("`{text}` is not one of {list}"))
}

/// A decimal number without sign, blanks or leading zeros.
fn number(text: &str, least: u64, most: u64, what: &str) -> Result<u32, InvalidSetting> {
    let expected = format!("{what} is a whole number from {least} to {most}");
    if text.is_empty() {
        return Err(InvalidSetting::new(
            0,
            format!("the value is empty: {expected}"),
        ));
    }
    if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_digit()) {
        return Err(InvalidSetting::new(at, format!("{expected}, not `{text}`")));
    }
    let in_range = text
        .parse::<u64>()
        .ok()
        .filter(|number| (least..=most).contains(number));
    let in_range = in_range.filter(|_| text == "0" || !text.starts_with('0'));
    in_range
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| InvalidSetting::new(0, format!("{expected}, not `{text}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<T: SettingValue + fmt::Debug>(text: &str) -> (usize, String) {
        let error = T::parse(text).unwrap_err();
        (error.at, error.message)
    }

    #[test]
    fn words_are_exact() {
        assert_eq!(Proxy::parse("envoy"), Ok(Proxy::Envoy));
        assert_eq!(
            error::<Proxy>("Envoy"),
            (0, "`Envoy` is not one of `mesh-proxy`, `envoy`".to_owned())
        );
        assert_eq!(
            error::<bool>("enabled"),
            (0, "`enabled` is not one of `true`, `false`".to_owned())
        );
        assert!(error::<Mtls>("").1.starts_with("the value is empty"));
    }

    #[test]
    fn cni_is_refused_with_a_way_out() {
        let (_, message) = error::<Intercept>("cni");
        assert!(
            message.contains("not supported") && message.contains("`none`"),
            "{message}"
        );
    }

    #[test]
    fn numbers_say_their_range_and_place() {
        assert_eq!(Uid::parse("1337"), Ok(Uid(1337)));
        assert!(error::<Uid>("0").1.contains("root"));
        assert_eq!(error::<Uid>("13a7").0, 2);
        assert_eq!(error::<Uid>("2147483648").0, 0);
        assert!(Uid::parse("2147483647").is_ok());
        assert_eq!(Concurrency::parse("0"), Ok(Concurrency(0)));
        assert!(error::<Concurrency>("257").1.contains("from 0 to 256"));
        assert!(Concurrency::parse("-1").is_err() && Concurrency::parse("01").is_err());
        assert!(DrainSeconds::parse("99999999999999999999").is_err());
    }
}
