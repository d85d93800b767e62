//! What is bounded stays exact: pages that time ran out on, what is far behind, a disk that is full.

use super::*;

impl Bench {
    /// Goes from page to page, each as large as asked for, until all was looked at.
    fn pages(&self, pairs: &[(&str, &str)]) -> (Vec<Hit>, usize) {
        let (mut hits, mut pages, mut before) = (Vec::new(), 0, String::new());
        loop {
            let mut pairs = pairs.to_vec();
            pairs.push(("before", &before));
            let page = self.found(&pairs);
            pages += 1;
            hits.extend(page.hits);
            assert!(!page.newest_missing);
            assert_eq!(
                page.searched_to.is_some(),
                !page.complete,
                "{pairs:?}: it says how far it looked"
            );
            match page.next {
                Some(next) => {
                    assert_ne!(next, before, "{pairs:?}: it goes on");
                    before = next;
                }
                None => {
                    assert!(page.complete && !page.truncated);
                    return (hits, pages);
                }
            }
        }
    }

    fn scanned(&self, pairs: &[(&str, &str)]) -> Vec<Hit> {
        let mut pairs = pairs.to_vec();
        pairs.retain(|(name, _)| *name != "limit");
        pairs.push(("limit", "1000"));
        let filter = asked::filter(pairs.into_iter()).unwrap();
        let found = scan::search(&self.journal().folder(), &filter, &|| false);
        found.unwrap().hits
    }

    /// Lets the index see what it can, and no more.
    fn tell_durable(&self) {
        let last = self.journal().head().sequence;
        wait("all is on disk", || {
            self.journal().durable_sequence() >= last
        });
        self.durable.store(last, Ordering::Release);
    }
}

#[test]
fn pages_that_time_ran_out_on_follow_one_another_exactly() {
    let mut bench = Bench::new();
    bench.page_time = Duration::ZERO;
    bench.start();
    let mut dice = Dice(77);
    for round in 0..8 {
        let acts: Vec<_> = (0..25).map(|_| random_act(&mut dice)).collect();
        bench.record(dice.of(&["ada", "bob", "build-bot"]), &acts);
        if round == 3 {
            // It ends long after it began: its place is far back.
            let open = Act {
                is_open: true,
                ..act("SELECT orders")
            };
            bench.record("bob", &[open]);
        }
        if round < 7 {
            bench.catch_up();
        }
    }
    let (hits, pages) = bench.pages(&[("text", "zzzyzx")]);
    assert_eq!((hits.len(), pages), (0, 6), "each page is one volume");
    let mut asked_well = 0;
    while asked_well < 150 {
        let pairs = random_question(&mut dice);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        if asked::filter(pairs.iter().copied()).is_err() {
            continue;
        }
        asked_well += 1;
        assert_eq!(bench.pages(&pairs).0, bench.scanned(&pairs), "{pairs:?}");
    }
}

#[test]
fn what_is_too_far_behind_is_said_to_be_missing_and_what_is_nearer_is_waited_for() {
    let mut bench = Bench::new();
    bench.lag_bytes_max = 128;
    bench.start();
    bench.record("ada", &[act("SELECT early")]);
    bench.catch_up();
    let many: Vec<_> = (0..100).map(|n| act(&format!("SELECT late{n}"))).collect();
    bench.record("ada", &many);
    // The index is told of nothing: as if it had just begun with a large journal.
    let found = bench.found(&[("text", "select")]);
    let texts: Vec<_> = found.hits.iter().map(|hit| hit.text.as_str()).collect();
    assert_eq!(texts, ["SELECT early"]);
    assert!(found.newest_missing && !found.complete && found.truncated);
    assert!(found.indexed_to.is_some());
    bench.catch_up();
    assert_eq!(
        bench.texts(&[("text", "select"), ("limit", "1000")]).len(),
        101
    );
    bench.record("ada", &many[..6]);
    let late = std::thread::scope(|scope| {
        scope.spawn(|| {
            let shared = &bench.index().shared;
            wait("the search waits for the index", || {
                shared.waiting.load(Ordering::Acquire) > 0
            });
            bench.tell_durable();
        });
        bench.found(&[("text", "late5")])
    });
    assert!(late.complete && !late.newest_missing, "{late:?}");
    assert_eq!(late.hits.len(), 2);
}

#[test]
fn a_page_behind_what_is_indexed_does_not_need_what_is_newer() {
    let mut bench = Bench::new();
    bench.lag_bytes_max = 64;
    bench.start();
    bench.record("ada", &[act("SELECT one"), act("SELECT two")]);
    bench.catch_up();
    let first = bench.found(&[("text", "select"), ("limit", "1")]);
    let many: Vec<_> = (0..300).map(|n| act(&format!("SELECT late{n}"))).collect();
    bench.record("ada", &many);
    let next = first.next.unwrap();
    let second = bench.found(&[("text", "select"), ("before", &next)]);
    assert!(second.complete && !second.newest_missing, "{second:?}");
    assert_eq!(second.hits.len(), 1);
}

#[test]
fn a_full_disk_stops_the_index_alone_and_it_goes_on_when_there_is_room() {
    let mut bench = Bench::new();
    bench.start();
    shop(&mut bench);
    bench.catch_up();
    let full = |bench: &Bench, pages: i64| {
        bench
            .index()
            .shared
            .pages_max
            .store(pages, Ordering::Release);
        // It opens its file anew.
        bench.index().forget(&[]).unwrap();
    };
    full(&bench, 1);
    let wide = "word ".repeat(400);
    let acts: Vec<_> = (0..200)
        .map(|n| act(&format!("SELECT n{n} {wide}")))
        .collect();
    bench.record("ada", &acts);
    bench.tell_durable();
    wait("it says that it fails", || {
        bench.index().health().failing.is_some()
    });
    assert_eq!(
        bench.texts(&[("text", "n199")]).len(),
        1,
        "from the journal"
    );
    assert_eq!(bench.texts(&[("text", "customers")]).len(), 2);
    full(&bench, 1_000_000);
    bench.catch_up();
    wait("all is well", || bench.index().health().failing.is_none());
    assert_eq!(bench.texts(&[("limit", "1000")]).len(), 204);
}

#[test]
fn how_it_is_can_be_seen_and_it_can_be_made_anew() {
    let mut bench = Bench::new();
    bench.start();
    shop(&mut bench);
    bench.catch_up();
    let check = |bench: &Bench| {
        wait("it says that nothing is behind", || {
            bench.index().health().bytes_behind == 0
        });
        let health = bench.index().health();
        assert_eq!((health.entries, health.age), (4, Duration::ZERO));
        assert!(health.bytes > 10_000 && health.time > 0, "{health:?}");
    };
    check(&bench);
    bench.index().rebuild().unwrap();
    bench.catch_up();
    check(&bench);
    assert_eq!(bench.texts(&[]).len(), 4);
}
