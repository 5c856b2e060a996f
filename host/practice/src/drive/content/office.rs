//! Workbooks and documents in Office Open XML, with the parts that readers require.

use super::escaped;
use super::zip::archive;

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org";

/// A workbook of one sheet; the cells of a line are separated by commas, and text that reads as a number is one.
pub(super) fn workbook(_name: &str, text: &str) -> Vec<u8> {
    let row = |line: &str| ["<row>".to_owned(), line.split(',').map(cell).collect(), "</row>".to_owned()];
    let rows: String = text.lines().flat_map(row).collect();
    archive(&[
        content_types(
            "/xl/workbook.xml",
            "spreadsheetml.sheet.main",
            Some(("/xl/worksheets/sheet1.xml", "spreadsheetml.worksheet")),
        ),
        relationships("_rels/.rels", "officeDocument", "xl/workbook.xml"),
        (
            "xl/workbook.xml",
            format!(
                "{XML}<workbook xmlns=\"{MAIN}/spreadsheetml/2006/main\" xmlns:r=\"{MAIN}/officeDocument/2006/relationships\">\
             <sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        relationships("xl/_rels/workbook.xml.rels", "worksheet", "worksheets/sheet1.xml"),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                "{XML}<worksheet xmlns=\"{MAIN}/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
            ),
        ),
    ])
}

/// A document: its name, then one paragraph per line.
pub(super) fn document(name: &str, text: &str) -> Vec<u8> {
    let paragraph = |line| format!("<w:p><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>", escaped(line));
    let body: String = std::iter::once(name).chain(text.lines()).map(paragraph).collect();
    archive(&[
        content_types("/word/document.xml", "wordprocessingml.document.main", None),
        relationships("_rels/.rels", "officeDocument", "word/document.xml"),
        (
            "word/document.xml",
            format!(
                "{XML}<w:document xmlns:w=\"{MAIN}/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
            ),
        ),
    ])
}

fn cell(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => format!("<c><v>{number}</v></c>"),
        _ => format!("<c t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(text)),
    }
}

fn content_types(main: &str, main_type: &str, sheet: Option<(&str, &str)>) -> (&'static str, String) {
    let part = |(name, kind): (&str, &str)| {
        format!(
            "<Override PartName=\"{name}\" ContentType=\"application/vnd.openxmlformats-officedocument.{kind}+xml\"/>"
        )
    };
    let parts: String = std::iter::once((main, main_type)).chain(sheet).map(part).collect();
    (
        "[Content_Types].xml",
        format!(
            "{XML}<Types xmlns=\"{MAIN}/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>{parts}</Types>"
        ),
    )
}

fn relationships(at: &'static str, kind: &str, target: &str) -> (&'static str, String) {
    (
        at,
        format!(
            "{XML}<Relationships xmlns=\"{MAIN}/package/2006/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{MAIN}/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/></Relationships>"
        ),
    )
}
