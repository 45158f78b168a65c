#include "service/translate/file_stream.h"

#include <algorithm>
#include <vector>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/translate/message_plan.h"

namespace imbot::translate {
namespace {

using base::Error;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kDownloadUrl = "downloadUrl";

// The path of the first field that is set, a message without set fields among them not; "" if there is none.
std::string FirstSet(const Message& message, const std::string& prefix) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const std::string path = prefix + field->json_name();
    const bool plain = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated();
    if (!plain) return path;
    std::string inner = FirstSet(message.GetReflection()->GetMessage(message, field), path + ".");
    if (!inner.empty()) return inner;
  }
  return "";
}

}  // namespace

std::string TakeChunk(const MethodSpec& method, Message* message) {
  Message* holder = message;
  const auto& path = method.chunk_field;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    if (!holder->GetReflection()->HasField(*holder, path[i])) return "";
    holder = holder->GetReflection()->MutableMessage(holder, path[i]);
  }
  const Reflection& reflection = *holder->GetReflection();
  std::string chunk = reflection.GetString(*holder, path.back());
  reflection.ClearField(holder, path.back());
  return chunk;
}

absl::Status CheckLaterMessage(const MethodSpec& method, const Message& message) {
  const std::string set = FirstSet(message, "");
  if (set.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "STREAM_PROTOCOL",
               base::StrCat(method.name(), ": only the first message of the stream may set ", set,
                            "; later ones carry the next piece in ", ChunkPath(method), " and nothing else"))
      .Violation(set, "may be set in the first message only")
      .Metadata("method", method.name())
      .Build();
}

std::string ChunkPath(const MethodSpec& method) {
  std::string path;
  for (const FieldDescriptor* field : method.chunk_field) path += (path.empty() ? "" : ".") + field->json_name();
  return path;
}

int64_t MaxContent(const MethodSpec& method) {
  return method.chunk_field.back()->options().GetExtension(bitrix24::rest::field).max_length();
}

absl::StatusOr<base::Secret> DownloadUrl(const MethodSpec& method, base::json::Value result) {
  if (const auto url = result.Find(kDownloadUrl); url.has_value() && url->is(base::json::Type::kString))
    return base::Secret(std::string(url->AsString()));
  return Error(absl::StatusCode::kInternal, "RESULT_UNUSABLE",
               base::StrCat(method.name(), ": the portal's answer does not say where the file is"))
      .Metadata("method", method.name())
      .Build();
}

std::unique_ptr<Message> MakeChunk(const MethodSpec& method, std::string_view piece) {
  std::unique_ptr<Message> message(method.response_prototype->New());
  message->GetReflection()->SetString(message.get(), method.chunk_field.back(), std::string(piece));
  return message;
}

void DescribeContent(std::optional<uint64_t> size, std::string_view content_type, Message* first) {
  const auto& type = *first->GetDescriptor();
  const Reflection& reflection = *first->GetReflection();
  if (const auto* field = type.FindFieldByName("size"); field != nullptr && size.has_value())
    reflection.SetInt64(first, field, static_cast<int64_t>(*size));
  // A portal may write anything there; a text that is not UTF-8 would make the whole message unreadable.
  const bool printable =
      std::all_of(content_type.begin(), content_type.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (const auto* field = type.FindFieldByName("content_type"); field != nullptr && !content_type.empty() && printable)
    reflection.SetString(first, field, std::string(content_type));
}

}  // namespace imbot::translate
