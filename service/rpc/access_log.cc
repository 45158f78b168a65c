#include "service/rpc/access_log.h"

#include <chrono>
#include <vector>

#include "service/rpc/call_metadata.h"

namespace imbot::rpc {
namespace {

template <typename T>
double Milliseconds(T time) {
  // Whole microseconds, so that a line does not end in digits that no clock has.
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()) / 1000.0;
}

}  // namespace

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

void AccessLog::Ended(const std::string& rpc, absl::StatusCode code, const std::string& reason, base::Duration total) {
  in_flight_.Add(-1);
  base::Counter counter;
  base::Histogram seconds;
  {
    base::MutexLock lock(mutex_);
    std::string label = reason;
    if (!label.empty() && reasons_.find(label) == reasons_.end()) {
      if (reasons_.size() < kMaxReasons) {
        reasons_.insert(label);
      } else {
        label = "OTHER";
      }
    }
    auto [it, is_new] = series_.try_emplace(rpc);
    Series& series = it->second;
    if (is_new) {
      series.seconds =
          metrics_.GetHistogram("imbot_rpc_seconds", "Time from an rpc's arrival to its answer, in seconds.",
                                base::LatencyBuckets(), {{"method", rpc}});
    }
    auto [total_it, is_new_code] = series.total.try_emplace({code, label});
    if (is_new_code) {
      total_it->second =
          metrics_.GetCounter("imbot_rpc_total", "Rpcs that have ended, by gRPC code and reason.",
                              {{"method", rpc}, {"code", std::string(CodeName(code))}, {"reason", label}});
    }
    counter = total_it->second;
    seconds = series.seconds;
  }
  counter.Increment();
  seconds.Observe(std::chrono::duration<double>(total).count());
}

void AccessLog::Write(const CallRecord& record) {
  const base::Level level = record.code == absl::StatusCode::kInternal || record.code == absl::StatusCode::kDataLoss
                                ? base::Level::kError
                                : base::Level::kInfo;
  if (!logger_.Enabled(level)) return;
  std::vector<base::Field> fields;
  fields.reserve(24);
  fields.emplace_back("request_id", record.request_id);
  fields.emplace_back("rpc", record.rpc);
  const auto add_text = [&fields](std::string_view key, const std::string& value) {
    if (!value.empty()) fields.emplace_back(key, value);
  };
  add_text("method", record.rest_method);
  add_text("caller", record.caller);
  add_text("portal", record.info.portal);
  add_text("bot", record.info.bot);
  fields.emplace_back("code", CodeName(record.code));
  add_text("reason", record.reason);
  add_text("outcome", record.outcome);
  fields.emplace_back("total_ms", Milliseconds(record.total));
  if (record.info.queued.has_value()) fields.emplace_back("queued_ms", Milliseconds(*record.info.queued));
  if (record.info.portal_time.has_value()) fields.emplace_back("portal_ms", Milliseconds(*record.info.portal_time));
  if (record.info.http_status.has_value()) fields.emplace_back("http_status", *record.info.http_status);
  if (record.info.attempts > 0) fields.emplace_back("attempts", record.info.attempts);
  if (record.info.batch_size.has_value()) fields.emplace_back("batch_size", *record.info.batch_size);
  if (record.info.superseded) fields.emplace_back("superseded", true);
  fields.emplace_back("priority", PriorityName(record.priority));
  add_text("trace_id", record.trace_id);
  logger_.LogFields(level, "rpc", fields, base::Delivery::kSoon);
}

}  // namespace imbot::rpc
