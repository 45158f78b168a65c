// The rpc layer on a real socket, with a handler that tests play: everything of service/rpc put together as gateway.cc
// does.
#ifndef IMBOT_TESTS_RPC_RPC_HARNESS_H_
#define IMBOT_TESTS_RPC_RPC_HARNESS_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "google/rpc/status.pb.h"
#include "service/base/log.h"
#include "service/base/metrics.h"
#include "service/base/mutex.h"
#include "service/rpc/call_frame.h"
#include "service/rpc/library_log.h"
#include "service/rpc/reflection_service.h"
#include "service/rpc/server.h"
#include "service/translate/method_table.h"
#include "tests/rpc/echo.pb.h"

namespace imbot::rpc_test {

// SHA-256 of "abc" and of the two-block message, as FIPS 180-4's examples give them.
inline constexpr char kToken[] = "abc";
inline constexpr char kTokenSha256[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
inline constexpr char kOtherToken[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
inline constexpr char kOtherTokenSha256[] = "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1";

// A call that a handler has kept.
struct HeldCall {
  rpc::Call call;
  rpc::Reply reply;
};

// Hands calls to a function, or keeps them until the test takes them. Thread-safe.
class PlayedHandler final : public rpc::CallHandler {
 public:
  using Function = std::function<std::shared_ptr<rpc::CallInProgress>(rpc::Call, rpc::Reply)>;

  // Calls from now on go to `function`; null: they are kept.
  void Play(Function function) IMBOT_EXCLUDES(mutex_);
  // Answers at once, with text and number of the request; any other request gets an empty response.
  static std::shared_ptr<rpc::CallInProgress> Echo(rpc::Call call, rpc::Reply reply);

  std::shared_ptr<rpc::CallInProgress> Start(rpc::Call call, rpc::Reply reply) override IMBOT_EXCLUDES(mutex_);

  // Waits for the next call that is kept.
  std::unique_ptr<HeldCall> TakeCall() IMBOT_EXCLUDES(mutex_);
  // Waits until Cancel() has been called this often.
  void WaitForCancels(int count) IMBOT_EXCLUDES(mutex_);
  int cancels() const IMBOT_EXCLUDES(mutex_);
  // Drops the calls that are kept and not taken.
  void DropCalls() IMBOT_EXCLUDES(mutex_);

 private:
  class InProgress;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  Function function_ IMBOT_GUARDED_BY(mutex_);
  std::deque<std::unique_ptr<HeldCall>> held_ IMBOT_GUARDED_BY(mutex_);
  int cancels_ IMBOT_GUARDED_BY(mutex_) = 0;
};

// What a client saw.
struct Result {
  grpc::Status status;
  google::rpc::Status details;  // from grpc-status-details-bin
  std::multimap<std::string, std::string> trailers;
  std::string body;

  // ErrorInfo of the details.
  std::string Reason() const;
  std::string Metadata(const std::string& key) const;
  // The only value of a trailer; "" if there is none.
  std::string Trailer(const std::string& key) const;
};

// Fields of the error's BadRequest, in their order.
std::vector<std::string> ViolatedFields(const absl::Status& status);

struct HarnessOptions {
  rpc::CallLimits limits;
  std::shared_ptr<const rpc::CallerSet> callers = rpc::CallerSet::Anonymous(false);
  std::chrono::milliseconds drain_delay{0};
  int max_receive_bytes = 16 << 20;
  unsigned completion_threads = 0;
  std::vector<rpc::Listener> listeners;  // none: one on a free port of loopback
};

class Harness {
 public:
  explicit Harness(HarnessOptions options = {});
  ~Harness();

  PlayedHandler handler;
  base::Metrics metrics;

  rpc::Server& server() { return *server_; }
  rpc::CallGate& gate() { return gate_; }
  rpc::CallerAuth& callers() { return callers_; }
  const translate::MethodTable& methods() const { return *methods_; }
  // Lines of the log so far that hold `part`.
  std::vector<std::string> Lines(std::string_view part) const IMBOT_EXCLUDES(mutex_);
  // Waits for such a line.
  std::string WaitForLine(std::string_view part) const IMBOT_EXCLUDES(mutex_);

  // A connection of its own to listener `index`.
  std::shared_ptr<grpc::Channel> Connect(size_t index = 0) const;
  // Ends the server before the harness's end; answers may come later.
  void StopServer() { server_.reset(); }

 private:
  mutable base::Mutex mutex_;
  mutable base::CondVar changed_;
  std::vector<std::string> lines_ IMBOT_GUARDED_BY(mutex_);

  base::Logger logger_;
  const rpc::LibraryLog library_log_{logger_};
  std::unique_ptr<translate::MethodTable> methods_;
  rpc::CallGate gate_;
  rpc::CallerAuth callers_;
  std::shared_ptr<const rpc::CallEnvironment> environment_;
  std::unique_ptr<rpc::ReflectionServices> reflection_;
  std::unique_ptr<rpc::Server> server_;
};

inline constexpr char kEcho[] = "/imbot.test.v1.EchoService/Echo";

// Calls through grpc::GenericStub and waits. `prepare` adds metadata or a deadline; without one the call has 30
// seconds.
using Prepare = std::function<void(grpc::ClientContext&)>;
Result CallBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& path, const std::string& body,
                 const Prepare& prepare = nullptr);
Result CallEcho(const std::shared_ptr<grpc::Channel>& channel, const std::string& text,
                const Prepare& prepare = nullptr);

// A call that has been begun, and for which nothing is sent. Ends with End() or Wait(), once.
class OpenCall {
 public:
  OpenCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& path);
  ~OpenCall();
  void Cancel();
  // Says that there is nothing more to send, and waits for the answer.
  Result End();
  // Waits for the answer.
  Result Wait();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

// The same as CallBytes() without waiting: `context` and `done` are the caller's.
class PendingCall {
 public:
  PendingCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& path, const std::string& body,
              const Prepare& prepare = nullptr);
  ~PendingCall();
  void Cancel() { context_.TryCancel(); }
  const Result& Wait();

 private:
  struct Shared;
  grpc::ClientContext context_;
  std::unique_ptr<Shared> shared_;
  Result result_;
};

}  // namespace imbot::rpc_test

#endif  // IMBOT_TESTS_RPC_RPC_HARNESS_H_
