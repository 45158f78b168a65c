// Requests made from the contract's descriptors and options alone: a minimal valid one for each method, and one for
// each rule of each field that breaks exactly that rule. Used against the validator, and over sockets against the whole
// gateway with the portal's ledger beside it.
//
// Shares nothing with service/: it reads the options itself. What it knows beside them are the rules that reach across
// the fields of a keyboard's button, a menu's item and a block of an attachment, so that only one rule breaks at a
// time.
#ifndef IMBOT_TESTS_SUPPORT_REQUEST_GENERATOR_H_
#define IMBOT_TESTS_SUPPORT_REQUEST_GENERATOR_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "re2/re2.h"

namespace imbot::testing_support {

// Which bot or portal the requests name.
struct Subjects {
  std::string bot = "acme/support";
  std::string portal = "acme";
};

struct Breach {
  std::unique_ptr<google::protobuf::Message> request;
  std::string path;  // in JSON names, from 0: what a BadRequest must name, and nothing else
  std::string what;  // the rule, for people: `max_length of fields.message`
};

namespace internal {

using bitrix24::rest::Field;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

inline Field OptionsOf(const FieldDescriptor& field) {
  return field.options().HasExtension(bitrix24::rest::field) ? field.options().GetExtension(bitrix24::rest::field)
                                                             : Field();
}

inline bool IsPlainMessage(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_MESSAGE && field.message_type()->file()->package() != "google.protobuf";
}

// A text that the pattern takes, of at least `min` characters.
inline std::string TextFor(const std::string& pattern, int64_t min, const std::string& where) {
  for (const char* sample : {"x", "en", "de", "help", "https://example.com/x", "#ff0000", "2001-02-03",
                             "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f", "1", "/x", "12:30"}) {
    std::string text = sample;
    if (!pattern.empty() && !RE2::FullMatch(text, pattern)) continue;
    while (static_cast<int64_t>(text.size()) < min) text += text.back();
    if (pattern.empty() || RE2::FullMatch(text, pattern)) return text;
  }
  throw std::logic_error("request_generator.h: no sample text matches the pattern of " + where + ": add one");
}

// Not empty where that can be avoided, since an empty text breaks `required` and `min` too.
inline std::string TextAgainst(const std::string& pattern, const std::string& where) {
  for (const char* sample : {"/", "a b!", "!", "ftp://example.com", "en-US", "x", "\n"}) {
    if (!RE2::FullMatch(sample, pattern)) return sample;
  }
  throw std::logic_error("request_generator.h: every sample text matches the pattern of " + where + ": add another");
}

class Generator {
 public:
  Generator(const google::protobuf::MethodDescriptor& method, Subjects subjects)
      : method_(method), subjects_(std::move(subjects)) {}

  std::unique_ptr<Message> Valid() const {
    const Message* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(method_.input_type());
    if (prototype == nullptr) throw std::logic_error(method_.full_name() + " is not linked in");
    std::unique_ptr<Message> request(prototype->New());
    FillMinimal(request.get(), nullptr);
    const FieldDescriptor* subject = method_.input_type()->FindFieldByNumber(1);
    if (subject != nullptr && (subject->name() == "bot" || subject->name() == "portal")) {
      request->GetReflection()->SetString(request.get(), subject,
                                          subject->name() == "bot" ? subjects_.bot : subjects_.portal);
    }
    return request;
  }

  std::vector<Breach> Breaches() {
    const FieldDescriptor* subject = method_.input_type()->FindFieldByNumber(1);
    if (subject != nullptr && subject->name() == "bot") {
      Add("bot", "required: whom the request is for",
          [&](Message* request) { request->GetReflection()->ClearField(request, subject); });
    }
    std::vector<const Descriptor*> above;
    Walk(
        *method_.input_type(), "", [](Message* request, const FieldDescriptor*) { return request; }, &above);
    return std::move(breaches_);
  }

 private:
  // Gives the message at a place in a request, made so that `wanted` can be set in it and everything else is valid.
  using Place = std::function<Message*(Message* request, const FieldDescriptor* wanted)>;

  void Add(const std::string& path, const std::string& what, const std::function<void(Message*)>& spoil) {
    Breach breach;
    breach.request = Valid();
    spoil(breach.request.get());
    breach.path = path;
    breach.what = what;
    breaches_.push_back(std::move(breach));
  }

  static void SetByName(Message* message, const char* name, const std::string& text) {
    message->GetReflection()->SetString(message, message->GetDescriptor()->FindFieldByName(name), text);
  }

  // Sets what must be set, so that `wanted` (or nothing more) may be set beside it.
  static void FillMinimal(Message* message, const FieldDescriptor* wanted) {
    const Descriptor& type = *message->GetDescriptor();
    const std::string name = wanted == nullptr ? "" : wanted->name();
    if (type.full_name() == "bitrix24.types.v1.AttachBlock") {
      if (wanted == nullptr) SetByName(message, "message", "x");
      return;
    }
    const bool button = type.full_name() == "bitrix24.types.v1.KeyboardButton";
    if (button || type.full_name() == "bitrix24.types.v1.MenuItem") {
      if (name == "type") return;
      SetByName(message, "text", "x");
      if (name == "action" || name == "action_value") {
        SetValid(message, *type.FindFieldByName("action"));
        SetByName(message, "action_value", "x");
      } else if (name == "command" || name == "command_params" || name == "block") {
        SetByName(message, "command", "x");
      } else if (name == "app_id" || name == "app_params") {
        SetValid(message, *type.FindFieldByName("app_id"));
      } else {
        SetByName(message, "link", "/x");
      }
      return;
    }
    for (int i = 0; i < type.field_count(); ++i) {
      if (OptionsOf(*type.field(i)).required()) SetValid(message, *type.field(i));
    }
  }

  // A valid value; lists and maps get as many as they need.
  static void SetValid(Message* message, const FieldDescriptor& field) {
    const Reflection& reflection = *message->GetReflection();
    if (!field.is_repeated()) return SetOne(message, field, field, false);
    const Field options = OptionsOf(field);
    const int64_t count = std::max<int64_t>(1, options.has_min() ? options.min() : 0);
    reflection.ClearField(message, &field);
    for (int64_t i = 0; i < count; ++i) AddItem(message, field, i);
  }

  static void AddItem(Message* message, const FieldDescriptor& field, int64_t index) {
    if (!field.is_map()) return SetOne(message, field, field, true);
    Message* entry = message->GetReflection()->AddMessage(message, &field);
    std::string key = TextFor(OptionsOf(field).pattern(), 0, field.full_name());
    // Keys must differ; the patterns of the contract's maps allow another last letter or digit.
    if (index > 0) {
      static constexpr char kDigits[] = "0123456789abcdef";
      const auto suffix = [&](size_t width) {
        std::string hex;
        for (int64_t rest = index; hex.size() < width; rest /= 16) hex.insert(hex.begin(), kDigits[rest % 16]);
        return hex;
      };
      const size_t width = std::min<size_t>(key.size(), 4);
      key.replace(key.size() - width, width, suffix(width));
    }
    entry->GetReflection()->SetString(entry, field.message_type()->map_key(), key);
    SetOne(entry, *field.message_type()->map_value(), field, false);
  }

  // One value; `rules` is the field whose options it obeys (a map's own, for its values).
  static void SetOne(Message* message, const FieldDescriptor& field, const FieldDescriptor& rules, bool add) {
    const Reflection& reflection = *message->GetReflection();
    const Field options = OptionsOf(rules);
    const bool single = !rules.is_repeated();
    const int64_t least = single && options.has_min() ? options.min() : 0;
    int64_t number = std::max<int64_t>(1, least);
    if (single && options.has_max()) number = std::min(number, options.max());
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return add ? reflection.AddBool(message, &field, true) : reflection.SetBool(message, &field, true);
      case FieldDescriptor::CPPTYPE_INT32:
        return add ? reflection.AddInt32(message, &field, static_cast<int32_t>(number))
                   : reflection.SetInt32(message, &field, static_cast<int32_t>(number));
      case FieldDescriptor::CPPTYPE_INT64:
        return add ? reflection.AddInt64(message, &field, number) : reflection.SetInt64(message, &field, number);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return add ? reflection.AddDouble(message, &field, static_cast<double>(number))
                   : reflection.SetDouble(message, &field, static_cast<double>(number));
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string text =
            TextFor(rules.is_map() ? "" : options.pattern(), single ? least : 0, field.full_name());
        return add ? reflection.AddString(message, &field, text) : reflection.SetString(message, &field, text);
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int value = field.enum_type()->value(1)->number();
        return add ? reflection.AddEnumValue(message, &field, value) : reflection.SetEnumValue(message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        Message* inner = add ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field);
        if (auto* value = dynamic_cast<google::protobuf::Value*>(inner)) return value->set_string_value("x");
        if (auto* object = dynamic_cast<google::protobuf::Struct*>(inner))
          return (*object->mutable_fields())["x"].set_string_value("x");
        if (IsPlainMessage(field)) FillMinimal(inner, nullptr);
        return;
      }
      default:
        throw std::logic_error("request_generator.h: no value for " + field.full_name());
    }
  }

  static std::string Join(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "." + name;
  }

  void Walk(const Descriptor& type, const std::string& path, const Place& place,
            std::vector<const Descriptor*>* above) {
    if (std::find(above->begin(), above->end(), &type) != above->end())
      return;  // a type that holds itself: once is enough
    above->push_back(&type);
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const Field options = OptionsOf(field);
      if (options.chunked()) continue;  // never in a request as a whole
      const std::string own = options.inline_() ? path : Join(path, field.json_name());
      if (&type != method_.input_type() || field.number() != 1) BreakField(field, options, own, path, place);
      const FieldDescriptor* value = field.is_map() ? field.message_type()->map_value() : &field;
      if (!IsPlainMessage(*value)) continue;
      const std::string key = field.is_map() ? TextFor(options.pattern(), 0, field.full_name()) : "0";
      Walk(
          *value->message_type(), field.is_repeated() ? own + "[" + key + "]" : own,
          [&field, &place](Message* request, const FieldDescriptor* wanted) {
            Message* outer = place(request, &field);
            const Reflection& reflection = *outer->GetReflection();
            reflection.ClearField(outer, &field);
            Message* inner = nullptr;
            if (field.is_map()) {
              AddItem(outer, field, 0);
              Message* entry = reflection.MutableRepeatedMessage(outer, &field, 0);
              inner = entry->GetReflection()->MutableMessage(entry, field.message_type()->map_value());
            } else {
              inner =
                  field.is_repeated() ? reflection.AddMessage(outer, &field) : reflection.MutableMessage(outer, &field);
            }
            inner->Clear();
            FillMinimal(inner, wanted);
            return inner;
          },
          above);
    }
    above->pop_back();
  }

  void BreakField(const FieldDescriptor& field, const Field& options, const std::string& own, const std::string& path,
                  const Place& place) {
    const auto add = [&](const std::string& at, const std::string& rule,
                         const std::function<void(Message*, const Reflection&)>& spoil) {
      Add(at, rule + " of " + method_.full_name() + " " + own, [&](Message* request) {
        Message* message = place(request, &field);
        spoil(message, *message->GetReflection());
      });
    };
    const bool text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    const bool list = field.is_repeated();
    const std::string first =
        own + "[" + (field.is_map() ? TextFor(options.pattern(), 0, field.full_name()) : "0") + "]";
    const FieldDescriptor& value = field.is_map() ? *field.message_type()->map_value() : field;

    if (options.required() && !(field.containing_type()->full_name() == "bitrix24.types.v1.AttachBlock")) {
      add(own, "required",
          [&](Message* message, const Reflection& reflection) { reflection.ClearField(message, &field); });
      if (text) {
        add(list ? own + "[0]" : own, "required, so not empty,", [&](Message* message, const Reflection& reflection) {
          if (list) {
            reflection.ClearField(message, &field);
            reflection.AddString(message, &field, "");
          } else {
            reflection.SetString(message, &field, "");
          }
        });
      }
    }
    if (options.max_length() > 0) {
      add(own, "max_length", [&](Message* message, const Reflection& reflection) {
        if (list) {
          reflection.ClearField(message, &field);
          for (uint64_t i = 0; i <= options.max_length(); ++i) AddItem(message, field, static_cast<int64_t>(i));
        } else {
          // Of two bytes each, so that whoever counts bytes is found out.
          std::string longer;
          for (uint64_t i = 0; i <= options.max_length(); ++i)
            longer += field.type() == FieldDescriptor::TYPE_STRING ? "ж" : "x";
          reflection.SetString(message, &field, longer);
        }
      });
    }
    if (options.has_min() && (text || list)) {
      const int64_t fewer = options.min() - 1;
      // A list of nothing is not sent, so there is nothing to refuse.
      if (fewer > 0 || (fewer == 0 && !list)) {
        add(own, "min", [&](Message* message, const Reflection& reflection) {
          if (list) {
            reflection.ClearField(message, &field);
            for (int64_t i = 0; i < fewer; ++i) AddItem(message, field, i);
          } else {
            reflection.SetString(message, &field, std::string(static_cast<size_t>(fewer), 'x'));
          }
        });
      }
    }
    const auto number_breach = [&](const std::string& rule, int64_t number) {
      add(own, rule, [&](Message* message, const Reflection& reflection) {
        switch (field.cpp_type()) {
          case FieldDescriptor::CPPTYPE_INT64:
            return reflection.SetInt64(message, &field, number);
          case FieldDescriptor::CPPTYPE_INT32:
            return reflection.SetInt32(message, &field, static_cast<int32_t>(number));
          default:
            return reflection.SetDouble(message, &field, static_cast<double>(number));
        }
      });
    };
    const bool numeric = field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
                         field.cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
                         field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
    if (numeric && !list && options.has_min()) number_breach("min", options.min() - 1);
    if (numeric && !list && options.has_max()) number_breach("max", options.max() + 1);
    if (!options.pattern().empty()) {
      const std::string wrong = TextAgainst(options.pattern(), field.full_name());
      add(field.is_map() ? own + "[" + wrong + "]"
          : list         ? own + "[0]"
                         : own,
          "pattern", [&](Message* message, const Reflection& reflection) {
            if (field.is_map()) {
              reflection.ClearField(message, &field);
              AddItem(message, field, 0);
              Message* entry = reflection.MutableRepeatedMessage(message, &field, 0);
              entry->GetReflection()->SetString(entry, field.message_type()->map_key(), wrong);
            } else if (list) {
              reflection.ClearField(message, &field);
              reflection.AddString(message, &field, wrong);
            } else {
              reflection.SetString(message, &field, wrong);
            }
          });
    }
    if (value.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      // UNSPECIFIED, and a number of a later contract.
      for (const int number : {0, 999}) {
        add(list ? first : own, "value " + std::to_string(number), [&](Message* message, const Reflection& reflection) {
          if (field.is_map()) {
            reflection.ClearField(message, &field);
            AddItem(message, field, 0);
            Message* entry = reflection.MutableRepeatedMessage(message, &field, 0);
            entry->GetReflection()->SetEnumValue(entry, &value, number);
          } else if (list) {
            reflection.ClearField(message, &field);
            reflection.AddEnumValue(message, &field, number);
          } else {
            reflection.SetEnumValue(message, &field, number);
          }
        });
      }
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL && !options.clears().empty()) {
      for (int i = 0; i < field.containing_type()->field_count(); ++i) {
        const FieldDescriptor& cleared = *field.containing_type()->field(i);
        if (cleared.json_name() != options.clears()) continue;
        add(own, "clears together with " + Join(path, cleared.json_name()),
            [&](Message* message, const Reflection& reflection) {
              reflection.SetBool(message, &field, true);
              SetValid(message, cleared);
            });
      }
    }
    if (!options.nulls_in().empty()) {
      for (int i = 0; i < field.containing_type()->field_count(); ++i) {
        const FieldDescriptor& map = *field.containing_type()->field(i);
        if (map.json_name() != options.nulls_in()) continue;
        add(own + "[0]", "nulls_in together with " + Join(path, map.json_name()),
            [&](Message* message, const Reflection& reflection) {
              reflection.ClearField(message, &map);
              AddItem(message, map, 0);
              const Message& entry = reflection.GetRepeatedMessage(*message, &map, 0);
              reflection.ClearField(message, &field);
              reflection.AddString(message, &field,
                                   entry.GetReflection()->GetString(entry, map.message_type()->map_key()));
            });
      }
    }
  }

  const google::protobuf::MethodDescriptor& method_;
  const Subjects subjects_;
  std::vector<Breach> breaches_;
};

}  // namespace internal

// Passes every check, with no more than it needs.
inline std::unique_ptr<google::protobuf::Message> ValidRequest(const google::protobuf::MethodDescriptor& method,
                                                               Subjects subjects = {}) {
  return internal::Generator(method, std::move(subjects)).Valid();
}

// One for each rule of each field: `required`, `max_length`, `min`, `max`, `pattern`, an enum's values, `clears` and
// `nulls_in` together with what they clear.
inline std::vector<Breach> Breaches(const google::protobuf::MethodDescriptor& method, Subjects subjects = {}) {
  return internal::Generator(method, std::move(subjects)).Breaches();
}

}  // namespace imbot::testing_support

#endif  // IMBOT_TESTS_SUPPORT_REQUEST_GENERATOR_H_
