// What a name that does not resolve costs everybody else: 1,000 calls to a portal whose name server never answers,
// beside calls to other portals on the same loop, in one run with the same calls undisturbed. Real sockets, the real
// resolver, a name server of its own.
//
// Prints a table. The 99th percentile of the other portals' calls should be at most twice the undisturbed one.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/base/clock.h"
#include "service/base/metrics.h"
#include "service/portal/registry.h"
#include "service/transport/loop_pool.h"
#include "service/transport/resolver.h"
#include "tests/transport/dns_server.h"
#include "tests/transport/test_server.h"

namespace imbot {
namespace {

using std::chrono::duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Record = transport::DnsServer::Record;

constexpr int kHangingCalls = 1'000;
constexpr int kOtherPortals = 4;
constexpr int kCallsEach = 500;
constexpr microseconds kInterval{2'000};  // between two calls to one portal

class Urls final : public portal::CredentialSource {
 public:
  explicit Urls(uint16_t port) : port_(port) {}
  absl::StatusOr<base::Secret> UrlFor(std::string_view portal, std::string_view method) override {
    return base::Secret("http://" + std::string(portal) + ".test:" + std::to_string(port_) + "/rest/1/code/" +
                        std::string(method));
  }

 private:
  const uint16_t port_;
};

portal::Outgoing Call() {
  portal::Outgoing call;
  call.method = "imbot.v2.Revision.get";
  call.body = [] { return std::string("{}"); };
  call.deadline = base::Clock::System().Now() + seconds(30);
  return call;
}

struct Latencies {
  std::vector<double> microseconds;
  int failed = 0;
  double Percentile(double share) const {
    const size_t at =
        std::min(microseconds.size() - 1, static_cast<size_t>(share * static_cast<double>(microseconds.size())));
    return microseconds[at];
  }
};

// An open loop: calls leave on time, whether or not the earlier ones have been answered.
Latencies Run(const std::vector<portal::Port*>& ports) {
  const size_t total = ports.size() * kCallsEach;
  std::vector<double> took(total, -1);
  std::atomic<size_t> left{total};
  std::atomic<int> failed{0};
  std::promise<void> all;
  const base::Clock& clock = base::Clock::System();
  auto next = clock.Now();
  size_t index = 0;
  for (int i = 0; i < kCallsEach; ++i, next += kInterval) {
    std::this_thread::sleep_until(next);
    for (portal::Port* port : ports) {
      port->Submit(Call(), [&, at = index++, begun = clock.Now()](portal::Answer answer) {
        took[at] = duration<double, std::micro>(clock.Now() - begun).count();
        if (!answer.status.ok()) ++failed;
        if (--left == 0) all.set_value();
      });
    }
  }
  all.get_future().wait();
  std::sort(took.begin(), took.end());
  return {std::move(took), failed};
}

int Main() {
  transport::DnsServer names;
  transport::TestServer server([](transport::Connection& connection, const transport::HttpRequest&) {
    connection.Reply(200, R"({"result":{"rest":33},"time":{"duration":0.001}})");
  });
  Urls urls(server.port());
  transport::ResolverOptions resolving;
  resolving.servers = names.address();
  auto resolver = transport::CreateSystemResolver(resolving, base::Clock::System());
  if (!resolver.ok()) return std::fprintf(stderr, "%s\n", resolver.status().ToString().c_str()), 1;
  transport::HttpOptions http;
  http.address_policy = transport::AllowScopes({.loopback = true});
  auto pool = transport::LoopPool::Create(1, std::move(http), **resolver, base::Clock::System());
  if (!pool.ok()) return std::fprintf(stderr, "%s\n", pool.status().ToString().c_str()), 1;

  portal::SchedulerOptions options;
  std::vector<std::unique_ptr<portal::Port>> owned;
  std::vector<portal::Port*> others;
  const auto add = [&](const std::string& name) {
    owned.push_back(std::make_unique<portal::Port>(name, (*pool)->For(name), base::Clock::System(), urls,
                                                   std::make_shared<portal::LeakyBucket>(portal::kUnlimitedPlan),
                                                   options, portal::SchedulerMetrics{}));
    return owned.back().get();
  };
  for (int i = 0; i < kOtherPortals; ++i) {
    const std::string name = "portal" + std::to_string(i);
    names.Set(name + ".test", {{Record::Type::kA, "127.0.0.1", 300}});
    others.push_back(add(name));
  }
  names.Hang("hangs.test");
  portal::Port* const hanging = add("hangs");
  portal::Registry registry(std::move(owned));

  Run(others);  // connections and names
  const Latencies undisturbed = Run(others);
  std::atomic<int> ended{0};
  for (int i = 0; i < kHangingCalls; ++i) hanging->Submit(Call(), [&](portal::Answer) { ++ended; });
  const Latencies beside = Run(others);
  const int ended_meanwhile = ended;
  registry.Stop();

  std::printf("| calls to other portals | p50 us | p90 us | p99 us | failed |\n|---|---|---|---|---|\n");
  for (const auto& [what, run] :
       {std::pair{"undisturbed", &undisturbed}, std::pair{"beside 1,000 that hang", &beside}}) {
    std::printf("| %s | %.0f | %.0f | %.0f | %d of %zu |\n", what, run->Percentile(0.5), run->Percentile(0.9),
                run->Percentile(0.99), run->failed, run->microseconds.size());
  }
  std::printf("p99 beside / undisturbed: %.2f (at most 2 is wanted); of the hanging calls %d of %d ended meanwhile\n",
              beside.Percentile(0.99) / undisturbed.Percentile(0.99), ended_meanwhile, kHangingCalls);
  return 0;
}

}  // namespace
}  // namespace imbot

int main() {
  return imbot::Main();
}
