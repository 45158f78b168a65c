#include "tests/chaos/once.h"

#include <signal.h>

#include <atomic>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "tests/chaos/once_caller.h"
#include "tests/chaos/schedule.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr int kIdle = 10;  // steps

GatewayOptions OptionsOf(const OnceOptions& options, const Gate& gate) {
  GatewayOptions gateway;
  gateway.portal_url = "http://127.0.0.1:" + std::to_string(gate.port());
  // Few requests under way, so that calls leave in batches; replies given up before most callers' deadlines.
  gateway.limits =
      "  in_flight_per_portal: 4\n  portal_reply_timeout: 2s\n  connect_timeout: 1s\n  default_deadline: 5s\n";
  gateway.configuration = "handler_hosts: [bots.example.com]\n" + CallersYaml(options.callers);
  gateway.log_level = "info";
  return gateway;
}

// The gateway's process, one after the other, and the door before it.
class House {
 public:
  House(const OnceOptions& options, const Gate& gate) : options_(OptionsOf(options, gate)) { Start(); }
  void KillAndRestart() {
    gateway_->process().Signal(SIGKILL);
    door_.Close();
    if (gateway_->process().Wait(std::chrono::seconds(10)) != -SIGKILL)
      throw std::runtime_error("the gateway had ended before it was killed: " + gateway_->process().Err());
    Start();
  }
  void CheckAlive() const {
    if (gateway_->process().Wait(milliseconds(0)).has_value())
      throw std::runtime_error("the gateway ended by itself: " + gateway_->process().Err());
  }
  const Gateway& gateway() const { return *gateway_; }
  Door* door() { return &door_; }

 private:
  void Start() {
    gateway_.reset();
    gateway_ = std::make_unique<Gateway>(folder_, options_);
    door_.Open(gateway_->grpc_port());
  }

  const TemporaryFolder folder_;
  const GatewayOptions options_;
  Door door_;
  std::unique_ptr<Gateway> gateway_;
};

// Runs something of every caller on a thread each; joined, and the door abandoned first, whatever happens.
class Threads {
 public:
  template <typename Work>
  Threads(std::vector<std::unique_ptr<Caller>>* callers, Door* door, Work work) : door_(*door) {
    for (const auto& caller : *callers) threads_.emplace_back([&caller = *caller, work] { work(caller); });
  }
  ~Threads() {
    if (!joined_) door_.Abandon();
    Join();
  }
  void Join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    joined_ = true;
  }

 private:
  Door& door_;
  bool joined_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

OnceResult RunOnce(const OnceOptions& options) {
  const auto begun = steady_clock::now();
  uint64_t random = options.seed;
  const Simulator simulator({"--delay-ms=15", "--per-command-ms=1", "--ledger-limit=5000000", "--received-limit=0"});
  Gate gate(simulator.http_port());
  House house(options, gate);
  const Calls calls(options.workload, options.callers, house.gateway(), simulator);

  std::atomic<size_t> closed{0};
  std::vector<std::unique_ptr<Caller>> callers;
  const size_t each = (options.calls + options.callers - 1) / options.callers;
  for (size_t i = 0; i < options.callers; ++i) {
    callers.push_back(std::make_unique<Caller>(CallerOptions{.index = i,
                                                             .calls = each,
                                                             .seed = NextRandom(&random),
                                                             .patience = options.patience,
                                                             .new_key_after_unknown = options.new_key_after_unknown},
                                               calls, house.door(), &closed));
  }
  const size_t total = each * options.callers;

  OnceResult result;
  Faults faults(simulator, &gate, calls, options.lost_ids, NextRandom(&random));
  {
    Threads running(&callers, house.door(), [](Caller& caller) { caller.Run(); });
    size_t seen = 0;
    int idle = 0;
    while (closed < total) {
      std::this_thread::sleep_for(milliseconds(1 + NextRandom(&random) % static_cast<uint64_t>(options.pause.count())));
      house.CheckAlive();
      // While nothing comes to an end, more trouble would only hold up what is being repeated.
      if (closed != seen || ++idle == kIdle) {
        faults.Step();
        seen = closed;
        idle = 0;
      }
      // Spread over the run by what is done, so that all of them come before its end.
      const size_t next = total * static_cast<size_t>(result.kills + 1) / static_cast<size_t>(options.kills + 1);
      if (result.kills < options.kills && closed >= next) {
        house.KillAndRestart();
        ++result.kills;
      }
    }
    running.Join();
  }
  faults.Stop();
  Threads(&callers, house.door(), [](Caller& caller) { caller.Finish(); }).Join();

  std::vector<Record> records;
  for (const auto& caller : callers) records.insert(records.end(), caller->records().begin(), caller->records().end());
  result.verdict = Check(records, ExecutionsOf(simulator.Executed()), options.expect);
  result.faults = faults.counts();
  result.gate = gate.counters();
  result.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
  return result;
}

std::string ToString(const OnceOptions& options, const OnceResult& result) {
  std::ostringstream out;
  out << options.calls << " calls of " << options.callers << " callers, " << result.kills
      << " kills with SIGKILL, seed " << options.seed << ", " << result.took.count() / 1'000 << " s\n"
      << "on the way: " << ToString(result.gate) << "\n\n| fault of the portal | injected | hits |\n|---|---|---|\n";
  for (const auto& [name, count] : result.faults)
    out << "| " << name << " | " << count.injected << " | " << count.hits << " |\n";
  out << "\n" << ToString(result.verdict);
  return out.str();
}

}  // namespace imbot::chaos
