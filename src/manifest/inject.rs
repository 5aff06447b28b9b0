//! Adds the sidecar to every workload of a stream.

use std::collections::{HashMap, HashSet};

use mesh_api::settings::Overrides;

use crate::manifest::document::{self, Desk, Fate};
use crate::manifest::edit::{self, Edit, Splice, WayBack};
use crate::manifest::namespace::{self, NamespaceSettings};
use crate::manifest::outcome::{Edited, Note, Options, Outcome, Problem, Verdict};
use crate::manifest::patch;
use crate::manifest::plan::{self, Decision, Plan, Sidecars, Surroundings};
use crate::manifest::removal::{self, Removal};
use crate::manifest::security;
use crate::manifest::tree::{NodeId, Tree};
use crate::manifest::view::View;
use crate::manifest::workload::{self, Resource, Role};

/// Adds the sidecar to every workload of `text`, which may hold many documents. Reads nothing but
/// `text` and `options`.
pub fn inject<'a>(text: &'a str, options: &Options) -> Edited<'a> {
    let mut injector = Injector {
        options,
        namespaces: namespace::gather(text),
        sidecars: Sidecars::default(),
        desk: Desk::default(),
        verdicts: security::Cache::default(),
    };
    document::each(
        text,
        |kind| workload::is_of_interest(kind, options),
        |slice| injector.document(slice),
    )
}

struct Injector<'o> {
    options: &'o Options,
    namespaces: HashMap<String, NamespaceSettings>,
    sidecars: Sidecars,
    desk: Desk,
    verdicts: security::Cache,
}

/// The edits of a document with what becomes of its resources; an edited one knows its own edits.
struct Draft {
    edits: Vec<Edit>,
    outcomes: Vec<Outcome>,
    /// For each resource: what it gets.
    given: HashMap<usize, Given>,
}

/// What a resource gets, in short.
struct Given {
    digest: String,
    /// The names of its new containers and volumes.
    names: Vec<String>,
}

impl Given {
    /// Whether a resource carries just this already.
    fn is_in(&self, removal: &Removal) -> bool {
        self.digest == removal.injected.digest
            && self.names.iter().all(|name| removal.names.contains(name))
    }
}

impl Draft {
    /// The refusal of a whole document because of a problem at one of its resources.
    fn refuse(mut self, problem: Problem) -> Box<Refusal> {
        let whose = self
            .outcomes
            .iter()
            .rposition(|outcome| {
                outcome.verdict == Verdict::Injected && outcome.offset <= problem.offset
            })
            .map_or_else(Outcome::of_document, |at| self.outcomes.remove(at));
        Refusal::new(whose, problem).with(self.outcomes)
    }
}

impl Injector<'_> {
    fn document(&mut self, text: &str) -> (Fate, Vec<Outcome>) {
        let tree = match document::read(text) {
            Ok(tree) => tree,
            Err(problem) => return Refusal::new(Outcome::of_document(), problem).fate(),
        };
        let resources = workload::resources(&tree);
        let mut ours = Vec::new();
        for (index, resource) in resources.iter().enumerate() {
            match self.ours(&tree, resource) {
                Ok(removal) => ours.extend(removal.map(|removal| (index, removal))),
                Err(problem) => return Refusal::new(outcome(&tree, resource), problem).fate(),
            }
        }
        if ours.is_empty() {
            return self.fresh(&tree, &resources);
        }
        self.again(&tree, &resources, &ours)
            .unwrap_or_else(|refusal| refusal.fate())
    }

    /// What takes our additions out of a resource that this injection is about.
    fn ours(&self, tree: &Tree<'_>, resource: &Resource<'_>) -> Result<Option<Removal>, Problem> {
        match workload::role(resource, self.options) {
            Role::Workload(_) => removal::ours(tree, resource, self.options),
            role if namespace::is_asked_for(&role, self.options) => {
                removal::marks(tree, resource, self.options)
            }
            _ => Ok(None),
        }
    }

    /// A document without anything of ours.
    fn fresh(&mut self, tree: &Tree<'_>, resources: &[Resource<'_>]) -> (Fate, Vec<Outcome>) {
        let mut draft = match self.draft(tree, resources, &HashMap::new(), &HashSet::new()) {
            Ok(draft) => draft,
            Err(refusal) => return refusal.fate(),
        };
        if draft.edits.is_empty() {
            return (Fate::Keep, draft.outcomes);
        }
        match document::edit(tree, &mut draft.edits, &mut self.desk) {
            Ok(splices) => (Fate::Splice(splices), draft.outcomes),
            Err(problem) => draft.refuse(problem).fate(),
        }
    }

    /// A document of which some workloads carry an injection of ours: an equal one stays, another
    /// is taken out and put in anew.
    fn again(
        &mut self,
        tree: &Tree<'_>,
        before: &[Resource<'_>],
        ours: &[(usize, Removal)],
    ) -> Result<(Fate, Vec<Outcome>), Box<Refusal>> {
        let previous: HashMap<usize, _> = ours
            .iter()
            .map(|(index, removal)| (*index, removal.previous.clone()))
            .collect();
        // First without any of ours, to see what each would get today.
        let (bare, gone) = self.without(tree, ours, &HashSet::new())?;
        let bare_tree = document::read(&bare)?;
        let resources = workload::resources(&bare_tree);
        let draft = self
            .draft(&bare_tree, &resources, &previous, &HashSet::new())
            .map_err(|refusal| refusal.before(&WayBack::of(&gone)))?;
        let is_equal = |index: &usize, removal: &Removal| {
            let given = draft.given.get(index);
            given.is_some_and(|given| given.is_in(removal))
        };
        let equal: HashSet<usize> = ours
            .iter()
            .filter(|(index, removal)| is_equal(index, removal))
            .map(|(index, _)| *index)
            .collect();
        let (kept, taken) = self.without(tree, ours, &equal)?;
        let back = WayBack::of(&taken);
        let kept_tree = document::read(&kept)?;
        let resources = workload::resources(&kept_tree);
        let mut draft = self
            .draft(&kept_tree, &resources, &previous, &equal)
            .map_err(|refusal| refusal.before(&back))?;
        let splices = match document::edit(&kept_tree, &mut draft.edits, &mut self.desk) {
            Ok(splices) => splices,
            Err(problem) => return Err(draft.refuse(problem).before(&back)),
        };
        let mut text = String::new();
        edit::apply(&kept, &splices, &mut text);
        for outcome in &mut draft.outcomes {
            outcome.move_offsets(|offset| back.original(offset));
            let Some(index) = outcome.resource.filter(|index| !equal.contains(index)) else {
                continue;
            };
            if let Ok(at) = ours.binary_search_by_key(&index, |(index, _)| *index) {
                self.replaced(tree, before[index].id, &ours[at].1, outcome);
            }
        }
        let fate = if text == tree.text {
            Fate::Keep
        } else {
            Fate::Replace(text)
        };
        Ok((fate, draft.outcomes))
    }

    /// Says of a resource that what it carried of ours was taken out first.
    fn replaced(
        &self,
        tree: &Tree<'_>,
        resource: NodeId,
        removal: &Removal,
        outcome: &mut Outcome,
    ) {
        if outcome.verdict == Verdict::Injected {
            outcome.verdict = Verdict::Updated;
        } else {
            outcome.notes.push(Note {
                code: "sidecar-removed",
                message: "the sidecar that it carried was taken out".into(),
                offset: outcome.offset,
            });
        }
        if self.options.details {
            let removals = patch::operations(tree, resource, &removal.edits);
            outcome.patch.splice(0..0, removals);
        }
    }

    /// The document without our injections, but for those of the resources in `keep`.
    fn without(
        &mut self,
        tree: &Tree<'_>,
        ours: &[(usize, Removal)],
        keep: &HashSet<usize>,
    ) -> Result<(String, Vec<Splice>), Problem> {
        let gone = ours.iter().filter(|(index, _)| !keep.contains(index));
        let mut edits: Vec<Edit> = gone
            .flat_map(|(_, removal)| removal.edits.clone())
            .collect();
        let splices = document::edit(tree, &mut edits, &mut self.desk)?;
        let mut text = String::new();
        edit::apply(tree.text, &splices, &mut text);
        Ok((text, splices))
    }

    /// What each resource gets, those in `keep` left as they are.
    fn draft(
        &mut self,
        tree: &Tree<'_>,
        resources: &[Resource<'_>],
        previous: &HashMap<usize, Overrides>,
        keep: &HashSet<usize>,
    ) -> Result<Draft, Box<Refusal>> {
        let mut draft = Draft {
            edits: Vec::new(),
            outcomes: Vec::new(),
            given: HashMap::new(),
        };
        for (index, resource) in resources.iter().enumerate() {
            let mut outcome = outcome(tree, resource);
            outcome.resource = Some(index);
            if !workload::is_selected(resource.kind, &outcome.name, self.options) {
                continue;
            }
            if keep.contains(&index) {
                outcome.verdict = Verdict::Unchanged;
                draft.outcomes.push(outcome);
                continue;
            }
            let previous = previous.get(&index).cloned().unwrap_or_default();
            let planned = match workload::role(resource, self.options) {
                Role::Workload(path) => self
                    .workload(tree, resource, &path, previous, &mut outcome)
                    .map(|plan| Some(plan.map_or_else(Default::default, given))),
                role => {
                    let around = (self.options, &previous);
                    namespace::annotate(tree, resource, &role, around, &mut outcome).map(|marks| {
                        marks.map(|(edits, digest)| {
                            let names = Vec::new();
                            (edits, digest.map(|digest| Given { digest, names }))
                        })
                    })
                }
            };
            let (edits, given) = match planned {
                Ok(Some(planned)) => planned,
                Ok(None) => continue,
                Err(problem) => return Err(Refusal::new(outcome, problem).with(draft.outcomes)),
            };
            draft.given.extend(given.map(|given| (index, given)));
            if self.options.details {
                outcome.patch = patch::operations(tree, resource.id, &edits);
            }
            draft.edits.extend(edits);
            draft.outcomes.push(outcome);
        }
        Ok(draft)
    }

    /// Plans one workload; a skip is written into `outcome`.
    fn workload(
        &mut self,
        tree: &Tree<'_>,
        resource: &Resource<'_>,
        path: &[String],
        previous: Overrides,
        outcome: &mut Outcome,
    ) -> Result<Option<Plan>, Problem> {
        let namespace = outcome.namespace.as_deref().and_then(|name| {
            let here = self.namespaces.get(name);
            Some((name, here.or_else(|| self.options.namespaces.get(name))?))
        });
        let around = Surroundings {
            options: self.options,
            namespace,
            previous,
        };
        match plan::plan(
            tree,
            resource.id,
            resource.kind,
            path,
            &around,
            &mut self.sidecars,
        )? {
            Decision::Skip(skip) => {
                outcome.verdict = Verdict::Skipped(skip);
                Ok(None)
            }
            Decision::Inject(mut plan) => {
                outcome.verdict = Verdict::Injected;
                outcome.notes = std::mem::take(&mut plan.notes);
                outcome.changes = std::mem::take(&mut plan.changes);
                if self.options.details {
                    let spec = View::new(tree, plan.spec);
                    outcome.security = Some(self.verdicts.verdict(spec, &plan.pieces));
                }
                Ok(Some(*plan))
            }
        }
    }
}

/// The edits of a plan, and what they add.
fn given(plan: Plan) -> (Vec<Edit>, Option<Given>) {
    let sidecar = &plan.pieces.sidecar;
    let volumes = sidecar.volumes.iter().map(|volume| &volume.value);
    let pieces = plan.pieces.added_containers().chain(volumes);
    let names = pieces.filter_map(|piece| Some(piece.get("name")?.as_str()?.to_owned()));
    let given = Given {
        digest: sidecar.digest.clone(),
        names: names.collect(),
    };
    (plan.edits, Some(given))
}

/// An outcome that says whose it is and nothing yet of what became of it.
pub fn outcome(tree: &Tree<'_>, resource: &Resource<'_>) -> Outcome {
    let view = View::new(tree, resource.id);
    let metadata = |key| view.text_at(&["metadata", key]);
    Outcome {
        offset: tree.node(resource.id).start as usize,
        api_version: resource.api_version.to_owned(),
        kind: resource.kind.to_owned(),
        namespace: metadata("namespace").map(str::to_owned),
        name: workload::name(tree, resource.id).to_owned(),
        ..Outcome::of_document()
    }
}

/// A document that cannot be edited.
pub struct Refusal {
    outcome: Outcome,
    problem: Problem,
    /// What had become of the other resources of the document.
    others: Vec<Outcome>,
}

impl Refusal {
    /// A refusal because of one resource.
    pub fn new(outcome: Outcome, problem: Problem) -> Box<Self> {
        Box::new(Self {
            outcome,
            problem,
            others: Vec::new(),
        })
    }

    fn with(mut self: Box<Self>, others: Vec<Outcome>) -> Box<Self> {
        self.others = others;
        self
    }

    /// The same in the text as it was before an edit.
    fn before(mut self: Box<Self>, back: &WayBack) -> Box<Self> {
        let original = |offset| back.original(offset);
        self.outcome.move_offsets(original);
        self.problem.offset = original(self.problem.offset);
        self.others
            .iter_mut()
            .for_each(|it| it.move_offsets(original));
        self
    }

    /// The document is left out; of its other resources, the skipped ones are still told of.
    pub fn fate(self) -> (Fate, Vec<Outcome>) {
        let Self {
            mut outcome,
            problem,
            mut others,
        } = self;
        if outcome.kind.is_empty() {
            outcome.offset = problem.offset;
        }
        outcome.verdict = Verdict::Refused(problem);
        others.retain(|other| matches!(other.verdict, Verdict::Skipped(_)));
        others.push(outcome);
        (Fate::LeaveOut, others)
    }
}

impl From<Problem> for Box<Refusal> {
    fn from(problem: Problem) -> Self {
        Refusal::new(Outcome::of_document(), problem)
    }
}
