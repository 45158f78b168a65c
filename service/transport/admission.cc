#include "service/transport/admission.h"

#include <algorithm>
#include <utility>

namespace imbot::transport {

size_t Admission::Need(const Host& host, size_t active) const {
  if (host.kind != Kind::kMultiplex) return active;
  return (active + limits_.streams_per_connection - 1) / limits_.streams_per_connection;
}

bool Admission::MayStart(const Host& host) const {
  if (host.kind == Kind::kUnknown && host.may_multiplex && limits_.wait_for_multiplex && host.active > 0) return false;
  const size_t before = Need(host, host.active);
  const size_t after = Need(host, host.active + 1);
  // What needs no connection more is never held up: a host that turned out not to multiplex may stand above its limit
  // for a while.
  return after <= before || (after <= limits_.connections_per_host && needed_ - before + after <= limits_.connections);
}

void Admission::Add(const std::string& host, uint64_t id, bool may_multiplex) {
  Host& entry = hosts_[host];
  entry.may_multiplex = may_multiplex;
  if (entry.waiting.empty()) turns_.push_back(host);
  entry.waiting.push_back(id);
  ++waiting_;
}

std::optional<uint64_t> Admission::Next() {
  for (size_t i = 0; i < turns_.size(); ++i) {
    Host& host = hosts_[turns_[i]];
    if (!MayStart(host)) continue;
    const uint64_t id = host.waiting.front();
    host.waiting.pop_front();
    --waiting_;
    needed_ -= Need(host, host.active);
    ++host.active;
    needed_ += Need(host, host.active);
    // To the end of the queue, or out of it.
    std::string name = std::move(turns_[i]);
    turns_.erase(turns_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!host.waiting.empty()) turns_.push_back(std::move(name));
    return id;
  }
  return std::nullopt;
}

void Admission::Connected(const std::string& host, bool multiplex) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  Host& entry = found->second;
  needed_ -= Need(entry, entry.active);
  entry.kind = multiplex ? Kind::kMultiplex : Kind::kSingle;
  needed_ += Need(entry, entry.active);
}

void Admission::Remove(const std::string& host, uint64_t id) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  Host& entry = found->second;
  const auto waiting = std::find(entry.waiting.begin(), entry.waiting.end(), id);
  if (waiting != entry.waiting.end()) {
    entry.waiting.erase(waiting);
    --waiting_;
    if (entry.waiting.empty()) std::erase(turns_, host);
  } else if (entry.active > 0) {
    needed_ -= Need(entry, entry.active);
    --entry.active;
    // It ended without a connection. The others don't go through the same wait one after the other.
    if (entry.kind == Kind::kUnknown) entry.kind = Kind::kSingle;
    needed_ += Need(entry, entry.active);
  }
  // What kind it is can be forgotten: if a connection is kept, the next transfer finds out before anything is sent.
  if (entry.active == 0 && entry.waiting.empty()) hosts_.erase(found);
}

}  // namespace imbot::transport
