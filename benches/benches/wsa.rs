//! The weighted-sum argument beside one arkworks MSM of the same length, on both curves.

use criterion::{Criterion, criterion_group, criterion_main};
use pulseproof::bench::wsa::{Fixture, Shape};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Bls12_381, Bn254, Curve};

fn wsa<C: Curve>(criterion: &mut Criterion) {
    let shape = Shape { log_size: 12, devices: 10 };
    let fixture = Fixture::<C>::new(shape, Cpu::new().into()).expect("the curve has this size");
    let mut group = criterion.benchmark_group(format!("wsa/{}/4096x10", C::ID));
    group.sample_size(10);
    group.bench_function("peer-arkworks-msm", |b| b.iter(|| fixture.peer_msm()));
    group.bench_function("commit", |b| b.iter(|| fixture.commit()));
    group.bench_function("intake", |b| b.iter(|| assert!(fixture.intake())));
    group.bench_function("prove", |b| b.iter(|| fixture.prove()));
    group.bench_function("verify", |b| b.iter(|| assert!(fixture.verify())));
    group.finish();
}

criterion_group!(benches, wsa::<Bls12_381>, wsa::<Bn254>);
criterion_main!(benches);
