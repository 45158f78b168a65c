#include "tests/simulator/rest/ledger.h"

#include <utility>

namespace simulator {
namespace {

constexpr size_t kMaxReceivedBody = 4 * 1024 * 1024;

LedgerEntry* FindBySeq(std::deque<LedgerEntry>* list, uint64_t seq) {
  if (list->empty() || seq < list->front().seq || seq > list->back().seq) return nullptr;
  return &(*list)[static_cast<size_t>(seq - list->front().seq)];
}

}  // namespace

uint64_t Ledger::AddExecuted(LedgerEntry entry) {
  entry.seq = ++last_executed_;
  ++counts_[entry.method];
  executed_.push_back(std::move(entry));
  Trim(options_->ledger_limit, &executed_, &dropped_executed_);
  return last_executed_;
}

uint64_t Ledger::AddRejected(LedgerEntry entry) {
  entry.seq = ++last_rejected_;
  rejected_.push_back(std::move(entry));
  Trim(options_->ledger_limit, &rejected_, &dropped_rejected_);
  return last_rejected_;
}

LedgerEntry* Ledger::executed(uint64_t seq) {
  return FindBySeq(&executed_, seq);
}
LedgerEntry* Ledger::rejected(uint64_t seq) {
  return FindBySeq(&rejected_, seq);
}

void Ledger::Trim(size_t limit, std::deque<LedgerEntry>* list, uint64_t* dropped) {
  while (list->size() > limit) {
    list->pop_front();
    ++*dropped;
  }
}

void Ledger::AddReceived(uint64_t request, const HttpRequest& http) {
  if (options_->received_limit == 0) return;
  received_.push_back(Received{request, http});
  // A file that was uploaded is not kept whole.
  std::string& body = received_.back().http.body;
  if (body.size() > kMaxReceivedBody) {
    body.resize(kMaxReceivedBody);
    body.shrink_to_fit();
  }
  if (received_.size() > options_->received_limit) received_.pop_front();
}

Json Ledger::EntryToJson(const LedgerEntry& entry) {
  Json json = Json::object();
  json["seq"] = entry.seq;
  json["request"] = entry.request;
  json["time"] = entry.time;
  json["timeMs"] = entry.time_ms;
  json["portal"] = entry.portal;
  json["method"] = entry.method;
  if (entry.command) json["command"] = *entry.command;
  json["params"] = entry.params;
  json["contentType"] = entry.content_type;
  json["caller"] = entry.caller;
  json["changed"] = entry.changed;
  if (entry.result) json["result"] = *entry.result;
  if (entry.error) json["error"] = *entry.error;
  json["httpStatus"] = entry.http_status;
  json["delivered"] = entry.delivered ? Json(*entry.delivered) : Json(nullptr);
  if (!entry.fault.empty()) json["fault"] = entry.fault;
  return json;
}

Json Ledger::ToJson(uint64_t since, size_t limit, const std::string& method) const {
  const auto list = [&](const std::deque<LedgerEntry>& entries) {
    Json out = Json::array();
    for (const LedgerEntry& entry : entries) {
      if (out.size() >= limit) break;
      if (entry.seq <= since || (!method.empty() && entry.method != method)) continue;
      out.push_back(EntryToJson(entry));
    }
    return out;
  };
  Json json = Json::object();
  json["executed"] = list(executed_);
  json["rejected"] = list(rejected_);
  json["droppedExecuted"] = dropped_executed_;
  json["droppedRejected"] = dropped_rejected_;
  return json;
}

Json Ledger::ReceivedToJson(size_t limit) const {
  Json out = Json::array();
  const size_t skip = received_.size() > limit ? received_.size() - limit : 0;
  for (size_t i = skip; i < received_.size(); ++i) {
    const Received& received = received_[i];
    Json headers = Json::array();
    for (const auto& [name, value] : received.http.headers) headers.push_back(Json::array({name, value}));
    Json json = Json::object();
    json["request"] = received.request;
    json["httpMethod"] = received.http.method;
    json["target"] = received.http.target;
    json["protocol"] = received.http.protocol;
    json["tls"] = received.http.tls;
    json["host"] = received.http.host;
    json["headers"] = std::move(headers);
    json["body"] = ReplaceInvalidUtf8(received.http.body);
    out.push_back(std::move(json));
  }
  return out;
}

Json Ledger::CountsToJson() const {
  Json json = Json::object();
  for (const auto& [method, count] : counts_) json[method] = count;
  return json;
}

void Ledger::Reset() {
  executed_.clear();
  rejected_.clear();
  received_.clear();
  counts_.clear();
  last_executed_ = last_rejected_ = last_request_ = 0;
  dropped_executed_ = dropped_rejected_ = 0;
}

}  // namespace simulator
