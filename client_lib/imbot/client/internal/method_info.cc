#include "imbot/client/internal/method_info.h"

#include <algorithm>
#include <string_view>

#include "bitrix24/imbot/v2/message_service.pb.h"
#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace imbot::client::internal {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;

bool IsLowerCaseUuidV4(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  return text.size() == kForm.size() && std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
           constexpr std::string_view kHex = "0123456789abcdef";
           if (form == 'x') return kHex.find(c) != kHex.npos;
           return form == 'y' ? std::string_view("89ab").find(c) != std::string_view::npos : c == form;
         });
}

// Sends that the portal does not recognise when they are repeated (message_service.proto, SendMessage).
bool IsRecognised(const google::protobuf::Message& request) {
  const auto* send = google::protobuf::DynamicCastToGenerated<bitrix24::imbot::v2::SendMessageRequest>(&request);
  if (send == nullptr) return true;
  const auto& forwards = send->fields().forward_ids();
  return !send->fields().system() && std::all_of(forwards.begin(), forwards.end(),
                                                 [](const auto& forward) { return IsLowerCaseUuidV4(forward.first); });
}

bool IsRepeatable(const MethodDescriptor& method, const google::protobuf::Message& request) {
  switch (method.options().GetExtension(bitrix24::rest::method).retry()) {
    case bitrix24::rest::RETRY_READ:
    case bitrix24::rest::RETRY_IDEMPOTENT:
      return true;
    case bitrix24::rest::RETRY_DEDUPLICATED:
      return IsRecognised(request);
    case bitrix24::rest::RETRY_NEVER:
      return false;
    default:
      // The gateway's own methods, which lead to no method of a portal; protobuf's own option speaks for them.
      return method.options().idempotency_level() != MethodOptions::IDEMPOTENCY_UNKNOWN;
  }
}

}  // namespace

std::optional<MethodInfo> FindMethod(const google::protobuf::Message& request,
                                     const google::protobuf::Message& response) {
  const google::protobuf::FileDescriptor& file = *request.GetDescriptor()->file();
  const MethodDescriptor* found = nullptr;
  for (int s = 0; s < file.service_count(); ++s) {
    for (int m = 0; m < file.service(s)->method_count(); ++m) {
      const MethodDescriptor* method = file.service(s)->method(m);
      if (method->input_type() != request.GetDescriptor() || method->output_type() != response.GetDescriptor() ||
          method->client_streaming() || method->server_streaming())
        continue;
      if (found != nullptr) return std::nullopt;
      found = method;
    }
  }
  if (found == nullptr) return std::nullopt;
  MethodInfo info;
  info.path = "/" + found->service()->full_name() + "/" + found->name();
  info.repeatable = IsRepeatable(*found, request);
  const auto& codes = found->options().GetExtension(bitrix24::rest::method).done_codes();
  info.done_codes.assign(codes.begin(), codes.end());
  return info;
}

}  // namespace imbot::client::internal
