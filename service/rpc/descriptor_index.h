// What reflection answers from: a set of files, their symbols and extensions, ready to be sent.
//
// Complete JSON names stand in every descriptor, also the default ones, which older tools need (ghz 0.93 knows only
// snake_case names otherwise) and which descriptors of the generated pool leave out. Comments of the contract are kept:
// grpcurl shows them. Immutable after Create(); thread-safe.
#ifndef IMBOT_SERVICE_RPC_DESCRIPTOR_INDEX_H_
#define IMBOT_SERVICE_RPC_DESCRIPTOR_INDEX_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace imbot::rpc {

// Appends `file`, which is linked in, and everything it imports, imports first, with complete JSON names; what is in
// `set` already stays as it is.
void AppendLinkedFile(const google::protobuf::FileDescriptor& file, google::protobuf::FileDescriptorSet* set);

class DescriptorIndex {
 public:
  // `files` holds imports before what imports them. INVALID_ARGUMENT if a file is broken or lacks an import, or a
  // service is in none of them.
  static absl::StatusOr<std::unique_ptr<const DescriptorIndex>> Create(const google::protobuf::FileDescriptorSet& files,
                                                                       std::vector<std::string> services);

  // Full names of the services that the server has.
  const std::vector<std::string>& services() const { return services_; }

  // The questions of reflection. Null: there is none.
  const google::protobuf::FileDescriptor* FindFile(const std::string& name) const;
  const google::protobuf::FileDescriptor* FindFileOfSymbol(const std::string& full_name) const;
  const google::protobuf::FileDescriptor* FindFileOfExtension(const std::string& message, int32_t number) const;
  // False: there is no such message. In rising order.
  bool FindExtensionNumbers(const std::string& message, std::vector<int32_t>* numbers) const;

  // The serialized FileDescriptorProto of a file that one of the above returned, or one that it imports.
  const std::string& Serialized(const google::protobuf::FileDescriptor& file) const { return serialized_.at(&file); }

 private:
  DescriptorIndex() = default;

  std::vector<std::string> services_;
  google::protobuf::DescriptorPool pool_;
  std::unordered_map<const google::protobuf::FileDescriptor*, std::string> serialized_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_DESCRIPTOR_INDEX_H_
