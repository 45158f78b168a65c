// What a name that does not resolve costs everybody else: 1,000 calls to a portal whose name server never answers,
// beside calls to other portals on the same loop, in one run with the same calls undisturbed. Real sockets, the real
// resolver, a name server of its own.
//
// Prints a table. The 99th percentile of the other portals' calls should be at most twice the undisturbed one.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/transport/loop_pool.h"
#include "service/transport/resolver.h"
#include "tests/bench/paced_calls.h"
#include "tests/transport/dns_server.h"
#include "tests/transport/test_server.h"

namespace imbot {
namespace {

using bench::Latencies;
using std::chrono::microseconds;
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

  const auto run_others = [&] { return bench::RunPaced(others, kCallsEach, kInterval); };
  run_others();  // connections and names
  const Latencies undisturbed = run_others();
  std::atomic<int> ended{0};
  for (int i = 0; i < kHangingCalls; ++i) hanging->Submit(bench::Call(), [&](portal::Answer) { ++ended; });
  const Latencies beside = run_others();
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
