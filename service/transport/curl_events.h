// What libcurl waits for: its sockets and its next time, with a bell beside them, in one epoll set.
//
// Why not curl_multi_poll and curl_multi_perform: they look at every transfer at each turn, and ask the kernel about
// the socket of each, so that 50 transfers under way cost a call 50 times what one costs. Owned by a CurlLoop, and
// outlives its CURLM, which reports to it to its end. Loop thread only, but for Ring().
#ifndef IMBOT_SERVICE_TRANSPORT_CURL_EVENTS_H_
#define IMBOT_SERVICE_TRANSPORT_CURL_EVENTS_H_

#include <curl/curl.h>
#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "service/base/clock.h"

namespace imbot::transport {

class CurlEvents {
 public:
  static absl::StatusOr<std::unique_ptr<CurlEvents>> Create(const base::Clock& clock);
  ~CurlEvents();
  CurlEvents(const CurlEvents&) = delete;
  CurlEvents& operator=(const CurlEvents&) = delete;

  // From now on `multi` reports here. Before it gets its first transfer.
  void Attach(CURLM* multi);

  // Ends a Wait, or the next one. Thread-safe. Does not block.
  void Ring();
  // Until something happens that curl waits for, Ring() is called, or `longest` has passed.
  void Wait(std::chrono::milliseconds longest);
  // Lets curl work on what has happened.
  void Deliver();

 private:
  CurlEvents(const base::Clock& clock, int epoll, int bell) : clock_(clock), epoll_(epoll), bell_(bell) {}
  static int OnSocket(CURL*, curl_socket_t socket, int wanted, void* self, void* known);
  static int OnTimer(CURLM*, long milliseconds, void* self);

  const base::Clock& clock_;
  const int epoll_;
  const int bell_;  // eventfd
  CURLM* multi_ = nullptr;
  std::optional<base::MonoTime> due_;  // when curl wants to be called
  std::array<epoll_event, 128> events_;
  std::span<const epoll_event> happened_;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_CURL_EVENTS_H_
