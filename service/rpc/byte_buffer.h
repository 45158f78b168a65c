// gRPC's bytes from and to messages. Pure functions; thread-safe.
#ifndef IMBOT_SERVICE_RPC_BYTE_BUFFER_H_
#define IMBOT_SERVICE_RPC_BYTE_BUFFER_H_

#include <grpcpp/support/byte_buffer.h>

#include "google/protobuf/message.h"

namespace imbot::rpc {

// Whether `bytes` are a message of this type. None at all are the empty one.
bool FromBytes(const grpc::ByteBuffer& bytes, google::protobuf::Message* message);

// REQUIRES: message.ByteSizeLong() has just been called.
grpc::ByteBuffer ToBytesWithCachedSize(const google::protobuf::Message& message);
grpc::ByteBuffer ToBytes(const google::protobuf::Message& message);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_BYTE_BUFFER_H_
