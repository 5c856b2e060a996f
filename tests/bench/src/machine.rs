//! What the figures depend on.

use std::time::Duration;

use serde::Serialize;

/// What the figures depend on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) system: String,
    pub(crate) kernel: Option<String>,
    pub(crate) processors: usize,
    /// How instances get their memory.
    pub(crate) allocation: String,
}

impl Machine {
    pub(crate) fn look(allocation: innkeeper::Allocation) -> Self {
        Self {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned()),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            allocation: match allocation {
                innkeeper::Allocation::Pooling { calls } => format!("{calls} slots"),
                innkeeper::Allocation::OnDemand => "on demand".to_owned(),
            },
        }
    }
}

/// Bytes of memory that the process has in use; `None` if the system does not report it (other than Linux).
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Files that the process may have open at once; `None` if the system does not report it (other than Linux).
pub(crate) fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Processor time of this process and of those that it waited for, exact to 10 ms; `None` if the system does not report
/// it (other than Linux).
pub(crate) fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may hold anything: user and system time are the 12th and 13th, those of children follow.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(4).map(str::parse::<u64>).sum::<Result<u64, _>>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}
