//! The flags that stand for settings, made from the table that annotations are made from.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
use mesh_api::settings::{InvalidSetting, Mesh, MeshSetting, Overrides, Setting};

/// A flag a setting.
pub(crate) fn settings() -> impl Iterator<Item = Arg> {
    Setting::ALL.iter().map(|setting| flag(*setting))
}

/// The flags that name the mesh which pods join.
pub(crate) fn mesh() -> impl Iterator<Item = Arg> {
    MeshSetting::ALL.iter().map(|setting| {
        Arg::new(setting.name())
            .long(setting.name())
            .value_name("VALUE")
            .help(setting.help())
            .value_parser(MeshParser(*setting))
            .help_heading(MESH)
    })
}

fn flag(setting: Setting) -> Arg {
    let help = match setting.default_text() {
        "" => setting.help().to_owned(),
        default => format!("{} [default: {default}]", setting.help()),
    };
    let flag = Arg::new(setting.name())
        .long(setting.name())
        .value_name(setting.value_name())
        .help(help)
        .value_parser(SettingParser(setting))
        .help_heading(SETTINGS);
    if setting.choices().contains(&"true") {
        return flag
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    flag
}

/// Checks a value as the annotation of the same name is checked.
#[derive(Debug, Clone, Copy)]
struct SettingParser(Setting);

impl TypedValueParser for SettingParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        checked(command, argument, value, |text| {
            Overrides::default().set(self.0, text)
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let choices = self.0.choices();
        if choices.is_empty() {
            return None;
        }
        Some(Box::new(choices.iter().copied().map(PossibleValue::new)))
    }
}

/// Checks a value of the mesh.
#[derive(Debug, Clone, Copy)]
struct MeshParser(MeshSetting);

impl TypedValueParser for MeshParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        checked(command, argument, value, |text| {
            Mesh::default().set(self.0, text)
        })
    }
}

fn checked(
    command: &Command,
    argument: Option<&Arg>,
    value: &OsStr,
    check: impl FnOnce(&str) -> Result<(), InvalidSetting>,
) -> Result<String, Error> {
    let Some(text) = value.to_str() else {
        return Err(Error::new(ErrorKind::InvalidUtf8).with_cmd(command));
    };
    check(text).map(|()| text.to_owned()).map_err(|invalid| {
        let flag = argument.map_or_else(String::new, |flag| format!(" for '{flag}'"));
        let message = format!(
            "invalid value '{text}'{flag}: {invalid}\n\nFor more information, try '--help'.\n"
        );
        Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
    })
}

const MESH: &str = "Mesh";
const SETTINGS: &str = "Settings (each also an annotation of the pod, meshctl.dev/<SETTING>)";
