//! Prints the names of certificates as RFC 2253 has them, the way BoringSSL does.

use std::fmt::Write as _;

use x509_parser::der_parser::asn1_rs::{Any, Class, Tag, ToDer as _};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A distinguished name, its last part first.
pub(super) fn print(name: &X509Name<'_>) -> String {
    let mut out = String::new();
    let parts: Vec<_> = name
        .iter_rdn()
        .map(|part| part.iter().collect::<Vec<_>>())
        .collect();
    for part in parts.iter().rev() {
        for (position, attribute) in part.iter().rev().enumerate() {
            match (out.is_empty(), position) {
                (true, _) => {}
                (false, 0) => out.push(','),
                (false, _) => out.push('+'),
            }
            print_attribute(attribute, &mut out);
        }
    }
    out
}

fn print_attribute(attribute: &AttributeTypeAndValue<'_>, out: &mut String) {
    let kind = attribute.attr_type().to_id_string();
    let value = attribute.attr_value();
    let short = SHORT_NAMES
        .iter()
        .find(|(id, _)| *id == kind)
        .map(|(_, short)| *short);
    let _ = write!(out, "{}=", short.unwrap_or(&kind));
    // What nobody knows is shown as the bytes it is.
    match short.and_then(|_| text(value)) {
        Some(text) => escape(&text, out),
        None => dump(value, out),
    }
}

/// The text of a value, whatever kind of text it is.
fn text(value: &Any<'_>) -> Option<Vec<u8>> {
    if value.class() != Class::Universal {
        return None;
    }
    let from_latin = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    let wide = |bytes: &[u8], width: usize| {
        let characters = bytes.chunks(width).map(|chunk| {
            let code = chunk
                .iter()
                .fold(0, |code, byte| code << 8 | u32::from(*byte));
            (chunk.len() == width)
                .then(|| char::from_u32(code))
                .flatten()
        });
        characters
            .collect::<Option<String>>()
            .map(String::into_bytes)
    };
    match value.tag() {
        Tag::Utf8String => Some(value.data.to_vec()),
        Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString
        | Tag::T61String
        | Tag::UtcTime
        | Tag::GeneralizedTime => Some(from_latin(value.data).into_bytes()),
        Tag::BmpString => wide(value.data, 2),
        Tag::UniversalString => wide(value.data, 4),
        _ => None,
    }
}

/// Escapes what would read as something else: RFC 2253, 2.4, and all that is not printable ASCII.
fn escape(text: &[u8], out: &mut String) {
    for (position, byte) in text.iter().enumerate() {
        let (first, last) = (position == 0, position + 1 == text.len());
        match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b' ' if first || last => out.push_str("\\ "),
            b'#' if first => out.push_str("\\#"),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\{byte:02X}");
            }
        }
    }
}

fn dump(value: &Any<'_>, out: &mut String) {
    out.push('#');
    for byte in value.to_der_vec().unwrap_or_default() {
        let _ = write!(out, "{byte:02X}");
    }
}

/// The attributes that have a short name in BoringSSL.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.14", "searchGuide"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.18", "postOfficeBox"),
    ("2.5.4.19", "physicalDeliveryOfficeName"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.72", "role"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.3", "mail"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.2.840.113549.1.9.8", "unstructuredAddress"),
];

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, KeyPair};
    use x509_parser::prelude::FromDer as _;

    fn printed(parts: &[(DnType, DnValue)]) -> String {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        for (kind, value) in parts {
            parameters
                .distinguished_name
                .push(kind.clone(), value.clone());
        }
        parameters.custom_extensions = Vec::<CustomExtension>::new();
        let certificate = parameters
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap();
        let (_, parsed) =
            x509_parser::certificate::X509Certificate::from_der(certificate.der()).unwrap();
        super::print(parsed.subject())
    }

    fn utf8(text: &str) -> DnValue {
        DnValue::Utf8String(text.to_owned())
    }

    #[test]
    fn names_are_reversed_and_escaped() {
        let parts = [
            (
                DnType::CountryName,
                DnValue::PrintableString("DE".try_into().unwrap()),
            ),
            (DnType::OrganizationName, utf8("Müller, Söhne + \"Co\"")),
            (DnType::CommonName, utf8(" #a=b ")),
        ];
        let expected = r#"CN=\ #a=b\ ,O=M\C3\BCller\, S\C3\B6hne \+ \"Co\",C=DE"#;
        assert_eq!(printed(&parts), expected);
    }

    #[test]
    fn the_unknown_is_shown_as_bytes() {
        let parts = [(DnType::CustomDnType(vec![1, 2, 3, 4]), utf8("hi"))];
        assert_eq!(printed(&parts), "1.2.3.4=#0C026869");
        assert_eq!(printed(&[(DnType::CommonName, utf8("#"))]), r"CN=\#");
        assert_eq!(printed(&[]), "");
    }
}
