// The table of faults: what the caller was told of a call, beside what the portal's ledger says of it.
#ifndef IMBOT_TESTS_INTEGRATION_OUTCOME_TABLE_H_
#define IMBOT_TESTS_INTEGRATION_OUTCOME_TABLE_H_

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

namespace imbot::testing {

struct Told {
  std::string grpc = "OK";
  std::string reason = {};   // of ErrorInfo
  std::string outcome = {};  // empty: nothing is claimed, as by OK, or by a gateway that was killed
  bool retry_info = false;

  friend bool operator==(const Told&, const Told&) = default;
};
Told ToldBy(const grpc::Status& status);
// "UNAVAILABLE DNS_FAILED NOT_EXECUTED RetryInfo"
std::string ToText(const Told& told);

// Why the caller was told what is not so; empty if he was not. `executed`: how often the portal did what the call asks
// for, counted by the portal.
std::string Contradiction(const Told& told, int executed);

struct OutcomeRow {
  std::string fault;
  std::string method;
  Told told;
  int executed = 0;
};
std::string Markdown(const std::vector<OutcomeRow>& rows);
// How many rows have which outcome.
std::string Summary(const std::vector<OutcomeRow>& rows);

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_INTEGRATION_OUTCOME_TABLE_H_
