#include "client_lib/cli/method_page.h"

#include <algorithm>
#include <set>

#include "client_lib/cli/example_request.h"
#include "client_lib/cli/field_rules.h"
#include "client_lib/cli/text.h"
#include "imbot/gateway/v1/errors.pb.h"

namespace imbot::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kErrors = "Errors:";
constexpr std::string_view kEveryMethod = "Every method can end in";

// The parameters of one method, and the shared types that they lead to.
class ParameterList {
 public:
  ParameterList(const MethodCatalog& catalog, const MethodEntry& method)
      : catalog_(catalog), dialect_(method.options->dialect()), subject_(&method.subject()) {}

  void Add(const Descriptor& type, const std::string& above, std::vector<Parameter>* parameters) {
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (&field == subject_) continue;
      if (RulesOf(field).inline_()) {
        Add(*field.message_type(), above, parameters);
        continue;
      }
      std::string path = StrCat(above, field.json_name(), field.is_repeated() && !field.is_map() ? "[]" : "");
      parameters->push_back(
          {path, TypeText(field, dialect_), RulesOf(field).required(), LimitTexts(field), catalog_.Comment(field)});
      if (!IsPlainMessage(field)) continue;
      if (!IsShared(*field.message_type())) {
        Add(*field.message_type(), StrCat(path, "."), parameters);
      } else if (seen_.insert(field.message_type()).second) {
        shared_.push_back(field.message_type());
      }
    }
  }

  // Those that Add() came across, each once.
  std::vector<SharedType> Types() {
    std::vector<SharedType> types;
    for (size_t i = 0; i < shared_.size(); ++i) {
      const Descriptor& type = *shared_[i];
      SharedType shared{type.name(), catalog_.Comment(type), {}};
      Add(type, "", &shared.parameters);
      types.push_back(std::move(shared));
    }
    return types;
  }

 private:
  const MethodCatalog& catalog_;
  const bitrix24::rest::Dialect dialect_;
  const FieldDescriptor* const subject_;
  std::set<const Descriptor*> seen_;
  std::vector<const Descriptor*> shared_;
};

bool InReason(char c) {
  return IsUpper(c) || (c >= '0' && c <= '9') || c == '_' || c == '*';
}

// The comment of a published reason, with who must act; empty for others.
std::string CommentOfReason(const MethodCatalog& catalog, const std::string& reason) {
  const auto* value = imbot::gateway::v1::ErrorReason_descriptor()->FindValueByName(StrCat("ERROR_REASON_", reason));
  return value == nullptr ? "" : catalog.Comment(*value);
}

// `CHAT_NOT_FOUND (no such chat), EMPTY_MESSAGE.` up to the full stop.
void AddErrors(const MethodCatalog& catalog, std::string_view text, std::vector<MethodError>* errors) {
  int depth = 0;
  for (size_t i = 0; i < text.size();) {
    if (depth == 0 && text[i] == '.') return;
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    size_t end = i;
    while (end < text.size() && InReason(text[end])) ++end;
    if (depth > 0 || end - i < 3) {
      i = std::max(end, i + 1);
      continue;
    }
    MethodError error{std::string(text.substr(i, end - i)), ""};
    if (text.substr(end).starts_with(" (")) {
      const size_t close = text.find(')', end);
      error.when = text.substr(end + 2, close == text.npos ? text.npos : close - end - 2);
      end = close == text.npos ? text.size() : close + 1;
    }
    if (error.when.empty()) error.when = CommentOfReason(catalog, error.reason);
    const bool known = std::any_of(errors->begin(), errors->end(),
                                   [&](const MethodError& other) { return other.reason == error.reason; });
    if (!known) errors->push_back(std::move(error));
    i = end;
  }
}

std::string Required(const Parameter& parameter) {
  std::vector<std::string> notes = parameter.limits;
  if (parameter.required) notes.insert(notes.begin(), "required");
  return Join(notes, "; ");
}

std::string ParametersText(const std::vector<Parameter>& parameters, const Style& style, size_t width) {
  std::string text;
  for (const Parameter& parameter : parameters) {
    const std::string notes = Required(parameter);
    StrAppend(&text, "  ", style.Name(parameter.path), "  ", parameter.type,
              notes.empty() ? "" : StrCat("  ", style.Careful(notes)), "\n");
    if (!parameter.comment.empty()) StrAppend(&text, "      ", Wrap(parameter.comment, width, 6), "\n");
  }
  return text;
}

void WriteParameters(const std::vector<Parameter>& parameters, JsonWriter* writer) {
  writer->BeginList();
  for (const Parameter& parameter : parameters) {
    writer->BeginObject();
    writer->Member("path", parameter.path).Member("type", parameter.type).Key("required").Bool(parameter.required);
    writer->Key("limits").BeginList();
    for (const std::string& limit : parameter.limits) writer->Text(limit);
    writer->EndList().Member("comment", parameter.comment).EndObject();
  }
  writer->EndList();
}

std::string Subject(const MethodPage& page) {
  return page.method.for_bot() ? "--bot PORTAL/CODE, the bot it is called for"
                               : "--portal NAME, the portal it is called for (default: the gateway's default portal)";
}

}  // namespace

std::string RepeatText(bitrix24::rest::Retry retry) {
  switch (retry) {
    case bitrix24::rest::RETRY_READ:
      return "safe to repeat: it only reads";
    case bitrix24::rest::RETRY_IDEMPOTENT:
      return "safe to repeat: a second time changes nothing more";
    case bitrix24::rest::RETRY_DEDUPLICATED:
      return "safe to repeat with the same --idempotency-key";
    default:
      return "not safe to repeat: look first whether it was done";
  }
}

MethodPage MakePage(const MethodCatalog& catalog, const MethodEntry& method) {
  MethodPage page;
  page.method = method;
  page.comment = catalog.Comment(*method.descriptor);
  page.repeat = RepeatText(method.options->retry());
  ParameterList list(catalog, method);
  list.Add(*method.descriptor->input_type(), "", &page.parameters);
  page.types = list.Types();
  if (const size_t at = page.comment.find(kErrors); at != page.comment.npos) {
    AddErrors(catalog, std::string_view(page.comment).substr(at + kErrors.size()), &page.errors);
    page.comment = std::string(Trim(std::string_view(page.comment).substr(0, at)));
  }
  const std::string service = catalog.Comment(*method.descriptor->service());
  if (const size_t at = service.find(kEveryMethod); at != service.npos)
    AddErrors(catalog, std::string_view(service).substr(at + kEveryMethod.size()), &page.errors);
  JsonWriter example(JsonWriter::Layout::kLine, Style(false));
  WriteExample(method, &example);
  page.example = example.text();
  return page;
}

std::string PageText(const MethodPage& page, const Style& style, size_t width) {
  const MethodEntry& method = page.method;
  std::string text =
      StrCat(style.Bold(method.name()), "  ", style.Dim(method.rpc()), "\n\n", Wrap(page.comment, width, 0), "\n\n");
  StrAppend(&text, "For      ", Subject(page), "\n");
  StrAppend(&text, "Scope    ", method.options->scope(), "\n");
  StrAppend(&text, "Repeat   ", page.repeat, "\n");
  if (method.descriptor->client_streaming()) StrAppend(&text, "File     --file PATH, the content (`-`: stdin)\n");
  if (method.descriptor->server_streaming())
    StrAppend(&text, "File     --output PATH, where the content goes (`-`: stdout)\n");
  StrAppend(&text, "Page     ", method.options->page(), "\n");

  StrAppend(&text, "\n", style.Bold("Parameters"), page.parameters.empty() ? ": none\n" : "\n",
            ParametersText(page.parameters, style, width));
  for (const SharedType& type : page.types) {
    StrAppend(&text, "\n", style.Bold(type.name), "  ", Wrap(FirstSentence(type.comment), width, 2), "\n",
              ParametersText(type.parameters, style, width));
  }
  if (!page.errors.empty()) StrAppend(&text, "\n", style.Bold("Errors"), "\n");
  for (const MethodError& error : page.errors) {
    StrAppend(&text, "  ", style.Name(error.reason), "\n");
    if (!error.when.empty()) StrAppend(&text, "      ", Wrap(error.when, width, 6), "\n");
  }
  StrAppend(&text, "\n", style.Bold("Example"), "\n  imbot call ", method.name(),
            method.for_bot() ? " --bot acme/support" : " --portal acme", " '", page.example, "'\n");
  return text;
}

void WritePage(const MethodPage& page, JsonWriter* writer) {
  const MethodEntry& method = page.method;
  writer->BeginObject().Member("method", method.name()).Member("rpc", method.rpc());
  writer->Member("for", method.for_bot() ? "bot" : "portal").Member("comment", page.comment);
  writer->Member("scope", method.options->scope()).Member("repeat", page.repeat).Member("page", method.options->page());
  writer->Key("parameters");
  WriteParameters(page.parameters, writer);
  writer->Key("types").BeginObject();
  for (const SharedType& type : page.types) WriteParameters(type.parameters, &writer->Key(type.name));
  writer->EndObject().Key("errors").BeginList();
  for (const MethodError& error : page.errors)
    writer->BeginObject().Member("reason", error.reason).Member("when", error.when).EndObject();
  writer->EndList().Member("example", page.example).EndObject();
}

}  // namespace imbot::cli
