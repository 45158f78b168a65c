// The gateway as a user runs it: the program, a configuration file, secrets in files.
#ifndef IMBOT_TESTS_SUPPORT_GATEWAY_H_
#define IMBOT_TESTS_SUPPORT_GATEWAY_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/rpc_client.h"

namespace imbot::testing {

struct GatewayOptions {
  std::string program = "imbot-gateway";
  std::string portal_url;                  // of portal `acme`
  std::string plan = "self_hosted";        // of `acme`: no limit
  std::string webhook_code = "simulator";  // of user 1; every test looks for it in what the gateway printed
  std::string portals;                     // YAML added to `portals:`, after `acme`; `- name:` two spaces in
  std::string configuration;               // YAML added at the top level
  std::string limits;                      // YAML inside `limits:`, two spaces in
  std::string transport;                   // YAML inside `transport:`, two spaces in
  std::string admin;                       // YAML inside `admin: {}` after the address, with a comma in front
  std::string log_level = "debug";
  std::map<std::string, std::string> environment;
  std::vector<std::string> flags;
  bool leaks_on_purpose = false;  // the test makes the gateway show its webhook's code, as a positive control
};

// Writes the configuration and its secrets into `folder`, and returns the configuration's path.
std::string WriteConfiguration(const TemporaryFolder& folder, const GatewayOptions& options);

// Portal `acme` on loopback, state in `folder`, which outlives it: a second gateway in the same folder is a restart.
class Gateway {
 public:
  // Throws std::runtime_error if it does not come up.
  Gateway(const TemporaryFolder& folder, const GatewayOptions& options);
  // Ends the process if the gateway printed its webhook's code: no test may pass then.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  int grpc_port() const { return grpc_port_; }
  int http_port() const { return http_port_; }
  int admin_port() const { return admin_port_; }
  Process& process() { return *process_; }
  const RpcClient& client() const { return *client_; }
  RpcResult Call(const std::string& method, const std::string& json, const RpcOptions& options = {}) const {
    return client_->Call(method, json, options);
  }
  std::string Metrics() const;

 private:
  const std::string webhook_code_;
  const bool leaks_on_purpose_;
  std::unique_ptr<Process> process_;
  int grpc_port_ = 0;
  int http_port_ = 0;
  int admin_port_ = 0;
  std::unique_ptr<RpcClient> client_;
};

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_SUPPORT_GATEWAY_H_
