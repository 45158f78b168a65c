#include "tests/integration/outcome_table.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace imbot::testing {

Told ToldBy(const grpc::Status& status) {
  Told told;
  told.grpc = absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) {
      told.reason = info.reason();
      const auto outcome = info.metadata().find("outcome");
      told.outcome = outcome == info.metadata().end() ? "(missing)" : outcome->second;
    }
    told.retry_info = told.retry_info || detail.UnpackTo(&retry);
  }
  return told;
}

std::string ToText(const Told& told) {
  std::string text = told.grpc;
  if (!told.reason.empty()) text += " " + told.reason;
  if (!told.outcome.empty()) text += " " + told.outcome;
  return text + (told.retry_info ? " RetryInfo" : "");
}

std::string Contradiction(const Told& told, int executed) {
  if (executed > 1) return "it was executed " + std::to_string(executed) + " times";
  if (told.grpc == "OK") return executed == 1 ? "" : "told OK, and it was not executed";
  if (told.outcome == "NOT_EXECUTED") return executed == 0 ? "" : "told NOT_EXECUTED, and it was executed";
  if (told.outcome == "EXECUTED") return executed == 1 ? "" : "told EXECUTED, and it was not executed";
  if (told.outcome == "UNKNOWN" || told.outcome.empty()) return "";
  return "told the outcome '" + told.outcome + "', which there is not";
}

std::string Markdown(const std::vector<OutcomeRow>& rows) {
  std::string out =
      "| | fault | method | code | reason | outcome | RetryInfo | ledger: executed "
      "|\n|---|---|---|---|---|---|---|---|\n";
  int number = 0;
  for (const OutcomeRow& row : rows) {
    const auto cell = [](const std::string& text) { return " | " + (text.empty() ? "-" : text); };
    out += "| " + std::to_string(++number) + cell(row.fault) + cell(row.method) + cell(row.told.grpc) +
           cell(row.told.reason) + cell(row.told.outcome) + cell(row.told.retry_info ? "yes" : "") +
           cell(std::to_string(row.executed)) + " |\n";
  }
  return out;
}

std::string Summary(const std::vector<OutcomeRow>& rows) {
  std::map<std::pair<std::string, int>, int> counts;
  std::set<std::string> methods;
  int contradictions = 0;
  for (const OutcomeRow& row : rows) {
    ++counts[{row.told.grpc == "OK" ? "OK" : row.told.outcome.empty() ? "(no claim)" : row.told.outcome, row.executed}];
    contradictions += Contradiction(row.told, row.executed).empty() ? 0 : 1;
    methods.insert(row.method);
  }
  std::string out = std::to_string(rows.size()) + " faults over " + std::to_string(methods.size()) + " methods, " +
                    std::to_string(contradictions) + " contradictions:";
  for (const auto& [key, count] : counts)
    out += " " + key.first + " with " + std::to_string(key.second) + " executed: " + std::to_string(count) + ";";
  out.back() = '.';
  return out;
}

}  // namespace imbot::testing
