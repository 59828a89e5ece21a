//! Records the metrics of the [table](crate::metrics::table), and renders them in the Prometheus text format.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::reload::RuleUse;
use crate::hashing::Hasher;
use crate::metrics::table::{
    ALL, CONNECTIONS_REFUSED, HASHES, HTTP_REQUEST_SECONDS, HTTP_REQUESTS, HTTP_SHED, LANE_MEMORY, LANE_RUNNING,
    LANE_WAIT, LANE_WAITING, LONGEST_CHECK, PANICS, REFUSAL_RELEASE, RULES_BROKEN, RULES_RELOADS, SHADOW_BROKEN,
};
use crate::metrics::{Description, Kind};

/// The metrics of one service; cheap to clone.
///
/// ```
/// use landfall::metrics::table::BREAKER_STATE;
/// use landfall::service::Metrics;
/// let metrics = Metrics::new();
/// metrics.sample(|| BREAKER_STATE.set(["shop".into()], 0.0));
/// assert!(metrics.render().contains("landfall_breaker_state{adapter=\"shop\"} 0"));
/// ```
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    samplers: RwLock<Vec<Sampler>>,
}

/// The recorder of the process.
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

type Sampler = Box<dyn Fn() + Send + Sync>;

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
        let recorder = recorder();
        describe(&recorder);
        let handle = recorder.handle();
        Self(Arc::new(Inner { recorder, handle, samplers: RwLock::default() }))
    }

    /// Collects what other modules record. A process has a single global recorder: the first
    /// one stays.
    pub fn install(&self) {
        let _ = metrics::set_global_recorder(Shared(Arc::clone(&self.0)));
    }

    /// Calls the sampler whenever metrics are rendered. It records figures that other modules keep, such as those of
    /// lanes, breakers and queues.
    pub fn sample(&self, sampler: impl Fn() + Send + Sync + 'static) {
        self.0.samplers.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(sampler));
    }

    /// Samples the figures of a hasher and its lane.
    pub fn sample_hasher(&self, hasher: Arc<Hasher>) {
        self.sample(move || {
            let (calls, lane) = (hasher.calls(), hasher.lane().figures());
            HASHES.set(["legacy".into()], calls.legacy);
            HASHES.set(["target".into()], calls.target);
            if let Some(admission) = hasher.admission() {
                LONGEST_CHECK.set([], admission.longest_check.as_secs_f64());
                REFUSAL_RELEASE.set([], admission.release.as_secs_f64());
            }
            LANE_WAITING.set([], count(lane.waiting));
            LANE_RUNNING.set([], count(lane.running));
            LANE_WAIT.set([], hasher.expected_wait().as_secs_f64());
            LANE_MEMORY.set(["busy".into()], kib(lane.busy_kib));
            LANE_MEMORY.set(["kept".into()], kib(lane.kept_kib));
            LANE_MEMORY.set(["peak".into()], kib(lane.peak_kib));
        });
    }

    /// Renders all metrics in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        let samplers = self.0.samplers.read().unwrap_or_else(PoisonError::into_inner);
        self.record(|| samplers.iter().for_each(|sampler| sampler()));
        self.0.handle.render()
    }

    /// Moves measurements into their buckets, so that they do not pile up while nobody reads the metrics.
    pub(super) fn tidy(&self) {
        self.0.handle.run_upkeep();
    }

    /// Runs code that records metrics, and keeps what it records.
    pub(super) fn record<T>(&self, what: impl FnOnce() -> T) -> T {
        with_local_recorder(&self.0.recorder, what)
    }

    /// Counts an answered request.
    pub(super) fn answered(&self, route: &str, status: u16, took: Duration) {
        self.record(|| {
            HTTP_REQUESTS.add([route.to_owned().into(), status.to_string().into()], 1);
            HTTP_REQUEST_SECONDS.record([route.to_owned().into()], took);
        });
    }

    /// Counts a request that was turned away because too many were running.
    pub(super) fn shed(&self) {
        self.record(|| HTTP_SHED.add([], 1));
    }

    /// Counts a panic.
    pub(super) fn panicked(&self) {
        self.record(|| PANICS.add([], 1));
    }

    /// Counts a connection that was turned away: `full`, `peer` or `failed`.
    pub(super) fn turned_away(&self, why: &'static str) {
        self.record(|| CONNECTIONS_REFUSED.add([why.into()], 1));
    }

    /// Counts a reload of rules: `replaced`, `unchanged` or `broken`.
    pub(super) fn reloaded(&self, usage: &RuleUse, result: &'static str) {
        let broken = f64::from(u8::from(result == "broken"));
        self.record(|| match usage {
            RuleUse::Active => {
                RULES_RELOADS.add([result.into()], 1);
                RULES_BROKEN.set([], broken);
            }
            RuleUse::Candidate(source) => SHADOW_BROKEN.set([source.clone().into()], broken),
        });
    }
}

/// A recorder with the buckets of the table.
fn recorder() -> PrometheusRecorder {
    let with_buckets = |builder: PrometheusBuilder, metric: &&Description| {
        let matcher = Matcher::Full(metric.name.to_owned());
        // it only fails without buckets, which a test of the table excludes
        builder.set_buckets_for_metric(matcher, metric.buckets).unwrap_or_default()
    };
    let histograms = ALL.iter().filter(|metric| metric.kind == Kind::Histogram);
    histograms.fold(PrometheusBuilder::new(), with_buckets).build_recorder()
}

/// Gives the recorder the help and unit of every metric in the table.
fn describe(recorder: &impl Recorder) {
    for Description { name, kind, unit, help, .. } in ALL {
        let (name, unit, help) = (KeyName::from(*name), Some(*unit), SharedString::from(*help));
        match kind {
            Kind::Counter => recorder.describe_counter(name, unit, help),
            Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }
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
    fn help_type_and_buckets_come_from_the_table() {
        let metrics = Metrics::new();
        metrics.shed();
        metrics.answered("/v1/login", 200, Duration::ZERO);
        let text = metrics.render();
        for metric in [HTTP_SHED.description(), HTTP_REQUEST_SECONDS.description()] {
            let name = metric.name;
            assert!(text.contains(&format!("# HELP {name} {}\n", metric.help)), "{name} is not described in\n{text}");
            for bound in metric.buckets {
                assert!(text.contains(&format!("{name}_bucket{{route=\"/v1/login\",le=\"{bound}\"}} 1")), "{text}");
            }
        }
        assert!(text.contains("# TYPE landfall_http_request_seconds histogram\n"), "{text}");
    }

    #[test]
    fn rules_are_broken_until_they_are_replaced() {
        let metrics = Metrics::new();
        metrics.reloaded(&RuleUse::Active, "broken");
        assert!(metrics.render().contains("\nlandfall_rules_broken 1"));
        metrics.reloaded(&RuleUse::Active, "replaced");
        assert!(metrics.render().contains("\nlandfall_rules_broken 0"));
    }
}
