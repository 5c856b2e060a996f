//! Files of a call and of its result, streamed.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{Stream, stream};
use innkeeper::shown::hidden;
use innkeeper::{Body, EgressError, File};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::failure::{Exit, Failure, Outcome};

/// Bytes read from a disk at once.
const PIECE: usize = 64 * 1024;
/// The longest name of a file that is written, in bytes; common systems accept 255.
const LONGEST_NAME: usize = 200;
/// The longest extension that is kept when a name is cut, in bytes.
const LONGEST_ENDING: usize = 32;
/// Marks where a name was cut.
const CUT: &str = "~";
/// Attempts to find a free name.
const MOST_NAMES: u32 = 10_000;

/// A file for a call: `name=path` or `path`, each followed by `;type=text/html` if the media type matters.
pub(crate) async fn open(argument: &str) -> Outcome<File> {
    let (rest, content_type) = match argument.rsplit_once(";type=") {
        Some((rest, media_type)) => (rest, Some(media_type.to_owned())),
        None => (argument, None),
    };
    let (name, path) = match rest.split_once('=') {
        Some((name, path)) if !name.is_empty() && !name.contains('/') => (name.to_owned(), PathBuf::from(path)),
        _ => {
            let path = PathBuf::from(rest);
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            (name, path)
        }
    };
    let not_read = |error| Failure::file("read", &path, &error);
    let file = tokio::fs::File::open(&path).await.map_err(not_read)?;
    let metadata = file.metadata().await.map_err(not_read)?;
    if metadata.is_dir() {
        return Err(Failure::new(
            Exit::NotFound,
            "no-such-file",
            format!("{} is a folder, not a file", path.display()),
        ));
    }
    // Only a regular file has a length that can be promised.
    let length = metadata.is_file().then_some(metadata.len());
    let content = Body::from_stream(pieces(file, length.unwrap_or(u64::MAX)), length, content_type.clone());
    Ok(File { name, content_type, content })
}

/// At most `left` bytes: a file that grows meanwhile keeps the length that was promised.
fn pieces(file: tokio::fs::File, left: u64) -> impl Stream<Item = Result<Bytes, EgressError>> + Send + 'static {
    stream::try_unfold((file, left), |(mut file, left)| async move {
        let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
        let read = file.read(&mut piece).await;
        let read =
            read.map_err(|error| EgressError::InvalidRequest(format!("the file to send cannot be read: {error}")))?;
        piece.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(piece), (file, left - read as u64))))
    })
}

/// A file that was written.
#[derive(Debug)]
pub(crate) struct Saved {
    /// The name that the connector chose.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) content_type: Option<String>,
}

/// The folder for files of results.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    overwrite: bool,
}

impl Folder {
    /// `overwrite`: a file of the same name is replaced; otherwise the new one gets another name.
    pub(crate) fn new(path: PathBuf, overwrite: bool) -> Self {
        Self { path, overwrite }
    }

    /// Writes a file of a result. Its name is the connector's and not trusted: whatever it is, the file is written
    /// directly in this folder. A file whose bytes do not all arrive is removed.
    pub(crate) async fn save(&self, file: File, arrived: impl Fn(u64)) -> Outcome<Saved> {
        tokio::fs::create_dir_all(&self.path).await.map_err(|error| Failure::file("made", &self.path, &error))?;
        let File { name, content_type, content } = file;
        let safe = safe_name(&name);
        let (path, target) = if self.overwrite { self.beside(&safe).await? } else { self.free(&safe).await? };
        match write(&path, target, content, arrived).await {
            Ok(size) => {
                let path = if self.overwrite { self.put_in_place(&path, &safe).await? } else { path };
                Ok(Saved { name, path, size, content_type })
            }
            Err(failure) => {
                // An incomplete file is worth nothing; a failure to remove it changes nothing.
                let _ = tokio::fs::remove_file(&path).await;
                Err(failure)
            }
        }
    }

    /// A new file under the name itself or a free one. A link of that name is never followed.
    async fn free(&self, name: &str) -> Outcome<(PathBuf, tokio::fs::File)> {
        let mut path = self.path.join(name);
        for number in 1..MOST_NAMES {
            match create(&path).await {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    path = self.path.join(numbered(name, number));
                }
                Err(error) => return Err(Failure::file("written", &path, &error)),
            }
        }
        Err(Failure::failed(format!("{} has too many files named like {name}", self.path.display())))
    }

    async fn beside(&self, name: &str) -> Outcome<(PathBuf, tokio::fs::File)> {
        let (path, file) = self.free(&format!(".{name}.part")).await?;
        Ok((path, file))
    }

    async fn put_in_place(&self, part: &Path, name: &str) -> Outcome<PathBuf> {
        let path = self.path.join(name);
        tokio::fs::rename(part, &path).await.map_err(|error| Failure::file("written", &path, &error))?;
        Ok(path)
    }
}

async fn create(path: &Path) -> std::io::Result<tokio::fs::File> {
    tokio::fs::OpenOptions::new().write(true).create_new(true).open(path).await
}

async fn write(path: &Path, mut target: tokio::fs::File, mut content: Body, arrived: impl Fn(u64)) -> Outcome<u64> {
    let not_written = |error| Failure::file("written", path, &error);
    let mut size = 0;
    loop {
        let piece = content.next().await.map_err(|error| {
            Failure::new(
                Exit::Upstream,
                "upstream",
                format!("{} could not be received completely: {error}", path.display()),
            )
        })?;
        let Some(piece) = piece else { break };
        target.write_all(&piece).await.map_err(not_written)?;
        size += piece.len() as u64;
        arrived(size);
    }
    target.flush().await.map_err(not_written)?;
    Ok(size)
}

/// A name that stays within a folder on every system and is what it looks like: the last segment of a path, without
/// characters that are special, hidden, or push the extension out of sight. If it is too long, the extension is kept,
/// because it says what kind of file this is.
fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe: String = last.chars().map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect();
    let hidden: Vec<usize> = hidden(&safe).map(|(index, ..)| index).collect();
    safe = safe.chars().enumerate().map(|(at, c)| if hidden.binary_search(&at).is_ok() { '_' } else { c }).collect();
    safe = safe.split_whitespace().collect::<Vec<_>>().join(" ");
    // Names of hidden files and `..` start with dots; some systems drop dots and spaces at the end.
    safe.truncate(safe.trim_end_matches(['.', ' ']).len());
    if safe.starts_with('.') {
        safe.replace_range(..1, "_");
    }
    if safe.is_empty() {
        return "file".to_owned();
    }
    if safe.len() > LONGEST_NAME { shortened(&safe) } else { safe }
}

/// A name that is cut before its extension. A dot that moved into the place of the extension would make it another
/// kind of file, so a name whose extension is too long to keep has no dot at all.
fn shortened(name: &str) -> String {
    let (stem, ending) = split(name);
    let (stem, ending) = if ending.len() <= LONGEST_ENDING { (stem, ending) } else { (name, "") };
    let room = LONGEST_NAME - ending.len() - CUT.len();
    let kept = stem[..stem.floor_char_boundary(room)].trim_end();
    if ending.is_empty() { format!("{}{CUT}", kept.replace('.', "_")) } else { format!("{kept}{CUT}{ending}") }
}

fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = split(name);
    format!("{stem} ({number}){ending}")
}

fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for (name, safe) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            ("a/", "file"),
            (".bashrc", "_bashrc"),
            ("C:evil.txt", "C_evil.txt"),
            ("a\n\x1b[2Jb.txt", "a__[2Jb.txt"),
            ("report\u{202e}fdp.exe", "report_fdp.exe"),
            ("name. . ", "name"),
            ("invoice.pdf                                        .exe", "invoice.pdf .exe"),
            ("a\u{200b}b\u{feff}.txt", "a_b_.txt"),
            ("a\u{2028}b\u{e0041}\u{3164}.txt", "a_b__.txt"),
            ("\u{301}.txt", "_.txt"),
            (" \u{a0}. ", "file"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        let long = safe_name(&format!("{}.pdf", "é".repeat(300)));
        assert!(
            long.len() <= LONGEST_NAME && long.rsplit_once('.').is_some_and(|(_, ending)| ending == "pdf"),
            "{long}"
        );
    }

    #[test]
    fn a_name_that_is_cut_stays_the_kind_of_file_that_it_is() {
        let long = "x".repeat(300);
        for (name, ending) in [
            (format!("invoice.pdf{long}.exe"), ".exe"),
            (format!("{}.pdf{long}.exe", "x".repeat(LONGEST_NAME - 5)), ".exe"),
            (format!("{long}.tar.gz"), ".gz"),
            (format!("{long}.{}", "y".repeat(LONGEST_ENDING - 1)), "yyyy"),
        ] {
            let safe = safe_name(&name);
            assert!(safe.len() <= LONGEST_NAME && safe.ends_with(ending) && safe.contains(CUT), "{safe}");
        }
        // However long the extension is, no other replaces it.
        for length in 0..LONGEST_NAME {
            let safe = safe_name(&format!("{}.exe.{long}", "x".repeat(length)));
            assert!(safe.len() <= LONGEST_NAME && !safe.contains('.'), "{safe}");
        }
    }

    fn file(name: &str, content: &'static str) -> File {
        File { name: name.to_owned(), content_type: None, content: Body::from_bytes(content, None) }
    }

    #[tokio::test]
    async fn a_file_that_is_there_stays_and_the_new_one_gets_a_number() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(home.path().join("out"), false);
        let first = folder.save(file("a.txt", "one"), |_| {}).await.expect("saved");
        let second = folder.save(file("../a.txt", "two"), |_| {}).await.expect("saved");
        assert_eq!(std::fs::read_to_string(&first.path).expect("read"), "one");
        assert_eq!(std::fs::read_to_string(&second.path).expect("read"), "two");
        assert_eq!(second.path, home.path().join("out/a (1).txt"));
    }

    #[tokio::test]
    async fn overwriting_replaces_whole_files() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(home.path().to_owned(), true);
        for content in ["one", "two"] {
            folder.save(file("a.txt", content), |_| {}).await.expect("saved");
        }
        assert_eq!(std::fs::read_to_string(home.path().join("a.txt")).expect("read"), "two");
        assert_eq!(std::fs::read_dir(home.path()).expect("listed").count(), 1);
    }

    #[tokio::test]
    async fn a_file_that_breaks_off_leaves_nothing_behind() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(home.path().to_owned(), false);
        let content = Body::from_stream(stream::iter([Ok("one".into()), Err(EgressError::Timeout)]), None, None);
        let broken = File { name: "a.txt".to_owned(), content_type: None, content };
        folder.save(broken, |_| {}).await.expect_err("it broke off");
        assert_eq!(std::fs::read_dir(home.path()).expect("listed").count(), 0);
    }

    #[tokio::test]
    async fn a_file_to_send_has_a_name_a_length_and_a_type() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("page.html");
        std::fs::write(&path, "<p>").expect("written");
        let path = path.display();
        let named = open(&format!("bookmarks={path};type=text/html")).await.expect("opened");
        assert_eq!((named.name.as_str(), named.content_type.as_deref()), ("bookmarks", Some("text/html")));
        assert_eq!(named.content.length(), Some(3));
        let mut unnamed = open(&path.to_string()).await.expect("opened");
        assert_eq!(unnamed.name, "page.html");
        assert_eq!(unnamed.content.read_all(10).await.expect("read"), "<p>");
    }
}
