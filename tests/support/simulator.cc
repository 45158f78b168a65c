#include "tests/support/simulator.h"

#include <signal.h>

#include <chrono>
#include <stdexcept>

#include "tests/support/http.h"

namespace imbot::testing {

Simulator::Simulator(std::vector<std::string> flags) {
  flags.insert(flags.begin(), ProgramPath("imbot_simulator"));
  process_ = std::make_unique<Process>(std::move(flags));
  const auto line =
      process_->WaitForLine([](const std::string& text) { return text.starts_with("{"); }, std::chrono::seconds(20));
  if (!line.has_value()) throw std::runtime_error("the simulator did not start: " + process_->Err());
  ports_ = Json::parse(*line);
}

Simulator::~Simulator() {
  process_->Signal(SIGTERM);
  process_->Wait(std::chrono::seconds(5));
}

Json Simulator::Get(const std::string& target) const {
  return Exchange("GET", target, "");
}
Json Simulator::Post(const std::string& target, const Json& body) const {
  return Exchange("POST", target, body.dump());
}
Json Simulator::Delete(const std::string& target) const {
  return Exchange("DELETE", target, "");
}

int Simulator::ExecutedSince(int64_t mark, const std::string& method, bool changes) const {
  int count = 0;
  const Json ledger = Get("/ledger");
  for (const char* list : {"executed", "rejected"}) {
    for (const Json& entry : ledger.at(list)) {
      if (entry.at("method") != method || entry.at("request").get<int64_t>() <= mark) continue;
      // A repeat that was recognised has changed nothing; what was refused in the middle has.
      count += (std::string(list) == "executed" && !changes) || entry.at("changed") == true;
    }
  }
  return count;
}

Json Simulator::Exchange(const std::string& verb, const std::string& target, const std::string& body) const {
  const HttpReply reply = Http(verb, control_port(), target, body);
  if (reply.status != 200)
    throw std::runtime_error(verb + " " + target + ": " + std::to_string(reply.status) + " " + reply.body);
  return Json::parse(reply.body);
}

void Simulator::HoldTheNext(const std::string& method) const {
  Post("/faults", Json::array({{{"method", method}, {"count", 1}, {"kind", "hold_before"}}}));
}

bool Simulator::HoldsACall() const {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (Get("/stats").at("held") != 1) {
    if (std::chrono::steady_clock::now() > give_up) return false;
  }
  return true;
}

}  // namespace imbot::testing
