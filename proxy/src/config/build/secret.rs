//! Reads secrets.

use std::sync::Arc;

use super::tls;
use crate::config::cursor::Cursor;
use crate::config::model::tls::{Secret, SecretKind};

pub(crate) fn secret(cursor: &Cursor<'_>) -> Option<Secret> {
    let kind = match cursor.member("type") {
        Some("tls_certificate") => SecretKind::Certificate(Arc::new(tls::certificate(
            &cursor.message("tls_certificate")?,
        )?)),
        Some(_) => {
            let context = tls::validation_context(&cursor.message("validation_context")?);
            SecretKind::Validation(Arc::new(context))
        }
        None => {
            cursor.refuse(
                "",
                "a secret needs `tls_certificate` or `validation_context`",
                "",
            );
            return None;
        }
    };
    Some(Secret {
        name: cursor.string("name"),
        kind,
        message: Arc::new(cursor.message.clone()),
    })
}
