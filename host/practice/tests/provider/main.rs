//! The practice provider as clients and browsers see it: over HTTP on loopback.

mod drive;
mod endpoints;
mod pages;
mod practice_run;
mod tokens;
