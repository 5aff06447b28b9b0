//! The report as workflow commands, which GitHub shows beside the lines they are about.
//!
//! See <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.

use crate::report::{Finding, Report, Severity};

/// A line a finding.
pub(super) fn render(report: &Report) -> String {
    report.findings().iter().map(command).collect()
}

fn command(finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = Vec::new();
    if let Some(file) = &finding.file {
        properties.push(format!("file={}", property(file)));
    }
    if let Some(place) = finding.place {
        properties.push(format!("line={},col={}", place.line, place.column));
    }
    properties.push(format!("title={}", property(finding.code)));
    format!(
        "::{word} {}::{}\n",
        properties.join(","),
        message(&finding.message)
    )
}

fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{message, property};

    #[test]
    fn nothing_in_a_manifest_can_write_another_command() {
        assert_eq!(message("100%\n::error::x"), "100%25%0A::error::x");
        assert_eq!(property("a,b:c.yaml"), "a%2Cb%3Ac.yaml");
    }
}
