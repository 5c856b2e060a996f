//! The bytes of files: generated on request, each a valid file of its type.

mod office;
mod pdf;
mod png;
mod zip;

use std::fmt::Write as _;

use super::file::Kind;

pub(crate) use pdf::pdf;
pub(crate) use png::png;

/// A format that a native document can be exported in.
#[derive(Clone, Copy)]
pub(crate) struct Export {
    pub(crate) mime: &'static str,
    /// Generates it from its name and its text.
    pub(crate) make: fn(&str, &str) -> Vec<u8>,
}

/// The formats that documents of this kind can be exported in.
pub(crate) fn exports(kind: Kind) -> &'static [Export] {
    match kind {
        Kind::Document => &[PLAIN, MARKDOWN, HTML, PDF, DOCX],
        Kind::Spreadsheet => &[CSV, TSV, PDF, XLSX],
        Kind::Presentation => &[PLAIN, PDF],
        _ => &[],
    }
}

/// Readings of a made-up weather station, every ten minutes of a year: always the same.
pub(crate) fn measured() -> String {
    let mut text = String::from("minute_of_year,temperature_c,rain_mm,wind_m_s\n");
    let mut noise = 0x2545_f491_u32;
    for minute in (0..525_600_u32).step_by(10) {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let (tenths, rain, wind) = (noise % 250, (noise >> 8) % 97, (noise >> 16) % 120);
        let rain = rain.saturating_sub(90);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{minute},{}.{},{rain},{}.{}", tenths / 10, tenths % 10, wind / 10, wind % 10);
    }
    text
}

const PLAIN: Export = Export { mime: "text/plain", make: |name, text| format!("{name}\n\n{text}\n").into_bytes() };
const MARKDOWN: Export = Export {
    mime: "text/markdown",
    make: |name, text| format!("# {name}\n\n{}\n", text.replace('\n', "\n\n")).into_bytes(),
};
const HTML: Export = Export { mime: "text/html", make: html };
const PDF: Export = Export { mime: "application/pdf", make: pdf };
const CSV: Export =
    Export { mime: "text/csv", make: |_, text| format!("{}\r\n", text.replace('\n', "\r\n")).into_bytes() };
const TSV: Export = Export {
    mime: "text/tab-separated-values",
    make: |_, text| text.replace(',', "\t").replace('\n', "\r\n").into_bytes(),
};
const XLSX: Export =
    Export { mime: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", make: office::workbook };
const DOCX: Export =
    Export { mime: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", make: office::document };

fn html(name: &str, text: &str) -> Vec<u8> {
    let mut page = format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{0}</title></head><body><h1>{0}</h1>",
        escaped(name)
    );
    for line in text.lines() {
        page.push_str("<p>");
        page.push_str(&escaped(line));
        page.push_str("</p>");
    }
    page.push_str("</body></html>");
    page.into_bytes()
}

/// Escapes the text of HTML and XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// CRC-32 as PNG and ZIP use it (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32_comes_out() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn the_readings_come_close_to_a_megabyte() {
        assert!(measured().len() > 700_000);
    }
}
