#include "service/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

namespace imbot::base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, ExposesACounterWithHelpTypeAndLabels) {
  Metrics metrics;
  metrics.GetCounter("calls_total", "Calls by method.", {{"method", "imbot.register"}, {"code", "OK"}}).Increment();
  EXPECT_THAT(metrics.Expose(), HasSubstr("# HELP calls_total Calls by method.\n# TYPE calls_total counter\n"
                                          "calls_total{code=\"OK\",method=\"imbot.register\"} 1\n"));
}

TEST(Metrics, ReturnsTheSameSeriesForTheSameNameAndLabels) {
  Metrics metrics;
  const Counter first = metrics.GetCounter("calls_total", "Calls.", {{"code", "OK"}});
  const Counter second = metrics.GetCounter("calls_total", "Calls.", {{"code", "OK"}});
  const Counter other = metrics.GetCounter("calls_total", "Calls.", {{"code", "NOT_FOUND"}});
  first.Increment(2);
  second.Increment();
  EXPECT_EQ(first.value(), 3);
  EXPECT_EQ(other.value(), 0);
}

TEST(Metrics, SetsAndAddsToAGauge) {
  Metrics metrics;
  const Gauge gauge = metrics.GetGauge("queued", "Calls that wait.");
  gauge.Set(5);
  gauge.Add(-2);
  EXPECT_EQ(gauge.value(), 3);
  EXPECT_THAT(metrics.Expose(), HasSubstr("\nqueued 3\n"));
}

TEST(Metrics, CountsAnObservationInEveryBucketThatHoldsIt) {
  Metrics metrics;
  const Histogram histogram = metrics.GetHistogram("wait_seconds", "Waiting time.", {0.5, 2}, {{"portal", "acme"}});
  histogram.Observe(0.5);
  histogram.Observe(1);
  histogram.Observe(3);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{portal=\"acme\",le=\"0.5\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{portal=\"acme\",le=\"2\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{portal=\"acme\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_sum{portal=\"acme\"} 4.5\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_count{portal=\"acme\"} 3\n"));
}

TEST(Metrics, EscapesLabelValues) {
  Metrics metrics;
  metrics.GetCounter("odd_total", "Odd.", {{"x", "a\"b\\c\nd"}}).Increment();
  EXPECT_THAT(metrics.Expose(), HasSubstr(R"(odd_total{x="a\"b\\c\nd"} 1)"));
}

TEST(Metrics, CountsExactlyFromSeveralThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&metrics] {
      const Counter counter = metrics.GetCounter("calls_total", "Calls.");
      for (int i = 0; i < 1000; ++i) counter.Increment();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(metrics.GetCounter("calls_total", "Calls.").value(), 4000);
}

TEST(Metrics, HandlesMadeByDefaultCountIntoNothing) {
  Counter().Increment();
  Gauge().Set(1);
  Histogram().Observe(1);
  EXPECT_EQ(Counter().value(), 0);
}

TEST(MetricsDeathTest, ANameOfTwoTypesOrABadNameEndsTheProcess) {
  Metrics metrics;
  metrics.GetCounter("twice", "First.");
  EXPECT_DEATH(metrics.GetGauge("twice", "Second."), "metric twice");
  EXPECT_DEATH(metrics.GetCounter("no spaces", "Bad."), "metric no spaces");
}

}  // namespace
}  // namespace imbot::base
