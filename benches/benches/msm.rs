//! Multi-scalar multiplications on the CPU beside those of other libraries, in every group.

use criterion::{Criterion, criterion_group, criterion_main};
use pulseproof::bench::measure::Subject;
use pulseproof::bench::msm::{Fixture, Options};
use pulseproof::bench::peers::Peer;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::group::GroupId;
use pulseproof_kernels::with_group;

const LOG_N: u32 = 10;

fn msm(criterion: &mut Criterion) {
    for id in GroupId::ALL {
        for bits in [64, 254] {
            let options = Options { log_n: LOG_N, batch: 1, bits, levels: 1 };
            with_group!(id, G => {
                let fixture = Fixture::<G>::new(options);
                let cpu = Cpu::new().into();
                let mut subjects = vec![fixture.ours(&cpu).expect("right results")];
                for peer in Peer::ALL {
                    subjects.extend(fixture.peer(peer).expect("right results"));
                }
                let mut group = criterion.benchmark_group(format!("msm/{id}/2^{LOG_N}/{bits}"));
                group.sample_size(10);
                for Subject { name, mut run, .. } in subjects {
                    group.bench_function(name, |b| b.iter(|| run().expect("it ran before")));
                }
                group.finish();
            });
        }
    }
}

criterion_group!(benches, msm);
criterion_main!(benches);
