#include "service/translate/request_fields.h"

#include <utility>

#include "service/base/strings.h"
#include "service/translate/message_plan.h"

namespace imbot::translate {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

// The message that holds the last field of the path; null if one on the way is not set.
const Message* Holder(const Message& message, FieldPath path) {
  const Message* holder = &message;
  for (const FieldDescriptor* field : path.first(path.size() - 1)) {
    if (!holder->GetReflection()->HasField(*holder, field)) return nullptr;
    holder = &holder->GetReflection()->GetMessage(*holder, field);
  }
  return holder;
}

bool IsHandlerUrl(const FieldPlan& field) {
  return field.kind == Kind::kString && !field.field->is_repeated() &&
         (field.name == "webhookUrl" || field.name.starts_with("EVENT_"));
}

void CollectHandlerUrls(const Message& message, const MessagePlan& plan, const std::string& prefix,
                        std::vector<HandlerUrl>* out) {
  const auto& reflection = *message.GetReflection();
  for (const FieldPlan& field : plan.fields) {
    if (field.field->is_repeated() || !reflection.HasField(message, field.field)) continue;
    if (IsHandlerUrl(field)) out->push_back({prefix + field.name, reflection.GetString(message, field.field)});
    if (field.kind == Kind::kMessage) {
      CollectHandlerUrls(reflection.GetMessage(message, field.field), *field.message,
                         field.options.inline_() ? prefix : base::StrCat(prefix, field.name, "."), out);
    }
  }
}

}  // namespace

std::string TextAt(const Message& message, FieldPath path) {
  if (path.empty()) return "";
  const Message* holder = Holder(message, path);
  const FieldDescriptor* field = path.back();
  if (holder == nullptr || !holder->GetReflection()->HasField(*holder, field)) return "";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return holder->GetReflection()->GetString(*holder, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return base::StrCat(holder->GetReflection()->GetInt64(*holder, field));
    default:
      return "";
  }
}

int64_t NumberAt(const Message& message, FieldPath path) {
  if (path.empty() || path.back()->cpp_type() != FieldDescriptor::CPPTYPE_INT64) return 0;
  const Message* holder = Holder(message, path);
  return holder == nullptr ? 0 : holder->GetReflection()->GetInt64(*holder, path.back());
}

void SetTextAt(Message* message, FieldPath path, std::string text) {
  Message* holder = message;
  for (const FieldDescriptor* field : path.first(path.size() - 1))
    holder = holder->GetReflection()->MutableMessage(holder, field);
  holder->GetReflection()->SetString(holder, path.back(), std::move(text));
}

std::vector<HandlerUrl> HandlerUrls(const MethodSpec& method, const Message& request) {
  std::vector<HandlerUrl> urls;
  CollectHandlerUrls(request, *method.request_plan, "", &urls);
  return urls;
}

std::string HostOf(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == url.npos) return "";
  const std::string scheme = base::ToLower(url.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return "";
  std::string_view authority = url.substr(scheme_end + 3);
  // A browser, and PHP's parse_url in part, take a backslash for a slash.
  authority = authority.substr(0, authority.find_first_of("/?#\\"));
  if (authority.find('@') != authority.npos) return "";
  if (authority.starts_with('[')) return base::ToLower(authority.substr(1, authority.find(']') - 1));
  return base::ToLower(authority.substr(0, authority.find(':')));
}

}  // namespace imbot::translate
