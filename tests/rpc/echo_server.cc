// Serves the rpc layer alone on a free port of loopback until SIGTERM or SIGINT, to try grpcurl, ghz and the like by
// hand:
//   echo_server [--token]     prints its port; --token asks callers for the bearer token `abc`
#include <signal.h>

#include <cstring>
#include <iostream>

#include "tests/rpc/rpc_harness.h"

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // Before any thread: gRPC's inherit the mask.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  imbot::rpc_test::HarnessOptions options;
  if (argc > 1 && std::strcmp(argv[1], "--token") == 0) {
    auto callers = imbot::rpc::CallerSet::Create({{{"tester", false}, imbot::rpc_test::kTokenSha256}});
    if (!callers.ok()) return 1;
    options.callers = *callers;
  }
  imbot::rpc_test::Harness harness(std::move(options));
  harness.handler.Play(imbot::rpc_test::PlayedHandler::Echo);
  std::cout << harness.server().ports()[0] << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  return harness.server().Shutdown(std::chrono::seconds(5)) ? 0 : 1;
}
