// The least a gRPC service can be: takes the same request as the gateway on the same rpc, and answers at once. What ghz
// reaches against it is what ghz and gRPC themselves allow.
//
//   imbot_load_echo     serves on a free port of loopback, prints the port, ends with SIGTERM

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <signal.h>

#include <cstdio>
#include <memory>

#include "bitrix24/imbot/v2/message_service.grpc.pb.h"

namespace {

using bitrix24::imbot::v2::MessageService;

class Echo final : public MessageService::CallbackService {
  grpc::ServerUnaryReactor* SendMessage(grpc::CallbackServerContext* context,
                                        const bitrix24::imbot::v2::SendMessageRequest* request,
                                        bitrix24::imbot::v2::SendMessageResponse* response) override {
    response->set_id(static_cast<int64_t>(request->fields().message().size()));
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // Before any thread: gRPC's inherit the mask.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Echo service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return std::fprintf(stderr, "the echo server can't listen\n"), 1;
  std::printf("%d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}
