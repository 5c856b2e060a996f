//! The practice provider as clients and browsers see it: over HTTP on loopback.

#[path = "provider/drive.rs"]
mod drive;
#[path = "provider/endpoints.rs"]
mod endpoints;
#[path = "provider/pages.rs"]
mod pages;
#[path = "provider/practice_run.rs"]
mod practice_run;
#[path = "provider/tokens.rs"]
mod tokens;
