// The libcurl objects that outlive a transfer: easy handles in a pool, and TLS sessions in a share per host.
//
// Owned by the transport of one loop. Loop thread only: the shares have no locks.
//
// One share per host and not per loop: a share keeps the sessions of 8 servers only (curl 7.88, share.c), so with more
// portals than that hardly a handshake would be resumed. Kept connections are not here but in the loop's CURLM.
#ifndef IMBOT_SERVICE_TRANSPORT_CURL_HANDLES_H_
#define IMBOT_SERVICE_TRANSPORT_CURL_HANDLES_H_

#include <curl/curl.h>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

namespace imbot::transport {

// Once per process, thread-safe; every use of libcurl comes after it.
absl::Status InitCurl();

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;

class HandlePool {
 public:
  // Sets what all transfers have in common: once for each handle. False if memory is short.
  using Configure = std::function<bool(CURL* easy)>;
  explicit HandlePool(Configure configure) : configure_(std::move(configure)) {}

  // Empty only if memory is short.
  EasyHandle Get();
  // Takes back a handle that is with no multi handle and no share. What the transfer set stays set until the next one
  // sets it. One whose transfer failed is destroyed instead: what state it is in is nobody's guess.
  void Put(EasyHandle easy);

 private:
  static constexpr size_t kKept = 64;
  const Configure configure_;
  std::vector<EasyHandle> idle_;
};

// The sessions of one host. Whoever holds one keeps it alive.
class TlsSessions {
 public:
  TlsSessions();
  ~TlsSessions();
  TlsSessions(const TlsSessions&) = delete;
  TlsSessions& operator=(const TlsSessions&) = delete;

  CURLSH* share() const { return share_; }

 private:
  CURLSH* share_;
};

// Keeps those of the hosts that were used last.
class TlsSessionCache {
 public:
  std::shared_ptr<TlsSessions> For(const std::string& host);

 private:
  static constexpr size_t kKept = 1024;
  struct Item {
    std::string host;
    std::shared_ptr<TlsSessions> sessions;
  };
  std::list<Item> by_use_;  // the last used first
  absl::flat_hash_map<std::string, std::list<Item>::iterator> by_host_;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_CURL_HANDLES_H_
