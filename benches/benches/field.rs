//! Products of long vectors on the CPU beside arkworks's, over every field.

use criterion::{Criterion, criterion_group, criterion_main};
use pulseproof::bench::field::Fixture;
use pulseproof::bench::measure::Subject;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::field::FieldId;
use pulseproof_kernels::with_field;

const LOG_N: u32 = 14;

fn field(criterion: &mut Criterion) {
    for id in FieldId::ALL {
        with_field!(id, F => {
            let fixture = Fixture::<F>::new(LOG_N);
            let cpu = Cpu::new().into();
            let ours = fixture.ours(&cpu).expect("right results");
            let mut group = criterion.benchmark_group(format!("field/{id}/2^{LOG_N}"));
            group.sample_size(10);
            for Subject { name, mut run, .. } in [ours, fixture.arkworks()] {
                group.bench_function(name, |b| b.iter(|| run().expect("it ran before")));
            }
            group.finish();
        });
    }
}

criterion_group!(benches, field);
criterion_main!(benches);
