//! Turns: many calls of one kind against one system, some at a time.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::cpu;

use crate::report::median;
use crate::systems::System;

/// What the turns of one kind took.
#[derive(Default)]
pub struct Turns {
    /// Milliseconds of each call.
    times: Vec<f64>,
    /// Calls per second of each turn.
    rates: Vec<f64>,
    /// CPU milliseconds of a call outside the hashing lane, by turn.
    own: Vec<f64>,
    /// CPU milliseconds of a call in the server, by turn.
    server: Vec<f64>,
}

impl Turns {
    /// Calls for these numbers, so many at a time.
    pub async fn take<F, D>(&mut self, system: &System, numbers: Range<u64>, at_once: usize, call: F)
    where
        F: Fn(u64) -> D + Clone + Send + 'static,
        D: Future<Output = ()> + Send,
    {
        let count = (numbers.end - numbers.start) as f64;
        let (own, server, began) = (cpu::snapshot(), system.server_cpu(), Instant::now());
        self.times.extend(calls(numbers, at_once, call).await);
        self.rates.push(count / began.elapsed().as_secs_f64());
        self.own.push(own.spent().without_hashing() * 1000.0 / count);
        self.server.push(system.server_cpu().since(&server) * 1000.0 / count);
    }

    /// The median and the 99th percentile of a call.
    pub fn latency(&self) -> String {
        format!("{:.2} / {:.2} ms", median(self.times.iter().copied()), percentile(&self.times, 0.99))
    }

    /// Calls per second.
    pub fn rate(&self) -> f64 {
        median(self.rates.iter().copied())
    }

    /// The CPU time of a call, in this process outside the hashing lane and in the server.
    pub fn cpu(&self) -> String {
        format!("{:.2} / {:.2} ms", median(self.own.iter().copied()), median(self.server.iter().copied()))
    }
}

/// Calls for these numbers, so many at a time, and the milliseconds of each.
pub async fn calls<F, D>(numbers: Range<u64>, at_once: usize, call: F) -> Vec<f64>
where
    F: Fn(u64) -> D + Clone + Send + 'static,
    D: Future<Output = ()> + Send,
{
    let next = Arc::new(AtomicU64::new(numbers.start));
    let visitor = || {
        let (next, call, end) = (Arc::clone(&next), call.clone(), numbers.end);
        tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return times;
                }
                let began = Instant::now();
                call(number).await;
                times.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        })
    };
    let visitors: Vec<_> = (0..at_once).map(|_| visitor()).collect();
    let mut times = Vec::new();
    for visitor in visitors {
        times.extend(visitor.await.unwrap());
    }
    times
}

fn percentile(times: &[f64], part: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    let at = (times.len() as f64 * part) as usize;
    times.get(at.min(times.len() - 1)).copied().unwrap()
}
