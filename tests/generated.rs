//! Keeps `completions/`, `docs/man/` and `docs/reference/settings.md` in step with the command line.
//!
//! `UPDATE_GENERATED=1 cargo test --test generated` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap_complete::{Shell, generate};
use clap_mangen::Man;
use mesh_api::settings::{Mesh, MeshSetting, Overrides, Setting};

#[test]
fn completions() {
    let shells = [
        (Shell::Bash, "meshctl.bash"),
        (Shell::Zsh, "_meshctl"),
        (Shell::Fish, "meshctl.fish"),
        (Shell::Elvish, "meshctl.elv"),
        (Shell::PowerShell, "_meshctl.ps1"),
    ];
    let files = shells.map(|(shell, name)| {
        let mut script = Vec::new();
        generate(
            shell,
            &mut meshctl::cli::tree("meshctl"),
            "meshctl",
            &mut script,
        );
        (name.to_owned(), script)
    });
    compare("completions", &files);
}

#[test]
fn manual_pages() {
    let mut tree = meshctl::cli::tree("meshctl");
    tree.build();
    let mut files = vec![page("meshctl", &tree)];
    for command in tree.get_subcommands() {
        files.push(page(&format!("meshctl-{}", command.get_name()), command));
    }
    compare("docs/man", &files);
}

fn page(name: &str, command: &clap::Command) -> (String, Vec<u8>) {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = Vec::new();
    let after = command.get_after_long_help().map(ToString::to_string);
    Man::new(command.clone().name(name.to_owned()).after_long_help(None))
        .title(name.to_uppercase())
        .date("")
        .source(format!("meshctl {version}"))
        .manual("meshctl")
        .render(&mut page)
        .unwrap();
    let mut page = String::from_utf8(page).unwrap();
    // What mangen would call EXTRA goes before the version, under the names that man(7) asks for.
    let end = page.find(".SH VERSION\n").unwrap_or(page.len());
    page.insert_str(end, &sections(after.as_deref().unwrap_or_default()));
    (format!("{name}.1"), page.into_bytes())
}

/// The paragraphs behind the help as sections of a manual, their lines as they are.
fn sections(text: &str) -> String {
    let mut shown = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let heading = match line {
            "Examples:" => ".SH EXAMPLES\n.nf",
            "Exit codes:" => ".SH \"EXIT STATUS\"\n.nf",
            "" if lines.peek().is_some_and(|next| next.ends_with("codes:")) => ".fi",
            line => &line.replace('\\', "\\e").replace('-', "\\-"),
        };
        let _ = writeln!(shown, "{heading}");
    }
    if !shown.is_empty() {
        shown.push_str(".fi\n");
    }
    shown
}

#[test]
fn settings() {
    let mut text = SETTINGS_HEAD.to_owned();
    for setting in Setting::ALL {
        let (name, help) = (setting.name(), in_table(setting.help()));
        let default = match setting.default_text() {
            "" => "none",
            default => default,
        };
        let _ = writeln!(
            text,
            "| `{name}` | {} | {default} | {help} |",
            values(*setting)
        );
    }
    text.push_str(VALUES_HEAD);
    for (name, words, example) in VALUES {
        let _ = writeln!(text, "| {name} | {words} | `{example}` |");
    }
    text.push_str(MESH_HEAD);
    for setting in MeshSetting::ALL {
        let (name, default) = (setting.name(), default_of(*setting));
        let _ = writeln!(text, "| `--{name}` | `{default}` | {} |", setting.help());
    }
    compare_file("docs/reference/settings.md", &text);
}

/// What a setting takes: words, or the name of a kind of value.
fn values(setting: Setting) -> String {
    let words: Vec<String> = setting
        .choices()
        .iter()
        .map(|word| format!("`{word}`"))
        .collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    let name = setting.value_name();
    let known = VALUES.iter().find(|(known, _, _)| *known == name);
    let (_, _, example) = known.unwrap_or_else(|| panic!("{name} has no row in VALUES"));
    Overrides::default().set(setting, example).unwrap();
    name.to_owned()
}

fn default_of(setting: MeshSetting) -> String {
    let mesh = Mesh::default();
    match setting {
        MeshSetting::TrustDomain => mesh.trust_domain,
        MeshSetting::Namespace => mesh.namespace,
        MeshSetting::DiscoveryAddress => mesh.discovery_address,
        MeshSetting::CaAddress => mesh.ca_address,
        MeshSetting::ServerName => mesh.server_name,
        MeshSetting::TokenAudience => mesh.token_audience,
        MeshSetting::TrustBundleConfigMap => mesh.trust_bundle_config_map,
        MeshSetting::TrustBundleKey => mesh.trust_bundle_key,
        MeshSetting::IpFamilies => mesh.ip_families.to_string(),
    }
}

/// Text that a cell of a Markdown table takes literally.
fn in_table(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*")
}

const SETTINGS_HEAD: &str = "\
# Settings

<!-- Generated from the table of settings: UPDATE_GENERATED=1 cargo test --test generated -->

A setting `NAME` is the annotation `meshctl.dev/NAME` of a pod template or a Namespace, the flag `--NAME` of `meshctl inject`, and the key `NAME` of a KRM function's `functionConfig`.
Which source wins is said in the [guide](../guide/inject.md#settings).
An annotation's value is a string: write numbers and `true` in quotes.
A value that cannot be read is refused at its line.

| Setting | Values | Default | What it does |
|---|---|---|---|
";

const VALUES_HEAD: &str = "
## Values

| Name | What it is | Example |
|---|---|---|
";

const MESH_HEAD: &str = "
## The mesh

These are the same for every pod of an installation.
They are flags of `meshctl inject` and keys of a `functionConfig`, and no annotations.
A new `--control-plane-namespace` moves the addresses and the server name that are not given.

| Flag | Default | What it is |
|---|---|---|
";

/// The kinds of values: name, what is taken, an example.
const VALUES: &[(&str, &str, &str)] = &[
    (
        "PORTS",
        "Ports and ranges of ports from 1 to 65535, with commas between; empty for none",
        "22,8000-8100",
    ),
    (
        "CIDRS",
        "Addresses and networks, IPv4 and IPv6, with commas between; empty for none",
        "169.254.169.254,10.0.0.0/8,fd00::/8",
    ),
    (
        "TARGETS",
        "Namespaces, `NAMESPACE/SERVICE` or `*`, with commas between; empty for the own namespace alone",
        "payments,data/redis",
    ),
    (
        "UID",
        "A user from 1 to 2147483647, which is not root",
        "1337",
    ),
    (
        "IMAGE",
        "`[HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]`",
        "registry.example.com/mesh-proxy:0.1.0",
    ),
    (
        "CPU",
        "A quantity of Kubernetes, not finer than `1m`",
        "500m",
    ),
    (
        "MEMORY",
        "A quantity of Kubernetes, a whole number of bytes",
        "128Mi",
    ),
    ("THREADS", "A number from 0 to 256", "2"),
    ("SECONDS", "A number from 0 to 3600", "20"),
];

/// Fails when a file holds another text than this; writes it when asked to.
fn compare_file(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert!(
        fs::read_to_string(&path).is_ok_and(|present| present == text),
        "stale: {name}\nwrite it anew: UPDATE_GENERATED=1 cargo test --test generated"
    );
}

/// Fails when the files of a directory are others than these; writes them when asked to.
fn compare(directory: &str, files: &[(String, Vec<u8>)]) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        for (name, content) in files {
            fs::write(directory.join(name), content).unwrap();
        }
    }
    let stale = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let expected = files.iter().find(|(known, _)| known == name);
        expected.is_none_or(|(_, content)| fs::read(path).ok().as_ref() != Some(content))
    };
    let present = fs::read_dir(&directory)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    let expected = files.iter().map(|(name, _)| directory.join(name));
    let mut stale: Vec<PathBuf> = present.chain(expected).filter(stale).collect();
    stale.sort();
    stale.dedup();
    assert!(
        stale.is_empty(),
        "stale: {stale:?}\nwrite them anew: UPDATE_GENERATED=1 cargo test --test generated"
    );
}
