// The gateway as a whole: builds everything in order, starts it, stops it. gateway.cc is the only file that names
// concrete types.
#ifndef IMBOT_SERVICE_GATEWAY_H_
#define IMBOT_SERVICE_GATEWAY_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/log.h"
#include "service/config/load.h"

namespace google::protobuf {
class FileDescriptor;
}

namespace imbot {

class Gateway {
 public:
  // Serves when it returns. `more_files`: contracts beside the built-in one, linked into the program; their methods are
  // served like all others. `logger` outlives the gateway. Errors are for the operator: what is wrong and what to do.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(
      std::shared_ptr<const config::Config> configuration, base::Logger& logger,
      const std::vector<const google::protobuf::FileDescriptor*>& more_files = {});
  // Stops without grace, if Stop() was not called.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Ports of the gRPC listeners, in the order of the configuration, of the HTTP listener and of the operator's (0:
  // there is none).
  std::vector<int> grpc_ports() const;
  int http_port() const;
  int admin_port() const;

  // Health says NOT_SERVING, new calls are refused, calls under way finish within the configured grace. Blocks; not
  // from an rpc's thread. Whether nothing had to be cut off.
  bool Stop();

 private:
  struct Parts;
  explicit Gateway(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace imbot

#endif  // IMBOT_SERVICE_GATEWAY_H_
