// Takes what gRPC and Protocol Buffers have to say into the gateway's own log, as errors of one JSON line each, instead
// of their text on stderr.
//
// Errors alone: at lower levels gRPC's traces print every header, `authorization` among them, and an environment
// variable of a careless shell (GRPC_VERBOSITY, GRPC_TRACE) must not turn that on. At most one at a time, owned by
// gateway.cc beside the logger, which outlives it.
#ifndef IMBOT_SERVICE_RPC_LIBRARY_LOG_H_
#define IMBOT_SERVICE_RPC_LIBRARY_LOG_H_

#include "service/base/log.h"

namespace imbot::rpc {

class LibraryLog {
 public:
  explicit LibraryLog(base::Logger& logger);
  // What comes later is dropped.
  ~LibraryLog();
  LibraryLog(const LibraryLog&) = delete;
  LibraryLog& operator=(const LibraryLog&) = delete;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_LIBRARY_LOG_H_
