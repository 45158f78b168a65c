#include "client_lib/cli/method_catalog.h"

#include <algorithm>

#include "client_lib/cli/text.h"
#include "proto/contract.h"

namespace imbot::cli {
namespace {

constexpr size_t kMostSuggestions = 5;

std::string Joined(const google::protobuf::SourceLocation& location) {
  std::vector<std::string> lines;
  for (const std::string_view line : Split(location.leading_comments, '\n')) {
    if (const std::string_view text = Trim(line); !text.empty()) lines.emplace_back(text);
  }
  return Join(lines, " ");
}

template <typename Descriptor>
std::string CommentOf(const Descriptor* descriptor) {
  google::protobuf::SourceLocation location;
  return descriptor != nullptr && descriptor->GetSourceLocation(&location) ? Joined(location) : "";
}

// Insertions, deletions and changes of one character that make `b` of `a`.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string NotFound(const std::vector<MethodEntry>& methods, std::string_view name) {
  const std::string wanted = Lower(name);
  std::vector<std::pair<size_t, std::string>> near;
  for (const MethodEntry& method : methods) {
    const std::string known = Lower(method.name());
    const bool part = wanted.size() >= 3 && Contains(known, wanted);
    const size_t distance = part ? 0 : Distance(known, wanted);
    if (distance <= wanted.size() / 4) near.emplace_back(distance, method.name());
  }
  std::sort(near.begin(), near.end());
  if (near.size() > kMostSuggestions) near.resize(kMostSuggestions);
  if (near.empty()) return StrCat("no method ", name, "; `imbot methods [WORD]` lists those there are");
  std::vector<std::string> names;
  for (auto& [distance, known] : near) names.push_back(std::move(known));
  return StrCat("no method ", name, "; did you mean ", Join(names, ", "), "?");
}

}  // namespace

std::string MethodEntry::rpc() const {
  return StrCat(descriptor->service()->full_name(), "/", descriptor->name());
}

MethodCatalog::MethodCatalog() : commented_(std::make_unique<google::protobuf::DescriptorPool>()) {
  for (const auto& file : contract::DescriptorSet().file()) commented_->BuildFile(file);
  for (const auto* file : contract::Files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const auto* method = file->service(i)->method(j);
        if (!method->options().HasExtension(bitrix24::rest::method)) continue;
        methods_.push_back({method, &method->options().GetExtension(bitrix24::rest::method)});
      }
    }
  }
  std::sort(methods_.begin(), methods_.end(),
            [](const MethodEntry& a, const MethodEntry& b) { return a.name() < b.name(); });
}

MethodCatalog::~MethodCatalog() = default;

absl::StatusOr<MethodEntry> MethodCatalog::Find(std::string_view name) const {
  const std::string as_rpc = Replaced(name, '/', '.');
  std::vector<MethodEntry> alike;  // but for capitals, or only the last part of an rpc
  for (const MethodEntry& method : methods_) {
    if (method.name() == name || method.descriptor->full_name() == as_rpc) return method;
    const bool last_part =
        method.descriptor->name() == name || method.descriptor->full_name().ends_with(StrCat(".", as_rpc));
    if (Lower(method.name()) == Lower(name) || last_part) alike.push_back(method);
  }
  if (alike.size() == 1) return alike.front();
  if (alike.empty()) return absl::NotFoundError(NotFound(methods_, name));
  std::vector<std::string> names;
  for (const MethodEntry& method : alike) names.push_back(method.name());
  return Invalid(StrCat(name, " may be any of ", Join(names, ", ")));
}

std::string MethodCatalog::Comment(const google::protobuf::MethodDescriptor& method) const {
  return CommentOf(commented_->FindMethodByName(method.full_name()));
}
std::string MethodCatalog::Comment(const google::protobuf::ServiceDescriptor& service) const {
  return CommentOf(commented_->FindServiceByName(service.full_name()));
}
std::string MethodCatalog::Comment(const google::protobuf::Descriptor& message) const {
  return CommentOf(commented_->FindMessageTypeByName(message.full_name()));
}
std::string MethodCatalog::Comment(const google::protobuf::FieldDescriptor& field) const {
  return CommentOf(commented_->FindFieldByName(field.full_name()));
}
std::string MethodCatalog::Comment(const google::protobuf::EnumValueDescriptor& value) const {
  return CommentOf(commented_->FindEnumValueByName(value.full_name()));
}

std::string FirstSentence(std::string_view comment) {
  size_t end = comment.find(". ");
  if (end == comment.npos) end = comment.ends_with('.') ? comment.size() - 1 : comment.size();
  return std::string(comment.substr(0, end));
}

}  // namespace imbot::cli
