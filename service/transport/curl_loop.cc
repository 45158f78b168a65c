#include "service/transport/curl_loop.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "service/base/mutex.h"
#include "service/transport/curl_events.h"
#include "service/transport/curl_handles.h"
#include "service/transport/curl_transport.h"
#include "service/transport/inbox.h"
#include "service/transport/timer_queue.h"

namespace imbot::transport {
namespace {

constexpr std::chrono::milliseconds kLongestWait = std::chrono::minutes(1);
// What a stopping loop's last callbacks post is run for so many rounds; whatever posts itself for ever is then dropped.
constexpr int kLastRounds = 100;

}  // namespace

class CurlLoop::Core : public base::Executor {
 public:
  Core(std::string name, std::shared_ptr<const HttpOptions> options, Resolver& resolver, const base::Clock& clock,
       std::unique_ptr<CurlEvents> events, MultiHandle multi)
      : name_(std::move(name)),
        options_(std::move(options)),
        clock_(clock),
        events_(std::move(events)),
        multi_(std::move(multi)),
        inbox_(std::make_shared<Inbox>([bell = events_.get()] { bell->Ring(); })),
        transport_(std::make_unique<CurlTransport>(multi_.get(), *events_, *options_, resolver, clock, *this, inbox_,
                                                   sockets_)) {
    events_->Attach(multi_.get());
    thread_ = std::thread([this] { Run(); });
  }
  ~Core() override {
    BeginStop(clock_.Now());
    Join();
  }

  void Post(base::Task task) override { inbox_->Post(std::move(task)); }
  base::TimerId PostAt(base::MonoTime when, base::Task task) override { return timers_.Add(when, std::move(task)); }
  void CancelTimer(base::TimerId id) override { timers_.Cancel(id); }
  bool InThisThread() const override {
    return std::this_thread::get_id() == loop_thread_.load(std::memory_order_relaxed);
  }
  Transport& transport() { return *transport_; }
  size_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

  void BeginStop(base::MonoTime deadline) {
    {
      base::MutexLock lock(mutex_);
      if (stop_at_.has_value()) return;
      stop_at_ = deadline;
    }
    inbox_->Wake();
  }
  void Join() {
    base::MutexLock lock(join_mutex_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    loop_thread_ = std::this_thread::get_id();
    inbox_->SetOwner();
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    // Signals are the main thread's. A blocked SIGPIPE is an error of the write alone.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);

    while (!TimeToStop()) {
      RunTasks();
      RunTimers();
      transport_->Turn();
      in_flight_.store(transport_->in_flight(), std::memory_order_relaxed);
      Wait();
    }
    ShutDown();
  }

  bool TimeToStop() IMBOT_EXCLUDES(mutex_) {
    {
      base::MutexLock lock(mutex_);
      stopping_at_ = stop_at_;
    }
    if (!stopping_at_.has_value()) return false;
    transport_->RefuseNew();
    return transport_->in_flight() == 0 || *stopping_at_ <= clock_.Now();
  }

  // Those posted by now; what they post waits for the next turn, so that curl is never kept waiting for long.
  void RunTasks() {
    for (base::Task& task : inbox_->Take()) {
      std::move(task)();
      task = nullptr;
    }
  }

  // Those due by now, for the same reason.
  void RunTimers() {
    const base::MonoTime now = clock_.Now();
    for (size_t left = timers_.size(); left > 0; --left) {
      base::Task task = timers_.TakeDue(now);
      if (task == nullptr) return;
      std::move(task)();
    }
  }

  void Wait() {
    std::chrono::milliseconds wait = kLongestWait;
    const base::MonoTime now = clock_.Now();
    const auto until = [&](base::MonoTime when) {
      wait = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(when - now), std::chrono::milliseconds(0), wait);
    };
    if (const std::optional<base::MonoTime> next = timers_.Next(); next.has_value()) until(*next);
    if (stopping_at_.has_value()) until(transport_->in_flight() == 0 ? now : *stopping_at_);
    if (!inbox_->BeginWait()) wait = std::chrono::milliseconds(0);
    events_->Wait(wait);
    inbox_->EndWait();
  }

  void ShutDown() {
    transport_->CancelAll();
    for (int round = 0; round < kLastRounds && !inbox_->empty(); ++round) RunTasks();
    in_flight_.store(0, std::memory_order_relaxed);
    inbox_->Close().clear();
    timers_.Clear().clear();
    transport_.reset();
    multi_.reset();
  }

  // Constant after construction.
  const std::string name_;
  const std::shared_ptr<const HttpOptions> options_;
  const base::Clock& clock_;

  base::Mutex mutex_;
  std::optional<base::MonoTime> stop_at_ IMBOT_GUARDED_BY(mutex_);
  std::atomic<size_t> in_flight_{0};
  std::atomic<std::thread::id> loop_thread_{};

  // Loop thread only, once it runs.
  const std::unique_ptr<CurlEvents> events_;  // both before multi_, which reports to them to its end
  KeptSockets sockets_;
  MultiHandle multi_;
  TimerQueue timers_;
  std::optional<base::MonoTime> stopping_at_;
  const std::shared_ptr<Inbox> inbox_;
  std::unique_ptr<CurlTransport> transport_;

  base::Mutex join_mutex_;
  std::thread thread_ IMBOT_GUARDED_BY(join_mutex_);
};

absl::StatusOr<std::unique_ptr<CurlLoop>> CurlLoop::Create(std::string name, std::shared_ptr<const HttpOptions> options,
                                                           Resolver& resolver, const base::Clock& clock) {
  if (absl::Status ready = InitCurl(); !ready.ok()) return ready;
  if (options->max_connections == 0 || options->max_connections_per_host == 0 ||
      options->max_streams_per_connection == 0) {
    return absl::InvalidArgumentError("the limits on connections and streams must be at least 1");
  }
  if (!options->proxy.empty() && !ParseProxyEndpoint(options->proxy).has_value()) {
    return absl::InvalidArgumentError("the egress proxy must be a URL such as http://user:password@proxy.example:3128");
  }
  auto events = CurlEvents::Create(clock);
  if (!events.ok()) return events.status();
  MultiHandle multi(curl_multi_init());
  if (multi == nullptr) return absl::ResourceExhaustedError("libcurl gave no multi handle");
  curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING,
                    options->http2 && options->max_streams_per_connection > 1 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
  curl_multi_setopt(multi.get(), CURLMOPT_MAX_CONCURRENT_STREAMS,
                    static_cast<long>(options->max_streams_per_connection));
  // How many are kept, idle ones included. Who may open one is decided by Admission.
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options->max_connections));
  return std::unique_ptr<CurlLoop>(new CurlLoop(std::make_unique<Core>(std::move(name), std::move(options), resolver,
                                                                       clock, *std::move(events), std::move(multi))));
}

CurlLoop::CurlLoop(std::unique_ptr<Core> core) : core_(std::move(core)) {}
CurlLoop::~CurlLoop() = default;

void CurlLoop::Post(base::Task task) {
  core_->Post(std::move(task));
}
base::TimerId CurlLoop::PostAt(base::MonoTime when, base::Task task) {
  return core_->PostAt(when, std::move(task));
}
void CurlLoop::CancelTimer(base::TimerId id) {
  core_->CancelTimer(id);
}
bool CurlLoop::InThisThread() const {
  return core_->InThisThread();
}
Transport& CurlLoop::transport() {
  return core_->transport();
}
void CurlLoop::BeginStop(base::MonoTime deadline) {
  core_->BeginStop(deadline);
}
void CurlLoop::Join() {
  core_->Join();
}
size_t CurlLoop::in_flight() const {
  return core_->in_flight();
}

}  // namespace imbot::transport
