// What the portals did, in the order in which they did it, and what they refused. Loop thread only.
//
// A call is in `executed` if its method did its work, whatever became of the reply; a call that was refused, by
// authentication, by the method itself or by a fault before its effect, is in `rejected`. Tests count by that
// difference. Secrets never get in.
#ifndef IMBOT_TESTS_SIMULATOR_REST_LEDGER_H_
#define IMBOT_TESTS_SIMULATOR_REST_LEDGER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "tests/simulator/net/http_types.h"
#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/options.h"

namespace simulator {

struct LedgerEntry {
  uint64_t seq = 0;      // order of execution (or of refusal), counted per list
  uint64_t request = 0;  // the HTTP request it came in; a batch's commands share one
  std::string time;
  int64_t time_ms = 0;  // the same, in milliseconds of Unix time
  std::string portal;
  std::string method;
  std::optional<std::string> command;  // its key, if it came in a batch
  std::string content_type;
  std::string caller;  // `webhook:1` or `oauth:` and the client id; empty if nobody was authenticated
  Json params;         // decoded, secrets as labels
  bool changed = false;
  std::optional<Json> result;
  std::optional<Json> error;  // {error, error_description}
  int http_status = 0;
  std::optional<bool> delivered;  // unset while the reply is under way
  std::string fault;              // the kind of the fault that hit this call
};

class Ledger {
 public:
  explicit Ledger(const PortalOptions* options) : options_(options) {}

  uint64_t NextRequest() { return ++last_request_; }

  // Return the entry's number, for the setters below.
  uint64_t AddExecuted(LedgerEntry entry);
  uint64_t AddRejected(LedgerEntry entry);
  LedgerEntry* executed(uint64_t seq);
  LedgerEntry* rejected(uint64_t seq);

  void AddReceived(uint64_t request, const HttpRequest& http);

  // {executed, rejected, dropped}: entries after `since`, at most `limit`, of one method if that is not empty.
  Json ToJson(uint64_t since, size_t limit, const std::string& method) const;
  Json ReceivedToJson(size_t limit) const;
  // Executed calls per method.
  Json CountsToJson() const;
  void Reset();

 private:
  static Json EntryToJson(const LedgerEntry& entry);
  static void Trim(size_t limit, std::deque<LedgerEntry>* list, uint64_t* dropped);

  const PortalOptions* const options_;
  std::deque<LedgerEntry> executed_;
  std::deque<LedgerEntry> rejected_;
  uint64_t last_executed_ = 0;
  uint64_t last_rejected_ = 0;
  uint64_t last_request_ = 0;
  uint64_t dropped_executed_ = 0;
  uint64_t dropped_rejected_ = 0;
  std::map<std::string, uint64_t> counts_;
  struct Received {
    uint64_t request;
    HttpRequest http;
  };
  std::deque<Received> received_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_LEDGER_H_
