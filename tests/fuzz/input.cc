#include "tests/fuzz/input.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "proto/contract.h"
#include "tests/fuzz/finding.h"

namespace imbot::fuzz {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The bytes of the UTF-8 character at the start of `text`; 0 if it is none (RFC 3629, section 4).
size_t CharacterSize(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

class RequestMaker {
 public:
  explicit RequestMaker(std::string_view bytes) : bytes_(bytes) {}

  void Fill(Message* message, int depth) {
    const auto& type = *message->GetDescriptor();
    while (!bytes_.empty()) {
      const unsigned char choice = Byte();
      if (choice == '.' || choice == 0 || type.field_count() == 0) return;
      const FieldDescriptor* field = type.field(choice % type.field_count());
      if (field->is_map()) {
        SetMap(message, *field, depth);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        if (depth < kMostDepth) SetMessage(message, *field, depth);
      } else {
        SetScalar(message, *field, field->is_repeated());
      }
    }
  }

 private:
  static constexpr int kMostDepth = 8;

  unsigned char Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string_view Token() {
    const size_t end = std::min(bytes_.find(';'), bytes_.size());
    const std::string_view token = bytes_.substr(0, end);
    bytes_.remove_prefix(std::min(end + 1, bytes_.size()));
    return token;
  }
  int64_t Integer() {
    const std::string_view token = Token();
    int64_t number = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
    if (error == std::errc() && end == token.data() + token.size()) return number;
    return static_cast<int64_t>(std::hash<std::string_view>{}(token));
  }
  double Number() {
    const double number = std::strtod(std::string(Token()).c_str(), nullptr);
    return std::isfinite(number) ? number : 0;
  }

  void SetScalar(Message* message, const FieldDescriptor& field, bool add) {
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: {
        const bool value = (Byte() & 1) != 0;
        return add ? reflection.AddBool(message, &field, value) : reflection.SetBool(message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        const auto value = static_cast<int32_t>(Integer());
        return add ? reflection.AddInt32(message, &field, value) : reflection.SetInt32(message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        const int64_t value = Integer();
        return add ? reflection.AddInt64(message, &field, value) : reflection.SetInt64(message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double value = Number();
        return add ? reflection.AddDouble(message, &field, value) : reflection.SetDouble(message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const EnumDescriptor& type = *field.enum_type();
        const int value = type.value(Byte() % type.value_count())->number();
        return add ? reflection.AddEnumValue(message, &field, value) : reflection.SetEnumValue(message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string_view token = Token();
        std::string value = field.type() == FieldDescriptor::TYPE_BYTES ? std::string(token) : Utf8(token);
        return add ? reflection.AddString(message, &field, std::move(value))
                   : reflection.SetString(message, &field, std::move(value));
      }
      default:
        Fail("a request has a field of a kind that this target can't fill", field.full_name());
    }
  }

  void SetMessage(Message* message, const FieldDescriptor& field, int depth) {
    const Reflection& reflection = *message->GetReflection();
    Message* inner =
        field.is_repeated() ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field);
    const std::string& type = field.message_type()->full_name();
    if (type == "google.protobuf.Timestamp") {
      auto* time = static_cast<google::protobuf::Timestamp*>(inner);
      constexpr int64_t kYear9999 = 253402300799;
      time->set_seconds(Integer() % kYear9999);
      if (time->seconds() < 0) time->set_seconds(-time->seconds());
    } else if (type == "google.protobuf.Value") {
      FillFree(static_cast<google::protobuf::Value*>(inner), depth + 1);
    } else if (type == "google.protobuf.Struct") {
      FillFree(static_cast<google::protobuf::Struct*>(inner), depth + 1);
    } else if (type == "google.protobuf.ListValue") {
      FillFree(static_cast<google::protobuf::ListValue*>(inner), depth + 1);
    } else {
      Fill(inner, depth + 1);
    }
  }

  void SetMap(Message* message, const FieldDescriptor& field, int depth) {
    // Through the wire, as a request arrives: a key that is there already is replaced.
    std::unique_ptr<Message> addition(message->New());
    Message* entry = addition->GetReflection()->AddMessage(addition.get(), &field);
    SetScalar(entry, *field.message_type()->map_key(), false);
    const FieldDescriptor& value = *field.message_type()->map_value();
    if (value.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      SetScalar(entry, value, false);
    } else if (depth < kMostDepth) {
      SetMessage(entry, value, depth);
    }
    Expect(message->MergeFromString(addition->SerializeAsString()), "a map entry can't be read back");
  }

  void FillFree(google::protobuf::Value* value, int depth) {
    switch (Byte() % 7) {
      case 0:
        return value->set_null_value(google::protobuf::NULL_VALUE);
      case 1:
        return value->set_bool_value((Byte() & 1) != 0);
      case 2:
        return value->set_number_value(Number());
      case 3:
        if (depth < kMostDepth) return FillFree(value->mutable_struct_value(), depth + 1);
        break;
      case 4:
        if (depth < kMostDepth) return FillFree(value->mutable_list_value(), depth + 1);
        break;
      default:
        break;
    }
    value->set_string_value(Utf8(Token()));
  }
  void FillFree(google::protobuf::Struct* object, int depth) {
    for (unsigned char more = Byte(); more != 0 && more != '.'; more = Byte()) {
      const std::string key = Utf8(Token());
      FillFree(&(*object->mutable_fields())[key], depth);
    }
  }
  void FillFree(google::protobuf::ListValue* list, int depth) {
    for (unsigned char more = Byte(); more != 0 && more != '.'; more = Byte()) FillFree(list->add_values(), depth);
  }

  std::string_view bytes_;
};

}  // namespace

Input Split(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\n'), text.size());
  return {text.substr(0, end), text.substr(std::min(end + 1, text.size()))};
}

std::string_view TakeWord(std::string_view* text) {
  const size_t end = std::min(text->find(' '), text->size());
  const std::string_view word = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return word;
}

const translate::MethodTable& Methods() {
  static const translate::MethodTable* const table = [] {
    auto created = translate::MethodTable::Create(contract::Files());
    if (!created.ok()) Fail("the method table can't be made", created.status().ToString());
    return created->release();
  }();
  return *table;
}

const translate::MethodSpec& MethodFor(std::string_view word) {
  if (const auto* method = Methods().FindByName(word); method != nullptr) return *method;
  size_t sum = 0;
  for (const char c : word) sum = sum * 31 + static_cast<unsigned char>(c);
  return *Methods().methods()[sum % Methods().methods().size()];
}

std::string Bytes(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    Expect(message.SerializeToCodedStream(&coded), "a message can't be serialized", message.GetTypeName());
  }
  return bytes;
}

std::unique_ptr<Message> RequestFromBytes(const translate::MethodSpec& method, std::string_view bytes) {
  std::unique_ptr<Message> request(method.request_prototype->New());
  RequestMaker(bytes).Fill(request.get(), 0);
  return request;
}

std::string Utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t size = CharacterSize(text);
    if (size == 0) {
      out.push_back('?');
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace imbot::fuzz
