//! Judges a family: the subjects must do what Envoy does, and the variations must be told from it.

use super::case::Case;
use super::observation::Observation;
use super::program::{Program, Variation, has_envoy, say};
use super::run::Group;
use crate::listed::{LISTED, Listed, STANDING};

/// The programs that are held against Envoy: itself, and mesh-proxy where it serves the family.
fn subjects(family: &str) -> &'static [Program] {
    if standing(family).is_some() {
        &[Program::Envoy, Program::MeshProxy]
    } else {
        &[Program::Envoy]
    }
}

/// How many cases of a family mesh-proxy is known to do as Envoy does.
fn standing(family: &str) -> Option<usize> {
    let found = STANDING.iter().find(|(name, _)| *name == family);
    found.map(|(_, alike)| *alike)
}

/// How many cases share a process.
const GROUP: usize = 45;

/// The name of the observation that a group makes of its process.
const PROCESS: &str = "statistics of the process";

/// Runs all cases of a family on all programs; fails with every difference that is not listed.
pub(crate) fn judge(family: &str, cases: Vec<Case>) {
    if !has_envoy(family) {
        return;
    }
    let wanted = std::env::var("MESHCTL_JUDGE_CASE").ok();
    let mut cases = cases;
    if let Some(wanted) = &wanted {
        cases.retain(|case| case.name.contains(wanted.as_str()));
        say(&format!(
            "NOTE {family}: only the cases that hold `{wanted}`"
        ));
    }
    let mut names: Vec<_> = cases.iter().map(|case| case.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "{family}: two cases have the same name");
    let mut verdict = Verdict::default();
    let mut first = 0;
    let mut cases = cases.into_iter().peekable();
    while cases.peek().is_some() {
        let group: Vec<_> = cases.by_ref().take(GROUP).collect();
        let size = group.len();
        verdict.judge(family, &Group::new(family, first, group));
        first += size;
    }
    for subject in subjects(family) {
        let listed = verdict
            .listed
            .iter()
            .filter(|(program, _)| program == subject)
            .count();
        let differing = verdict
            .differing
            .iter()
            .filter(|program| *program == subject)
            .count();
        let alike = count - differing;
        say(&format!(
            "{family}: {count} cases / {alike} alike / {listed} listed ({subject:?})"
        ));
        if *subject == Program::MeshProxy {
            verdict.show_open();
            if wanted.is_none() {
                verdict.check_standing(family, alike);
            }
        }
    }
    if standing(family).is_none() {
        say(&format!(
            "NOT RUN {family}: mesh-proxy does not serve it yet"
        ));
    }
    if wanted.is_none() {
        verdict.check_listed(family);
    }
    assert!(
        verdict.failures.is_empty(),
        "{family}\n{}",
        verdict.failures.join("\n")
    );
}

#[derive(Default)]
struct Verdict {
    failures: Vec<String>,
    /// Differences of mesh-proxy that are not mended yet.
    open: Vec<String>,
    differing: Vec<Program>,
    listed: Vec<(Program, &'static str)>,
}

impl Verdict {
    fn judge(&mut self, family: &str, group: &Group) {
        let envoy = group.run(Program::Envoy);
        self.check_expectations(group, &envoy);
        for subject in subjects(family) {
            let other = group.run(*subject);
            for (name, difference) in differences(group, &envoy, &other) {
                self.add(family, *subject, name, &difference);
            }
        }
        for variation in Variation::ALL {
            let program = Program::Varied(variation);
            // Where the configuration is the same, so is the program.
            if group.bootstrap(program) != group.bootstrap(Program::Envoy) {
                let other = group.run(program);
                self.check_variation(group, variation, &differences(group, &envoy, &other));
            }
        }
    }

    fn add(&mut self, family: &str, subject: Program, name: &'static str, difference: &str) {
        let entry = |listed: &&Listed| listed.family == family && listed.case == name;
        let listed = LISTED.iter().any(|listed| entry(&listed));
        if name != PROCESS {
            self.differing.push(subject);
        }
        if listed && subject == Program::MeshProxy {
            self.listed.push((subject, name));
        } else if subject == Program::MeshProxy {
            self.open
                .push(format!("{name}: {subject:?} differs\n{difference}"));
        } else {
            self.failures
                .push(format!("{name}: {subject:?} differs\n{difference}"));
        }
    }

    /// `MESHCTL_JUDGE_OPEN=1` shows what mesh-proxy does not do as Envoy does.
    fn show_open(&self) {
        if std::env::var_os("MESHCTL_JUDGE_OPEN").is_some() {
            say(&self.open.join("\n"));
        }
    }

    /// What mesh-proxy once did as Envoy does, it goes on doing.
    fn check_standing(&mut self, family: &str, alike: usize) {
        let known = standing(family).unwrap_or_default();
        if alike < known {
            let open = self.open.join("\n");
            self.failures.push(format!(
                "{family}: {alike} alike, fewer than {known}\n{open}"
            ));
        }
    }

    fn check_expectations(&mut self, group: &Group, envoy: &[Observation]) {
        for (case, observation) in group.cases().zip(envoy) {
            let text = observation.text();
            if std::env::var_os("MESHCTL_JUDGE_SHOW").is_some() {
                say(&format!("{}\n{text}", case.name));
            }
            let missing = case
                .expected
                .iter()
                .filter(|expected| !text.contains(**expected));
            let missing = missing.map(|expected| format!("lacks `{expected}`"));
            let present = case
                .unexpected
                .iter()
                .filter(|unexpected| text.contains(**unexpected));
            let present = present.map(|unexpected| format!("has `{unexpected}`"));
            let vain = text
                .contains("in vain")
                .then(|| "something did not come".to_owned());
            for problem in missing.chain(present).chain(vain) {
                self.failures
                    .push(format!("{}: Envoy {problem}\n{text}", case.name));
            }
        }
    }

    fn check_variation(
        &mut self,
        group: &Group,
        variation: Variation,
        differences: &[(&'static str, String)],
    ) {
        for case in group.cases() {
            let found = differences.iter().find(|(name, _)| *name == case.name);
            match (case.tells.contains(&variation), found) {
                (true, None) => {
                    let failure = format!("{}: does not tell {variation:?} from Envoy", case.name);
                    self.failures.push(failure);
                }
                (false, Some((name, difference))) => {
                    let failure = format!("{name}: tells {variation:?} from Envoy\n{difference}");
                    self.failures.push(failure);
                }
                _ => {}
            }
        }
    }

    /// What is listed must differ, else the list says what is no longer true.
    fn check_listed(&mut self, family: &str) {
        if standing(family).is_none() {
            return;
        }
        for listed in LISTED.iter().filter(|listed| listed.family == family) {
            if !self.listed.iter().any(|(_, name)| *name == listed.case) {
                self.failures
                    .push(format!("{}: listed, but does not differ", listed.case));
            }
        }
    }
}

fn differences(
    group: &Group,
    left: &[Observation],
    right: &[Observation],
) -> Vec<(&'static str, String)> {
    let names = group.cases().map(|case| case.name).chain([PROCESS]);
    names
        .zip(left.iter().zip(right))
        .filter_map(|(name, (left, right))| Some((name, left.difference(right)?)))
        .collect()
}
