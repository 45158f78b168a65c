// The clients of call_cost_benchmark: libcurl to the simulator, gRPC to a server, one call at a time or many at once.
//
// Each run gives the latency of every call. A call that fails ends the program: a benchmark of errors is none.
// Thread-compatible.
#ifndef IMBOT_TESTS_BENCH_CALL_COST_CLIENTS_H_
#define IMBOT_TESTS_BENCH_CALL_COST_CLIENTS_H_

#include <curl/curl.h>
#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>
#include <vector>

namespace imbot::bench {

// Of one run.
struct Run {
  std::vector<double> microseconds;  // one for each call
  double seconds = 0;                // from the first call's start to the last one's end
  // Of the thread that ran it.
  double client_cpu_seconds = 0;
  double client_waits = 0;
};

// POSTs bodies to one URL, over and over: those at once to different dialogs, since calls to one dialog keep their
// order and wait for each other. Each request gets a templateId of its own, since the portal would not do it again
// otherwise.
class CurlClient {
 public:
  // One body for each call at once; they hold a `templateId`.
  CurlClient(std::string url, std::vector<std::string> bodies);
  ~CurlClient();
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  // One after the other, on a kept connection, as a program would do it that has nothing else to do.
  Run OneByOne(int calls);
  // A bare loop around a multi handle: what the gateway's own loop does, and nothing else. Handles and connections are
  // kept from run to run.
  Run AtOnce(int calls, int in_flight);

 private:
  struct Slot;

  std::unique_ptr<Slot> NewSlot(std::string body);
  void Fill(Slot* slot);

  const std::string url_;
  const std::vector<std::string> bodies_;
  unsigned long long last_id_ = 0;
  curl_slist* headers_ = nullptr;
  CURLM* const multi_;
  std::vector<std::unique_ptr<Slot>> slots_;  // of AtOnce
  std::unique_ptr<Slot> single_;              // of OneByOne
};

// Calls one method on one channel, with requests as bytes: one for each call at once.
class RpcClient {
 public:
  RpcClient(int port, std::string method, const std::vector<std::string>& requests);
  ~RpcClient();
  RpcClient(const RpcClient&) = delete;
  RpcClient& operator=(const RpcClient&) = delete;

  Run OneByOne(int calls) { return AtOnce(calls, 1); }
  Run AtOnce(int calls, int in_flight);

 private:
  struct Slot;

  void Start(Slot* slot);

  const std::string method_;
  std::vector<grpc::ByteBuffer> requests_;
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
};

// CPU time of this thread, in seconds.
double ThreadCpuSeconds();
// CPU time that a running process has used so far, all its threads, user and system.
double ProcessCpuSeconds(pid_t pid);

// How often this thread, or any thread of a running process, has slept until something woke it.
double ThreadWaits();
double ProcessWaits(pid_t pid);

// Ends the benchmark with a message: thrown, not by std::exit, which would leave the programs running that were
// started.
[[noreturn]] void Die(const std::string& why);

}  // namespace imbot::bench

#endif  // IMBOT_TESTS_BENCH_CALL_COST_CLIENTS_H_
