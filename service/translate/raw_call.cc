#include "service/translate/raw_call.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/translate/free_value.h"
#include "service/translate/message_plan.h"
#include "service/translate/portal_text.h"

namespace imbot::translate {
namespace {

using base::Error;
using google::protobuf::Struct;
using google::protobuf::Value;
using imbot::gateway::v1::CallRequest;
using imbot::gateway::v1::CallResponse;

constexpr size_t kLongestMethod = 128;

// The name by which the portal looks the method up: without the suffix that selects a format, case ignored.
std::string LookupName(std::string_view method) {
  std::string name = base::ToLower(method);
  for (const std::string_view suffix : {".json", ".xml"}) {
    if (std::string_view(name).ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
      break;
    }
  }
  return name;
}

bool IsMethodName(std::string_view method) {
  return !method.empty() && method.size() <= kLongestMethod && base::IsAlnum(method.front()) &&
         base::IsAlnum(method.back()) &&
         std::all_of(method.begin(), method.end(), [](char c) { return base::IsAlnum(c) || c == '.' || c == '_'; });
}

// Why the gateway does not carry this method; "" if it does.
std::string_view RefusedMethod(std::string_view method, const MethodTable& methods) {
  const std::string name = LookupName(method);
  const std::string_view last = std::string_view(name).substr(name.rfind('.') + 1);
  if (name == "batch") return "the gateway makes batches itself: make the calls one by one";
  if (last == "download") return "its answer holds a secret: use the rpc DownloadFile";
  if (name == "imbot.v2.event.get" || name == "im.v2.event.get")
    return "reading deletes events for everybody: use the rpc GetEvents";
  for (const auto& spec : methods.methods()) {
    if (spec->options.bot_effect() != bitrix24::rest::BOT_EFFECT_UNSPECIFIED && base::ToLower(spec->name()) == name)
      return "the gateway keeps the bot's secret: use the typed rpc";
  }
  return "";
}

// Names the portal reads for itself before the method sees any parameter (WIRE_FACTS 1.2); `start` is for paging.
bool IsReserved(std::string_view name) {
  static constexpr std::string_view kNames[] = {"auth",   "access_token",     "auth_connector", "aplogin",      "ap",
                                                "sessid", "livechat_auth_id", "call_auth_id",   "state",        "token",
                                                "method", "bearer",           "refresh_token",  "client_secret"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view reserved) { return base::EqualsIgnoreCase(name, reserved); });
}

bool IsSecretName(std::string_view folded) {
  return folded == "bottoken" || folded == "clientid";
}

// Visits every member of every object in `value`, with its path.
template <typename Visit>
void VisitMembers(const Value& value, const std::string& path, const Visit& visit) {
  if (value.has_list_value()) {
    for (int i = 0; i < value.list_value().values_size(); ++i)
      VisitMembers(value.list_value().values(i), base::StrCat(path, "[", i, "]"), visit);
    return;
  }
  if (!value.has_struct_value()) return;
  std::vector<const std::string*> keys;
  for (const auto& [key, member] : value.struct_value().fields()) keys.push_back(&key);
  std::sort(keys.begin(), keys.end(), [](const std::string* a, const std::string* b) { return *a < *b; });
  for (const std::string* key : keys) {
    const Value& member = value.struct_value().fields().at(*key);
    const std::string member_path = base::StrCat(path, ".", *key);
    visit(member_path, *key, member);
    VisitMembers(member, member_path, visit);
  }
}

void CheckParameters(const CallRequest& request, Error* error) {
  if (!request.params().has_struct_value()) return;
  for (const auto& [name, value] : request.params().struct_value().fields()) {
    const std::string path = base::StrCat("params.", name);
    if (IsReserved(name)) {
      error->Violation(path, "must not be given: the portal would take it for its own, and the gateway authenticates");
    } else if (!request.bot().empty() && FoldName(name) == "botid") {
      error->Violation(path, "must not be given beside `bot`: the gateway adds the bot's id");
    }
  }
  VisitMembers(request.params(), "params", [&](const std::string& path, std::string_view name, const Value&) {
    if (IsSecretName(FoldName(name)))
      error->Violation(path, "must not be given: the gateway adds the secret of `bot`, and it alone changes it");
  });
}

// `webhookUrl`, `EVENT_MESSAGE_ADD` and their like, and `handler` of event.bind.
bool NamesHandler(std::string_view name) {
  const std::string folded = FoldName(name);
  return folded == "webhookurl" || folded == "handler" ||
         (std::string_view(folded).starts_with("event") && folded != "event" && folded != "eventmode");
}

void HideSecrets(std::span<const std::string_view> secrets, Value* value) {
  switch (value->kind_case()) {
    case Value::kStringValue:
      value->set_string_value(WithoutSecrets(value->string_value(), secrets));
      return;
    case Value::kListValue:
      for (Value& item : *value->mutable_list_value()->mutable_values()) HideSecrets(secrets, &item);
      return;
    case Value::kStructValue: {
      auto& fields = *value->mutable_struct_value()->mutable_fields();
      std::vector<std::pair<std::string, std::string>> renamed;
      for (auto& [key, member] : fields) {
        HideSecrets(secrets, &member);
        std::string clean = WithoutSecrets(key, secrets);
        if (clean != key) renamed.emplace_back(key, std::move(clean));
      }
      for (const auto& [key, clean] : renamed) {
        Value member;
        member.Swap(&fields[key]);
        fields.erase(key);
        fields[clean] = std::move(member);
      }
      return;
    }
    default:
      return;
  }
}

}  // namespace

absl::Status CheckRawCall(const CallRequest& request, const MethodTable& methods) {
  Error invalid(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED",
                "RawService.Call: the request breaks its rules, see the violations");
  if (!request.has_method() || request.method().empty()) {
    invalid.Violation("method", "is required");
  } else if (!IsMethodName(request.method())) {
    invalid.Violation("method",
                      "must be the name of a REST method: letters, digits, dots and underscores, at most 128");
  }
  const Value::KindCase kind = request.params().kind_case();
  if (request.has_params() && kind != Value::kStructValue && kind != Value::kNullValue && kind != Value::KIND_NOT_SET)
    invalid.Violation("params", "must be an object");
  if (request.has_bot() && request.bot().empty()) invalid.Violation("bot", "must be `portal/code`");
  if (invalid.has_violations()) return invalid.Build();

  Error refused(absl::StatusCode::kInvalidArgument, "RAW_METHOD_REFUSED",
                base::StrCat("RawService does not carry ", request.method(), " as it was called, see the violations"));
  if (const std::string_view why = RefusedMethod(request.method(), methods); !why.empty())
    refused.Violation("method", why);
  CheckParameters(request, &refused);
  return refused.has_violations() ? refused.Metadata("method", request.method()).Build() : absl::OkStatus();
}

std::vector<HandlerUrl> RawHandlerUrls(const CallRequest& request) {
  std::vector<HandlerUrl> urls;
  VisitMembers(request.params(), "params", [&](const std::string& path, std::string_view name, const Value& value) {
    if (value.has_string_value() && !value.string_value().empty() && NamesHandler(name))
      urls.push_back({path, value.string_value()});
  });
  return urls;
}

std::string EncodeRawCall(const CallRequest& request, const Identity& identity) {
  const std::string name = LookupName(request.method());
  const bool camel_case = name.starts_with("imbot.v2.") || name.starts_with("im.v2.");
  base::json::Writer out;
  out.BeginObject();
  std::vector<const std::string*> keys;
  const auto& fields = request.params().struct_value().fields();
  for (const auto& [key, value] : fields) keys.push_back(&key);
  std::sort(keys.begin(), keys.end(), [](const std::string* a, const std::string* b) { return *a < *b; });
  for (const std::string* key : keys) {
    out.Key(*key);
    WriteFreeValue(fields.at(*key), &out);
  }
  if (identity.bot_id.has_value()) {
    out.Key(camel_case ? "botId" : "BOT_ID");
    out.Int(*identity.bot_id);
  }
  if (!identity.secret.empty()) {
    out.Key(camel_case ? "botToken" : "CLIENT_ID");
    out.String(identity.secret);
  }
  out.EndObject();
  return out.Take();
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> DecodeRawResult(std::string_view method,
                                                                           base::json::Value result,
                                                                           std::optional<int64_t> next,
                                                                           std::optional<int64_t> total,
                                                                           std::span<const std::string_view> secrets) {
  auto response = std::make_unique<CallResponse>();
  if (!ReadFreeValue(result, 0, response->mutable_result())) {
    return Error(absl::StatusCode::kInternal, "RESULT_UNUSABLE",
                 base::StrCat(method, ": the portal's result nests too deep to be passed on"))
        .SetOutcome(base::Outcome::kExecuted)
        .Build();
  }
  HideSecrets(secrets, response->mutable_result());
  if (next.has_value()) response->set_next(*next);
  if (total.has_value()) response->set_total(*total);
  return response;
}

}  // namespace imbot::translate
