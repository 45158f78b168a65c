// The contract that is linked in, as protoc wrote it: with comments and with the default JSON names, which descriptors
// of the generated pool leave out.
#ifndef IMBOT_PROTO_CONTRACT_H_
#define IMBOT_PROTO_CONTRACT_H_

#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace imbot::contract {

// Every file of the contract and what it imports, imports first. Built at the first call; thread-safe.
const google::protobuf::FileDescriptorSet& DescriptorSet();

// The contract's own files (nothing of google.*) as the generated pool knows them, in the order of DescriptorSet().
std::vector<const google::protobuf::FileDescriptor*> Files();

}  // namespace imbot::contract

#endif  // IMBOT_PROTO_CONTRACT_H_
