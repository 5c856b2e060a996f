//! PDF pages with plain lines of text.

use std::fmt::Write as _;

/// A PDF of one page: the title, then the lines.
pub(crate) fn pdf(title: &str, text: &str) -> Vec<u8> {
    let mut page = format!("BT /F1 18 Tf 72 760 Td ({}) Tj /F1 11 Tf 0 -20 Td 16 TL", literal(title));
    for line in text.lines() {
        // Writing to a string cannot fail.
        let _ = write!(page, " T* ({}) Tj", literal(line));
    }
    page.push_str(" ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (number, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let (start, size) = (file.len(), objects.len() + 1);
    let _ = write!(file, "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}

/// The simple font used here has no letters outside ASCII.
fn literal(text: &str) -> String {
    let ascii = text.chars().map(|letter| if (' '..='~').contains(&letter) { letter } else { '?' });
    ascii.collect::<String>().replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)")
}
