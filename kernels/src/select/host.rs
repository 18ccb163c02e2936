//! What is known of the CPU.

use super::ProbedBackend;
use crate::backend::BackendKind;
use crate::cpu::{Cpu, Instructions};

/// The CPU, as a device.
pub(super) fn finding(cpu: &Cpu) -> ProbedBackend {
    let threads = rayon::current_num_threads();
    let (simd, lacks) = (cpu.instructions(), lacking());
    let lacks = if simd == Instructions::ALL[0] || lacks.is_empty() {
        String::new()
    } else {
        format!(" (for {} the CPU or the system lacks: {})", Instructions::ALL[0], lacks.join(", "))
    };
    let detail = format!("{threads} threads, simd: {simd}{lacks}");
    ProbedBackend {
        kind: BackendKind::Cpu,
        name: model(),
        detail,
        memory_bytes: memory_bytes(),
        compile_seconds: Vec::new(),
        usable: Instructions::asked().map(drop).map_err(|error| error.to_string()),
    }
}

/// Which of the extensions that vector code needs are missing.
#[cfg(target_arch = "x86_64")]
fn lacking() -> Vec<&'static str> {
    let extensions = [
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx512bw", std::arch::is_x86_feature_detected!("avx512bw")),
        ("avx512vl", std::arch::is_x86_feature_detected!("avx512vl")),
        ("avx512dq", std::arch::is_x86_feature_detected!("avx512dq")),
        ("bmi2", std::arch::is_x86_feature_detected!("bmi2")),
        ("avx512ifma", std::arch::is_x86_feature_detected!("avx512ifma")),
    ];
    extensions.into_iter().filter(|(_, there)| !there).map(|(name, _)| name).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn lacking() -> Vec<&'static str> {
    vec!["x86-64"]
}

/// The CPU's name, where the system tells.
fn model() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}

fn memory_bytes() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
