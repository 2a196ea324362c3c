//! Criterion's view of group `ngisec`: the items of the `ratios` table, with statistics and plots.

use criterion::{Criterion, criterion_group, criterion_main};

fn ngisec(criterion: &mut Criterion) {
    let group = benches::ngisec::group();
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

criterion_group!(benches, ngisec);
criterion_main!(benches);
