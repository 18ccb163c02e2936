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

/// Elsewhere each CPU has all that there is code for.
#[cfg(not(target_arch = "x86_64"))]
fn lacking() -> Vec<&'static str> {
    Vec::new()
}

/// The CPU's name, or the board's, where the system tells.
fn model() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let board = std::fs::read_to_string("/proc/device-tree/model").unwrap_or_default();
    model_of(&cpu, &board)
}

fn model_of(cpu: &str, board: &str) -> String {
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let board = board.trim_end_matches('\0');
    match cpu {
        Some((_, name)) => name.to_owned(),
        None if board.is_empty() => std::env::consts::ARCH.to_owned(),
        None => board.to_owned(),
    }
}

fn memory_bytes() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_without_a_name_is_called_by_its_board() {
        let x86 = "processor\t: 0\nmodel name\t: AMD EPYC 7003\n";
        assert_eq!(model_of(x86, ""), "AMD EPYC 7003");
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\n";
        assert_eq!(model_of(arm, "NVIDIA Jetson Orin\0"), "NVIDIA Jetson Orin");
        assert_eq!(model_of(arm, ""), std::env::consts::ARCH);
    }
}
