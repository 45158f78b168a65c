// A small HTTP server for what is not gRPC: metrics and probes, later Bitrix24's webhooks.
//
// Owned by gateway.cc. Handlers run on its own few threads, several at once, and may block them for a while: nothing
// else waits for these threads. It serves the routes it was given and nothing else: no files, no directory listing. It
// never logs a URL or a body, since a webhook's may hold a secret.
#ifndef IMBOT_SERVICE_BASE_HTTP_LISTENER_H_
#define IMBOT_SERVICE_BASE_HTTP_LISTENER_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/log.h"

namespace imbot::base {

struct HttpRequest {
  std::string method;  // GET, also for HEAD; POST
  std::string path;    // decoded, without the query
  std::string query;   // as sent, without `?`
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string remote_address;

  // The first header of that name, whatever its case; empty if there is none.
  std::string_view Header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpRoute {
  std::string method;  // GET (HEAD comes with it) or POST
  // Exact; one that ends with `/` serves everything below it. The longest that fits wins.
  std::string path;
  // Thread-safe. An exception becomes 500.
  std::function<HttpResponse(const HttpRequest&)> handler;
};

// Thread-safe.
class HttpListener {
 public:
  struct Options {
    std::string address = "127.0.0.1:0";  // see base::ParseHostPort; port 0 takes a free one
    int threads = 4;
    size_t max_body_bytes = size_t{64} << 10;
    size_t max_header_bytes = size_t{16} << 10;
    // A client that takes longer for its request, or to take the response, loses its connection.
    std::chrono::milliseconds timeout{10'000};
  };

  // Serves when it returns. INVALID_ARGUMENT for an address that is none, UNAVAILABLE if it can't be listened on.
  // `logger` outlives it.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Create(Options options, std::vector<HttpRoute> routes,
                                                              Logger& logger);
  // Finishes the requests under way, and stops.
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  int port() const { return port_; }

 private:
  class Server;  // civetweb

  explicit HttpListener(std::unique_ptr<Server> server);

  std::unique_ptr<Server> server_;
  int port_ = 0;
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_HTTP_LISTENER_H_
