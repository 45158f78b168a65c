// What a call through the gateway costs, beside what it is made of: in one run, the same call
//   direct   from libcurl to the simulator, on kept connections of plain HTTP/1.1;
//   gateway  from gRPC through the gateway, the program as it is shipped, to the simulator;
//   echo     from gRPC to a bare echo server, a process of its own, with a payload of the same size.
// Idle (one call at a time) and with 50 in flight, turn by turn, so that whatever else the machine does hits all alike.
//
// Prints tables, and writes call_cost.json beside the folder of the programs. What is wanted (README, "What a call
// costs"): idle, at most 100 us more than the direct call at the median; in flight, at most 1.5 times the CPU time of
// the bare echo server and a bare libcurl loop together.

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bitrix24/imbot/v2/message_service.pb.h"
#include "google/protobuf/text_format.h"
#include "tests/bench/bare_echo.grpc.pb.h"
#include "tests/bench/call_cost_clients.h"
#include "tests/support/gateway.h"
#include "tests/support/process.h"
#include "tests/support/simulator.h"

namespace imbot::bench {
namespace {

using testing::Json;

constexpr int kRounds = 12;
constexpr int kIdleCalls = 250;  // of one turn
constexpr int kBusyCalls = 2'500;
constexpr int kInFlight = 50;
constexpr char kEchoFlag[] = "--serve-echo";

constexpr double kMostAdded = 100;  // microseconds
constexpr double kMostCpu = 1.5;    // times the parts

// --- The echo server, which is this program once more.

class EchoServer final : public v1::EchoService::CallbackService {
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const v1::EchoRequest* request,
                                 v1::EchoResponse* response) override {
    response->set_payload(request->payload());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

// Until it is killed.
int ServeEcho() {
  EchoServer service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) Die("the echo server can't listen");
  std::printf("%d\n", port);
  std::fflush(stdout);
  pause();
  return 0;
}

// --- What is measured.

// Of one way to make the call, in one situation: all its turns together.
struct Samples {
  std::vector<double> microseconds;
  double seconds = 0;
  // Of what is measured: the server's process, or the client's thread.
  double cpu_seconds = 0;
  double waits = 0;

  double calls() const { return static_cast<double>(microseconds.size()); }
  double CallsPerSecond() const { return calls() / seconds; }
  double CpuPerCall() const { return cpu_seconds / calls() * 1e6; }
  double WaitsPerCall() const { return waits / calls(); }
  // REQUIRES: sorted.
  double Percentile(double share) const {
    return microseconds[std::min(microseconds.size() - 1, static_cast<size_t>(share * calls()))];
  }
};

struct Way {
  std::string name;
  std::string whose_cpu;
  std::function<Run(int calls, int in_flight)> run;
  pid_t server = 0;  // 0: what is measured is the thread of the client
  Samples idle = {}, busy = {};
};

void TakeTurn(Way* way, int calls, int in_flight, Samples* samples) {
  const double waits = way->server == 0 ? 0 : ProcessWaits(way->server);
  const double cpu_seconds = way->server == 0 ? 0 : ProcessCpuSeconds(way->server);
  const Run run = way->run(calls, in_flight);
  samples->cpu_seconds += way->server == 0 ? run.client_cpu_seconds : ProcessCpuSeconds(way->server) - cpu_seconds;
  samples->waits += way->server == 0 ? run.client_waits : ProcessWaits(way->server) - waits;
  samples->microseconds.insert(samples->microseconds.end(), run.microseconds.begin(), run.microseconds.end());
  samples->seconds += run.seconds;
}

void Measure(std::vector<Way>* ways) {
  // Connections, caches, and whatever a process does once.
  for (Way& way : *ways) {
    Samples ignored;
    TakeTurn(&way, kIdleCalls, 1, &ignored);
    TakeTurn(&way, kBusyCalls, kInFlight, &ignored);
  }
  for (int round = 0; round < kRounds; ++round) {
    for (Way& way : *ways) TakeTurn(&way, kIdleCalls, 1, &way.idle);
    for (Way& way : *ways) TakeTurn(&way, kBusyCalls, kInFlight, &way.busy);
  }
  for (Way& way : *ways) {
    for (Samples* samples : {&way.idle, &way.busy})
      std::sort(samples->microseconds.begin(), samples->microseconds.end());
  }
}

void PrintTable(const std::string& title, const std::vector<Way>& ways, Samples Way::*situation) {
  std::printf("\n| %s | p50 us | p90 us | p99 us | calls/s | CPU us per call | waits per call | of |\n", title.c_str());
  std::printf("|---|---|---|---|---|---|---|---|\n");
  for (const Way& way : ways) {
    const Samples& samples = way.*situation;
    std::printf("| %s | %.0f | %.0f | %.0f | %.0f | %.1f | %.2f | %s |\n", way.name.c_str(), samples.Percentile(0.5),
                samples.Percentile(0.9), samples.Percentile(0.99), samples.CallsPerSecond(), samples.CpuPerCall(),
                samples.WaitsPerCall(), way.whose_cpu.c_str());
  }
}

Json ToJson(const Samples& samples) {
  return {{"calls", samples.microseconds.size()},
          {"p50_us", samples.Percentile(0.5)},
          {"p90_us", samples.Percentile(0.9)},
          {"p99_us", samples.Percentile(0.99)},
          {"calls_per_second", samples.CallsPerSecond()},
          {"cpu_us_per_call", samples.CpuPerCall()},
          {"waits_per_call", samples.WaitsPerCall()}};
}

void Report(const std::vector<Way>& ways, const std::string& json_path) {
  PrintTable("idle", ways, &Way::idle);
  PrintTable(std::to_string(kInFlight) + " in flight", ways, &Way::busy);
  const Way &direct = ways[0], &gateway = ways[1], &echo = ways[2];
  const double added = gateway.idle.Percentile(0.5) - direct.idle.Percentile(0.5);
  const double parts = echo.busy.CpuPerCall() + direct.busy.CpuPerCall();
  const double times = gateway.busy.CpuPerCall() / parts;
  std::printf(
      "\nIdle, the gateway adds %.0f us to the median of a direct call (%.2f times it; at most %.0f us are wanted).\n"
      "With %d in flight, its CPU time per call is %.2f times that of the echo server and the libcurl loop together "
      "(%.1f us; at most %.1f times are wanted).\n",
      added, gateway.idle.Percentile(0.5) / direct.idle.Percentile(0.5), kMostAdded, kInFlight, times, parts, kMostCpu);

  Json json = {{"in_flight", kInFlight}, {"idle_added_us", added}, {"busy_cpu_times_parts", times}};
  for (const Way& way : ways) json["ways"][way.name] = {{"idle", ToJson(way.idle)}, {"busy", ToJson(way.busy)}};
  std::ofstream(json_path) << json.dump(2) << "\n";
}

// --- The programs and their clients.

std::string SendRequest(const std::string& dialog) {
  bitrix24::imbot::v2::SendMessageRequest request;
  if (!google::protobuf::TextFormat::ParseFromString(R"(
          bot: "acme/support"
          fields {
            message: "Request [b]#142[/b] is waiting: what shall we do with it?"
            keyboard {
              buttons { text: "Accept" command: "accept" command_params: "142" }
              buttons { text: "Open" link: "https://example.com/requests/142" }
            }
          })",
                                                     &request)) {
    Die("the request is no SendMessageRequest");
  }
  request.set_dialog_id(dialog);
  return request.SerializeAsString();
}

int Main() {
  // It writes down less than it could: what it keeps costs it time.
  const testing::Simulator simulator({"--received-limit=" + std::to_string(kInFlight), "--ledger-limit=10"});
  const testing::TemporaryFolder folder;
  testing::GatewayOptions options;
  options.portal_url = simulator.http_url();
  options.log_level = "info";
  // Nothing in batches: direct calls are none.
  options.limits = "  in_flight_per_portal: " + std::to_string(kInFlight) + "\n  batch_linger: 0s\n";
  testing::Gateway gateway(folder, options);
  testing::Process echo_server({testing::ProgramPath("call_cost_benchmark"), kEchoFlag});
  const auto echo_port =
      echo_server.WaitForLine([](const std::string& line) { return !line.empty(); }, std::chrono::seconds(10));
  if (!echo_port.has_value()) Die("the echo server did not start");

  const auto call = [&](const std::string& method, const Json& request) {
    const testing::RpcResult result = gateway.Call(method, request.dump());
    if (!result.ok()) Die(method + ": " + result.status.error_message());
    return Json::parse(result.json);
  };
  call("bitrix24.imbot.v2.BotService/RegisterBot",
       {{"portal", "acme"}, {"fields", {{"code", "support"}, {"properties", {{"name", "Support"}}}}}});
  std::vector<std::string> requests, payloads;
  for (int i = 0; i < kInFlight; ++i) {
    const Json added = call("bitrix24.imbot.v2.ChatService/AddChat",
                            {{"bot", "acme/support"}, {"fields", {{"title", "Chat " + std::to_string(i)}}}});
    requests.push_back(SendRequest("chat" + added.at("chat").at("id").get<std::string>()));
    v1::EchoRequest payload;
    payload.set_payload(requests.back());
    payloads.push_back(payload.SerializeAsString());
  }
  RpcClient to_gateway(gateway.grpc_port(), "/bitrix24.imbot.v2.MessageService/SendMessage", requests);
  RpcClient to_echo(std::stoi(*echo_port), "/imbot.bench.v1.EchoService/Echo", payloads);
  // The direct calls are what the gateway makes of its own.
  std::vector<std::string> bodies;
  std::string target;
  // Now and then some meet while connections are being made, and leave together.
  for (int turns = 0; bodies.size() < kInFlight; ++turns) {
    if (turns == 20) Die("the gateway's calls go out in batches");
    to_gateway.AtOnce(kInFlight, kInFlight);
    bodies.clear();
    for (const Json& sent : simulator.Received()) {
      if (sent.at("target").get_ref<const std::string&>().find("/imbot.v2.Chat.Message.send") == std::string::npos)
        continue;
      bodies.push_back(sent.at("body").get<std::string>());
      target = sent.at("target").get<std::string>();
    }
  }
  CurlClient direct(simulator.http_url() + target, bodies);

  std::vector<Way> ways;
  ways.push_back({.name = "direct", .whose_cpu = "the libcurl loop", .run = [&](int calls, int in_flight) {
                    return in_flight == 1 ? direct.OneByOne(calls) : direct.AtOnce(calls, in_flight);
                  }});
  ways.push_back({.name = "gateway",
                  .whose_cpu = "the gateway",
                  .run = [&](int calls, int in_flight) { return to_gateway.AtOnce(calls, in_flight); },
                  .server = gateway.process().pid()});
  ways.push_back({.name = "echo",
                  .whose_cpu = "the echo server",
                  .run = [&](int calls, int in_flight) { return to_echo.AtOnce(calls, in_flight); },
                  .server = echo_server.pid()});
  Measure(&ways);
  Report(ways, testing::ProgramPath("../call_cost.json"));
  return 0;
}

}  // namespace
}  // namespace imbot::bench

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], imbot::bench::kEchoFlag) == 0) return imbot::bench::ServeEcho();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  try {
    return imbot::bench::Main();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "call_cost_benchmark: %s\n", error.what());
    return 1;
  }
}
