// The simulated portal as a test sees it: a process with a control endpoint. See tests/simulator/README.md.
#ifndef IMBOT_TESTS_SUPPORT_SIMULATOR_H_
#define IMBOT_TESTS_SUPPORT_SIMULATOR_H_

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace imbot::testing {

using Json = nlohmann::json;

class Simulator {
 public:
  // Throws std::runtime_error if it does not come up.
  explicit Simulator(std::vector<std::string> flags = {});
  // Lets it end by itself, so that its certificates do not stay behind.
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  int http_port() const { return ports_.at("http_port").get<int>(); }
  int https_port() const { return ports_.at("https_port").get<int>(); }
  int control_port() const { return ports_.at("control_port").get<int>(); }
  std::string ca_path() const { return ports_.at("ca").get<std::string>(); }
  std::string http_url() const { return "http://127.0.0.1:" + std::to_string(http_port()); }
  Process& process() { return *process_; }

  // Executed calls, and raw requests, in order. By value: a loop over a part of a temporary would look at freed memory.
  std::vector<Json> Executed() const { return Get("/ledger").at("executed").get<std::vector<Json>>(); }
  std::vector<Json> Received() const { return Get("/received").at("received").get<std::vector<Json>>(); }
  Json State() const { return Get("/state"); }
  // Requests that it has got.
  int64_t Requests() const { return Get("/stats").at("requests").get<int64_t>(); }
  // How often it did what calls of `method` after the first `mark` requests ask for, wholly or in part. Of a method
  // that `changes` something, a repeat that was recognised does not count.
  int ExecutedSince(int64_t mark, const std::string& method, bool changes) const;
  Json Get(const std::string& target) const;
  Json Post(const std::string& target, const Json& body = Json::object()) const;
  Json Delete(const std::string& target) const;
  // The portal takes the next call of this method and does not answer, until Post("/release").
  void HoldTheNext(const std::string& method) const;
  // Whether it comes to hold one, within half a minute.
  bool HoldsACall() const;

 private:
  Json Exchange(const std::string& verb, const std::string& target, const std::string& body) const;

  std::unique_ptr<Process> process_;
  Json ports_;
};

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_SUPPORT_SIMULATOR_H_
