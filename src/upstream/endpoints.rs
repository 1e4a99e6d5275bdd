//! The endpoints of one upstream: every address of every entry, kept up to date in the background.
//!
//! No request waits for a name server, but for the very first answer. A new answer makes a new
//! [`Set`], in which an address that stays is the same endpoint.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use futures_util::future::join;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    endpoint::Endpoint,
    known::{Answer, Known, LEAST, Place, Unresolved},
    resolve::{Family, Names},
    set::{MOST, Placed, Rank, Set, arrange},
    target::Target,
};
use crate::failure::{AttemptError, UpstreamFailure};

/// Makes the endpoint of an address, from the one that it was before a reload if there was one.
type Make = Box<dyn Fn(&Arc<Target>, SocketAddr, Option<&Endpoint>) -> Arc<Endpoint> + Send + Sync>;

/// The endpoints of one upstream.
pub(super) struct Endpoints {
    sources: Box<[Source]>,
    current: ArcSwap<Set>,
    /// Says when there is another set.
    published: watch::Sender<()>,
    publishing: Mutex<()>,
    /// The longest that a request waits for the first answer.
    patience: Duration,
    make: Make,
}

/// One entry of `upstream`.
struct Source {
    target: Arc<Target>,
    /// Answers to A and AAAA; those to SRV are all in the first.
    known: Mutex<[Known; 2]>,
    is_settled: AtomicBool,
    ask_again: Notify,
}

impl Endpoints {
    /// What `previous` knows of the same names and addresses is taken over.
    pub(super) fn new(
        targets: Vec<Arc<Target>>,
        patience: Duration,
        previous: Option<&Self>,
        make: Make,
    ) -> Arc<Self> {
        let before = previous.map(|previous| &previous.sources);
        let source = |target: Arc<Target>| {
            let mut all = before.into_iter().flatten();
            let same = all.find(|source| source.target.is_like(&target));
            Source::new(target, same)
        };
        let endpoints = Self {
            sources: targets.into_iter().map(source).collect(),
            current: ArcSwap::default(),
            published: watch::Sender::new(()),
            publishing: Mutex::new(()),
            patience,
            make,
        };
        endpoints.publish(
            previous
                .map(|previous| previous.current.load_full())
                .as_deref(),
        );
        Arc::new(endpoints)
    }

    /// What is known now, for sweeping and counting.
    pub(super) fn known(&self) -> Vec<Arc<Endpoint>> {
        let set = self.current.load();
        let endpoints = set.candidates().iter();
        endpoints
            .map(|candidate| Arc::clone(&candidate.endpoint))
            .collect()
    }

    /// What is known to pick from at this moment, be it nothing.
    pub(super) fn current(&self) -> Guard<Arc<Set>> {
        self.current.load()
    }

    /// What to pick from. Waits only when nothing was ever found.
    pub(super) async fn get(&self) -> Result<Arc<Set>, AttemptError> {
        let set = self.current.load_full();
        if set.candidates().is_empty() {
            // Boxed, as all that is rare: the future of every request would have room for it.
            return Box::pin(self.first()).await;
        }
        Ok(set)
    }

    async fn first(&self) -> Result<Arc<Set>, AttemptError> {
        let mut published = self.published.subscribe();
        let found = async {
            loop {
                let set = self.current.load_full();
                let is_over = !set.candidates().is_empty() || set.is_settled;
                if is_over || published.changed().await.is_err() {
                    return set;
                }
            }
        };
        match timeout(self.patience, found).await {
            Ok(set) if !set.candidates().is_empty() => Ok(set),
            Ok(set) => {
                let why = set.failure.clone();
                let nothing = Unresolved::new(UpstreamFailure::NoEndpoint);
                Err(why.unwrap_or(nothing).into_error())
            }
            Err(_) => Err(Unresolved::new(UpstreamFailure::NameTimeout).into_error()),
        }
    }

    /// Looks all names up again now: an endpoint could not be reached, perhaps because it has
    /// moved.
    pub(super) fn ask_again(&self) {
        for source in &self.sources {
            source.ask_again.notify_one();
        }
    }

    /// The names among the entries, by their place.
    pub(super) fn names(&self) -> impl Iterator<Item = usize> {
        let all = self.sources.iter().enumerate();
        all.filter(|(_, source)| source.target.address().is_none())
            .map(|(at, _)| at)
    }

    /// Looks a name up, and again whenever its answer is used up. Never ends; for the control
    /// thread alone.
    pub(super) async fn keep_fresh(self: Arc<Self>, at: usize, names: Names) {
        let Some(source) = self.sources.get(at) else {
            return;
        };
        loop {
            self.look_up(source, &names).await;
            source.is_settled.store(true, Relaxed);
            self.publish(None);
            // So that an outage under load does not become one of the resolver, too.
            let earliest = Instant::now() + LEAST;
            let due = source.known().iter().filter_map(Known::until).min();
            tokio::select! {
                () = sleep_until(due.unwrap_or(earliest).max(earliest)) => {}
                () = source.ask_again.notified() => sleep_until(earliest).await,
            }
        }
    }

    async fn look_up(&self, source: &Source, names: &Names) {
        let (name, port) = (source.target.host(), source.target.port);
        if source.target.spec.srv {
            let known = source.places();
            source.learn(0, names.service(name, &known).await);
            return;
        }
        let family = async |at, family| {
            source.learn(at, names.addresses(name, family, port).await);
            // The other kind of address may take its time.
            self.publish(None);
        };
        join(family(0, Family::V4), family(1, Family::V6)).await;
    }

    /// Makes a set of what is known now.
    fn publish(&self, previous: Option<&Set>) {
        let one_at_a_time = self.publishing.lock();
        let before = self.current.load_full();
        let entries = self.sources.iter();
        let mut placed = arrange(entries.map(|source| (&source.target, source.places())));
        if placed.len() > MOST {
            if before.candidates().len() < MOST {
                let addresses = placed.len();
                tracing::warn!(
                    addresses,
                    used = MOST,
                    "the upstream has too many addresses"
                );
            }
            // What is in use stays in use.
            placed.sort_by_key(|placed| (placed.rank.tier, before.find(placed.address).is_none()));
            placed.truncate(MOST);
        }
        let endpoint = |placed: Placed<'_>| -> (Arc<Endpoint>, Rank) {
            let kept = before.find(placed.address);
            let endpoint = kept.map_or_else(
                || {
                    let like = previous.and_then(|previous| previous.find(placed.address));
                    let like = like.map(|candidate| &*candidate.endpoint);
                    (self.make)(placed.target, placed.address, like)
                },
                |candidate| Arc::clone(&candidate.endpoint),
            );
            (endpoint, placed.rank)
        };
        let mut set = Set::new(placed.into_iter().map(endpoint));
        set.is_settled = self.sources.iter().all(Source::is_settled);
        set.failure = self
            .sources
            .iter()
            .filter_map(Source::failure)
            .reduce(Unresolved::or);
        self.current.store(Arc::new(set));
        drop(one_at_a_time);
        self.published.send_replace(());
    }
}

impl Source {
    fn new(target: Arc<Target>, same: Option<&Self>) -> Self {
        Self {
            target,
            known: Mutex::new(same.map(|same| same.known().clone()).unwrap_or_default()),
            is_settled: AtomicBool::new(same.is_some_and(Self::is_settled)),
            ask_again: Notify::new(),
        }
    }

    fn places(&self) -> Vec<Place> {
        if let Some(ip) = self.target.address() {
            return vec![Place::plain(SocketAddr::new(ip, self.target.port))];
        }
        let known = self.known();
        known.iter().flat_map(Known::places).cloned().collect()
    }

    fn is_settled(&self) -> bool {
        self.target.address().is_some() || self.is_settled.load(Relaxed)
    }

    /// Why there is less of it than there should be.
    fn failure(&self) -> Option<Unresolved> {
        let known = self.known();
        known
            .iter()
            .filter_map(Known::failure)
            .cloned()
            .reduce(Unresolved::or)
    }

    fn known(&self) -> MutexGuard<'_, [Known; 2]> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, at: usize, answer: Answer) {
        let name = self.target.host();
        let mut known = self.known();
        let Some(known) = known.get_mut(at) else {
            return;
        };
        let before = known.failure().map(|why| why.cause);
        let had_any = !known.places().is_empty();
        known.learn(answer, Instant::now());
        let Some(why) = known.failure().filter(|_| had_any) else {
            return;
        };
        let cause = why.cause.label();
        if known.places().is_empty() {
            tracing::warn!(name, cause, "the name has no address any more");
        } else if before != Some(why.cause) {
            tracing::warn!(
                name,
                cause,
                "name not resolved again; the last addresses stay"
            );
        }
    }
}
