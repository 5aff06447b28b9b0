//! What became of each resource of a stream: the contract between the edits and every report.

use std::collections::HashMap;
use std::rc::Rc;
use std::{fmt, io};

use mesh_api::settings::Overrides;

use crate::manifest::namespace::NamespaceSettings;

/// A stream after an edit: the input's own bytes with new text between them.
#[derive(Debug, Clone, Default)]
pub struct Edited<'a> {
    /// The whole text in order. Refused documents are left out of it.
    pub pieces: Vec<Piece<'a>>,
    /// One entry a resource that is a workload, was edited, or could not be read; in order.
    pub outcomes: Vec<Outcome>,
}

/// A part of an edited stream.
#[derive(Debug, Clone)]
pub enum Piece<'a> {
    /// Bytes of the input.
    Old(&'a str),
    /// New bytes; equal ones are shared between workloads.
    New(Rc<str>),
}

impl Piece<'_> {
    /// The bytes.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Old(text) => text,
            Self::New(text) => text,
        }
    }
}

impl Edited<'_> {
    /// Writes the whole text.
    pub fn write_to(&self, out: &mut impl io::Write) -> io::Result<()> {
        self.pieces
            .iter()
            .try_for_each(|piece| out.write_all(piece.as_str().as_bytes()))
    }
}

impl fmt::Display for Edited<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces
            .iter()
            .try_for_each(|piece| formatter.write_str(piece.as_str()))
    }
}

/// What became of one resource.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which document of the stream, from 0.
    pub document: usize,
    /// Which resource of the document, from 0; unknown when the document could not be read.
    pub resource: Option<usize>,
    /// The byte of the input stream at which the resource (or the problem's document) begins.
    pub offset: usize,
    /// `apiVersion` as written; empty if unknown.
    pub api_version: String,
    /// `kind` as written; empty if unknown.
    pub kind: String,
    /// `metadata.namespace`, if given.
    pub namespace: Option<String>,
    /// `metadata.name` or `generateName`; empty if neither.
    pub name: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Things to know that did not stop the edit.
    pub notes: Vec<Note>,
    /// What was added (or removed) and why, in words, one line each; for `--explain`.
    pub changes: Vec<Change>,
    /// The same edit as RFC 6902 operations on this resource.
    pub patch: Vec<PatchOperation>,
    /// How Pod Security sees the pod before and after; only for pods that were looked at.
    pub security: Option<PodSecurity>,
}

impl Outcome {
    /// The outcome of a document of which no resource is known; `Unchanged` until told otherwise.
    pub fn of_document() -> Self {
        Self {
            document: 0,
            resource: None,
            offset: 0,
            api_version: String::new(),
            kind: String::new(),
            namespace: None,
            name: String::new(),
            verdict: Verdict::Unchanged,
            notes: Vec::new(),
            changes: Vec::new(),
            patch: Vec::new(),
            security: None,
        }
    }

    /// Changes every offset.
    pub fn move_offsets(&mut self, to: impl Fn(usize) -> usize) {
        self.offset = to(self.offset);
        self.notes
            .iter_mut()
            .for_each(|note| note.offset = to(note.offset));
        match &mut self.verdict {
            Verdict::Skipped(skip) => skip.offset = to(skip.offset),
            Verdict::Refused(problem) => problem.offset = to(problem.offset),
            _ => {}
        }
    }
}

/// What was decided for one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The sidecar was added (or, for a Namespace or Service, our annotations).
    Injected,
    /// Our own older injection was replaced.
    Updated,
    /// It already carries exactly this injection (or, for uninject, none).
    Unchanged,
    /// Uninject took a sidecar away.
    Uninjected {
        /// Whose it was: `meshctl`, `Linkerd`, `Istio`.
        mesh: &'static str,
    },
    /// Left as it is, on purpose.
    Skipped(Skip),
    /// Cannot be edited safely; the input stays untouched.
    Refused(Problem),
}

/// Why a workload was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// A stable name: `host-network`, `opted-out`, `other-mesh`, `windows`, `proxy-uid`, `port-clash`, …
    pub code: &'static str,
    /// In words.
    pub reason: String,
    /// The deciding key as a path with its value, such as `spec.template.spec.hostNetwork: true`.
    pub key: String,
    /// The byte of the input stream at which that key's value stands.
    pub offset: usize,
}

/// Why a document cannot be edited, where, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable name: `syntax`, `duplicate-key`, `alias`, `merge-key`, `template`, `annotation`, `flow-null`, `proof`, …
    pub code: &'static str,
    /// What is wrong; one line, no full stop.
    pub message: String,
    /// The byte of the input stream it is about.
    pub offset: usize,
    /// What to do; one line, no full stop.
    pub hint: Option<String>,
}

/// Something to know about a resource that was edited all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A stable name: `tcp-probe`, `guaranteed-qos`, `shared-process-namespace`, `udp`, …
    pub code: &'static str,
    /// In words; one line, no full stop.
    pub message: String,
    /// The byte of the input stream it is about.
    pub offset: usize,
}

/// One thing that was added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path, such as `spec.template.spec.initContainers[mesh-init]`.
    pub path: String,
    /// Why it is there, in words; one line.
    pub why: String,
}

/// One RFC 6902 operation.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchOperation {
    /// `add`, `remove` or `replace`.
    pub op: &'static str,
    /// An RFC 6901 pointer from the resource's root.
    pub path: String,
    /// The value, for `add` and `replace`.
    pub value: Option<serde_json::Value>,
}

/// A Pod Security level.
/// See <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Anything goes.
    Privileged,
    /// No known privilege escalation.
    Baseline,
    /// Current hardening practice.
    Restricted,
}

/// How Pod Security sees a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSecurity {
    /// The strictest level that the pod met before.
    pub before: Level,
    /// The strictest level that it meets with the sidecar.
    pub after: Level,
    /// What the pod itself violates: (level that rejects it, field and value).
    pub violates: Vec<(Level, String)>,
    /// What we add that a level rejects.
    pub added: Vec<(Level, String)>,
}

/// What `inject` is to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Settings from explicit flags (and a KRM function's configuration).
    pub flags: Overrides,
    /// Settings from the environment (`MESHCTL_PROXY_IMAGE`).
    pub environment: Overrides,
    /// Pod template paths of kinds we do not know: kind (`None` = any unknown kind) and keys.
    pub template_paths: Vec<TemplatePath>,
    /// What Namespaces elsewhere in the input say, by name (`namespace::gather`).
    pub namespaces: HashMap<String, NamespaceSettings>,
    /// Only these resources, when not empty.
    pub only: Vec<Selector>,
    /// Never these.
    pub exclude: Vec<Selector>,
    /// Label Namespaces `meshctl.dev/inject: enabled` and annotate them with the given flags.
    pub annotate_namespaces: bool,
    /// Fill in [`Outcome::changes`], [`Outcome::patch`] and [`Outcome::security`].
    pub details: bool,
    /// Annotate Services with `opaque-ports` from the flags.
    pub annotate_services: bool,
}

/// Where a kind that we do not know keeps its pod template: `--template-path [KIND=]spec.template`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplatePath {
    /// The kind; without it, every kind we do not know.
    pub kind: Option<String>,
    /// Mapping keys from the root to the pod template (the object that holds `metadata` and `spec`).
    pub path: Vec<String>,
}

/// A resource by `kind/name`; either side may be `*`; the kind is compared without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// `Deployment`, `deployment` or `*`.
    pub kind: String,
    /// A name or `*`.
    pub name: String,
}
