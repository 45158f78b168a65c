#include "service/translate/request_fields.h"

#include <algorithm>
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
    const auto& reflection = *holder->GetReflection();
    if (!reflection.HasField(*holder, field)) return nullptr;
    holder = &reflection.GetMessage(*holder, field);
  }
  return holder;
}

// Version 4, lower case.
bool IsUuidV4(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return false;
    } else if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
      return false;
    }
  }
  return text[14] == '4' && (text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b');
}

void CollectHandlerUrls(const Message& message, const MessagePlan& plan, const std::string& prefix,
                        std::vector<HandlerUrl>* out) {
  const auto& reflection = *plan.reflection;
  for (const FieldPlan& field : plan.fields) {
    if (field.field->is_repeated() || !reflection.HasField(message, field.field)) continue;
    if (field.handler_url) out->push_back({prefix + field.name, reflection.GetString(message, field.field)});
    if (field.kind == Kind::kMessage) {
      CollectHandlerUrls(reflection.GetMessage(message, field.field), *field.message,
                         field.inlined ? prefix : base::StrCat(prefix, field.name, "."), out);
    }
  }
}

}  // namespace

std::string TextAt(const Message& message, FieldPath path) {
  if (path.empty()) return "";
  const Message* holder = Holder(message, path);
  const FieldDescriptor* field = path.back();
  if (holder == nullptr) return "";
  const auto& reflection = *holder->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(*holder, field);  // empty where it is not set
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.HasField(*holder, field) ? base::StrCat(reflection.GetInt64(*holder, field)) : "";
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

bool IsDoneInParts(const MethodSpec& method, const Message& request) {
  if (method.forward_ids_field == nullptr) return false;
  const Message* const holder = Holder(request, method.template_id_field);
  return holder != nullptr && holder->GetReflection()->FieldSize(*holder, method.forward_ids_field) > 0;
}

bitrix24::rest::Retry RetryClassOf(const MethodSpec& method, const Message& request) {
  const bitrix24::rest::Retry retry = method.options.retry();
  if (method.template_id_field.empty()) return retry;
  const Message* const holder = Holder(request, method.template_id_field);
  if (holder == nullptr) return retry;
  const auto& reflection = *holder->GetReflection();
  if (method.system_field != nullptr && reflection.GetBool(*holder, method.system_field))
    return bitrix24::rest::RETRY_NEVER;
  const FieldDescriptor* const forwarded = method.forward_ids_field;
  for (int i = 0; forwarded != nullptr && i < reflection.FieldSize(*holder, forwarded); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(*holder, forwarded, i);
    if (!IsUuidV4(entry.GetReflection()->GetString(entry, forwarded->message_type()->map_key())))
      return bitrix24::rest::RETRY_NEVER;
  }
  return retry;
}

std::vector<std::string> SetFieldNames(const Message& request) {
  std::vector<std::string> names;
  std::vector<const FieldDescriptor*> fields, inner;
  const auto& reflection = *request.GetReflection();
  reflection.ListFields(request, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool own = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated() &&
                     field->message_type()->containing_type() == request.GetDescriptor();
    if (!own) {
      names.push_back(field->name());
      continue;
    }
    const Message& message = reflection.GetMessage(request, field);
    message.GetReflection()->ListFields(message, &inner);
    for (const FieldDescriptor* part : inner) names.push_back(base::StrCat(field->name(), ".", part->name()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<HandlerUrl> HandlerUrls(const MethodSpec& method, const Message& request) {
  std::vector<HandlerUrl> urls;
  if (method.takes_handler_urls) CollectHandlerUrls(request, *method.request_plan, "", &urls);
  return urls;
}

// Strict on purpose: a list of hosts is worth no more than the agreement of everybody who reads the URL, and PHP's
// parse_url, curl and browsers differ on backslashes (parse_url takes `good\@evil` for a user and a host), on white
// space (some drop it), on an @ behind ? or #, on percent signs and on other alphabets.
std::string HostOf(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == url.npos) return "";
  const std::string scheme = base::ToLower(url.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return "";
  if (std::any_of(url.begin(), url.end(),
                  [](char c) { return c == '\\' || static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; }))
    return "";
  const std::string_view rest = url.substr(scheme_end + 3);
  const size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  if (authority_end < rest.size() && rest[authority_end] != '/') {
    const std::string_view before_path = rest.substr(0, rest.find('/'));
    if (before_path.find('@') != before_path.npos) return "";
  }
  std::string_view host = rest.substr(0, authority_end);
  std::string_view port;
  const auto all = [](std::string_view text, auto allowed) { return std::all_of(text.begin(), text.end(), allowed); };
  const bool is_ipv6 = host.starts_with('[');
  const size_t host_end = is_ipv6 ? host.find(']') : std::min(host.find(':'), host.size());
  if (host_end == host.npos) return "";
  port = host.substr(is_ipv6 ? host_end + 1 : host_end);
  host = is_ipv6 ? host.substr(1, host_end - 1) : host.substr(0, host_end);
  if (!port.empty() && (port[0] != ':' || !all(port.substr(1), [](char c) { return c >= '0' && c <= '9'; }))) return "";
  const bool plain = is_ipv6 ? all(host, [](char c) { return base::IsAlnum(c) || c == ':' || c == '.'; })
                             : all(host, [](char c) { return base::IsAlnum(c) || c == '-' || c == '.' || c == '_'; });
  return plain ? base::ToLower(host) : "";
}

}  // namespace imbot::translate
