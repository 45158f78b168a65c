// What the gateway counts, in Prometheus' text format.
//
// Owned by gateway.cc; components ask for a handle once, when they are built, and keep it. A handle is a pointer: valid
// as long as the Metrics it came from. Never holds a secret, and no label whose values callers choose freely: each
// value is a time series for ever.
#ifndef IMBOT_SERVICE_BASE_METRICS_H_
#define IMBOT_SERVICE_BASE_METRICS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace imbot::base {

// Names and values; the same names for every series of one metric.
using Labels = std::map<std::string, std::string>;

// The three handles: thread-safe, cheap to copy, without a lock on the way for counters and gauges. One made by default
// counts into nothing, so that a component works without metrics.
class Counter {
 public:
  Counter() = default;
  void Increment(double by = 1) const;  // REQUIRES: by >= 0
  double value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  prometheus::Counter* counter_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  void Set(double value) const;
  void Add(double by) const;
  double value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  prometheus::Gauge* gauge_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  void Observe(double value) const;

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  prometheus::Histogram* histogram_ = nullptr;
};

// Upper bounds in seconds, from 1 ms to 60 s: a call's life, from a local refusal to a portal's time limit.
std::vector<double> LatencyBuckets();

// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The series of that name and labels, made at the first call. `help` is read at the name's first call only. One name
  // has one type, and names are [a-zA-Z_][a-zA-Z0-9_]*: a mistake in that is a mistake in the program and ends the
  // process.
  Counter GetCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge GetGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram GetHistogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
                         const Labels& labels = {});

  // Every series, in the text format, version 0.0.4.
  std::string Expose() const;
  static constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_METRICS_H_
