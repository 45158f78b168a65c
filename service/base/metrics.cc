#include "service/base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace imbot::base {
namespace {

// The library throws for a bad name or a name of two types.
template <typename Make>
auto OrDie(const std::string& name, Make make) {
  try {
    return make();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "imbot-gateway: metric %s: %s\n", name.c_str(), error.what());
    std::abort();
  }
}

}  // namespace

struct Metrics::Impl {
  // Merge: the family of a name that exists already is returned.
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
};

void Counter::Increment(double by) const {
  if (counter_ != nullptr) counter_->Increment(by);
}
double Counter::value() const {
  return counter_ == nullptr ? 0 : counter_->Value();
}

void Gauge::Set(double value) const {
  if (gauge_ != nullptr) gauge_->Set(value);
}
void Gauge::Add(double by) const {
  if (gauge_ != nullptr) gauge_->Increment(by);
}
double Gauge::value() const {
  return gauge_ == nullptr ? 0 : gauge_->Value();
}

void Histogram::Observe(double value) const {
  if (histogram_ != nullptr) histogram_->Observe(value);
}

std::vector<double> LatencyBuckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::GetCounter(const std::string& name, const std::string& help, const Labels& labels) {
  return Counter(OrDie(
      name, [&] { return &prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry).Add(labels); }));
}

Gauge Metrics::GetGauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(OrDie(
      name, [&] { return &prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add(labels); }));
}

Histogram Metrics::GetHistogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
                                const Labels& labels) {
  return Histogram(OrDie(name, [&] {
    return &prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry).Add(labels, buckets);
  }));
}

std::string Metrics::Expose() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace imbot::base
