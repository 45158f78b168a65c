#include "service/translate/method_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "service/base/error.h"
#include "service/base/json.h"
#include "service/base/strings.h"
#include "service/translate/message_plan.h"

namespace imbot::translate {

using bitrix24::rest::Dialect;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

std::string FoldName(std::string_view name) {
  std::string folded;
  folded.reserve(name.size());
  for (const char c : name) {
    if (c != '_') folded.push_back(base::ToLower(c));
  }
  return folded;
}

namespace {

Special SpecialOf(const Descriptor& type) {
  if (type.full_name() == "bitrix24.types.v1.Keyboard") return Special::kKeyboard;
  if (type.full_name() == "bitrix24.types.v1.AttachBlock") return Special::kAttachBlock;
  if (type.full_name() == "bitrix24.types.v1.KeyboardButton") return Special::kKeyboardButton;
  if (type.full_name() == "bitrix24.types.v1.MenuItem") return Special::kMenuItem;
  return Special::kNone;
}

// Nothing for a type that has no form on the wire (float, unsigned and 32-bit numbers are not used: ids are int64, the
// rest double).
bool KindOf(const FieldDescriptor& field, Kind* kind) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_BOOL:
      *kind = Kind::kBool;
      return true;
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_INT32:
      *kind = Kind::kInt;
      return true;
    case FieldDescriptor::TYPE_DOUBLE:
      *kind = Kind::kDouble;
      return true;
    case FieldDescriptor::TYPE_STRING:
      *kind = Kind::kString;
      return true;
    case FieldDescriptor::TYPE_BYTES:
      *kind = Kind::kBytes;
      return true;
    case FieldDescriptor::TYPE_ENUM:
      *kind = Kind::kEnum;
      return true;
    case FieldDescriptor::TYPE_MESSAGE: {
      const std::string& name = field.message_type()->full_name();
      *kind = name == "google.protobuf.Timestamp"   ? Kind::kTimestamp
              : name == "google.protobuf.Struct"    ? Kind::kStruct
              : name == "google.protobuf.Value"     ? Kind::kValue
              : name == "google.protobuf.ListValue" ? Kind::kListValue
                                                    : Kind::kMessage;
      return true;
    }
    default:
      return false;
  }
}

}  // namespace

// Collects every mistake, so that whoever adds a method sees them all at once.
class MethodTableBuilder {
 public:
  explicit MethodTableBuilder(MethodTable* table) : table_(table) {}

  void AddFile(const FileDescriptor& file) {
    for (int i = 0; i < file.service_count(); ++i) AddService(*file.service(i));
  }

  absl::Status Finish() const {
    if (mistakes_.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        base::StrCat("the contract is not usable:\n  ", base::StrJoin(mistakes_, "\n  ")));
  }

 private:
  // A type that is used in both dialects is looked at twice; its mistakes are told once.
  void Mistake(std::string_view where, std::string_view what) {
    std::string mistake = base::StrCat(where, ": ", what);
    if (std::find(mistakes_.begin(), mistakes_.end(), mistake) == mistakes_.end())
      mistakes_.push_back(std::move(mistake));
  }

  void AddService(const ServiceDescriptor& service) {
    int with_option = 0;
    for (int i = 0; i < service.method_count(); ++i)
      with_option += service.method(i)->options().HasExtension(bitrix24::rest::method);
    if (with_option == 0) return;  // not a service of REST methods
    table_->services_.push_back(&service);
    for (int i = 0; i < service.method_count(); ++i) AddMethod(*service.method(i));
  }

  void AddMethod(const MethodDescriptor& method) {
    const std::string& where = method.full_name();
    if (!method.options().HasExtension(bitrix24::rest::method))
      return Mistake(where, "has no option (bitrix24.rest.method)");
    auto spec = std::make_unique<MethodSpec>();
    spec->descriptor = &method;
    spec->options = method.options().GetExtension(bitrix24::rest::method);
    spec->rpc_path = base::StrCat("/", method.service()->full_name(), "/", method.name());
    const auto& options = spec->options;
    if (!options.id_path().empty()) spec->id_path = base::StrSplit(options.id_path(), '.');
    if (!options.secret_path().empty()) spec->secret_path = base::StrSplit(options.secret_path(), '.');
    if (options.name().empty()) Mistake(where, "option `name` is empty");
    if (options.dialect() == bitrix24::rest::DIALECT_UNSPECIFIED) Mistake(where, "option `dialect` is missing");
    if (options.retry() == bitrix24::rest::RETRY_UNSPECIFIED) Mistake(where, "option `retry` is missing");

    const Descriptor& request = *method.input_type();
    const FieldDescriptor* subject = request.FindFieldByNumber(1);
    if (subject != nullptr && subject->type() == FieldDescriptor::TYPE_STRING && !subject->is_repeated() &&
        (subject->name() == "bot" || subject->name() == "portal")) {
      spec->subject_field = subject;
      spec->subject = subject->name() == "bot" ? Subject::kBot : Subject::kPortal;
    } else {
      Mistake(where, base::StrCat("field 1 of ", request.full_name(), " must be `string bot` or `string portal`"));
    }
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    spec->request_prototype = factory->GetPrototype(&request);
    spec->response_prototype = factory->GetPrototype(method.output_type());
    // The rest is looked at all the same, so that every mistake is told at once.
    if (spec->request_prototype == nullptr || spec->response_prototype == nullptr)
      Mistake(where, "its messages are not linked in");
    spec->request_plan = PlanFor(request, options.dialect());
    spec->response_plan = PlanFor(*method.output_type(), options.dialect());

    CheckInjected(where, *spec, options.id_path());
    CheckInjected(where, *spec, options.secret_path());
    if (!options.order_by().empty() && !Resolve(*spec->request_plan, options.order_by(), &spec->order_field)) {
      Mistake(where, base::StrCat("order_by `", options.order_by(), "` is no field of the request"));
    }
    if (options.retry() == bitrix24::rest::RETRY_DEDUPLICATED &&
        !Resolve(*spec->request_plan, "fields.templateId", &spec->template_id_field)) {
      Mistake(where, "a method that the portal de-duplicates has the field fields.templateId");
    }
    if (options.bot_effect() == bitrix24::rest::BOT_EFFECT_REGISTER) AddRegistration(where, spec.get());
    if (options.bot_effect() == bitrix24::rest::BOT_EFFECT_UNREGISTER && spec->subject != Subject::kBot)
      Mistake(where, "an unregistration names a bot");
    if (spec->subject == Subject::kPortal && !options.id_path().empty())
      Mistake(where, "id_path needs a request that names a bot");

    std::set<const MessagePlan*> seen;
    spec->takes_handler_urls = HoldsHandlerUrl(*spec->request_plan, &seen);
    // Beside templateId, which does not cover the forwarded messages.
    if (!spec->template_id_field.empty()) {
      const Descriptor& beside = *spec->template_id_field.back()->containing_type();
      const FieldDescriptor* forwarded = beside.FindFieldByCamelcaseName("forwardIds");
      if (forwarded != nullptr && forwarded->is_map()) spec->forward_ids_field = forwarded;
      const FieldDescriptor* system = beside.FindFieldByCamelcaseName("system");
      if (system != nullptr && system->type() == FieldDescriptor::TYPE_BOOL && !system->is_repeated())
        spec->system_field = system;
    }

    if (spec->streaming() &&
        (spec->uploads() == spec->downloads() ||
         !FindChunk(spec->uploads() ? *spec->request_plan : *spec->response_plan, &spec->chunk_field) ||
         spec->chunk_field.back()->cpp_type() != FieldDescriptor::CPPTYPE_STRING)) {
      Mistake(where, "a method that streams does so in one direction, with `chunked` bytes for the pieces");
    }

    const MethodSpec* added = spec.get();
    table_->methods_.push_back(std::move(spec));
    if (!table_->by_name_.emplace(added->options.name(), added).second) {
      Mistake(where, base::StrCat("REST method `", added->options.name(), "` has two rpcs"));
    }
    table_->by_rpc_path_.emplace(added->rpc_path, added);
  }

  // What the gateway puts in must not be a field that a caller can set, and must have a place.
  void CheckInjected(std::string_view where, const MethodSpec& spec, std::string_view path) {
    if (path.empty()) return;
    if (Resolve(*spec.request_plan, path, nullptr))
      Mistake(where, base::StrCat("`", path, "` is the gateway's to fill in, and a field of the request too"));
    const MessagePlan* level = spec.request_plan;
    for (size_t dot = path.find('.'), begin = 0; dot != path.npos; begin = dot + 1, dot = path.find('.', begin)) {
      const FieldPlan* field = level->Find(path.substr(begin, dot - begin));
      if (field == nullptr || field->field->is_repeated() || field->message == nullptr) {
        return Mistake(where,
                       base::StrCat("`", path, "` leads through something that is no message field of the request"));
      }
      level = field->message;
    }
  }

  // Follows a path of JSON names through message fields.
  static bool Resolve(const MessagePlan& plan, std::string_view path, std::vector<const FieldDescriptor*>* fields) {
    const MessagePlan* level = &plan;
    for (const std::string_view name : base::StrSplit(path, '.')) {
      if (level == nullptr) return false;
      const FieldPlan* field = level->Find(name);
      if (field == nullptr) return false;
      if (fields != nullptr) fields->push_back(field->field);
      level = field->field->is_repeated() ? nullptr : field->message;
    }
    return true;
  }

  // The way to the chunked field, through messages that are no lists.
  static bool FindChunk(const MessagePlan& plan, std::vector<const FieldDescriptor*>* path) {
    for (const FieldPlan& field : plan.fields) {
      path->push_back(field.field);
      if (field.options.chunked()) return true;
      if (field.kind == Kind::kMessage && !field.field->is_repeated() && field.message != &plan &&
          field.field->message_type()->file() == plan.descriptor->file() && FindChunk(*field.message, path))
        return true;
      path->pop_back();
    }
    return false;
  }

  // Of `plan` or of a message in it; `seen` are the plans on the way, since a type may hold itself.
  static bool HoldsHandlerUrl(const MessagePlan& plan, std::set<const MessagePlan*>* seen) {
    if (!seen->insert(&plan).second) return false;
    return std::any_of(plan.fields.begin(), plan.fields.end(), [&](const FieldPlan& field) {
      return field.handler_url ||
             (field.kind == Kind::kMessage && !field.field->is_repeated() && HoldsHandlerUrl(*field.message, seen));
    });
  }

  void AddRegistration(std::string_view where, MethodSpec* spec) {
    if (spec->subject != Subject::kPortal || spec->options.secret_path().empty()) {
      return Mistake(where, "a registration names a portal and has a secret_path");
    }
    // The code stands beside the secret.
    const std::string& secret_path = spec->options.secret_path();
    const size_t dot = secret_path.rfind('.');
    const std::string prefix = dot == std::string::npos ? "" : secret_path.substr(0, dot + 1);
    if (!Resolve(*spec->request_plan, prefix + "code", &spec->code_field)) {
      spec->code_field.clear();
      if (!Resolve(*spec->request_plan, prefix + "CODE", &spec->code_field))
        Mistake(where, "no field `code` beside the secret");
    }
    if (const FieldPlan* whole = spec->response_plan->whole_result; whole != nullptr && whole->kind == Kind::kInt) {
      spec->new_id_field = {whole->field};
    } else if (!Resolve(*spec->response_plan, "bot.id", &spec->new_id_field)) {
      Mistake(where, "its response has no id of the new bot (`bot.id`, or a whole result)");
    }
  }

  const MessagePlan* PlanFor(const Descriptor& type, Dialect dialect) {
    auto& slot = table_->plans_[{&type, dialect}];
    if (slot != nullptr) return slot.get();
    slot = std::make_unique<MessagePlan>();
    MessagePlan* plan = slot.get();  // before the fields: a type may hold itself
    plan->descriptor = &type;
    plan->reflection = ReflectionOf(type);
    plan->special = SpecialOf(type);
    plan->fields.reserve(static_cast<size_t>(type.field_count()));
    for (int i = 0; i < type.field_count(); ++i) AddField(*type.field(i), dialect, plan);
    std::sort(plan->fields.begin(), plan->fields.end(),
              [](const FieldPlan& a, const FieldPlan& b) { return a.field->number() < b.field->number(); });
    plan->by_index.resize(plan->fields.size());
    for (const FieldPlan& field : plan->fields) plan->by_index[static_cast<size_t>(field.field->index())] = &field;
    Names names;
    for (size_t i = 0; i < plan->fields.size(); ++i) IndexField(i, &names, plan);
    for (FieldPlan& field : plan->fields) LinkSiblings(&field, plan);
    if (plan->special == Special::kKeyboardButton || plan->special == Special::kMenuItem) {
      plan->action = {.type = plan->Find("TYPE"),
                      .text = plan->Find("TEXT"),
                      .link = plan->Find("LINK"),
                      .command = plan->Find("COMMAND"),
                      .command_params = plan->Find("COMMAND_PARAMS"),
                      .action = plan->Find("ACTION"),
                      .action_value = plan->Find("ACTION_VALUE"),
                      .app_id = plan->Find("APP_ID"),
                      .app_params = plan->Find("APP_PARAMS")};
    }
    return plan;
  }

  // Null if the type is not linked in, which AddMethod tells.
  static const google::protobuf::Reflection* ReflectionOf(const Descriptor& type) {
    const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
    return prototype == nullptr ? nullptr : prototype->GetReflection();
  }

  void AddField(const FieldDescriptor& field, Dialect dialect, MessagePlan* plan) {
    FieldPlan out;
    out.field = &field;
    out.reflection = plan->reflection;
    if (field.options().HasExtension(bitrix24::rest::field))
      out.options = field.options().GetExtension(bitrix24::rest::field);
    out.name = field.json_name();
    out.plain_name = std::all_of(out.name.begin(), out.name.end(), [](char c) { return base::IsAlnum(c) || c == '_'; });
    base::json::AppendQuoted(out.name, &out.json_key);
    out.json_key.push_back(':');
    const FieldDescriptor* value = &field;
    if (field.is_map()) {
      out.entry_reflection = ReflectionOf(*field.message_type());
      out.map_key = field.message_type()->map_key();
      out.map_value = field.message_type()->map_value();
      value = out.map_value;
      if (out.map_key->type() != FieldDescriptor::TYPE_STRING)
        Mistake(field.full_name(), "the keys of a map are strings on the wire");
    }
    if (!KindOf(*value, &out.kind)) Mistake(field.full_name(), "a type that has no form on the wire");
    out.yes_no = out.options.has_yes_no() ? out.options.yes_no() : dialect == bitrix24::rest::DIALECT_V1;
    if (out.kind == Kind::kMessage) out.message = PlanFor(*value->message_type(), dialect);
    if (out.kind == Kind::kEnum) AddEnum(*value->enum_type(), &out);
    if (!out.options.pattern().empty()) {
      out.pattern = std::make_unique<RE2>(out.options.pattern(), RE2::Quiet);
      if (!out.pattern->ok()) Mistake(field.full_name(), base::StrCat("pattern: ", out.pattern->error()));
    }
    if (out.options.inline_() && (out.kind != Kind::kMessage || field.is_repeated())) {
      Mistake(field.full_name(), "only a message can be `inline`");
      out.options.clear_inline_();
    }
    const auto& options = out.options;
    out.inlined = options.inline_();
    out.clears = out.kind == Kind::kBool && !options.clears().empty();
    out.names_nulls = !options.nulls_in().empty();
    out.handler_url = out.kind == Kind::kString && !field.is_repeated() &&
                      (out.name == "webhookUrl" || out.name.starts_with("EVENT_"));
    out.needed = options.required() && !options.chunked();
    out.limited = options.required() || options.max_length() > 0 || options.has_min() || options.has_max() ||
                  !options.pattern().empty();
    plan->fields.push_back(std::move(out));
  }

  void AddEnum(const google::protobuf::EnumDescriptor& type, FieldPlan* out) {
    for (int i = 0; i < type.value_count(); ++i) {
      const auto* value = type.value(i);
      if (value->number() == 0) continue;
      const std::string& wire = value->options().GetExtension(bitrix24::rest::value).wire();
      if (wire.empty()) Mistake(value->full_name(), "has no option (bitrix24.rest.value).wire");
      out->enum_wires.emplace_back(value->number(), wire);
    }
  }

  // Names on the wire at the level of one message, each with the oneof by which it came (null: none).
  using Names = std::unordered_map<std::string_view, const google::protobuf::OneofDescriptor*>;

  void IndexField(size_t index, Names* names, MessagePlan* plan) {
    FieldPlan& field = plan->fields[index];
    if (field.options.inline_()) {
      // Its fields stand at this level: their names must be free here too, but for those of the oneof's other members,
      // of which only one can be set.
      for (const FieldPlan& inner : field.message->fields)
        TakeName(inner.name, field.field->containing_oneof(), names, *plan);
      return;
    }
    TakeName(field.name, nullptr, names, *plan);
    plan->by_name.emplace(field.name, index);
    plan->by_folded_name.emplace(FoldName(field.name), index);
    if (field.options.whole_result()) plan->whole_result = &field;
  }

  void TakeName(std::string_view name, const google::protobuf::OneofDescriptor* oneof, Names* names,
                const MessagePlan& plan) {
    const auto [taken, free] = names->emplace(name, oneof);
    if (free || (oneof != nullptr && taken->second == oneof)) return;
    Mistake(plan.descriptor->full_name(), base::StrCat("two fields have the JSON name `", name, "`"));
  }

  void LinkSiblings(FieldPlan* field, MessagePlan* plan) {
    const std::string& where = field->field->full_name();
    if (!field->options.nulls_in().empty()) {
      const auto it = plan->by_name.find(field->options.nulls_in());
      if (it == plan->by_name.end() || !plan->fields[it->second].is_map()) {
        return Mistake(where, base::StrCat("nulls_in `", field->options.nulls_in(), "` is no map beside it"));
      }
      if (!field->is_list() || field->kind != Kind::kString)
        return Mistake(where, "only a list of texts can have `nulls_in`");
      plan->fields[it->second].nulls_from = field;
      plan->nulls = true;
    }
    if (!field->options.clears().empty() && field->field->is_repeated()) Mistake(where, "a list can't have `clears`");
    if (!field->options.clears().empty() && field->kind != Kind::kBool) plan->suppressors.push_back(field);
    if (field->kind == Kind::kBool && !field->options.clears().empty()) {
      base::json::Parser parser;
      if (!parser.Parse(field->options.clear_as())) Mistake(where, "clear_as is not JSON");
      if (plan->Find(field->options.clears()) == nullptr) {
        Mistake(where, base::StrCat("clears `", field->options.clears(), "`, which is no field beside it"));
      }
    }
  }

  MethodTable* table_;
  std::vector<std::string> mistakes_;
};

MethodTable::MethodTable() = default;
MethodTable::~MethodTable() = default;

absl::StatusOr<std::unique_ptr<MethodTable>> MethodTable::Create(const std::vector<const FileDescriptor*>& files) {
  std::unique_ptr<MethodTable> table(new MethodTable);
  MethodTableBuilder builder(table.get());
  for (const FileDescriptor* file : files) builder.AddFile(*file);
  if (auto status = builder.Finish(); !status.ok()) return status;
  return table;
}

const MethodSpec* MethodTable::FindByName(std::string_view rest_name) const {
  const auto it = by_name_.find(rest_name);
  return it == by_name_.end() ? nullptr : it->second;
}

const MethodSpec* MethodTable::FindByRpcPath(std::string_view rpc_path) const {
  const auto it = by_rpc_path_.find(rpc_path);
  return it == by_rpc_path_.end() ? nullptr : it->second;
}

}  // namespace imbot::translate
