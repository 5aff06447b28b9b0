//! Configurations that together use every honoured field.

use std::fs;
use std::path::Path;

use base64::Engine as _;

/// The configurations by name, with their files in `directory`.
pub(crate) fn configurations(directory: &Path) -> Vec<(&'static str, String)> {
    crate::certificates::write(directory, "one", 2999);
    fs::write(directory.join("lds.yaml"), "resources: []\n").unwrap();
    fs::write(directory.join("eds.yaml"), "resources: []\n").unwrap();
    let roots = fs::read_to_string(directory.join("one.pem")).unwrap();
    let encoded = base64::engine::general_purpose::STANDARD.encode(&roots);
    let read = |name: &'static str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/everything");
        let text = fs::read_to_string(path.join(format!("{name}.yaml"))).unwrap();
        let text = text.replace("DIRECTORY", directory.to_str().unwrap());
        let text = text.replace(
            "{environment_variable: ROOTS}",
            &format!("{{inline_string: {roots:?}}}"),
        );
        let crl = crate::certificates::revoked();
        let text = text.replace("\"CRL\"", &format!("{crl:?}"));
        (name, text.replace("ROOTS64", &encoded))
    };
    vec![
        read("bootstrap"),
        read("statistics"),
        read("silent"),
        read("listeners"),
        read("http"),
        read("routes"),
        read("clusters"),
        read("tls"),
    ]
}
