#include "client_lib/json_reader/json_values.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"

namespace imbot::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using Type = JsonNode::Type;

std::string TypeName(const JsonNode& value) {
  switch (value.type) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return "a boolean";
    case Type::kInteger:
    case Type::kFraction:
      return "a number";
    case Type::kText:
      return "a text";
    case Type::kList:
      return "a list";
    case Type::kObject:
      return "an object";
  }
  return "nothing";
}

void ReadFreeList(const JsonNode& list, google::protobuf::ListValue* out, const std::string& path, Problems* problems);
void ReadFreeObject(const JsonNode& object, google::protobuf::Struct* out, const std::string& path, Problems* problems);

void ReadFree(const JsonNode& value, google::protobuf::Value* out, const std::string& path, Problems* problems) {
  switch (value.type) {
    case Type::kNull:
      return out->set_null_value(google::protobuf::NULL_VALUE);
    case Type::kBool:
      return out->set_bool_value(value.flag);
    case Type::kText:
      return out->set_string_value(value.text);
    case Type::kInteger: {
      constexpr int64_t kExact = int64_t{1} << 53;
      const auto number = ToInteger(value);
      if (!number.has_value() || *number > kExact || *number < -kExact) {
        return problems->Add(path, "is too large for a number here: write it as a text");
      }
      return out->set_number_value(static_cast<double>(*number));
    }
    case Type::kFraction: {
      const auto number = ToDouble(value);
      if (!number.has_value()) return problems->Add(path, value, "must be a number");
      return out->set_number_value(*number);
    }
    case Type::kList:
      return ReadFreeList(value, out->mutable_list_value(), path, problems);
    case Type::kObject:
      return ReadFreeObject(value, out->mutable_struct_value(), path, problems);
  }
}

void ReadFreeList(const JsonNode& list, google::protobuf::ListValue* out, const std::string& path, Problems* problems) {
  size_t index = 0;
  for (const JsonNode& item : list.items)
    ReadFree(item, out->add_values(), absl::StrCat(path, "[", index++, "]"), problems);
}

void ReadFreeObject(const JsonNode& object, google::protobuf::Struct* out, const std::string& path,
                    Problems* problems) {
  for (const auto& [key, item] : object.members)
    ReadFree(item, &(*out->mutable_fields())[key], JoinPath(path, key), problems);
}

}  // namespace

void Problems::Add(const std::string& path, std::string_view what) {
  problems_.push_back(absl::StrCat(path.empty() ? "the whole text" : path, ": ", std::string(what)));
}
void Problems::Add(const std::string& path, const JsonNode& value, std::string_view wanted) {
  Add(path, absl::StrCat("is ", TypeName(value), ", but ", std::string(wanted)));
}
std::string Problems::Text() const {
  return absl::StrJoin(problems_, "\n");
}

std::string JoinPath(const std::string& path, const std::string& key) {
  return path.empty() ? key : absl::StrCat(path, ".", key);
}

std::optional<bool> ToBool(const JsonNode& value) {
  if (value.is(Type::kBool)) return value.flag;
  if (!value.is(Type::kText) && !value.is(Type::kInteger)) return std::nullopt;
  const std::string text = absl::AsciiStrToLower(value.text);
  if (text == "y" || text == "1" || text == "true") return true;
  if (text == "n" || text == "0" || text == "false") return false;
  return std::nullopt;
}

std::optional<int64_t> ToInteger(const JsonNode& value) {
  if (!value.is(Type::kText) && !value.is(Type::kInteger) && !value.is(Type::kFraction)) return std::nullopt;
  int64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto parsed = std::from_chars(value.text.data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  // 350.0 and 3.5e2 are whole numbers too.
  double fraction = 0;
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value.is(Type::kFraction) && absl::SimpleAtod(value.text, &fraction) && std::trunc(fraction) == fraction &&
      std::abs(fraction) <= kExact) {
    return static_cast<int64_t>(fraction);
  }
  return std::nullopt;
}

std::optional<double> ToDouble(const JsonNode& value) {
  if (!value.is(Type::kText) && !value.is(Type::kInteger) && !value.is(Type::kFraction)) return std::nullopt;
  double number = 0;
  if (!absl::SimpleAtod(value.text, &number) || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool LooksLikeJson(const JsonNode& value) {
  if (!value.is(Type::kText)) return false;
  const size_t first = value.text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && (value.text[first] == '[' || value.text[first] == '{');
}

void ReadWellKnown(const JsonNode& value, Message* out, const std::string& path, Problems* problems) {
  const Descriptor& type = *out->GetDescriptor();
  if (type.full_name() == "google.protobuf.Timestamp") {
    auto* time = static_cast<google::protobuf::Timestamp*>(out);
    if (!value.is(Type::kText) || !google::protobuf::util::TimeUtil::FromString(value.text, time)) {
      problems->Add(path, value, "must be a time such as 2025-01-15T10:30:00+02:00");
    }
    return;
  }
  if (type.full_name() == "google.protobuf.Value") {
    return ReadFree(value, static_cast<google::protobuf::Value*>(out), path, problems);
  }
  if (type.full_name() == "google.protobuf.ListValue") {
    if (!value.is(Type::kList)) return problems->Add(path, value, "must be a list");
    return ReadFreeList(value, static_cast<google::protobuf::ListValue*>(out), path, problems);
  }
  if (type.full_name() == "google.protobuf.Struct") {
    if (value.is(Type::kList) && value.items.empty()) return;
    if (!value.is(Type::kObject)) return problems->Add(path, value, "must be an object");
    return ReadFreeObject(value, static_cast<google::protobuf::Struct*>(out), path, problems);
  }
  problems->Add(path, "has a type that no parameter has");
}

}  // namespace imbot::client
