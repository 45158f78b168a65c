#include "service/translate/wire_error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "service/base/strings.h"
#include "service/translate/portal_text.h"

namespace imbot::translate {
namespace {

using absl::StatusCode;
using base::Outcome;
using base::json::Type;
using base::json::Value;

// A code or a description: texts as they are, numbers as text, nothing else.
std::string ScalarText(const std::optional<Value>& value) {
  if (!value.has_value()) return "";
  switch (value->type()) {
    case Type::kString:
      return std::string(value->AsString());
    case Type::kInt:
    case Type::kUint:
    case Type::kDouble:
    case Type::kBool:
      return value->ToText();
    default:
      return "";
  }
}

bool IsNull(const std::optional<Value>& value) {
  return !value.has_value() || value->is(Type::kNull);
}

// WRONG_REQUEST's description can be a dump of the request (imbot.app.register): only the texts of the documentation's
// pages pass.
bool IsKnownWrongRequest(std::string_view text) {
  static constexpr std::string_view kTexts[] = {
      "Something went wrong",
      "You don't have access or user isn't a member of the chat",
      "You don't have access or user isn't a member in chat",
      "You don't have access or user already member in chat",
      "User IDs must be passed in array format",
      "Update fields can't be empty",
      "This color currently set or chat doesn't exist",
      "Message isn't added",
      "Command can't be updated",
      "Command can't be deleted",
      "Command can't be created",
      "Chat doesn't exist",
      "Chat can't be created",
      "Change owner can only owner and user must be member in chat",
      "Change manager can only owner and user must be member in chat",
      "Bot can't be updated",
      "Bot can't be deleted",
      "Bot can't be created",
      "Wrong handler URL",
      "Unsupported handler protocol",
  };
  if (text.ends_with('.')) text.remove_suffix(1);
  return std::any_of(std::begin(kTexts), std::end(kTexts),
                     [&](std::string_view known) { return base::EqualsIgnoreCase(known, text); });
}

PortalText Description(const WireError& error, const ReplyContext& context) {
  if (error.description_is_data) return {"", true};
  PortalText text = CleanPortalText(error.description, context.secrets);
  if (base::EqualsIgnoreCase(error.code, "WRONG_REQUEST") && !text.text.empty() && !IsKnownWrongRequest(text.text))
    return {"", true};
  while (text.text.ends_with('.')) text.text.pop_back();
  return text;
}

// The parameter that the binder's text names: `Could not find value for parameter {dialogId}`.
std::string_view BinderParameter(std::string_view text) {
  constexpr std::string_view kBefore = "parameter {";
  const size_t start = text.rfind(kBefore);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + kBefore.size());
  return text.substr(0, text.find('}'));
}

void AddViolations(const WireError& error, const ErrorEntry& entry, const PortalText& description,
                   const ReplyContext& context, base::Error* out) {
  constexpr int kMost = 10;
  if (entry.grpc != StatusCode::kInvalidArgument) return;
  const std::string_view why = description.text.empty() ? entry.help : std::string_view(description.text);
  if (!entry.field.empty()) out->Violation(entry.field, why);
  const auto violation = [&](std::string_view field, std::string_view text) {
    const std::string path = CleanPortalText(field, context.secrets).text;
    if (!path.empty()) out->Violation(path, text);
  };
  if (entry.code == "100") violation(BinderParameter(description.text), why);
  if (entry.code == "ERROR_ARGUMENT") violation(error.argument, why);
  if (!error.validation.has_value()) return;
  int count = 0;
  const auto add = [&](const Value& item) {
    const std::string text = CleanPortalText(ScalarText(item.Find("message")), context.secrets).text;
    violation(ScalarText(item.Find("field")), text.empty() ? why : text);
    return ++count < kMost;
  };
  error.validation->ForEachItem(add);
  error.validation->ForEachMember([&](std::string_view, Value item) { return add(item); });
}

}  // namespace

std::optional<double> LooseNumber(const Value& value) {
  switch (value.type()) {
    case Type::kInt:
      return static_cast<double>(value.AsInt());
    case Type::kUint:
      return static_cast<double>(value.AsUint());
    case Type::kDouble:
      return value.AsDouble();
    case Type::kString: {
      const std::string_view text = base::Trim(value.AsString());
      double number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
      return number;
    }
    default:
      return std::nullopt;
  }
}

bool IsEmpty(const std::optional<Value>& value) {
  if (!value.has_value()) return true;
  switch (value->type()) {
    case Type::kNull:
      return true;
    case Type::kBool:
      return !value->AsBool();
    case Type::kString:
      return value->AsString().empty() || value->AsString() == "0";
    case Type::kArray:
    case Type::kObject:
      return value->size() == 0;
    default:
      return LooseNumber(*value) == 0.0;
  }
}

WireError ReadError(const Value& holder) {
  WireError error;
  const std::optional<Value> code = holder.Find("error");
  std::optional<Value> text = holder.Find("error_description");
  if (code.has_value() && code->is(Type::kObject)) {  // REST 3.0
    error.code = ScalarText(code->Find("code"));
    text = code->Find("message");
    error.validation = code->Find("validation");
  } else {
    error.code = ScalarText(code);
    error.argument = ScalarText(holder.Find("argument"));
  }
  error.description = ScalarText(text);
  error.description_is_data =
      text.has_value() && (text->is(Type::kArray) || text->is(Type::kObject)) && text->size() > 0;
  return error;
}

WireError ReadBatchError(const Value& error) {
  return error.is(Type::kObject) ? ReadError(error) : WireError{.code = ScalarText(error)};
}

bool IsErrorItself(const Value& result) {
  return !IsEmpty(result.Find("error")) && !IsEmpty(result.Find("error_description"));
}

std::optional<WireError> FindWireError(const Value& envelope) {
  const std::optional<Value> error = envelope.Find("error");
  const std::optional<Value> result = envelope.Find("result");
  if (!IsEmpty(error) || !IsEmpty(envelope.Find("error_description"))) return ReadError(envelope);
  // "", "0" and 0 are codes too, unless there is a result beside them.
  const bool is_code = error.has_value() && !error->is(Type::kNull) && !error->is(Type::kBool);
  if (is_code && IsNull(result)) return ReadError(envelope);
  if (result.has_value() && IsErrorItself(*result)) return ReadError(*result);
  return std::nullopt;
}

base::Error StartError(StatusCode grpc, std::string_view reason, std::string message, Actor actor, Outcome outcome,
                       std::string_view method, const Origin& origin) {
  base::Error error(grpc, reason, std::move(message));
  error.SetOutcome(outcome)
      .Metadata("method", method)
      .Metadata("portal", origin.portal)
      .Metadata("http_status", base::StrCat(origin.http_status))
      .Metadata("actor", ActorName(actor));
  return error;
}

ParsedReply FromWireError(const WireError& error, std::string_view method, const Origin& origin, bool contradicted) {
  const std::string code = CleanPortalText(error.code, origin.context.secrets).text;
  const ErrorEntry* row = FindError({base::Trim(error.code), origin.http_status, error.description, method});
  const bool documented = row != nullptr;
  const ErrorEntry& entry = documented ? *row : UndocumentedError(origin.http_status);
  // Credentials, plan and limits are checked before the first part.
  const bool may_follow_a_part = origin.context.in_parts && entry.outcome == Outcome::kNotExecuted &&
                                 entry.advice == RetryAdvice::kNever && entry.actor == Actor::kCaller;
  const Outcome outcome = contradicted || may_follow_a_part ? Outcome::kUnknown : entry.outcome;
  const PortalText description = Description(error, origin.context);

  std::string message =
      base::StrCat(method, ": Bitrix24 answered ", code.empty() ? "an error without a code" : std::string_view(code));
  if (description.withheld) {
    message.append(" (its text is withheld: it may hold the request's data)");
  } else if (!description.text.empty()) {
    base::StrAppend(&message, " (", description.text, ")");
  }
  base::StrAppend(&message, ". ", entry.help);
  if (may_follow_a_part) message.append(" A part of the call may have been done before.");

  base::Error status =
      StartError(entry.grpc, ReasonOfCode(code), std::move(message), entry.actor, outcome, method, origin);
  status.Domain(base::kBitrixDomain).Metadata("code", code);
  if (!documented) status.Metadata("documented", "false");
  AddViolations(error, entry, description, origin.context, &status);

  ParsedReply reply;
  reply.advice = contradicted ? RetryAdvice::kUnknownOutcome : entry.advice;
  reply.outcome = outcome;
  reply.actor = entry.actor;
  reply.code = error.code;
  if (entry.retry_after.count() > 0) {
    reply.retry_after = entry.retry_after;
    status.RetryAfter(reply.retry_after);
  }
  reply.status = status.Build();
  return reply;
}

}  // namespace imbot::translate
