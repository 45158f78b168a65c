#include "service/transport/ares_lookup.h"

#include <ares.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "service/base/mutex.h"

namespace imbot::transport {
namespace {

constexpr char kResolvConf[] = "/etc/resolv.conf";

// ares_library_init counts its calls and is not thread-safe: once, before the first channel, for the whole process.
int InitLibrary() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

std::optional<Address> FromSockaddr(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return Address::FromBytes(std::span(reinterpret_cast<const uint8_t*>(&v4->sin_addr), sizeof(v4->sin_addr)));
  }
  if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    return Address::FromBytes(std::span(reinterpret_cast<const uint8_t*>(&v6->sin6_addr), sizeof(v6->sin6_addr)));
  }
  return std::nullopt;
}

LookupResult FromAnswer(int status, const ares_addrinfo* answer) {
  LookupResult result;
  if (status != ARES_SUCCESS) {
    const bool gone = status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME;
    result.outcome = gone ? LookupResult::Outcome::kNotFound : LookupResult::Outcome::kFailed;
    result.message = ares_strerror(status);
    return result;
  }
  std::optional<int> ttl;
  for (const ares_addrinfo_node* node = answer->nodes; node != nullptr; node = node->ai_next) {
    std::optional<Address> address = FromSockaddr(node->ai_addr);
    if (!address.has_value() ||
        std::find(result.addresses.begin(), result.addresses.end(), *address) != result.addresses.end())
      continue;
    result.addresses.push_back(*address);
    ttl = std::min(ttl.value_or(node->ai_ttl), node->ai_ttl);
  }
  for (const ares_addrinfo_cname* cname = answer->cnames; cname != nullptr; cname = cname->next) {
    ttl = std::min(ttl.value_or(cname->ttl), cname->ttl);
  }
  result.ttl = std::chrono::seconds(std::max(ttl.value_or(0), 0));
  result.outcome = result.addresses.empty() ? LookupResult::Outcome::kNotFound : LookupResult::Outcome::kFound;
  if (result.addresses.empty()) result.message = "the name has no address";
  return result;
}

LookupResult Failed(std::string message) {
  LookupResult result;
  result.message = std::move(message);
  return result;
}

}  // namespace

class AresLookup::Worker {
 public:
  Worker(const ResolverOptions& options, const base::Clock& clock) : options_(options), clock_(clock) {}
  ~Worker() {
    if (thread_.joinable()) {
      {
        base::MutexLock lock(mutex_);
        stopping_ = true;
      }
      Wake();
      thread_.join();
    }
    if (channel_ != nullptr) ares_destroy(channel_);
    if (wake_fd_ >= 0) close(wake_fd_);
  }

  absl::Status Start() {
    if (const int status = InitLibrary(); status != ARES_SUCCESS) {
      return absl::InternalError(absl::StrCat("c-ares can't be initialised: ", ares_strerror(status)));
    }
    wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_fd_ < 0) return absl::ErrnoToStatus(errno, "eventfd");
    if (absl::Status opened = OpenChannel(); !opened.ok()) return opened;
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Add(std::string host, Callback done) IMBOT_EXCLUDES(mutex_) {
    {
      base::MutexLock lock(mutex_);
      inbox_.push_back(
          std::make_unique<Query>(Query{this, 0, std::move(host), std::move(done), clock_.Now() + options_.timeout}));
    }
    Wake();
  }

 private:
  struct Query {
    Worker* worker;
    uint64_t id;
    std::string host;
    Callback done;  // empty once it was answered; c-ares may still be at it
    base::MonoTime deadline;
  };

  void Wake() const {
    const uint64_t one = 1;
    // Can only fail if the counter is full, and then the thread is awake.
    [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
  }

  absl::Status OpenChannel() {
    ares_options options{};
    options.timeout =
        static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(options_.query_timeout).count());
    options.tries = options_.tries;
    options.ndots = 1;
    options.sock_state_cb = &Worker::OnSocketState;
    options.sock_state_cb_data = this;
    // Hosts file first, then the servers, as nsswitch.conf says on nearly every machine.
    char lookups[] = "fb";
    options.lookups = lookups;
    ares_channel channel = nullptr;
    int status = ares_init_options(
        &channel, &options,
        ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS);
    if (status == ARES_SUCCESS && !options_.servers.empty()) {
      status = ares_set_servers_ports_csv(channel, options_.servers.c_str());
      if (status != ARES_SUCCESS) ares_destroy(channel);
    }
    if (status != ARES_SUCCESS) {
      return absl::InvalidArgumentError(absl::StrCat("the resolver can't be set up: ", ares_strerror(status)));
    }
    if (channel_ != nullptr) ares_destroy(channel_);
    channel_ = channel;
    channel_read_ = ConfigurationTime();
    return absl::OkStatus();
  }

  // When resolv.conf was written; c-ares 1.18 reads it once, but a machine may change networks.
  static int64_t ConfigurationTime() {
    struct stat info {};
    if (stat(kResolvConf, &info) != 0) return 0;
    return static_cast<int64_t>(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
  }

  static void OnSocketState(void* self, ares_socket_t socket, int readable, int writable) {
    auto& sockets = static_cast<Worker*>(self)->sockets_;
    if (readable == 0 && writable == 0) {
      sockets.erase(socket);
    } else {
      sockets[socket] = static_cast<short>((readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0));
    }
  }

  static void OnAnswer(void* argument, int status, int /*timeouts*/, ares_addrinfo* answer) {
    auto* query = static_cast<Query*>(argument);
    LookupResult result = FromAnswer(status, answer);
    if (answer != nullptr) ares_freeaddrinfo(answer);
    Worker& worker = *query->worker;
    // Answered after ares_process has returned: a callback must not find c-ares in the middle of its work.
    if (query->done != nullptr) worker.answers_.emplace_back(std::move(query->done), std::move(result));
    worker.running_.erase(query->id);
  }

  void Run() {
    pthread_setname_np(pthread_self(), "imbot-resolver");
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (TakeInbox()) {
      StartQueued();
      Expire();
      GiveAnswers();
      Poll();
    }
    ares_cancel(channel_);
    GiveAnswers();
    for (auto& query : queued_) query->done(Failed("the resolver is stopping"));
    queued_.clear();
  }

  // False: time to stop.
  bool TakeInbox() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    for (auto& query : inbox_) queued_.push_back(std::move(query));
    inbox_.clear();
    return !stopping_;
  }

  void StartQueued() {
    if (!queued_.empty() && running_.empty() && options_.servers.empty() && ConfigurationTime() != channel_read_) {
      // On failure the old channel stays; the next name tries again.
      OpenChannel().IgnoreError();
    }
    while (!queued_.empty() && running_.size() < options_.max_queries) {
      std::unique_ptr<Query> query = std::move(queued_.front());
      queued_.pop_front();
      query->id = ++last_id_;
      Query* started = query.get();
      running_.emplace(started->id, std::move(query));
      ares_addrinfo_hints hints{};
      hints.ai_family = AF_UNSPEC;
      hints.ai_socktype = SOCK_STREAM;
      // A copy, for the answer may come from inside the call and free the query.
      const std::string host = started->host;
      ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Worker::OnAnswer, started);
    }
  }

  // c-ares can't end one query: it goes on, but nobody waits for it any more.
  void Expire() {
    const base::MonoTime now = clock_.Now();
    for (auto& [id, query] : running_) {
      if (query->done != nullptr && query->deadline <= now) {
        answers_.emplace_back(std::exchange(query->done, nullptr), Failed("the name servers did not answer in time"));
      }
    }
    // Queued ones have the same time limit, so the oldest is first.
    while (!queued_.empty() && queued_.front()->deadline <= now) {
      answers_.emplace_back(std::move(queued_.front()->done), Failed("too many names are being asked for"));
      queued_.pop_front();
    }
  }

  void GiveAnswers() {
    std::vector<std::pair<Callback, LookupResult>> answers;
    answers.swap(answers_);
    for (auto& [done, result] : answers) done(std::move(result));
  }

  void Poll() {
    std::vector<pollfd> fds;
    fds.push_back({wake_fd_, POLLIN, 0});
    for (const auto& [socket, events] : sockets_) fds.push_back({socket, events, 0});
    const int ready = poll(fds.data(), fds.size(), PollTimeout());
    if (ready < 0) return;  // EINTR; anything else shows again
    if ((fds[0].revents & POLLIN) != 0) {
      uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = read(wake_fd_, &count, sizeof(count));
    }
    bool processed = false;
    for (const pollfd& fd : std::span(fds).subspan(1)) {
      if (fd.revents == 0) continue;
      processed = true;
      ares_process_fd(channel_, (fd.revents & (POLLIN | POLLERR | POLLHUP)) != 0 ? fd.fd : ARES_SOCKET_BAD,
                      (fd.revents & POLLOUT) != 0 ? fd.fd : ARES_SOCKET_BAD);
    }
    // Repetitions and time-outs.
    if (!processed) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }

  int PollTimeout() {
    std::optional<int64_t> wait;
    timeval ares_wait{};
    if (const timeval* next = ares_timeout(channel_, nullptr, &ares_wait); next != nullptr) {
      wait = static_cast<int64_t>(next->tv_sec) * 1000 + next->tv_usec / 1000 + 1;
    }
    const base::MonoTime now = clock_.Now();
    const auto consider = [&](const Query& query) {
      if (query.done == nullptr) return;
      const int64_t left =
          std::max<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(query.deadline - now).count(), 0);
      wait = std::min(wait.value_or(left), left);
    };
    for (const auto& [id, query] : running_) consider(*query);
    if (!queued_.empty()) consider(*queued_.front());
    return wait.has_value() ? static_cast<int>(std::min<int64_t>(*wait, 60000)) : -1;
  }

  // Constant after Start().
  const ResolverOptions options_;
  const base::Clock& clock_;
  int wake_fd_ = -1;
  std::thread thread_;

  base::Mutex mutex_;
  std::vector<std::unique_ptr<Query>> inbox_ IMBOT_GUARDED_BY(mutex_);
  bool stopping_ IMBOT_GUARDED_BY(mutex_) = false;

  // The worker's thread only.
  ares_channel channel_ = nullptr;
  int64_t channel_read_ = 0;
  std::map<ares_socket_t, short> sockets_;
  std::deque<std::unique_ptr<Query>> queued_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Query>> running_;
  std::vector<std::pair<Callback, LookupResult>> answers_;
  uint64_t last_id_ = 0;
};

absl::StatusOr<std::unique_ptr<AresLookup>> AresLookup::Create(const ResolverOptions& options,
                                                               const base::Clock& clock) {
  auto worker = std::make_unique<Worker>(options, clock);
  if (absl::Status started = worker->Start(); !started.ok()) return started;
  return std::unique_ptr<AresLookup>(new AresLookup(std::move(worker)));
}

AresLookup::AresLookup(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
AresLookup::~AresLookup() = default;

void AresLookup::Lookup(std::string host, Callback done) {
  worker_->Add(std::move(host), std::move(done));
}

}  // namespace imbot::transport
