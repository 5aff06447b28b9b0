//! Answers `/memory`.

use serde_json::json;

use super::reply::Reply;

/// How much memory the process has, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// What is in use of the heap.
    pub allocated: u64,
    /// What the heap has taken from the system.
    pub heap_size: u64,
    /// What the heap has given back without giving up the addresses.
    pub pageheap_unmapped: u64,
    /// What is free in the heap.
    pub pageheap_free: u64,
    /// What threads keep for themselves.
    pub total_thread_cache: u64,
    /// What is resident.
    pub total_physical_bytes: u64,
}

impl Memory {
    /// What the kernel says: the system's allocator does not tell more. Zeros where it does not say.
    pub fn of_process() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|line| line.split_whitespace().next());
            kilobytes
                .and_then(|number| number.parse::<u64>().ok())
                .map_or(0, |number| number * 1024)
        };
        Self {
            allocated: bytes("RssAnon:"),
            heap_size: bytes("VmData:"),
            total_physical_bytes: bytes("VmRSS:"),
            ..Self::default()
        }
    }
}

pub(super) fn answer(memory: Memory) -> Reply {
    Reply::json(&json!({
        "allocated": memory.allocated.to_string(),
        "heap_size": memory.heap_size.to_string(),
        "pageheap_unmapped": memory.pageheap_unmapped.to_string(),
        "pageheap_free": memory.pageheap_free.to_string(),
        "total_thread_cache": memory.total_thread_cache.to_string(),
        "total_physical_bytes": memory.total_physical_bytes.to_string(),
    }))
}
