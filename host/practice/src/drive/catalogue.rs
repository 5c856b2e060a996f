//! The made-up files.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

use super::file::{Body, File, Kind};
use crate::people::{PEOPLE, Person, SERVICE_PERSON};

/// A file in short: folder (`""` is the top), name, kind, days it was created and modified, marks, content.
type Row = (&'static str, &'static str, Kind, &'static str, &'static str, &'static [Mark], Body);

/// A special property of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Starred,
    Trashed,
    /// Ada shared it with Grace.
    Shared,
    Described(&'static str),
}

use Body::{Measured, Written};
use Kind::{Csv, Document, Folder, Json, Markdown, Pdf, Png, Presentation, Spreadsheet, Text};
use Mark::{Described, Shared, Starred, Trashed};

#[rustfmt::skip]
const ADA: &[Row] = &[
    ("", "Projects", Folder, "2025-01-07 08:10", "2026-03-14 16:20", &[Starred], Written("")),
    ("Projects", "Weather station", Folder, "2025-01-07 08:12", "2026-03-14 16:20", &[Shared, Described("Everything about the station on the roof")], Written("")),
    ("Projects", "Loom", Folder, "2025-06-02 09:30", "2026-02-11 11:05", &[], Written("")),
    ("", "Travel", Folder, "2025-02-20 18:00", "2026-03-02 21:14", &[], Written("")),
    ("", "Household", Folder, "2024-11-03 10:00", "2026-01-18 19:40", &[], Written("")),
    ("Weather station", "Station handbook", Document, "2025-01-08 09:00", "2026-03-14 16:20", &[Shared, Starred], Written("The station stands on the north corner of the roof.\nThe rain gauge is emptied on Mondays, before the readings are taken.\nBatteries last eleven weeks; the spare set is in the blue drawer.")),
    ("Weather station", "Readings by month", Spreadsheet, "2025-02-01 07:45", "2026-03-01 07:50", &[Shared], Written("Month,Rain (mm),Mean temperature (C),Days below zero\nNovember 2025,88,6.1,3\nDecember 2025,104,3.4,9\nJanuary 2026,71,2.2,14\nFebruary 2026,59,4.0,6")),
    ("Weather station", "Raw readings 2025.csv", Csv, "2026-01-02 00:05", "2026-01-02 00:05", &[Shared], Measured),
    ("Weather station", "sensors.json", Json, "2025-01-09 14:30", "2025-09-23 10:12", &[Shared], Written("{\n  \"station\": \"roof-north\",\n  \"sensors\": [\n    { \"id\": \"t1\", \"kind\": \"thermometer\", \"height_m\": 2.0 },\n    { \"id\": \"r1\", \"kind\": \"rain gauge\", \"height_m\": 1.0 },\n    { \"id\": \"w1\", \"kind\": \"anemometer\", \"height_m\": 10.0 }\n  ]\n}\n")),
    ("Weather station", "Talk for the science club", Presentation, "2025-10-15 17:00", "2025-11-05 20:31", &[], Written("A year of weather on one roof\nWhat we measured, and how often\nThe wettest day: 41 mm in six hours\nWhat surprised us: frost in May")),
    ("Weather station", "Anemometer manual.pdf", Pdf, "2025-01-08 10:22", "2025-01-08 10:22", &[], Written("Mount the cups level and clear of walls.\nGrease the bearing once a year.\nOne turn a second is 2.4 metres a second.")),
    ("Loom", "Pattern notes", Document, "2025-06-02 09:40", "2026-02-11 11:05", &[], Written("Cards are read from the left.\nA hole lifts the thread; no hole leaves it down.\nThe rose pattern needs 48 cards and repeats twice across the width.")),
    ("Loom", "Thread budget", Spreadsheet, "2025-06-10 12:00", "2025-12-20 09:15", &[], Written("Colour,Skeins,Price each,Total\nIndigo,12,4.20,50.40\nMadder,8,5.10,40.80\nUndyed,30,2.75,82.50")),
    ("Loom", "cards.md", Markdown, "2025-06-03 08:00", "2025-08-19 13:27", &[], Written("# Cards\n\n- [x] punch the border\n- [x] punch the rose\n- [ ] lace the second set\n\nKeep the deck dry.\n")),
    ("Loom", "Supplier invoice 1843.pdf", Pdf, "2025-07-01 15:10", "2025-07-01 15:10", &[], Written("Invoice 1843\n12 skeins indigo, 8 skeins madder\nPaid with thanks.")),
    ("Travel", "Trip plan", Document, "2025-12-27 20:00", "2026-03-02 21:14", &[Starred], Written("Take the first ferry on Saturday; the second is slower.\nLunch at the harbour, then the lighthouse walk, about two hours.\nBack by the evening train. Tickets are in the drawer.")),
    ("Travel", "Trip costs", Spreadsheet, "2025-12-27 20:30", "2026-02-28 22:02", &[], Written("What,Who,Amount\nFerry tickets,Ada,64.00\nRoom for two nights,Ada,188.00\nLunch,Grace,41.50")),
    ("Travel", "Harbour at dawn.png", Png, "2025-08-30 06:12", "2025-08-30 06:12", &[Described("From the east pier")], Written("")),
    ("Travel", "Ferry timetable.pdf", Pdf, "2026-01-04 11:00", "2026-01-04 11:00", &[], Written("Saturday: 07:20 09:50 13:15 17:40\nSunday: 08:50 13:15 18:10\nNo ferry in a storm.")),
    ("Travel", "Ada's packing list.txt", Text, "2026-02-27 19:00", "2026-02-28 08:05", &[], Written("Raincoat\nNotebook, two pencils\nField glasses\nSandwiches\n")),
    ("Household", "Recipes", Document, "2024-11-03 10:10", "2026-01-18 19:40", &[], Written("Lentil soup: one onion, two carrots, 300 g lentils, forty minutes.\nPlum cake: 1 kg plums, 400 g flour, yeast, patience.")),
    ("Household", "Meter readings", Spreadsheet, "2024-12-31 17:00", "2025-12-31 17:05", &[], Written("Date,Electricity (kWh),Water (m3)\n2024-12-31,10482,311\n2025-06-30,11540,342\n2025-12-31,12735,371")),
    ("Household", "Boiler guarantee.pdf", Pdf, "2024-11-20 09:00", "2024-11-20 09:00", &[], Written("Guaranteed for ten years from the day of fitting.\nHave it looked after every autumn.")),
    ("", "Letter to Grace", Document, "2026-03-10 21:00", "2026-03-11 07:30", &[Shared], Written("Dear Grace,\nthe station has run for a whole year now. I have shared the folder with you.\nThe moth you taped into your log book made everybody laugh.\nYours, Ada")),
    ("", "todo.txt", Text, "2025-05-05 05:05", "2026-03-15 08:00", &[], Written("empty the rain gauge\nanswer Grace\norder indigo\n")),
    ("", "Old draft", Document, "2024-10-01 08:00", "2024-10-02 08:00", &[Trashed], Written("Nothing worth keeping.")),
    ("Travel", "Ferry timetable 2024.pdf", Pdf, "2024-01-04 11:00", "2024-01-04 11:00", &[Trashed], Written("No longer valid.")),
];

#[rustfmt::skip]
const GRACE: &[Row] = &[
    ("", "Compiler", Folder, "2025-03-01 09:00", "2026-03-12 18:00", &[Starred], Written("")),
    ("Compiler", "Design notes", Document, "2025-03-01 09:10", "2026-03-12 18:00", &[], Written("Words, not symbols: people should read what the machine will do.\nEvery message says what was wrong and in which line.")),
    ("Compiler", "Test runs", Spreadsheet, "2025-03-20 10:00", "2026-02-01 12:00", &[], Written("Run,Programs,Failures\n1,40,12\n2,44,5\n3,51,0")),
    ("Compiler", "release-plan.md", Markdown, "2025-11-11 11:11", "2026-01-30 08:00", &[], Written("# Release\n\n1. Freeze the grammar\n2. Run all programs twice\n3. Write the letter\n")),
    ("", "Log book", Folder, "2025-09-09 15:45", "2025-09-09 16:00", &[], Written("")),
    ("Log book", "Page 92.pdf", Pdf, "2025-09-09 15:45", "2025-09-09 15:45", &[], Written("15:45 Relay 70, panel F: moth in relay.\nFirst actual case of one being found.")),
    ("Log book", "moth.png", Png, "2025-09-09 15:50", "2025-09-09 15:50", &[Starred], Written("")),
    ("", "Nanoseconds", Presentation, "2025-04-18 14:00", "2025-10-02 09:30", &[], Written("How long is a nanosecond?\nAbout thirty centimetres of wire\nWhy satellites are late")),
    ("", "Reading list.txt", Text, "2025-01-15 20:00", "2026-02-14 20:00", &[], Written("Sketch of the Analytical Engine, with notes\nA manual of operation\n")),
    ("", "Duplicate of Test runs", Spreadsheet, "2025-03-21 10:00", "2025-03-21 10:00", &[Trashed], Written("Run,Programs,Failures\n1,40,12")),
];

#[rustfmt::skip]
const SERVICE: &[Row] = &[
    ("", "Reports", Folder, "2025-01-01 00:00", "2026-03-01 02:00", &[], Written("")),
    ("Reports", "Nightly report 2026-02.csv", Csv, "2026-03-01 02:00", "2026-03-01 02:00", &[], Written("day,jobs,failed\n2026-02-26,118,0\n2026-02-27,121,2\n2026-02-28,119,0\n")),
    ("Reports", "Nightly report 2026-01.csv", Csv, "2026-02-01 02:00", "2026-02-01 02:00", &[], Written("day,jobs,failed\n2026-01-30,117,1\n2026-01-31,120,0\n")),
    ("", "Run book", Document, "2025-01-01 00:10", "2025-07-07 07:07", &[], Written("If a job fails twice, wait an hour before you wake somebody.")),
];

/// The files of all users, including the roots.
pub(crate) fn files(base_url: &str) -> Vec<File> {
    let [ada, grace] = [&PEOPLE[0], &PEOPLE[1]];
    [(ada, ADA), (grace, GRACE), (&SERVICE_PERSON, SERVICE)]
        .into_iter()
        .flat_map(|(owner, rows)| {
            let root: Row = ("", "My Drive", Folder, "2024-01-01 00:00", "2024-01-01 00:00", &[], Written(""));
            std::iter::once((root, true)).chain(rows.iter().map(|row| (*row, false))).map(move |(row, is_root)| {
                let parent =
                    (!is_root).then(|| if row.0.is_empty() { id(owner, "My Drive") } else { id(owner, row.0) });
                file(owner, row, parent, grace, base_url)
            })
        })
        .collect()
}

fn file(owner: &'static Person, row: Row, parent: Option<String>, grace: &'static Person, base_url: &str) -> File {
    let (folder, name, kind, created, modified, marks, body) = row;
    let id = id(owner, name);
    let description = marks.iter().find_map(|mark| if let Described(text) = mark { Some(*text) } else { None });
    let mut file = File {
        name,
        kind,
        is_at_the_top: parent.is_some() && folder.is_empty(),
        parent,
        owner,
        shared_with: if marks.contains(&Shared) { vec![grace] } else { Vec::new() },
        description,
        starred: marks.contains(&Starred),
        trashed: marks.contains(&Trashed),
        created: moment(created),
        modified: moment(modified),
        body,
        link: format!("{base_url}/drive/view/{id}"),
        id,
        measure: None,
    };
    file.measure = file.bytes().map(|bytes| (bytes.len(), hex(&bytes)));
    file
}

/// Always the same for the same file; names are unique for each owner.
fn id(owner: &Person, name: &str) -> String {
    let digest = Sha256::digest(format!("{}/{name}", owner.id));
    format!("1{}", URL_SAFE_NO_PAD.encode(&digest[..24]))
}

fn hex(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn moment(text: &str) -> OffsetDateTime {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]");
    // The rows above are the only ones, and a test reads each.
    time::PrimitiveDateTime::parse(text, &format)
        .map_or(OffsetDateTime::UNIX_EPOCH, time::PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_has_its_own_id_a_folder_and_times() {
        let files = files("http://127.0.0.1:1");
        let ids: BTreeSet<_> = files.iter().map(|file| &file.id).collect();
        assert_eq!(ids.len(), files.len());
        for file in &files {
            if let Some(parent) = &file.parent {
                let folder = files.iter().find(|other| &other.id == parent).expect("the folder is there");
                assert!(folder.kind == Folder && folder.owner.id == file.owner.id, "{}", file.name);
            }
            assert!(OffsetDateTime::UNIX_EPOCH < file.created && file.created <= file.modified, "{}", file.name);
        }
        assert!(ADA.len() >= 25);
    }
}
