#include "service/rpc/descriptor_index.h"

#include <algorithm>
#include <utility>

#include "service/base/strings.h"

namespace imbot::rpc {
namespace {

// Collects what DescriptorPool complains about.
class Complaints final : public google::protobuf::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const google::protobuf::Message*, ErrorLocation,
                const std::string& message) override {
    base::StrAppend(&text_, text_.empty() ? "" : "; ", file, ": ", element, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

void AppendLinkedFile(const google::protobuf::FileDescriptor& file, google::protobuf::FileDescriptorSet* set) {
  for (const auto& there : set->file()) {
    if (there.name() == file.name()) return;
  }
  for (int i = 0; i < file.dependency_count(); ++i) AppendLinkedFile(*file.dependency(i), set);
  auto* proto = set->add_file();
  file.CopyTo(proto);
  file.CopyJsonNameTo(proto);
}

absl::StatusOr<std::unique_ptr<const DescriptorIndex>> DescriptorIndex::Create(
    const google::protobuf::FileDescriptorSet& files, std::vector<std::string> services) {
  std::unique_ptr<DescriptorIndex> index(new DescriptorIndex);
  for (const auto& proto : files.file()) {
    Complaints complaints;
    const auto* file = index->pool_.BuildFileCollectingErrors(proto, &complaints);
    if (file == nullptr) return absl::InvalidArgumentError(base::StrCat("reflection: ", complaints.text()));
    index->serialized_.emplace(file, proto.SerializeAsString());
  }
  for (const auto& service : services) {
    if (index->pool_.FindServiceByName(service) == nullptr) {
      return absl::InvalidArgumentError(base::StrCat("reflection: no file declares the service ", service));
    }
  }
  index->services_ = std::move(services);
  std::sort(index->services_.begin(), index->services_.end());
  return index;
}

const google::protobuf::FileDescriptor* DescriptorIndex::FindFile(const std::string& name) const {
  return pool_.FindFileByName(name);
}

const google::protobuf::FileDescriptor* DescriptorIndex::FindFileOfSymbol(const std::string& full_name) const {
  return pool_.FindFileContainingSymbol(full_name);
}

const google::protobuf::FileDescriptor* DescriptorIndex::FindFileOfExtension(const std::string& message,
                                                                             int32_t number) const {
  const auto* type = pool_.FindMessageTypeByName(message);
  if (type == nullptr) return nullptr;
  const auto* extension = pool_.FindExtensionByNumber(type, number);
  return extension == nullptr ? nullptr : extension->file();
}

bool DescriptorIndex::FindExtensionNumbers(const std::string& message, std::vector<int32_t>* numbers) const {
  const auto* type = pool_.FindMessageTypeByName(message);
  if (type == nullptr) return false;
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  pool_.FindAllExtensions(type, &extensions);
  numbers->clear();
  for (const auto* extension : extensions) numbers->push_back(extension->number());
  std::sort(numbers->begin(), numbers->end());
  return true;
}

}  // namespace imbot::rpc
