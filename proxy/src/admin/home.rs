//! Writes a page that links to every path.

use std::fmt::Write;

use super::route::ROUTES;

/// The page of `/`: orders are buttons, because they take a POST.
pub(super) fn page() -> String {
    let mut rows = String::new();
    for route in ROUTES.iter().skip(1) {
        let path = route.path.trim_start_matches('/');
        let way = if route.changes {
            format!("<form action='{path}' method='post'><button>{path}</button></form>")
        } else {
            format!("<a href='{path}'>{path}</a>")
        };
        let _ = writeln!(rows, "<tr><td>{way}</td><td>{}</td></tr>", route.help);
    }
    format!(
        "<!DOCTYPE html>\n<html lang='en'>\n<head><title>Envoy Admin</title></head>\n<body>\n\
         <table>\n<thead><tr><th>Command</th><th>Description</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</body>\n</html>\n"
    )
}
