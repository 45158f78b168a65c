#include "service/rpc/byte_buffer.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <cstddef>

namespace imbot::rpc {

bool FromBytes(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  // An empty message may come without a buffer.
  if (bytes.Length() == 0) return true;
  // In one piece, as most come, it can be read where it lies.
  if (grpc::Slice slice; bytes.TrySingleSlice(&slice).ok())
    return message->ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  grpc::ByteBuffer copy(bytes);  // a reference to the same slices
  grpc::ProtoBufferReader reader(&copy);
  return reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
}

grpc::ByteBuffer ToBytesWithCachedSize(const google::protobuf::Message& message) {
  grpc::Slice slice(static_cast<size_t>(message.GetCachedSize()));
  // Slice has no access for writing. Nobody else has seen these bytes yet.
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer ToBytes(const google::protobuf::Message& message) {
  message.ByteSizeLong();
  return ToBytesWithCachedSize(message);
}

}  // namespace imbot::rpc
