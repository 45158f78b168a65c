#include "tests/load/open_loop.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bitrix24/imbot/v2/message_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace imbot::load {
namespace {

using bitrix24::imbot::v2::MessageService;
using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr size_t kTextLength = 60;
constexpr auto kConnectWithin = std::chrono::seconds(10);

// Counts calls that have not ended.
class Pending {
 public:
  void Begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void End() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  void WaitForNone() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  size_t count_ = 0;
};

struct Call {
  grpc::ClientContext context;
  bitrix24::imbot::v2::SendMessageRequest request;
  bitrix24::imbot::v2::SendMessageResponse response;
  Clock::time_point started;
};

void Describe(const grpc::Status& status, Sent* sent) {
  sent->code = status.error_code();
  if (status.ok()) return;
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return;
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) {
      sent->reason = info.reason();
      if (const auto outcome = info.metadata().find("outcome"); outcome != info.metadata().end())
        sent->outcome = outcome->second;
    } else if (detail.UnpackTo(&retry)) {
      sent->retry_after = milliseconds(retry.retry_delay().seconds() * 1'000 + retry.retry_delay().nanos() / 1'000'000);
    }
  }
}

std::unique_ptr<MessageService::Stub> Connect(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  auto channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kConnectWithin))
    throw std::runtime_error("no connection to " + target);
  return MessageService::NewStub(channel);
}

}  // namespace

std::string TextOf(const std::string& label, size_t caller, uint64_t number) {
  std::string text = label + " " + std::to_string(caller) + " " + std::to_string(number) + " ";
  text.resize(std::max(text.size(), kTextLength), 'x');
  return text;
}

std::deque<Sent> RunOpenLoop(const OpenLoopOptions& options, microseconds* late) {
  std::vector<std::unique_ptr<MessageService::Stub>> stubs;
  for (size_t i = 0; i < options.callers.size(); ++i) stubs.push_back(Connect(options.target));
  std::vector<uint64_t> numbers(options.callers.size());
  std::deque<Sent> all;  // never moves what it holds
  Pending pending;
  std::mt19937 random(options.seed);
  std::exponential_distribution<double> gap(options.rate);
  std::uniform_int_distribution<size_t> any(0, options.callers.size() - 1);

  *late = microseconds(0);
  const Clock::time_point begun = Clock::now();
  duration<double> at(0);
  while ((at += duration<double>(gap(random))) < options.time) {
    const auto due = begun + duration_cast<Clock::duration>(at);
    std::this_thread::sleep_until(due);
    const size_t index = any(random);
    const Caller& caller = options.callers[index];
    Sent& sent = all.emplace_back();
    sent.caller = index;
    sent.number = numbers[index]++;
    const auto call = std::make_shared<Call>();
    call->request.set_bot(caller.bot);
    call->request.set_dialog_id(caller.dialog);
    call->request.mutable_fields()->set_message(TextOf(options.label, index, sent.number));
    if (!caller.token.empty()) call->context.AddMetadata("authorization", "Bearer " + caller.token);
    if (!options.priority.empty()) call->context.AddMetadata("x-imbot-priority", options.priority);
    call->context.set_deadline(std::chrono::system_clock::now() + options.deadline);
    pending.Begin();
    call->started = Clock::now();
    sent.started_at = duration_cast<microseconds>(call->started - begun);
    *late = std::max(*late, duration_cast<microseconds>(call->started - due));
    stubs[index]->async()->SendMessage(&call->context, &call->request, &call->response,
                                       [call, &sent, &pending](const grpc::Status& status) {
                                         sent.took = duration_cast<microseconds>(Clock::now() - call->started);
                                         Describe(status, &sent);
                                         pending.End();
                                       });
  }
  pending.WaitForNone();
  return all;
}

}  // namespace imbot::load
