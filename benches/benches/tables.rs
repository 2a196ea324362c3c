//! Criterion's view of the `ratios` tables, with statistics and plots: `cargo bench -p benches -- headers/` for one group, or any part of a name.

use criterion::{Criterion, criterion_group, criterion_main};

fn tables(criterion: &mut Criterion) {
    for group in benches::GROUP_NAMES.into_iter().filter_map(benches::group) {
        for work in &group.works {
            let mut benchmark = criterion.benchmark_group(format!("{}/{}", group.name, work.name));
            for contender in work.contenders() {
                benchmark.bench_function(contender.name, |bencher| {
                    bencher.iter_custom(|operations| contender.run(operations));
                });
            }
            benchmark.finish();
        }
    }
}

criterion_group!(benches, tables);
criterion_main!(benches);
