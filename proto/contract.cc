#include "proto/contract.h"

#include <cstddef>
#include <cstdlib>
#include <string>

namespace imbot::contract {

extern const unsigned char kDescriptorSet[];
extern const std::size_t kDescriptorSetSize;

const google::protobuf::FileDescriptorSet& DescriptorSet() {
  static const google::protobuf::FileDescriptorSet* const set = [] {
    auto* parsed = new google::protobuf::FileDescriptorSet;
    // The bytes were written by protoc in this very build.
    if (!parsed->ParseFromArray(kDescriptorSet, static_cast<int>(kDescriptorSetSize))) std::abort();
    return parsed;
  }();
  return *set;
}

std::vector<const google::protobuf::FileDescriptor*> Files() {
  std::vector<const google::protobuf::FileDescriptor*> files;
  for (const auto& file : DescriptorSet().file()) {
    if (file.package().rfind("google.", 0) == 0) continue;
    if (const auto* linked = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(file.name()))
      files.push_back(linked);
  }
  return files;
}

}  // namespace imbot::contract
