#include "service/transport/curl_events.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <thread>

namespace imbot::transport {
namespace {

// Any value but null: curl hands it back, so that a socket that is watched already is told from a new one.
char watched;

int CurlBits(uint32_t events) {
  int bits = 0;
  if ((events & (EPOLLIN | EPOLLHUP)) != 0) bits |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) bits |= CURL_CSELECT_OUT;
  if ((events & EPOLLERR) != 0) bits |= CURL_CSELECT_ERR;
  return bits;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CurlEvents>> CurlEvents::Create(const base::Clock& clock) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::unique_ptr<CurlEvents> events(new CurlEvents(clock, epoll, bell));
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.fd = bell;
  if (epoll < 0 || bell < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &wanted) != 0)
    return absl::ResourceExhaustedError("the system gave no epoll set");
  return events;
}

CurlEvents::~CurlEvents() {
  if (epoll_ >= 0) close(epoll_);
  if (bell_ >= 0) close(bell_);
}

void CurlEvents::Attach(CURLM* multi) {
  multi_ = multi;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlEvents::OnSocket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlEvents::OnTimer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
}

int CurlEvents::OnSocket(CURL*, curl_socket_t socket, int wanted, void* self, void* known) {
  auto& events = *static_cast<CurlEvents*>(self);
  epoll_event event{};
  event.data.fd = socket;
  if (wanted == CURL_POLL_REMOVE) {
    epoll_ctl(events.epoll_, EPOLL_CTL_DEL, socket, &event);
    return 0;
  }
  if (wanted != CURL_POLL_OUT) event.events |= EPOLLIN;
  if (wanted != CURL_POLL_IN) event.events |= EPOLLOUT;
  // Fails only for want of memory. Then the transfer waits for its time to give up; an error told here would be every
  // transfer's.
  epoll_ctl(events.epoll_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  if (known == nullptr) curl_multi_assign(events.multi_, socket, &watched);
  return 0;
}

int CurlEvents::OnTimer(CURLM*, long milliseconds, void* self) {
  auto& events = *static_cast<CurlEvents*>(self);
  events.due_.reset();
  if (milliseconds >= 0) events.due_ = events.clock_.Now() + std::chrono::milliseconds(milliseconds);
  return 0;
}

void CurlEvents::Ring() {
  const uint64_t one = 1;
  // The only way to fail is a bell that rings already.
  [[maybe_unused]] const ssize_t written = write(bell_, &one, sizeof(one));
}

void CurlEvents::Wait(std::chrono::milliseconds longest) {
  if (due_.has_value()) {
    longest = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*due_ - clock_.Now()),
                         std::chrono::milliseconds(0), longest);
  }
  const int count =
      epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), static_cast<int>(longest.count()));
  happened_ = std::span<const epoll_event>(events_).first(static_cast<size_t>(std::max(count, 0)));
  // A signal is one reason, and harmless. Whatever else it is must not turn the loop into a busy one.
  if (count < 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void CurlEvents::Deliver() {
  int running = 0;
  for (const epoll_event& event : happened_) {
    if (event.data.fd == bell_) {
      uint64_t rung;
      [[maybe_unused]] const ssize_t read_now = read(bell_, &rung, sizeof(rung));
    } else {
      // A socket that has gone meanwhile is unknown to curl, which ignores it then; one that came in its place is found
      // to have nothing to say.
      curl_multi_socket_action(multi_, event.data.fd, CurlBits(event.events), &running);
    }
  }
  happened_ = {};
  if (due_.has_value() && *due_ <= clock_.Now()) {
    due_.reset();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

}  // namespace imbot::transport
