// What a client of grpc.health.v1 sees.
#ifndef IMBOT_TESTS_RPC_HEALTH_CLIENT_H_
#define IMBOT_TESTS_RPC_HEALTH_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"
#include "service/rpc/access_log.h"

namespace imbot::rpc_test {

// SERVING, NOT_SERVING, or the name of the error.
inline std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = grpc::health::v1::Health::NewStub(channel)->Check(&context, request, &response);
  if (!status.ok()) return std::string(rpc::CodeName(static_cast<absl::StatusCode>(status.error_code())));
  return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
}

// Watches the health of one service; each change is one Read.
class HealthWatch {
 public:
  HealthWatch(const std::shared_ptr<grpc::Channel>& channel, const std::string& service)
      : stub_(grpc::health::v1::Health::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    reader_ = stub_->Watch(&context_, request);
  }
  ~HealthWatch() {
    context_.TryCancel();
    while (Next() != "END") continue;
    reader_->Finish();
  }
  HealthWatch(const HealthWatch&) = delete;
  HealthWatch& operator=(const HealthWatch&) = delete;

  std::string Next() {
    grpc::health::v1::HealthCheckResponse response;
    if (!reader_->Read(&response)) return "END";
    return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<grpc::health::v1::HealthCheckResponse>> reader_;
};

}  // namespace imbot::rpc_test

#endif  // IMBOT_TESTS_RPC_HEALTH_CLIENT_H_
