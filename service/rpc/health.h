// Health of the gateway (the empty name) and of each of its services, as grpc.health.v1 tells it
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). Asks for no token.
//
// Why not gRPC's own: it is made of callbacks, whose threads would wait for events beside ours, each wakening the
// other. Part of the server; no rpc of it outlives this. Thread-safe.
#ifndef IMBOT_SERVICE_RPC_HEALTH_H_
#define IMBOT_SERVICE_RPC_HEALTH_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/base/mutex.h"
#include "service/rpc/routes.h"

namespace imbot::rpc {

class Health {
 public:
  static constexpr char kService[] = "grpc.health.v1.Health";

  // Nothing is serving until SetServing() says so.
  explicit Health(std::vector<std::string> names);
  ~Health();

  void AddTo(Routes* routes);

  // The gateway and all of its services at once.
  void SetServing(bool serving);
  // One service.
  void SetServing(const std::string& name, bool serving) IMBOT_EXCLUDES(mutex_);

 private:
  class Watch;

  void Check(Rpc& rpc, const grpc::ByteBuffer& request) const;
  // Whether a service is serving; nothing if there is none of that name.
  std::optional<bool> Serving(const std::string& name) const IMBOT_EXCLUDES(mutex_);
  // Whoever watches is told what there is to tell now, and each change until he stops.
  void Begin(const std::shared_ptr<Watch>& watch) IMBOT_EXCLUDES(mutex_);
  void End(const Watch& watch) IMBOT_EXCLUDES(mutex_);

  const std::vector<std::string> names_;
  mutable base::Mutex mutex_;
  std::map<std::string, bool> serving_ IMBOT_GUARDED_BY(mutex_);
  std::multimap<std::string, std::weak_ptr<Watch>> watches_ IMBOT_GUARDED_BY(mutex_);  // by service
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_HEALTH_H_
