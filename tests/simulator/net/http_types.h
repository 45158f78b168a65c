// What an HTTP exchange is to the simulator, whatever protocol carried it.
#ifndef IMBOT_TESTS_SIMULATOR_NET_HTTP_TYPES_H_
#define IMBOT_TESTS_SIMULATOR_NET_HTTP_TYPES_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulator {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first header of that name, in any case; empty if there is none.
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method;
  std::string target;    // path and query as sent
  std::string protocol;  // "HTTP/1.1", "HTTP/1.0" or "h2"
  bool tls = false;
  std::string host;  // Host or :authority
  std::string peer;  // the client's address
  Headers headers;
  std::string body;
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
};

std::string_view ReasonPhrase(int status);

// Where the reply to one request goes. Stays valid when the connection is gone: everything is then a no-op that reports
// failure. Exactly one of the finishing calls is made per request, on the loop's thread.
class ReplySink {
 public:
  // Told true once every byte was handed to the kernel of a connection that the client had not closed.
  using Delivered = std::function<void(bool)>;

  virtual ~ReplySink() = default;
  virtual bool connected() const = 0;

  virtual void Send(HttpResponse response, Delivered delivered) = 0;
  // Sends the head and the first half of the body, then closes; the promised Content-Length is the whole body's.
  virtual void SendHalf(HttpResponse response) = 0;
  // A body of no announced length, in parts, which does not end: only a close does. `taken` is told when the part has
  // been handed to the kernel, so that no more than one need wait.
  virtual void Begin(HttpResponse head) = 0;
  virtual void SendPart(std::string part, Delivered taken) = 0;
  // A TCP RST for the whole connection.
  virtual void Reset() = 0;
  // An orderly close without a reply.
  virtual void Close() = 0;
};

// Takes complete requests. Called on the loop's thread.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void OnRequest(HttpRequest request, std::shared_ptr<ReplySink> sink) = 0;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_NET_HTTP_TYPES_H_
