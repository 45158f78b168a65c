#include "service/translate/reply.h"

#include <cmath>
#include <unordered_map>
#include <utility>

#include "service/base/strings.h"
#include "service/translate/http_failure.h"
#include "service/translate/wire_error.h"

namespace imbot::translate {
namespace {

using base::json::Type;
using base::json::Value;

std::optional<double> NumberUpTo(const std::optional<Value>& value, double most) {
  if (!value.has_value()) return std::nullopt;
  const std::optional<double> number = LooseNumber(*value);
  if (!number.has_value() || *number < 0 || *number > most) return std::nullopt;
  return number;
}

// A count or an offset: whole and not negative.
std::optional<int64_t> Count(const std::optional<Value>& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const std::optional<double> number = NumberUpTo(value, kExact);
  if (!number.has_value() || std::trunc(*number) != *number) return std::nullopt;
  return static_cast<int64_t>(*number);
}

ReplyTime Time(const std::optional<Value>& value) {
  constexpr double kDay = 86400;
  constexpr double kYear9999 = 253402300799.0;
  ReplyTime time;
  if (!value.has_value()) return time;
  if (const auto seconds = NumberUpTo(value->Find("duration"), kDay)) {
    time.duration = std::chrono::microseconds(std::llround(*seconds * 1e6));
  }
  time.operating = NumberUpTo(value->Find("operating"), kDay);
  if (const auto at = NumberUpTo(value->Find("operating_reset_at"), kYear9999); at.has_value() && *at > 0) {
    time.operating_reset_at = static_cast<int64_t>(*at);
  }
  return time;
}

bool IsSuccess(int http_status) {
  return http_status >= 200 && http_status < 300;
}

// What became of a request as a whole: a result, or one of two kinds of failure.
struct Verdict {
  std::optional<WireError> error;
  std::optional<HttpFailure> failure;
  ParsedReply success;
};

Verdict Judge(const std::optional<Value>& root, std::string_view content_type, std::string_view body,
              const Origin& origin) {
  Verdict verdict;
  std::optional<Value> result;
  if (root.has_value()) {
    verdict.error = FindWireError(*root);
    if (verdict.error.has_value()) return verdict;
    result = root->Find("result");
  }
  if (!result.has_value() || !IsSuccess(origin.http_status)) {
    verdict.failure =
        WithoutEnvelope(origin, KindOf(content_type, body, root.has_value()), body.size(), result.has_value());
    return verdict;
  }
  verdict.success.result = *result;
  verdict.success.next = Count(root->Find("next"));
  verdict.success.total = Count(root->Find("total"));
  verdict.success.time = Time(root->Find("time"));
  return verdict;
}

ParsedReply ReplyOf(const Verdict& verdict, std::string_view method, const Origin& origin) {
  if (verdict.error.has_value()) return FromWireError(*verdict.error, method, origin);
  if (verdict.failure.has_value()) return FromHttpFailure(*verdict.failure, method, origin);
  return verdict.success;
}

// --- Batch.

// The items of `result`, `result_error`, `result_next`…: an object by key, a list for keys 0, 1, 2…, `[]` for nothing.
void ForEachCommand(const std::optional<Value>& section, const std::unordered_map<std::string_view, size_t>& numbers,
                    absl::FunctionRef<void(size_t, Value)> visit) {
  if (!section.has_value()) return;
  const auto found = [&](std::string_view key, const Value& value) {
    if (const auto it = numbers.find(key); it != numbers.end()) visit(it->second, value);
  };
  section->ForEachMember([&](std::string_view key, Value value) { return found(key, value), true; });
  int index = 0;
  section->ForEachItem([&](Value value) { return found(base::StrCat(index++), value), true; });
}

}  // namespace

ParsedReply ReplyParser::Parse(int http_status, std::string_view content_type, std::string_view body,
                               std::string_view method, std::string_view portal, const ReplyContext& context) {
  const Origin origin{http_status, portal, context};
  return ReplyOf(Judge(parser_.Parse(body), content_type, body, origin), method, origin);
}

BatchReply ReplyParser::ParseBatch(int http_status, std::string_view content_type, std::string_view body,
                                   std::span<const BatchCommand> commands, std::string_view portal,
                                   const ReplyContext& context) {
  const Origin origin{http_status, portal, context};
  Verdict verdict = Judge(parser_.Parse(body), content_type, body, origin);
  const Value& result = verdict.success.result;
  // `[]` and null are a batch of which nothing came back; any other scalar or list is no batch at all.
  const bool shaped =
      result.is(Type::kObject) || result.is(Type::kNull) || (result.is(Type::kArray) && result.size() == 0);
  if (!verdict.error.has_value() && !verdict.failure.has_value() && !shaped) {
    verdict.failure = WithoutEnvelope(origin, BodyKind::kJson, body.size(), true);
  }
  BatchReply batch;
  batch.whole = ReplyOf(verdict, "batch", origin);
  if (!batch.whole.status.ok()) {
    for (const BatchCommand& command : commands) batch.answers.push_back(ReplyOf(verdict, command.method, origin));
    return batch;
  }

  std::unordered_map<std::string_view, size_t> numbers;
  for (size_t i = 0; i < commands.size(); ++i) numbers.emplace(commands[i].key, i);
  struct Parts {
    std::optional<Value> result;
    std::optional<Value> error;
  };
  std::vector<Parts> parts(commands.size());
  batch.answers.resize(commands.size());
  ForEachCommand(result.Find("result"), numbers, [&](size_t i, Value value) { parts[i].result = value; });
  ForEachCommand(result.Find("result_error"), numbers, [&](size_t i, Value value) {
    if (!IsEmpty(value)) parts[i].error = value;
  });
  for (size_t i = 0; i < commands.size(); ++i) {
    ParsedReply& answer = batch.answers[i];
    ReplyContext own_context = context;
    own_context.in_parts = commands[i].in_parts;
    const Origin own{http_status, portal, own_context};
    if (parts[i].error.has_value()) {
      answer = FromWireError(ReadBatchError(*parts[i].error), commands[i].method, own, !IsEmpty(parts[i].result));
    } else if (!parts[i].result.has_value()) {
      answer = FromHttpFailure(MissingAnswer(), commands[i].method, origin);
    } else if (IsErrorItself(*parts[i].result)) {
      answer = FromWireError(ReadError(*parts[i].result), commands[i].method, own);
    } else {
      answer.result = *parts[i].result;
    }
  }
  ForEachCommand(result.Find("result_next"), numbers,
                 [&](size_t i, Value value) { batch.answers[i].next = Count(value); });
  ForEachCommand(result.Find("result_total"), numbers,
                 [&](size_t i, Value value) { batch.answers[i].total = Count(value); });
  ForEachCommand(result.Find("result_time"), numbers,
                 [&](size_t i, Value value) { batch.answers[i].time = Time(value); });
  return batch;
}

}  // namespace imbot::translate
