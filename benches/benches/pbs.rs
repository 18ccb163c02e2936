//! Key switching and bootstrapping on the CPU beside tfhe-rs's.

use criterion::{Criterion, criterion_group, criterion_main};
use pulseproof::bench::measure::Subject;
use pulseproof::bench::pbs::{Fixture, Keys};
use pulseproof_kernels::cpu::Cpu;

fn pbs(criterion: &mut Criterion) {
    let keys = Keys::default();
    let engines = [keys.exact(&Cpu::new().into()).expect("the key fits"), keys.tfhe_cpu()];
    for log_n in [0, 4] {
        let fixture = Fixture::new(&keys, log_n);
        let mut group = criterion.benchmark_group(format!("pbs/2^{log_n}"));
        group.sample_size(10);
        for engine in &engines {
            let Subject { name, mut run, .. } = fixture.subject(engine).expect("right digits");
            group.bench_function(name, |b| b.iter(|| run().expect("it ran before")));
        }
        group.finish();
    }
}

criterion_group!(benches, pbs);
criterion_main!(benches);
