//! Counters, histograms and gauges, in the text format of Prometheus. Labels come from closed sets: names of outcomes,
//! steps, routes, and of what the settings name.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, counter, describe_counter,
    describe_gauge, describe_histogram, gauge, histogram, with_local_recorder,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::migrate::Hasher;

/// Upper bounds of histograms, in seconds: from a look into a local store to the longest login.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// The metrics of one service; cheap to clone.
///
/// ```
/// use landfall::service::Metrics;
/// let metrics = Metrics::new();
/// metrics.sample(|figures| figures.gauge("landfall_breaker_state", &[("adapter", "shop".to_owned())], 0.0));
/// assert!(metrics.render().contains("landfall_breaker_state{adapter=\"shop\"} 0"));
/// ```
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    samplers: RwLock<Vec<Sampler>>,
}

/// The recorder behind the macros.
struct Shared(Arc<Inner>);

impl Recorder for Shared {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.recorder.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.recorder.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.recorder.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.0.recorder.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.0.recorder.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.0.recorder.register_histogram(key, metadata)
    }
}

type Sampler = Box<dyn Fn(&mut Figures) + Send + Sync>;

/// Takes figures that others keep, when somebody looks.
#[derive(Debug)]
pub struct Figures(());

impl Figures {
    /// How much of something there is now. Labels must come from closed sets.
    pub fn gauge(&mut self, name: &'static str, labels: &[(&'static str, String)], value: f64) {
        gauge!(name, labels).set(value);
    }

    /// How often something happened since the start.
    pub fn counter(&mut self, name: &'static str, labels: &[(&'static str, String)], value: u64) {
        counter!(name, labels).absolute(value);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Metrics at zero.
    #[must_use]
    pub fn new() -> Self {
        // The bounds are not empty, which is all that can be wrong with them.
        let builder = PrometheusBuilder::new();
        let recorder = builder.set_buckets(&BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
        let handle = recorder.handle();
        with_local_recorder(&recorder, describe);
        Self(Arc::new(Inner { recorder, handle, samplers: RwLock::default() }))
    }

    /// Takes what rooms that know nothing of a service count with the macros of `metrics`. A process has one such place: the
    /// first one stays.
    pub fn install(&self) {
        let _ = metrics::set_global_recorder(Shared(Arc::clone(&self.0)));
    }

    /// Asks for figures whenever somebody looks: lanes, breakers, queues.
    pub fn sample(&self, sampler: impl Fn(&mut Figures) + Send + Sync + 'static) {
        self.0.samplers.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(sampler));
    }

    /// Samples the figures of a hasher and its lane.
    pub fn sample_hasher(&self, hasher: Arc<Hasher>) {
        self.sample(move |figures| {
            let (calls, lane) = (hasher.calls(), hasher.lane().figures());
            figures.counter("landfall_hashes_total", &[("kind", "legacy".to_owned())], calls.legacy);
            figures.counter("landfall_hashes_total", &[("kind", "target".to_owned())], calls.target);
            if let Some(admission) = hasher.admission() {
                figures.gauge("landfall_longest_check_seconds", &[], admission.longest_check.as_secs_f64());
                figures.gauge("landfall_refusal_release_seconds", &[], admission.release.as_secs_f64());
            }
            figures.gauge("landfall_lane_waiting", &[], count(lane.waiting));
            figures.gauge("landfall_lane_running", &[], count(lane.running));
            figures.gauge("landfall_lane_bytes", &[("kind", "busy".to_owned())], kib(lane.busy_kib));
            figures.gauge("landfall_lane_bytes", &[("kind", "kept".to_owned())], kib(lane.kept_kib));
            figures.gauge("landfall_lane_bytes", &[("kind", "peak".to_owned())], kib(lane.peak_kib));
        });
    }

    /// All of it, in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        let samplers = self.0.samplers.read().unwrap_or_else(PoisonError::into_inner);
        self.record(|| samplers.iter().for_each(|sampler| sampler(&mut Figures(()))));
        self.0.handle.render()
    }

    /// Takes measurements into their buckets, so that they do not pile up while nobody looks.
    pub(super) fn tidy(&self) {
        self.0.handle.run_upkeep();
    }

    /// Runs what records with the macros of `metrics`.
    pub(super) fn record<T>(&self, what: impl FnOnce() -> T) -> T {
        with_local_recorder(&self.0.recorder, what)
    }

    /// A request was answered.
    pub(super) fn answered(&self, route: &str, status: u16, took: Duration) {
        self.record(|| {
            counter!("landfall_http_requests_total", "route" => route.to_owned(), "status" => status.to_string())
                .increment(1);
            histogram!("landfall_http_request_seconds", "route" => route.to_owned()).record(took);
        });
    }

    /// A request was turned away because there are too many.
    pub(super) fn shed(&self) {
        self.record(|| counter!("landfall_http_shed_total").increment(1));
    }

    /// A request panicked.
    pub(super) fn panicked(&self) {
        self.record(|| counter!("landfall_panics_total").increment(1));
    }

    /// A connection was turned away: `full`, `peer` or `failed`.
    pub(super) fn turned_away(&self, why: &'static str) {
        self.record(|| counter!("landfall_connections_refused_total", "reason" => why).increment(1));
    }

    /// The rules were read again: `replaced`, `unchanged` or `broken`.
    pub(super) fn reloaded(&self, result: &'static str) {
        self.record(|| {
            counter!("landfall_rules_reloads_total", "result" => result).increment(1);
            gauge!("landfall_rules_broken").set(f64::from(u8::from(result == "broken")));
        });
    }
}

fn describe() {
    let counters = [
        ("landfall_logins_total", "Logins by outcome and reason."),
        ("landfall_attempts_total", "Attempts by whether they were admitted."),
        ("landfall_verifications_total", "Passwords held against the legacy system, by scheme and verdict."),
        ("landfall_mapping_warnings_total", "Claims left out because their value was bad."),
        ("landfall_port_failures_total", "Failures of sources, targets and the ledger."),
        ("landfall_hashes_total", "Password hashes computed, decoys included."),
        ("landfall_http_requests_total", "Requests by route and status."),
        ("landfall_http_shed_total", "Requests turned away because too many were running."),
        ("landfall_connections_refused_total", "Connections turned away."),
        ("landfall_panics_total", "Requests that panicked."),
        ("landfall_rules_reloads_total", "Readings of changed rules by result."),
    ];
    for (name, help) in counters {
        describe_counter!(name, help);
    }
    describe_histogram!("landfall_login_seconds", Unit::Seconds, "How long logins take, without the wait of refusals.");
    describe_histogram!("landfall_step_seconds", Unit::Seconds, "How long the steps of a login take.");
    describe_histogram!("landfall_http_request_seconds", Unit::Seconds, "How long requests take.");
    describe_gauge!(
        "landfall_longest_check_seconds",
        Unit::Seconds,
        "The longest check of a stored hash that is admitted."
    );
    describe_gauge!("landfall_refusal_release_seconds", Unit::Seconds, "Refusals are answered no sooner than this.");
    describe_gauge!("landfall_lane_waiting", "Hashes that wait.");
    describe_gauge!("landfall_lane_running", "Hashes that run.");
    describe_gauge!("landfall_lane_bytes", Unit::Bytes, "Memory of the hashing lane.");
    describe_gauge!("landfall_connections", "Open connections.");
    describe_gauge!("landfall_breaker_state", "What the breaker of an adapter does: 0 closed, 1 half open, 2 open.");
    describe_gauge!("landfall_rules_broken", "Whether the rule files are broken and older rules are in force.");
}

/// A count as a float: exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of jobs are far below 2^53")]
pub(super) fn count(of: usize) -> f64 {
    of as f64
}

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^53 KiB")]
fn kib(kib: u64) -> f64 {
    kib as f64 * 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_two_services_are_apart() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.shed();
        one.shed();
        one.answered("/v1/login", 401, Duration::from_millis(3));
        let text = one.render();
        assert!(text.contains("landfall_http_shed_total 2"), "{text}");
        assert!(text.contains("landfall_http_requests_total{route=\"/v1/login\",status=\"401\"} 1"), "{text}");
        assert!(text.contains("landfall_http_request_seconds_bucket{route=\"/v1/login\",le=\"0.005\"} 1"), "{text}");
        assert!(!other.render().contains("shed_total 2"));
    }

    #[test]
    fn rules_are_broken_until_they_are_replaced() {
        let metrics = Metrics::new();
        metrics.reloaded("broken");
        assert!(metrics.render().contains("landfall_rules_broken 1"));
        metrics.reloaded("replaced");
        assert!(metrics.render().contains("landfall_rules_broken 0"));
    }
}
