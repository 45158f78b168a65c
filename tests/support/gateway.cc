#include "tests/support/gateway.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tests/support/http.h"
#include "tests/support/leaks.h"
#include "tests/support/simulator.h"

namespace imbot::testing {

std::string WriteConfiguration(const TemporaryFolder& folder, const GatewayOptions& options) {
  folder.Write("webhook_code", options.webhook_code);
  // 32 bytes; the same at every start in this folder.
  folder.Write("seal.key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
  return folder.Write("gateway.yaml",
                      "portals:\n"
                      "  - name: acme\n"
                      "    base_url: " +
                          options.portal_url +
                          "\n"
                          "    allow_plain_http: true\n"
                          "    plan: " +
                          options.plan +
                          "\n"
                          "    webhook: {user_id: 1, code: {file: webhook_code}}\n" +
                          options.portals +
                          "listeners:\n"
                          "  grpc: [{address: \"127.0.0.1:0\"}]\n"
                          "  http: {address: \"127.0.0.1:0\"}\n"
                          "  admin: {address: \"127.0.0.1:0\"" +
                          options.admin +
                          "}\n"
                          "transport:\n"
                          "  loop_threads: 2\n"
                          "  allow_loopback_addresses: true\n" +
                          options.transport +
                          "storage:\n"
                          "  sqlite: {path: store.db}\n"
                          "  seal_key_file: seal.key\n"
                          "log_level: " +
                          options.log_level + "\n" + (options.limits.empty() ? "" : "limits:\n" + options.limits) +
                          options.configuration);
}

Gateway::Gateway(const TemporaryFolder& folder, const GatewayOptions& options)
    : webhook_code_(options.webhook_code), leaks_on_purpose_(options.leaks_on_purpose) {
  std::vector<std::string> command = {ProgramPath(options.program), "--config=" + WriteConfiguration(folder, options)};
  command.insert(command.end(), options.flags.begin(), options.flags.end());
  process_ = std::make_unique<Process>(std::move(command), options.environment);
  const auto line =
      process_->WaitForLine([](const std::string& text) { return text.find("\"event\":\"serving\"") != text.npos; },
                            std::chrono::seconds(30));
  if (!line.has_value()) throw std::runtime_error("the gateway did not start: " + process_->Err());
  const Json serving = Json::parse(*line);
  grpc_port_ = serving.at("grpc_port").get<int>();
  http_port_ = serving.at("http_port").get<int>();
  admin_port_ = serving.at("admin_port").get<int>();
  client_ = std::make_unique<RpcClient>(grpc_port_);
}

// Every test that runs a gateway looks for its webhook's code in what it printed.
Gateway::~Gateway() {
  if (leaks_on_purpose_) return;
  const std::string printed = process_->Out() + process_->Err();
  for (const std::string& leak : FindLeaks(printed, {{"webhook code", webhook_code_}})) {
    std::fprintf(stderr, "the gateway printed its %s:\n%s\n", leak.c_str(), printed.c_str());
    std::abort();
  }
}

std::string Gateway::Metrics() const {
  return Http("GET", http_port_, "/metrics").body;
}

}  // namespace imbot::testing
