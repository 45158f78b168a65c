#include "service/rpc/spare_poller.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <grpcpp/version_info.h>

#include <atomic>

#include "service/base/mutex.h"

namespace imbot::rpc {
namespace {

// src/cpp/common/completion_queue_cc.cc of this version: Clamp(gpr_cpu_num_cores() / 2, 2, 16) threads.
constexpr bool kKnown = GRPC_CPP_VERSION_MAJOR == 1 && GRPC_CPP_VERSION_MINOR == 51;

std::atomic<bool> held{false};

}  // namespace

// Where the thread is held: in the callback of a call that goes nowhere and fails at once.
struct SparePoller::Stop {
  base::Mutex mutex;
  base::CondVar changed;
  bool release IMBOT_GUARDED_BY(mutex) = false;
  bool released IMBOT_GUARDED_BY(mutex) = false;

  // Without credentials gRPC makes a channel that never connects.
  const std::shared_ptr<grpc::Channel> channel = grpc::CreateChannel("", nullptr);
  grpc::GenericStub stub{channel};
  grpc::ClientContext context;
  grpc::Slice nothing{"-"};
  grpc::ByteBuffer request{&nothing, 1};
  grpc::ByteBuffer response;
};

std::unique_ptr<SparePoller> SparePoller::Hold(unsigned cores) {
  if (!kKnown || cores > 2 || held.exchange(true)) return nullptr;
  return std::unique_ptr<SparePoller>(new SparePoller);
}

SparePoller::SparePoller() : stop_(std::make_unique<Stop>()) {
  stop_->stub.UnaryCall(&stop_->context, "/imbot.gateway/SparePoller", {}, &stop_->request, &stop_->response,
                        [stop = stop_.get()](const grpc::Status&) {
                          base::MutexLock lock(stop->mutex);
                          while (!stop->release) stop->changed.Wait(stop->mutex);
                          stop->released = true;
                          stop->changed.NotifyAll();
                        });
}

SparePoller::~SparePoller() {
  {
    base::MutexLock lock(stop_->mutex);
    stop_->release = true;
    stop_->changed.NotifyAll();
    while (!stop_->released) stop_->changed.Wait(stop_->mutex);
  }
  held = false;
}

}  // namespace imbot::rpc
