//! Builds the lists that edits insert, and remembers the last ones: most workloads of a stream need
//! the same.

use std::rc::Rc;

use mesh_api::settings::{Mesh, Settings};
use mesh_api::sidecar::{Piece, Pod, Sidecar, sidecar};
use serde_json::Value;

/// A sidecar as the lists that edits insert. Edits share them.
pub struct Pieces {
    /// Where they come from.
    pub sidecar: Sidecar,
    pub(super) first: Rc<[Value]>,
    pub(super) last: Rc<[Value]>,
    pub(super) init: Rc<[Value]>,
    pub(super) containers: Rc<[Value]>,
    pub(super) volumes: Rc<[Value]>,
    /// New keys of a pod's spec.
    pub(super) init_key: Rc<[(String, Value)]>,
    pub(super) volumes_key: Rc<[(String, Value)]>,
    pub(super) both_keys: Rc<[(String, Value)]>,
}

impl Pieces {
    fn of(sidecar: Sidecar) -> Self {
        let values = |pieces: &[Piece]| -> Rc<[Value]> {
            pieces.iter().map(|piece| piece.value.clone()).collect()
        };
        let (first, last) = (
            values(&sidecar.first_init_containers),
            values(&sidecar.last_init_containers),
        );
        let volumes = values(&sidecar.volumes);
        let init: Rc<[Value]> = first.iter().chain(&*last).cloned().collect();
        let key = |name: &str, items: &[Value]| (name.to_owned(), Value::Array(items.to_vec()));
        let (init_key, volumes_key) = (key("initContainers", &init), key("volumes", &volumes));
        Self {
            first,
            last,
            containers: values(&sidecar.containers),
            init_key: Rc::from([init_key.clone()]),
            volumes_key: Rc::from([volumes_key.clone()]),
            both_keys: Rc::from([init_key, volumes_key]),
            init,
            volumes,
            sidecar,
        }
    }

    /// Every container that is added.
    pub fn added_containers(&self) -> impl Iterator<Item = &Value> {
        self.init.iter().chain(self.containers.iter())
    }
}

/// A sidecar, and what it was built from.
struct Known {
    settings: Settings,
    mesh: Mesh,
    pod: Pod,
    pieces: Rc<Pieces>,
}

/// The last sidecars that were built.
#[derive(Default)]
pub struct Sidecars {
    known: Vec<Known>,
}

impl Sidecars {
    /// The number of different sidecars that are kept.
    const KEPT: usize = 16;

    /// The sidecar of `pod` with `settings` in `mesh`.
    pub(super) fn get(&mut self, settings: &Settings, mesh: &Mesh, pod: &Pod) -> Rc<Pieces> {
        let known = self
            .known
            .iter()
            .find(|known| known.settings == *settings && known.mesh == *mesh && known.pod == *pod);
        if let Some(known) = known {
            return Rc::clone(&known.pieces);
        }
        let made = Rc::new(Pieces::of(sidecar(settings, mesh, pod)));
        if self.known.len() == Self::KEPT {
            self.known.remove(0);
        }
        self.known.push(Known {
            settings: settings.clone(),
            mesh: mesh.clone(),
            pod: pod.clone(),
            pieces: Rc::clone(&made),
        });
        made
    }
}
