#include "tests/simulator/rest/open_reply.h"

#include "tests/simulator/rest/replies.h"

namespace simulator {
namespace {

template <typename Change>
void ForEach(Ledger* ledger, const std::vector<uint64_t>& executed, const std::vector<uint64_t>& rejected,
             Change change) {
  for (const uint64_t seq : executed) {
    if (LedgerEntry* entry = ledger->executed(seq)) change(*entry);
  }
  for (const uint64_t seq : rejected) {
    if (LedgerEntry* entry = ledger->rejected(seq)) change(*entry);
  }
}

}  // namespace

uint64_t OpenReply::AddExecuted(LedgerEntry entry) {
  executed_.push_back(ledger_->AddExecuted(std::move(entry)));
  return executed_.back();
}

uint64_t OpenReply::AddRejected(LedgerEntry entry) {
  rejected_.push_back(ledger_->AddRejected(std::move(entry)));
  return rejected_.back();
}

void OpenReply::NoteFault(const std::string& kind) {
  if (kind.empty()) return;
  ForEach(ledger_, executed_, rejected_, [&](LedgerEntry& entry) { entry.fault = kind; });
}

void OpenReply::Send(HttpResponse response) {
  if (timed_out_) {
    Drop();
    return;
  }
  sink_->Send(std::move(response), [ledger = ledger_, executed = executed_, rejected = rejected_](bool delivered) {
    ForEach(ledger, executed, rejected, [&](LedgerEntry& entry) { entry.delivered = delivered; });
  });
}

void OpenReply::SendHalf(HttpResponse response) {
  Drop();
  if (!timed_out_) sink_->SendHalf(std::move(response));
}

void OpenReply::SendFault(const PortalOptions& options, const Fault& fault) {
  const bool responds = fault.action == FaultAction::kRespond || fault.action == FaultAction::kError;
  ForEach(ledger_, executed_, rejected_, [&](LedgerEntry& entry) {
    if (entry.fault.empty()) entry.fault = fault.kind;
    entry.http_status = responds ? fault.response.status : 0;
  });
  if (responds) {
    const RestError error{fault.error, fault.description, fault.response.status};
    Send(fault.action == FaultAction::kError ? ErrorReply(options, error) : fault.response);
    return;
  }
  Drop();
  if (timed_out_) return;
  if (fault.action == FaultAction::kReset) {
    sink_->Reset();
  } else {
    sink_->Close();
  }
}

void OpenReply::Drop() {
  ForEach(ledger_, executed_, rejected_, [](LedgerEntry& entry) { entry.delivered = false; });
}

void OpenReply::BeginEndless(const HttpResponse& head) {
  NoteFault("endless");
  Drop();
  if (!timed_out_) sink_->Begin(head);
}

bool OpenReply::SendMore(const std::string& part) {
  if (timed_out_ || !sink_->connected()) {
    sink_->Close();
    return false;
  }
  if (std::exchange(*part_taken_, false)) sink_->SendPart(part, [taken = part_taken_](bool) { *taken = true; });
  return true;
}

void OpenReply::TimeOut() {
  timed_out_ = true;
  sink_->Send(HtmlReply(504), nullptr);
}

}  // namespace simulator
