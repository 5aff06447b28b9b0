//! Reads manifests, edits them, writes the result and reports: the course of `inject` and `uninject`.

use std::path::PathBuf;
use std::rc::Rc;

use clap::ArgMatches;
use mesh_api::settings::Image;

use crate::cli;
use crate::command::{Environment, deliver, function, selection};
use crate::error::Diagnostic;
use crate::exit::Exit;
use crate::input::{self, InputError, Source};
use crate::manifest::namespace;
use crate::manifest::outcome::{Edited, Options, Outcome, Piece, Selector, TemplatePath, Verdict};
use crate::output::{Output, WriteError};
use crate::place::Lines;
use crate::report::{Action, Detail, Entry, Format, Mode, Report};

/// One of the edits, ready to be applied.
pub(super) struct Edit {
    /// What it is.
    pub(super) action: Action,
    /// How it is done.
    pub(super) apply: for<'a> fn(&'a str, &Options) -> Edited<'a>,
    /// What it is to do.
    pub(super) options: Options,
}

/// The form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The input with the edit in it.
    Yaml,
    /// One JSON document.
    Json,
    /// RFC 6902.
    Patch,
}

/// Where the result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Standard output, as a manifest.
    Stdout(Form),
    /// The files that it came from.
    Files,
    /// Nowhere.
    Nowhere,
}

/// What the command line asks for, apart from the edit itself.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Plan {
    pub(super) target: Target,
    /// A unified diff goes to standard output.
    pub(super) diff: bool,
    /// An explanation goes to standard output.
    pub(super) explain: bool,
    /// A change is a finding.
    pub(super) check: bool,
    pub(super) report: Option<Format>,
    pub(super) report_file: Option<PathBuf>,
    pub(super) keep_going: bool,
    pub(super) detail: Detail,
}

/// One input.
#[derive(Debug)]
struct Manifest {
    source: Source,
    name: Rc<str>,
    text: String,
}

/// One input after the edit.
#[derive(Debug)]
pub(super) struct Product<'a> {
    pub(super) source: &'a Source,
    pub(super) name: &'a Rc<str>,
    pub(super) before: &'a str,
    /// The text after the edit, without what was refused.
    pub(super) after: Vec<Piece<'a>>,
    pub(super) refused: bool,
}

impl Product<'_> {
    /// Whether the edit makes a difference.
    pub(super) fn changed(&self) -> bool {
        let length: usize = self.after.iter().map(|piece| piece.as_str().len()).sum();
        length != self.before.len()
            || self
                .after
                .iter()
                .any(|piece| matches!(piece, Piece::New(_)))
    }

    /// The text after the edit in one piece.
    pub(super) fn text(&self) -> String {
        self.after.iter().map(Piece::as_str).collect()
    }
}

/// Runs an edit over everything that the command line names.
pub(super) fn run(
    name: &'static str,
    matches: &ArgMatches,
    mut edit: Edit,
    environment: &Environment,
    output: &Output,
) -> Result<Exit, WriteError> {
    let plan = plan(matches);
    let arguments: Vec<String> = matches
        .get_many("files")
        .unwrap_or_default()
        .cloned()
        .collect();
    let (sources, errors) = input::find(&arguments);
    if let Some(problem) = usage_problem(&plan, &sources, &errors) {
        usage(name, edit.action, &problem, output);
        return Ok(Exit::Usage);
    }
    let mut report = Report {
        action: edit.action,
        mode: Mode::Done,
        skips_fail: matches
            .get_one::<String>("on-skip")
            .is_some_and(|action| action == "fail"),
        entries: Vec::new(),
        failures: Vec::new(),
        warnings: Vec::new(),
        notices: Vec::new(),
        now: environment.now,
    };
    let (manifests, unread) = load(sources, errors, &mut report);
    for manifest in &manifests {
        edit.options
            .namespaces
            .extend(namespace::gather(&manifest.text));
    }
    let (products, unedited) = apply(&edit, &manifests, &mut report);
    report.warnings = selection::in_vain(
        &edit,
        manifests.iter().map(|manifest| &*manifest.text),
        &report,
    );
    let ending = unread.max(unedited).max(verdict(&plan, &products, &report));
    let stopped = ending > Exit::Findings && !plan.keep_going;
    report.mode = mode(&plan, stopped);
    notices(&edit, &manifests, &products, &mut report);
    let written = deliver::result(&plan, &products, stopped, &mut report, output)?;
    deliver::report(&plan, &report, ending.max(written), output)
}

/// Reads every input that can be read.
fn load(
    sources: Vec<Source>,
    errors: Vec<InputError>,
    report: &mut Report,
) -> (Vec<Manifest>, Exit) {
    let mut manifests = Vec::new();
    let mut errors = errors;
    for source in sources {
        match source.read() {
            Ok(text) => manifests.push(Manifest {
                name: source.name().into(),
                source,
                text,
            }),
            Err(error) => errors.push(error),
        }
    }
    let ending = errors
        .iter()
        .map(InputError::exit)
        .max()
        .unwrap_or(Exit::Clean);
    report
        .failures
        .extend(errors.iter().map(InputError::diagnostic));
    (manifests, ending)
}

/// Edits every input that can be edited.
fn apply<'a>(
    edit: &Edit,
    manifests: &'a [Manifest],
    report: &mut Report,
) -> (Vec<Product<'a>>, Exit) {
    let mut products = Vec::new();
    let mut ending = Exit::Clean;
    for manifest in manifests {
        match product(manifest, edit, report) {
            Ok(product) => products.push(product),
            Err(problem) => {
                ending = Exit::Unparsable;
                report.failures.push(problem);
            }
        }
    }
    (products, ending)
}

/// The flags that `inject` and `uninject` share, as options of the edit.
pub(super) fn selection(matches: &ArgMatches) -> Options {
    let selectors = |name: &str| {
        matches
            .get_many::<Selector>(name)
            .unwrap_or_default()
            .cloned()
            .collect()
    };
    let paths = matches
        .get_many::<TemplatePath>("template-path")
        .unwrap_or_default();
    let told = ["explain", "verbose"]
        .iter()
        .any(|flag| matches.get_flag(flag))
        || matches.contains_id("report");
    let patch = matches
        .get_one::<String>("output")
        .is_some_and(|form| form == "patch");
    Options {
        details: told || patch,
        template_paths: paths.cloned().collect(),
        only: selectors("only"),
        exclude: selectors("exclude"),
        ..Options::default()
    }
}

fn plan(matches: &ArgMatches) -> Plan {
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let (diff, explain, check) = (
        matches.get_flag("diff"),
        matches.get_flag("explain"),
        matches.get_flag("check"),
    );
    let target = if matches.get_flag("in-place") {
        Target::Files
    } else if diff || explain || check {
        Target::Nowhere
    } else {
        Target::Stdout(match text("output") {
            Some("json") => Form::Json,
            Some("patch") => Form::Patch,
            _ => Form::Yaml,
        })
    };
    Plan {
        target,
        diff,
        explain,
        check,
        report: text("report").map(|format| match format {
            "sarif" => Format::Sarif,
            "github" => Format::Github,
            _ => Format::Json,
        }),
        report_file: matches.get_one("report-file").cloned(),
        keep_going: matches.get_flag("keep-going"),
        detail: match (matches.get_flag("quiet"), matches.get_flag("verbose")) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        },
    }
}

/// What is wrong with the command line itself, now that its arguments have been looked at.
fn usage_problem(plan: &Plan, sources: &[Source], errors: &[InputError]) -> Option<Diagnostic> {
    if let Some(error) = errors.iter().find(|error| error.exit() == Exit::Usage) {
        return Some(error.diagnostic());
    }
    if plan.target == Target::Files && sources.contains(&Source::Stdin) {
        let problem = Diagnostic::new("usage", "standard input cannot be written back in place");
        return Some(problem.with_hint("name the files, or leave --in-place out"));
    }
    None
}

/// Says what is wrong with the command line, and how one looks.
pub(super) fn usage(name: &'static str, action: Action, problem: &Diagnostic, output: &Output) {
    output.message(&problem.render(output.messages, output.width));
    let mut tree = cli::tree(name);
    tree.build();
    let subcommand = match action {
        Action::Inject => "inject",
        Action::Uninject => "uninject",
    };
    if let Some(command) = tree.find_subcommand_mut(subcommand) {
        let usage = command.render_usage();
        output.message(&format!(
            "\n{usage}\n\nFor more information, try '--help'.\n"
        ));
    }
}

/// Edits one input, and notes what became of it.
fn product<'a>(
    manifest: &'a Manifest,
    edit: &Edit,
    report: &mut Report,
) -> Result<Product<'a>, Diagnostic> {
    let Manifest { source, name, text } = manifest;
    let configured = function::configure(text, name, &edit.options)?;
    let edited = (edit.apply)(text, configured.as_ref().unwrap_or(&edit.options));
    let is_refused = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Refused(_));
    let refused = edited.outcomes.iter().any(is_refused);
    if !edited.outcomes.is_empty() {
        let lines = Lines::of(text);
        let entries = edited
            .outcomes
            .into_iter()
            .map(|outcome| Entry::new(name, &lines, outcome));
        report.entries.extend(entries);
    }
    Ok(Product {
        source,
        name,
        before: text,
        after: edited.pieces,
        refused,
    })
}

/// The exit code that the edits themselves lead to.
fn verdict(plan: &Plan, products: &[Product<'_>], report: &Report) -> Exit {
    let skipped = |entry: &Entry| matches!(entry.outcome.verdict, Verdict::Skipped(_));
    if products.iter().any(|product| product.refused) {
        Exit::Unparsable
    } else if report.skips_fail
        && (report.entries.iter().any(skipped) || !report.warnings.is_empty())
    {
        Exit::Skipped
    } else if plan.check && products.iter().any(Product::changed) {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

fn mode(plan: &Plan, stopped: bool) -> Mode {
    match plan.target {
        _ if plan.check => Mode::Check,
        Target::Nowhere => Mode::Preview,
        _ if stopped => Mode::Stopped,
        Target::Files | Target::Stdout(_) => Mode::Done,
    }
}

/// Says what belongs to no single resource: an empty input, an image that nobody chose.
fn notices(edit: &Edit, manifests: &[Manifest], products: &[Product<'_>], report: &mut Report) {
    if manifests
        .iter()
        .any(|manifest| manifest.source == Source::Stdin && manifest.text.is_empty())
    {
        report.notices.push("standard input is empty".to_owned());
    }
    if edit.action == Action::Uninject || report.mode == Mode::Stopped {
        return;
    }
    let chosen = [&edit.options.flags, &edit.options.environment];
    if chosen.iter().any(|chosen| chosen.proxy_image.is_some()) {
        return;
    }
    let default = Image::default();
    // An image's tag makes it a quoted scalar in YAML and JSON alike.
    let quoted = format!("\"{default}\"");
    let is_default = |piece: &Piece<'_>| match piece {
        Piece::New(text) => text.contains(&quoted),
        Piece::Old(_) => false,
    };
    if products
        .iter()
        .any(|product| product.after.iter().any(is_default))
    {
        report.notices.push(format!(
            "the image is {default}, which the nodes must be able to pull; --proxy-image chooses another",
        ));
    }
}
