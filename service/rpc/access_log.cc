#include "service/rpc/access_log.h"

#include <chrono>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "service/rpc/call_metadata.h"

namespace imbot::rpc {

std::string_view CodeName(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return "OK";
    case absl::StatusCode::kCancelled:
      return "CANCELLED";
    case absl::StatusCode::kUnknown:
      return "UNKNOWN";
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case absl::StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case absl::StatusCode::kAborted:
      return "ABORTED";
    case absl::StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case absl::StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case absl::StatusCode::kInternal:
      return "INTERNAL";
    case absl::StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case absl::StatusCode::kDataLoss:
      return "DATA_LOSS";
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    default:
      return "UNKNOWN";
  }
}

AccessLog::AccessLog(base::Logger& logger, base::Metrics& metrics)
    : logger_(logger),
      metrics_(metrics),
      in_flight_(metrics.GetGauge("imbot_rpc_in_flight", "Rpcs that have begun and not ended.")) {}

void AccessLog::Began() {
  in_flight_.Add(1);
}

void AccessLog::Ended(std::string_view rpc, absl::StatusCode code, const std::string& reason, base::Duration total) {
  in_flight_.Add(-1);
  base::Counter counter;
  base::Histogram seconds;
  {
    base::MutexLock lock(mutex_);
    const absl::string_view key(rpc.data(), rpc.size());
    auto it = series_.find(key);
    if (it == series_.end()) {
      it = series_.emplace(key, Series{}).first;
      it->second.seconds =
          metrics_.GetHistogram("imbot_rpc_seconds", "Time from an rpc's arrival to its answer, in seconds.",
                                base::LatencyBuckets(), {{"method", it->first}});
      it->second.ok = TotalOf(it->first, absl::StatusCode::kOk, "");
    }
    counter = code == absl::StatusCode::kOk ? it->second.ok : FailuresOf(it->first, code, reason, &it->second);
    seconds = it->second.seconds;
  }
  counter.Increment();
  seconds.Observe(std::chrono::duration<double>(total).count());
}

base::Counter AccessLog::FailuresOf(const std::string& rpc, absl::StatusCode code, const std::string& reason,
                                    Series* series) {
  std::string label = reason;
  if (!label.empty() && reasons_.find(label) == reasons_.end()) {
    if (reasons_.size() < kMaxReasons) {
      reasons_.insert(label);
    } else {
      label = "OTHER";
    }
  }
  auto [it, is_new] = series->failures.try_emplace({code, label});
  if (is_new) it->second = TotalOf(rpc, code, label);
  return it->second;
}

base::Counter AccessLog::TotalOf(const std::string& rpc, absl::StatusCode code, const std::string& reason) {
  return metrics_.GetCounter("imbot_rpc_total", "Rpcs that have ended, by gRPC code and reason.",
                             {{"method", rpc}, {"code", std::string(CodeName(code))}, {"reason", reason}});
}

void AccessLog::Write(const CallRecord& record) {
  const base::Level level = record.code == absl::StatusCode::kInternal || record.code == absl::StatusCode::kDataLoss
                                ? base::Level::kError
                                : base::Level::kInfo;
  if (!logger_.Enabled(level)) return;
  absl::InlinedVector<base::Field, 24> fields;
  fields.emplace_back("request_id", record.request_id);
  fields.emplace_back("rpc", record.rpc);
  const auto add_text = [&fields](std::string_view key, std::string_view value) {
    if (!value.empty()) fields.emplace_back(key, value);
  };
  add_text("method", record.info.rest_method.empty() ? record.rest_method : record.info.rest_method);
  add_text("caller", record.caller);
  add_text("portal", record.info.portal);
  add_text("bot", record.info.bot);
  fields.emplace_back("code", CodeName(record.code));
  add_text("reason", record.reason);
  add_text("outcome", record.outcome);
  fields.emplace_back("total_ms", std::chrono::duration_cast<std::chrono::microseconds>(record.total));
  if (record.info.queued.has_value()) fields.emplace_back("queued_ms", *record.info.queued);
  if (record.info.portal_time.has_value()) fields.emplace_back("portal_ms", *record.info.portal_time);
  if (record.info.http_status.has_value()) fields.emplace_back("http_status", *record.info.http_status);
  if (record.info.attempts > 0) fields.emplace_back("attempts", record.info.attempts);
  if (record.info.batch_size.has_value()) fields.emplace_back("batch_size", *record.info.batch_size);
  if (record.info.superseded) fields.emplace_back("superseded", true);
  fields.emplace_back("priority", PriorityName(record.priority));
  add_text("trace_id", record.trace_id);
  logger_.LogFields(level, "rpc", fields, base::Delivery::kSoon);
}

}  // namespace imbot::rpc
