//! The figures, for people and for programs.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::measure::{Figures, Trio};

/// The most that an empty action should take in the runtime, in microseconds, median.
const EMPTY_US: f64 = 12.0;
/// The smallest fraction of plain reqwest's fetches a second that calls should reach.
const THROUGHPUT: f64 = 0.4;
/// The most that a live token from memory should take, in microseconds.
const LIVE_US: f64 = 1.0;
/// How much slower it may be at most with many grants in the store.
const CROWDED: f64 = 1.5;
/// The most that deciding about a request should take, in microseconds.
const DECISION_US: f64 = 5.0;
/// The least that should be scrubbed in a second on one processor, in GB.
const SCRUBBED_GB: f64 = 1.0;
/// The most that a token from the store should take, in microseconds, median.
const COLD_US: f64 = 100.0;
/// The most time of its own that the auth redirect service should take to redeem a code, in microseconds, median.
const EARS_US: f64 = 1000.0;

/// The most memory, in GiB, that a host should have in use with 10,000 calls on a slow service.
const CROWD_GIB: f64 = 1.5;

/// One JSON object: the figures, and whether they reach the targets.
pub(crate) fn json(figures: &Figures) -> Result<(), Failure> {
    let mut all = serde_json::to_value(figures)?;
    all["aims"] = Value::Array(aims(figures).iter().map(Aim::to_json).collect());
    Ok(writeln!(io::stdout(), "{all:#}")?)
}

/// Tables, and what to know to read them.
pub(crate) fn tables(figures: &Figures) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let machine = &figures.machine;
    let kernel = machine.kernel.as_deref().unwrap_or_default();
    writeln!(
        out,
        "{} {kernel}, {} processors, instances in {}",
        machine.system, machine.processors, machine.allocation
    )?;
    let empty = &figures.empty_action;
    let mut table = sheet(&["Empty action: instantiate, call, drop", "p50 us", "p99 us", "calls"]);
    for (name, spread) in [("by the runtime", &empty.runtime), ("by the crate to embed", &empty.host)] {
        let cells = [name.to_owned(), one(spread.p50_us), one(spread.p99_us), spread.repetitions.to_string()];
        table.add_row(cells);
    }
    show(&mut out, &table)?;

    let fetch = &figures.fetch;
    let mut table = sheet(&["Fetch 1 KB of JSON", "plain reqwest", "egress only", "call", "call / plain"]);
    let mut row = |name: String, Trio { plain, egress, call }: Trio, ratio: f64, form: fn(f64) -> String| {
        table.add_row([name, form(plain), form(egress), form(call), format!("{ratio:.2}")]);
    };
    row("1 caller, p50 us".to_owned(), fetch.one_caller.p50_us, fetch.one_caller.ratio, one);
    let many = &fetch.many_callers;
    row(format!("{} callers, fetches/s", many.callers), many.per_second, many.ratio, whole);
    show(&mut out, &table)?;

    let mut table = sheet(&["Other", "figure"]);
    if let Some(memory) = &figures.memory {
        let waiting = format!("{} waiting", memory.in_flight);
        table.add_row([format!("memory of a call in flight, KB ({waiting})"), kilobytes(memory.call_bytes)]);
        table.add_row([format!("memory of a plain request in flight, KB ({waiting})"), kilobytes(memory.plain_bytes)]);
        if let Some(crowd) = memory.crowd {
            let name = format!("memory of a host with {} calls on a slow service, MiB", crowd.in_flight);
            table.add_row([name, whole(mebibytes(crowd.host_bytes))]);
        }
    }
    let loading = &figures.loading;
    let size = kilobytes(loading.component_bytes as u64);
    table.add_row([format!("load a connector of {size} KB, compile it, ms"), one(loading.compiled_ms)]);
    table.add_row([format!("load a connector of {size} KB from the cache, ms"), one(loading.cached_ms)]);
    let compiling = &figures.compiling;
    table.add_row(["load it, compiled in a separate process, ms".to_owned(), one(compiling.process_ms)]);
    table.add_row(["load it, compiled in a process / on a thread".to_owned(), format!("{:.2}", compiling.ratio)]);
    if let Some(processor) = &compiling.processor {
        let name = "the same in processor time".to_owned();
        table.add_row([name, format!("{:.2}", processor.ratio)]);
    }
    table.add_row(["a live token of a grant from memory, ns".to_owned(), whole(figures.token.live_ns)]);
    let decision = format!("decide whether a request may leave, {} rules, ns", figures.decision.rules);
    table.add_row([decision, whole(figures.decision.each_ns)]);
    let scrubbed = figures.scrubbed;
    for (kind, rate) in [("binary", scrubbed.binary), ("JSON", scrubbed.json), ("a page", scrubbed.page)] {
        table.add_row([format!("scrub a streamed body of 10 MiB, {kind}, MB/s"), whole(rate / 1e6)]);
    }
    show(&mut out, &table)?;

    let grants = &figures.grants;
    let header = ["Token of one of many users", "live, from memory, ns", "from the store, p50 us", "p99 us"];
    let mut table = sheet(&header);
    for held in [&grants.few, &grants.many] {
        let name = format!("{} grants in the store", held.stored);
        table.add_row([name, whole(held.live_ns), one(held.cold.p50_us), one(held.cold.p99_us)]);
    }
    show(&mut out, &table)?;

    let ears = &figures.ears;
    let mut table = sheet(&["Auth redirect service: its own time", "p50 us", "p99 us", "requests"]);
    for (name, own) in [("redeem a code", &ears.redeem), ("refresh", &ears.refresh)] {
        table.add_row([name.to_owned(), one(own.p50_us), one(own.p99_us), own.repetitions.to_string()]);
    }
    show(&mut out, &table)?;
    let many = &ears.many_callers;
    let mut table = sheet(&["Refreshes", "at the provider", "through the service"]);
    let name = format!("{} callers, refreshes/s", many.callers);
    table.add_row([name, whole(many.direct_per_second), whole(many.per_second)]);
    show(&mut out, &table)?;

    let mut table = sheet(&["Aim", "at", "measured", ""]);
    for aim in aims(figures) {
        let verdict = if aim.met() { "met" } else { "missed" };
        table.add_row([aim.name.to_owned(), aim.bound(), format!("{:.2}", aim.measured), verdict.to_owned()]);
    }
    show(&mut out, &table)
}

/// Prints why nothing could be measured on standard error.
pub(crate) fn complain(failure: &Failure) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "error: {failure}");
}

struct Aim {
    name: &'static str,
    at_most: bool,
    limit: f64,
    measured: f64,
}

impl Aim {
    fn met(&self) -> bool {
        if self.at_most { self.measured <= self.limit } else { self.measured >= self.limit }
    }

    fn bound(&self) -> String {
        format!("{} {}", if self.at_most { "<=" } else { ">=" }, self.limit)
    }

    fn to_json(&self) -> Value {
        let bound = if self.at_most { "at_most" } else { "at_least" };
        json!({ "name": self.name, bound: self.limit, "measured": self.measured, "met": self.met() })
    }
}

fn aims(figures: &Figures) -> Vec<Aim> {
    let empty = Aim {
        name: "empty action by the runtime, p50 us",
        at_most: true,
        limit: EMPTY_US,
        measured: figures.empty_action.runtime.p50_us,
    };
    let throughput = Aim {
        name: "calls/s as a fraction of plain reqwest",
        at_most: false,
        limit: THROUGHPUT,
        measured: figures.fetch.many_callers.ratio,
    };
    let most = |name, limit, measured| Aim { name, at_most: true, limit, measured };
    let live = most("a live token from memory, us", LIVE_US, figures.grants.many.live_ns / 1000.0);
    let decision = most("deciding whether a request may leave, us", DECISION_US, figures.decision.each_ns / 1000.0);
    let scrubbed = Aim {
        name: "scrubbing a streamed body of JSON, GB/s",
        at_most: false,
        limit: SCRUBBED_GB,
        measured: figures.scrubbed.json / 1e9,
    };
    let crowded = most("a live token with many grants stored / with few", CROWDED, figures.grants.ratio);
    let cold = most("a token from the store, p50 us", COLD_US, figures.grants.many.cold.p50_us);
    let ears =
        most("own time of the auth redirect service to redeem a code, p50 us", EARS_US, figures.ears.redeem.p50_us);
    let crowd = figures.memory.and_then(|memory| memory.crowd).map(|crowd| {
        most(
            "memory of a host with 10,000 calls on a slow service, GiB",
            CROWD_GIB,
            mebibytes(crowd.host_bytes) / 1024.0,
        )
    });
    [empty, throughput, live, decision, scrubbed, crowded, cold, ears].into_iter().chain(crowd).collect()
}

fn sheet(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(header.to_vec());
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

fn show(out: &mut impl Write, table: &Table) -> Result<(), Failure> {
    Ok(writeln!(out, "{table}")?)
}

fn one(figure: f64) -> String {
    format!("{figure:.1}")
}

fn whole(figure: f64) -> String {
    format!("{figure:.0}")
}

#[expect(clippy::cast_precision_loss, reason = "no host has so many bytes in use that this rounds")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn kilobytes(bytes: u64) -> String {
    (bytes.div_ceil(1000)).to_string()
}
