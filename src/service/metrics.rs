//! Counters, histograms and gauges, in the Prometheus text format. Labels have closed sets of values: names of
//! outcomes, steps, routes, and names in the settings.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, counter, describe_counter,
    describe_gauge, describe_histogram, gauge, histogram, with_local_recorder,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::hashing::Hasher;

/// Upper bounds of histograms, in seconds: from a lookup in a local store to the longest login.
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

/// The recorder behind the `metrics` macros.
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

/// Receives figures that other modules keep, whenever metrics are rendered.
#[derive(Debug)]
pub struct Figures(());

impl Figures {
    /// Sets a gauge. Labels must have closed sets of values.
    pub fn gauge(&mut self, name: &'static str, labels: &[(&'static str, String)], value: f64) {
        gauge!(name, labels).set(value);
    }

    /// Sets a counter to the number of times that something happened since startup.
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
        // `set_buckets` only fails for empty buckets.
        let builder = PrometheusBuilder::new();
        let recorder = builder.set_buckets(&BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
        let handle = recorder.handle();
        with_local_recorder(&recorder, describe);
        Self(Arc::new(Inner { recorder, handle, samplers: RwLock::default() }))
    }

    /// Collects what other modules count with the `metrics` macros. A process has a single global recorder: the first
    /// one stays.
    pub fn install(&self) {
        let _ = metrics::set_global_recorder(Shared(Arc::clone(&self.0)));
    }

    /// Calls the sampler whenever metrics are rendered: for lanes, breakers, queues.
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

    /// Renders all metrics in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        let samplers = self.0.samplers.read().unwrap_or_else(PoisonError::into_inner);
        self.record(|| samplers.iter().for_each(|sampler| sampler(&mut Figures(()))));
        self.0.handle.render()
    }

    /// Moves measurements into their buckets, so that they do not pile up while nobody reads the metrics.
    pub(super) fn tidy(&self) {
        self.0.handle.run_upkeep();
    }

    /// Runs code that records with the `metrics` macros.
    pub(super) fn record<T>(&self, what: impl FnOnce() -> T) -> T {
        with_local_recorder(&self.0.recorder, what)
    }

    /// Counts an answered request.
    pub(super) fn answered(&self, route: &str, status: u16, took: Duration) {
        self.record(|| {
            counter!("landfall_http_requests_total", "route" => route.to_owned(), "status" => status.to_string())
                .increment(1);
            histogram!("landfall_http_request_seconds", "route" => route.to_owned()).record(took);
        });
    }

    /// Counts a request that was turned away because too many were running.
    pub(super) fn shed(&self) {
        self.record(|| counter!("landfall_http_shed_total").increment(1));
    }

    /// Counts a panic.
    pub(super) fn panicked(&self) {
        self.record(|| counter!("landfall_panics_total").increment(1));
    }

    /// Counts a connection that was turned away: `full`, `peer` or `failed`.
    pub(super) fn turned_away(&self, why: &'static str) {
        self.record(|| counter!("landfall_connections_refused_total", "reason" => why).increment(1));
    }

    /// Counts a reload of the rules: `replaced`, `unchanged` or `broken`.
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
        ("landfall_attempts_total", "Attempts, by whether they were within the limit."),
        ("landfall_verifications_total", "Passwords verified against the legacy system, by scheme and verdict."),
        ("landfall_mapping_warnings_total", "Claims left out because their value was invalid."),
        ("landfall_port_failures_total", "Failures of sources, targets and the ledger."),
        ("landfall_hashes_total", "Password hashes computed, decoys included."),
        ("landfall_http_requests_total", "Requests by route and status."),
        ("landfall_http_shed_total", "Requests turned away because too many were running."),
        ("landfall_connections_refused_total", "Connections turned away."),
        ("landfall_panics_total", "Requests that panicked."),
        ("landfall_rules_reloads_total", "Reloads of the rules, by result."),
    ];
    for (name, help) in counters {
        describe_counter!(name, help);
    }
    describe_histogram!("landfall_login_seconds", Unit::Seconds, "Duration of logins, without the delay of refusals.");
    describe_histogram!("landfall_step_seconds", Unit::Seconds, "Duration of the steps of a login.");
    describe_histogram!("landfall_http_request_seconds", Unit::Seconds, "Duration of requests.");
    describe_gauge!(
        "landfall_longest_check_seconds",
        Unit::Seconds,
        "The longest verification of a stored hash that is allowed."
    );
    describe_gauge!("landfall_refusal_release_seconds", Unit::Seconds, "Refusals are never answered sooner than this.");
    describe_gauge!("landfall_lane_waiting", "Waiting hashes.");
    describe_gauge!("landfall_lane_running", "Running hashes.");
    describe_gauge!("landfall_lane_bytes", Unit::Bytes, "Memory of the hashing lane.");
    describe_gauge!("landfall_connections", "Open connections.");
    describe_gauge!("landfall_breaker_state", "State of the breaker of an adapter: 0 closed, 1 half open, 2 open.");
    describe_gauge!("landfall_rules_broken", "Whether the rule files are broken and older rules are active.");
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
    fn metrics_of_two_services_are_separate() {
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
