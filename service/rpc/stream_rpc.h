// An rpc whose messages come and go one by one: every one that is not unary, and those that nobody serves.
//
// Thread and lifetime as of Rpc.
#ifndef IMBOT_SERVICE_RPC_STREAM_RPC_H_
#define IMBOT_SERVICE_RPC_STREAM_RPC_H_

#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>

#include <memory>
#include <optional>
#include <string>

#include "service/rpc/rpc.h"

namespace imbot::rpc {

class Routes;

class StreamRpc final : public Rpc {
 public:
  class Reactor : public Rpc::Reactor {
   public:
    // For a Read(): a message, or with `ok` false the end of them, since the caller has sent everything or has gone.
    virtual void OnRead(bool ok, const grpc::ByteBuffer& message) = 0;
    // For a Write(): gRPC takes the next one. `ok` is false if the caller has gone.
    virtual void OnWritten(bool /*ok*/) {}
    // For a Settle().
    virtual void OnSettled() {}
  };

  // Waits for the next rpc of `service`, whose server is running, or about to be started; then waits for one more, and
  // gives this one to its route. All three outlive the rpcs.
  static void Await(grpc::AsyncGenericService& service, const Routes& routes, std::shared_ptr<CompletionThread> thread);

  // `/package.Service/Method`
  const std::string& path() const { return context_.method(); }

  // When the rpc is over none of these does anything.
  // One at a time.
  void Read();
  // One at a time; not together with Finish().
  void Write(const grpc::ByteBuffer& message);
  // Once it is clear whether the caller has gone: gRPC tells the end of a caller's messages in the same way, and that
  // he has gone with a notice of its own, at about the same time. Once.
  void Settle();

 private:
  StreamRpc(grpc::AsyncGenericService& service, const Routes& routes, std::shared_ptr<CompletionThread> thread);

  void SendEnd(const grpc::Status& status, void* tag) override;
  void SendEnd(const grpc::ByteBuffer& message, void* tag) override;
  bool OnGone() override;
  void OnArrived(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnSettled(bool ok);

  grpc::AsyncGenericService& service_;
  const Routes& routes_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  grpc::ByteBuffer message_;  // being read
  std::optional<grpc::Alarm> settle_;
  Reactor* reactor_ = nullptr;  // the base's
  bool writing_ = false;
  Tag<StreamRpc> arrived_{*this, &StreamRpc::OnArrived};
  Tag<StreamRpc> read_{*this, &StreamRpc::OnRead};
  Tag<StreamRpc> written_{*this, &StreamRpc::OnWritten};
  Tag<StreamRpc> settled_{*this, &StreamRpc::OnSettled};
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_STREAM_RPC_H_
