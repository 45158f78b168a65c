// A gateway under load for as long as it is told, with trouble between it and the portal all the time; then silence. At
// the end everything is back where it was at the start: memory, descriptors, threads, queues. `make soak`.
//
//   imbot_soak SECONDS [SEED]
//
// Prints a table; exit code 1 if something stayed behind.

#include <dirent.h>
#include <grpcpp/client_context.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bitrix24/imbot/v2/file_service.grpc.pb.h"
#include "tests/chaos/gate.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using bitrix24::imbot::v2::FileService;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcClient;
using testing::RpcOptions;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr int kCallers = 8;

// What a process holds.
struct Holdings {
  int64_t resident_kib = 0;
  int64_t threads = 0;
  int64_t descriptors = 0;
  double queued = 0, in_flight = 0, calls = 0;
};

std::map<std::string, int64_t> StatusOf(pid_t pid) {
  std::map<std::string, int64_t> values;
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (colon != std::string::npos) values[line.substr(0, colon)] = std::atoll(line.c_str() + colon + 1);
  }
  return values;
}

int64_t DescriptorsOf(pid_t pid) {
  int64_t count = 0;
  DIR* const folder = opendir(("/proc/" + std::to_string(pid) + "/fd").c_str());
  if (folder == nullptr) return -1;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count - 2;
}

double Gauge(const std::string& metrics, const std::string& name) {
  const size_t at = metrics.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::atof(metrics.c_str() + at + name.size() + 2);
}

Holdings Look(Gateway& gateway) {
  const pid_t pid = gateway.process().pid();
  auto status = StatusOf(pid);
  const std::string metrics = gateway.Metrics();
  return {status["VmRSS"],
          status["Threads"],
          DescriptorsOf(pid),
          Gauge(metrics, "imbot_portal_queued_calls"),
          Gauge(metrics, "imbot_portal_in_flight"),
          Gauge(metrics, "imbot_rpc_in_flight")};
}

// One caller: every kind of call, some with deadlines that are too short, some broken off.
class Caller {
 public:
  Caller(int port, unsigned seed) : client_(port), files_(FileService::NewStub(client_.channel())), random_(seed) {}

  void RunUntil(steady_clock::time_point end, std::map<std::string, int64_t>* outcomes) {
    while (steady_clock::now() < end) ++(*outcomes)[Step()];
  }

 private:
  std::string Step() {
    const RpcOptions options{.metadata = {}, .deadline = milliseconds(random_() % 20 == 0 ? 5 : 3'000)};
    switch (random_() % 10) {
      case 0:
        return Upload();
      case 1:
        return Download();
      case 2:
        return NameOf(client_.Call("bitrix24.imbot.v2.BotService/GetBot", R"({"bot": "acme/support"})", options));
      default: {
        const Json request = {{"bot", "acme/support"},
                              {"dialogId", "chat5"},
                              {"fields", {{"message", std::string(1 + random_() % 3'000, 'x')}}}};
        return NameOf(client_.Call("bitrix24.imbot.v2.MessageService/SendMessage", request.dump(), options));
      }
    }
  }

  static std::string NameOf(const RpcResult& result) { return result.ok() ? "OK" : result.Reason(); }
  static std::string NameOf(const grpc::Status& status) {
    return status.ok() ? "OK" : "stream, code " + std::to_string(status.error_code());
  }

  std::string Upload() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(5));
    bitrix24::imbot::v2::UploadFileResponse response;
    const auto writer = files_->UploadFile(&context, &response);
    bitrix24::imbot::v2::UploadFileRequest message;
    message.set_bot("acme/support");
    message.set_dialog_id("chat5");
    message.mutable_fields()->set_name("soak.bin");
    message.mutable_fields()->set_content(std::string(random_() % 100'000 + 1, 'u'));
    bool open = writer->Write(message);
    message.Clear();
    for (unsigned left = static_cast<unsigned>(random_() % 4); open && left > 0; --left) {
      message.mutable_fields()->set_content(std::string(random_() % 200'000 + 1, 'v'));
      open = writer->Write(message);
    }
    if (random_() % 4 == 0) context.TryCancel();
    if (open) writer->WritesDone();
    const grpc::Status status = writer->Finish();
    if (status.ok()) file_ = response.file().id();
    return NameOf(status);
  }

  std::string Download() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(5));
    bitrix24::imbot::v2::DownloadFileRequest request;
    request.set_bot("acme/support");
    request.set_file_id(file_);
    const auto reader = files_->DownloadFile(&context, request);
    bitrix24::imbot::v2::DownloadFileResponse message;
    const bool give_up = random_() % 4 == 0;
    while (reader->Read(&message)) {
      if (give_up) context.TryCancel();
    }
    return NameOf(reader->Finish());
  }

  const RpcClient client_;
  const std::unique_ptr<FileService::Stub> files_;
  std::mt19937 random_;
  int64_t file_ = 1;
};

void Load(Gateway& gateway, chaos::Gate& gate, seconds time, unsigned seed, std::map<std::string, int64_t>* outcomes) {
  const auto end = steady_clock::now() + time;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int i = 0; i < kCallers; ++i) {
    threads.emplace_back([&, i] {
      std::map<std::string, int64_t> own;
      Caller(gateway.grpc_port(), seed + static_cast<unsigned>(i)).RunUntil(end, &own);
      const std::lock_guard lock(mutex);
      for (const auto& [name, count] : own) (*outcomes)[name] += count;
    });
  }
  // The schedule speaks of new connections, and good ones would be kept: all end again and again.
  while (steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(700));
    gate.ResetAll();
  }
  for (std::thread& thread : threads) thread.join();
}

// Waits until nothing is under way any more, and looks then.
Holdings Settled(Gateway& gateway) {
  Holdings now;
  for (int i = 0; i < 240; ++i) {
    now = Look(gateway);
    if (now.queued == 0 && now.in_flight == 0 && now.calls == 0) break;
    std::this_thread::sleep_for(milliseconds(500));
  }
  // Kept connections that have ended meanwhile are found when the next call looks for one, at most once a second.
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(milliseconds(1'100));
    gateway.Call("bitrix24.imbot.v2.RevisionService/GetRevision", R"({"portal": "acme"})");
  }
  now = Look(gateway);
  return now;
}

std::string Schedule(unsigned seed) {
  return "seed " + std::to_string(seed) +
         "\n"
         "connection * chance 3% refuse\n"
         "connection * chance 4% to-server at 0..4000 reset\n"
         "connection * chance 4% to-client at 0..2000 reset\n"
         "connection * chance 4% to-client at 0..2000 cut\n"
         "connection * chance 4% to-server at 0..4000 delay 50ms\n"
         "connection * chance 3% to-client at 0..500 corrupt 3\n"
         "connection * chance 2% to-client at 0 stall 2s\n";
}

int Main(seconds time, unsigned seed) {
  const Simulator simulator({"--ledger-limit=1000"});
  chaos::Gate gate(simulator.http_port());
  const TemporaryFolder folder;
  GatewayOptions options;
  options.portal_url = "http://127.0.0.1:" + std::to_string(gate.port());
  options.limits = "  portal_reply_timeout: 3s\n  default_deadline: 5s\n";
  options.log_level = "info";
  Gateway gateway(folder, options);
  const RpcResult registered =
      gateway.Call("bitrix24.imbot.v2.BotService/RegisterBot",
                   R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})");
  if (!registered.ok()) return std::fprintf(stderr, "%s\n", registered.status.error_message().c_str()), 1;

  std::map<std::string, int64_t> warming, outcomes;
  gate.SetSchedule(chaos::ParseSchedule(Schedule(seed)));
  // Connections, heaps and caches first.
  Load(gateway, gate, std::min(time, seconds(60)), seed, &warming);
  gate.SetSchedule({});
  gate.ResetAll();
  const Holdings before = Settled(gateway);

  gate.SetSchedule(chaos::ParseSchedule(Schedule(seed + 1)));
  Load(gateway, gate, time, seed + 100, &outcomes);
  gate.SetSchedule({});
  gate.ResetAll();
  const Holdings after = Settled(gateway);

  std::printf("%lld s, %d callers, seed %u; trouble: %s\n", static_cast<long long>(time.count()), kCallers, seed,
              chaos::ToString(gate.counters()).c_str());
  for (const auto& [name, count] : outcomes) std::printf("  %-32s %lld\n", name.c_str(), static_cast<long long>(count));
  bool good = true;
  std::printf("| what | after a warm-up | at the end | may grow by |\n|---|---|---|---|\n");
  const auto row = [&](const char* what, double from, double to, double room) {
    const bool fits = to <= from + room;
    good = good && fits;
    std::printf("| %s | %.0f | %.0f | %.0f%s |\n", what, from, to, room, fits ? "" : ", exceeded");
  };
  row("resident memory, KiB", static_cast<double>(before.resident_kib), static_cast<double>(after.resident_kib), 8'192);
  row("threads", static_cast<double>(before.threads), static_cast<double>(after.threads), 4);
  row("descriptors", static_cast<double>(before.descriptors), static_cast<double>(after.descriptors), 4);
  row("queued calls", 0, after.queued, 0);
  row("requests in flight", 0, after.in_flight, 0);
  row("rpcs under way", 0, after.calls, 0);
  std::puts(good ? "nothing stayed behind" : "something stayed behind");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace imbot

int main(int argc, char** argv) {
  if (argc < 2 || std::atoi(argv[1]) <= 0) return std::fprintf(stderr, "usage: imbot_soak SECONDS [SEED]\n"), 2;
  return imbot::Main(std::chrono::seconds(std::atoi(argv[1])),
                     argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1);
}
