// What waiting costs, and what many portals cost:
//   a queued call    memory of the gateway for a call that waits for a portal, beside a bare gRPC server that holds the
//                    same call;
//   10,000 portals   the median of a call, the start, and memory, beside a gateway with one portal.
//
// Prints tables and what is wanted (README, "Load").

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bitrix24/imbot/v2/message_service.grpc.pb.h"
#include "tests/support/gateway.h"
#include "tests/support/process.h"
#include "tests/support/simulator.h"

namespace imbot::bench {
namespace {

using bitrix24::imbot::v2::MessageService;
using bitrix24::imbot::v2::SendMessageRequest;
using bitrix24::imbot::v2::SendMessageResponse;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Json;
using Clock = std::chrono::steady_clock;

constexpr char kHoldFlag[] = "--hold";
constexpr char kMethod[] = "/bitrix24.imbot.v2.MessageService/SendMessage";
constexpr int kHeld = 8'000;
constexpr int kConnections = 8;
constexpr int kPortals = 10'000;
constexpr int kRounds = 20;
constexpr int kCallsOfRound = 200;

// Not by std::exit, which would leave the programs running that were started.
[[noreturn]] void Die(const std::string& why) {
  throw std::runtime_error(why);
}

// --- The bare server, which is this program once more.

class Holder final : public MessageService::CallbackService {
  class Held final : public grpc::ServerUnaryReactor {
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }
  };
  grpc::ServerUnaryReactor* SendMessage(grpc::CallbackServerContext*, const SendMessageRequest*,
                                        SendMessageResponse*) override {
    return new Held;
  }
};

// Until it is killed.
int ServeHolder() {
  Holder service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) Die("the server can't listen");
  std::printf("%d\n", port);
  std::fflush(stdout);
  pause();
  return 0;
}

// --- A client.

std::string Request(const std::string& dialog) {
  SendMessageRequest request;
  request.set_bot("acme/support");
  request.set_dialog_id(dialog);
  request.mutable_fields()->set_message("Request [b]#142[/b] is waiting: what shall we do with it?");
  return request.SerializeAsString();
}

// Calls that are begun and not ended by the other side.
class HeldCalls {
 public:
  HeldCalls(int port, int count) {
    for (int i = 0; i < kConnections; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      stubs_.emplace_back(grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                                    grpc::InsecureChannelCredentials(), arguments));
    }
    for (int i = 0; i < count; ++i) {
      auto call = std::make_unique<Call>();
      const grpc::Slice slice(Request("chat" + std::to_string(5 + i % 100)));
      const grpc::ByteBuffer request(&slice, 1);
      call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
      call->reader =
          stubs_[static_cast<size_t>(i) % stubs_.size()].PrepareUnaryCall(&call->context, kMethod, request, &queue_);
      call->reader->StartCall();
      call->reader->Finish(&call->response, &call->status, call.get());
      calls_.push_back(std::move(call));
    }
  }
  ~HeldCalls() {
    for (const auto& call : calls_) call->context.TryCancel();
    void* tag = nullptr;
    bool ok = false;
    for (size_t i = 0; i < calls_.size(); ++i) queue_.Next(&tag, &ok);
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) continue;
  }
  HeldCalls(const HeldCalls&) = delete;
  HeldCalls& operator=(const HeldCalls&) = delete;

 private:
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer response;
    grpc::Status status;
  };

  grpc::CompletionQueue queue_;
  std::vector<grpc::GenericStub> stubs_;
  std::vector<std::unique_ptr<Call>> calls_;
};

double ResidentKib(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::atof(line.c_str() + 6);
  }
  Die("process " + std::to_string(pid) + " has gone");
}

double Gauge(const testing::Gateway& gateway, const std::string& name) {
  const std::string metrics = gateway.Metrics();
  const size_t at = metrics.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::atof(metrics.c_str() + at + name.size() + 2);
}

void WaitUntil(const char* what, const std::function<bool()>& done) {
  for (int i = 0; i < 600; ++i) {
    if (done()) return;
    std::this_thread::sleep_for(milliseconds(100));
  }
  Die(std::string("waited in vain: ") + what);
}

// Until memory does not grow any more.
void Settle(pid_t pid) {
  double before = ResidentKib(pid);
  for (int still = 0; still < 5;) {
    std::this_thread::sleep_for(milliseconds(200));
    const double now = ResidentKib(pid);
    still = now > before ? 0 : still + 1;
    before = now;
  }
}

void Register(const testing::Gateway& gateway, const std::string& code) {
  const Json request = {{"portal", "acme"}, {"fields", {{"code", code}, {"properties", {{"name", code}}}}}};
  const testing::RpcResult result = gateway.Call("bitrix24.imbot.v2.BotService/RegisterBot", request.dump());
  if (!result.ok()) Die(result.status.error_message());
}

// --- A queued call.

double HeldKib(pid_t pid, int port, const std::function<bool()>& all_there) {
  // Connections and what a process does once.
  { const HeldCalls few(port, 100); }
  Settle(pid);
  const double before = ResidentKib(pid);
  const HeldCalls held(port, kHeld);
  WaitUntil("calls that are held", all_there);
  Settle(pid);
  return (ResidentKib(pid) - before) / kHeld;
}

void QueuedCall() {
  const testing::Simulator simulator;
  const testing::TemporaryFolder folder;
  testing::GatewayOptions options;
  options.portal_url = simulator.http_url();
  options.log_level = "info";
  options.limits = "  max_deadline: 3600s\n  in_flight_per_portal: 1\n";
  testing::Gateway gateway(folder, options);
  Register(gateway, "support");
  simulator.Post("/faults", Json::parse(R"([{"method": "*", "count": -1, "kind": "hold_before"}])"));
  const double queued = HeldKib(gateway.process().pid(), gateway.grpc_port(),
                                [&] { return Gauge(gateway, "imbot_portal_queued_calls") >= kHeld - 10; });

  testing::Process holder({testing::ProgramPath("queue_cost_benchmark"), kHoldFlag});
  const auto port = holder.WaitForLine([](const std::string& line) { return !line.empty(); }, std::chrono::seconds(10));
  if (!port.has_value()) Die("the bare server did not start");
  // It has no counter: memory that does not grow any more says it.
  const double bare = HeldKib(holder.pid(), std::stoi(*port), [] { return true; });

  std::printf("| %d calls that wait | KiB per call |\n|---|---|\n| bare gRPC server that holds them | %.1f |\n", kHeld,
              bare);
  std::printf("| gateway, queued for a portal | %.1f |\n", queued);
  std::printf("\nA queued call costs %.1f KiB more (at most 4 are wanted): %s\n\n", queued - bare,
              queued - bare <= 4 ? "ok" : "MISSED");
}

// --- Many portals.

std::string ManyPortals() {
  std::string yaml;
  for (int i = 1; i < kPortals; ++i) {
    yaml += "  - name: p" + std::to_string(i) + "\n    base_url: https://p" + std::to_string(i) +
            ".example.com\n    webhook: {user_id: 1, code: {file: webhook_code}}\n";
  }
  return yaml;
}

// Microseconds of each call, one after another.
void Turn(const testing::Gateway& gateway, const std::string& bot, std::vector<double>* into) {
  const std::string request = Json({{"bot", "acme/" + bot}}).dump();
  for (int i = 0; i < kCallsOfRound; ++i) {
    const auto begun = Clock::now();
    const testing::RpcResult result = gateway.Call("bitrix24.imbot.v2.BotService/GetBot", request);
    into->push_back(std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
    if (!result.ok()) Die(result.status.error_message());
  }
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void Portals() {
  const testing::Simulator simulator;
  testing::GatewayOptions options;
  options.portal_url = simulator.http_url();
  options.log_level = "info";
  const testing::TemporaryFolder one_folder, many_folder;
  testing::Gateway one(one_folder, options);
  Register(one, "one");
  options.portals = ManyPortals();
  const auto begun = Clock::now();
  testing::Gateway many(many_folder, options);
  const double start = std::chrono::duration<double>(Clock::now() - begun).count();
  const double memory = ResidentKib(many.process().pid()) / 1024;
  Register(many, "many");

  std::vector<double> of_one, of_many, ignored;
  Turn(one, "one", &ignored);
  Turn(many, "many", &ignored);
  for (int round = 0; round < kRounds; ++round) {
    Turn(one, "one", &of_one);
    Turn(many, "many", &of_many);
  }
  const double more = (Median(of_many) / Median(of_one) - 1) * 100;
  std::printf("| portals | p50 us | start s | memory MiB |\n|---|---|---|---|\n");
  std::printf("| 1 | %.0f | | %.0f |\n| %d | %.0f | %.2f | %.0f |\n\n", Median(of_one),
              ResidentKib(one.process().pid()) / 1024, kPortals, Median(of_many), start, memory);
  std::printf("With %d portals the median of a call grows by %.1f%% (at most 10%% are wanted): %s\n", kPortals, more,
              more <= 10 ? "ok" : "MISSED");
  std::printf("The gateway starts in %.2f s (at most 2): %s; it has %.0f MiB then (under 200): %s\n", start,
              start <= 2 ? "ok" : "MISSED", memory, memory < 200 ? "ok" : "MISSED");
}

}  // namespace
}  // namespace imbot::bench

int main(int argc, char** argv) {
  try {
    if (argc > 1 && std::strcmp(argv[1], imbot::bench::kHoldFlag) == 0) return imbot::bench::ServeHolder();
    imbot::bench::QueuedCall();
    imbot::bench::Portals();
    return 0;
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "queue_cost_benchmark: %s\n", error.what()), 1;
  }
}
