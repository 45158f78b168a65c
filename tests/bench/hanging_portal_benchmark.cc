// What a portal that accepts and never answers costs the others: 99 healthy portals beside it, all on one loop, before
// its breaker opens (its window and its queue are full) and after (its calls fail at once), in one run with the same
// calls undisturbed. Real sockets.
//
// Prints a table. The 99th percentile of the healthy portals' calls should be at most 1.5 times the undisturbed one.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/transport/loop_pool.h"
#include "service/transport/resolver.h"
#include "tests/bench/paced_calls.h"
#include "tests/transport/test_server.h"

namespace imbot {
namespace {

using bench::Latencies;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kHealthy = 99;
constexpr int kRounds = 50;                  // calls to each
constexpr milliseconds kInterval{100};       // between two of them: 990 a second
constexpr milliseconds kHangingInterval{5};  // between two calls to the one that hangs: 200 a second
constexpr int kWaiting = 10'000;             // calls that fill its queue first

class Urls final : public portal::CredentialSource {
 public:
  explicit Urls(uint16_t port) : port_(port) {}
  absl::StatusOr<base::Secret> UrlFor(std::string_view portal, std::string_view method) override {
    return base::Secret("http://127.0.0.1:" + std::to_string(port_) + "/" + std::string(portal) + "/rest/1/code/" +
                        std::string(method));
  }

 private:
  const uint16_t port_;
};

// Calls to the portal that hangs, on and on.
class Flood {
 public:
  explicit Flood(portal::Port& port) : port_(port), thread_([this] { Run(); }) {}
  ~Flood() {
    stop_ = true;
    thread_.join();
  }
  int ended() const { return *ended_; }

 private:
  void Run() {
    while (!stop_) {
      port_.Submit(bench::Call(), [ended = ended_](portal::Answer) { ++*ended; });
      std::this_thread::sleep_for(kHangingInterval);
    }
  }

  portal::Port& port_;
  std::atomic<bool> stop_{false};
  const std::shared_ptr<std::atomic<int>> ended_ = std::make_shared<std::atomic<int>>(0);
  std::thread thread_;
};

int Main() {
  std::promise<void> stop;
  const std::shared_future<void> stopped = stop.get_future().share();
  transport::TestServer server([&](transport::Connection& connection, const transport::HttpRequest& request) {
    if (request.line.find("/hangs/") != std::string::npos) return stopped.wait();
    connection.Reply(200, R"({"result":{"rest":33},"time":{"duration":0.001}})");
  });
  Urls urls(server.port());
  auto resolver = transport::CreateSystemResolver({}, base::Clock::System());
  if (!resolver.ok()) return std::fprintf(stderr, "%s\n", resolver.status().ToString().c_str()), 1;
  transport::HttpOptions http;
  http.address_policy = transport::AllowScopes({.loopback = true});
  auto pool = transport::LoopPool::Create(1, std::move(http), **resolver, base::Clock::System());
  if (!pool.ok()) return std::fprintf(stderr, "%s\n", pool.status().ToString().c_str()), 1;

  std::vector<std::unique_ptr<portal::Port>> owned;
  const auto add = [&](const std::string& name) {
    owned.push_back(std::make_unique<portal::Port>(name, (*pool)->For(name), base::Clock::System(), urls,
                                                   std::make_shared<portal::LeakyBucket>(portal::kUnlimitedPlan),
                                                   portal::SchedulerOptions{}, portal::SchedulerMetrics{}));
    return owned.back().get();
  };
  std::vector<portal::Port*> healthy;
  for (int i = 0; i < kHealthy; ++i) healthy.push_back(add("portal" + std::to_string(i)));
  portal::Port* const hanging = add("hangs");
  portal::Registry registry(std::move(owned));

  bench::RunPaced(healthy, 5, kInterval);  // connections
  std::vector<std::pair<const char*, Latencies>> runs;
  runs.emplace_back("undisturbed", bench::RunPaced(healthy, kRounds, kInterval));
  {
    std::atomic<int> ended{0};
    for (int i = 0; i < kWaiting; ++i) hanging->Submit(bench::Call(seconds(120)), [&](portal::Answer) { ++ended; });
    const Flood flood(*hanging);
    std::this_thread::sleep_for(seconds(1));  // that was a burst of 10,000 calls, which is another matter
    runs.emplace_back("beside one that hangs", bench::RunPaced(healthy, kRounds, kInterval));
    while (ended == 0) std::this_thread::sleep_for(milliseconds(100));  // the breaker
    runs.emplace_back("and whose breaker is open", bench::RunPaced(healthy, kRounds, kInterval));
    stop.set_value();
    registry.Stop();
  }

  std::printf("| calls to 99 healthy portals | p50 us | p90 us | p99 us | p99 / undisturbed | failed |\n");
  std::printf("|---|---|---|---|---|---|\n");
  for (const auto& [what, run] : runs) {
    std::printf("| %s | %.0f | %.0f | %.0f | %.2f | %d of %zu |\n", what, run.Percentile(0.5), run.Percentile(0.9),
                run.Percentile(0.99), run.Percentile(0.99) / runs[0].second.Percentile(0.99), run.failed,
                run.microseconds.size());
  }
  std::printf("p99 / undisturbed: at most 1.5 is wanted\n");
  return 0;
}

}  // namespace
}  // namespace imbot

int main() {
  return imbot::Main();
}
