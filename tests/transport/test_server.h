// A server on loopback, on a free port, for tests over real sockets: one thread per connection, whose behaviour the
// test writes down.
//
// It counts what it saw, so that a test can tell how many connections and requests really arrived. Nothing of service/
// is in it.
#ifndef IMBOT_TESTS_TRANSPORT_TEST_SERVER_H_
#define IMBOT_TESTS_TRANSPORT_TEST_SERVER_H_

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/transport/test_certificates.h"

namespace imbot::transport {

struct HttpRequest {
  std::string line;     // "POST /path HTTP/1.1"
  std::string headers;  // raw
  std::string body;
  int number = 0;  // on its connection, from 0
  // The header's value; nothing if there is none.
  std::optional<std::string> Header(std::string_view name) const;
};

// One accepted connection. Its own thread only.
class Connection {
 public:
  Connection(int fd, SSL* ssl) : fd_(fd), ssl_(ssl) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Up to `size` bytes; 0: the end, or an error.
  size_t Read(char* data, size_t size);
  // Exactly `size` bytes; false at the end.
  bool ReadWhole(char* data, size_t size);
  // The next HTTP/1 request; false at the end.
  bool ReadRequest(HttpRequest& request);
  void Write(std::string_view data);
  void Reply(int status, std::string_view body, std::string_view extra_headers = "");
  // Ends with FIN, or with RST.
  void Close();
  void Reset();
  bool is_open() const { return fd_ >= 0; }
  bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }
  int fd() const { return fd_; }

 private:
  int fd_;
  SSL* ssl_;
  std::string buffer_;
  int requests_ = 0;
};

// A handler that replies with what it was sent.
void Echo(Connection& connection, const HttpRequest& request);

class TestServer {
 public:
  struct Options {
    std::optional<Identity> tls = std::nullopt;
    bool http2 = false;  // offered by ALPN
    std::string address = "127.0.0.1";
    uint16_t port = 0;  // 0: a free one
    int newest_tls = TLS1_3_VERSION;
    bool handshake = true;  // false: never answers the client's hello
  };
  // Both are called from the connections' threads.
  using Handler = std::function<void(Connection&, const HttpRequest&)>;
  using RawHandler = std::function<void(Connection&)>;

  // Answers each request of each connection with `handler`.
  TestServer(Handler handler, Options options);
  explicit TestServer(Handler handler) : TestServer(std::move(handler), Options()) {}
  // Leaves the whole connection to `handler`.
  static std::unique_ptr<TestServer> Raw(RawHandler handler, Options options);
  // Ends all connections and joins.
  ~TestServer();

  uint16_t port() const { return port_; }
  // "https://name:port" + path
  std::string Url(std::string_view host, std::string_view path = "/rest/1/s3cr3t-c0de/profile.json") const;

  int connections() const { return connections_; }
  int requests() const { return requests_; }
  int resumed() const { return resumed_; }
  // The most connections that were open at once.
  int peak() const { return peak_; }
  // For raw handlers.
  void CountRequest() { ++requests_; }

 private:
  struct RawTag {};
  TestServer(RawTag, RawHandler handler, Options options);
  void Accept();
  void Serve(int fd);
  void Run(Connection& connection);

  const Options options_;
  const Handler handler_;
  const RawHandler raw_handler_;
  std::shared_ptr<SSL_CTX> tls_;
  int listener_ = -1;
  uint16_t port_ = 0;

  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  std::atomic<int> resumed_{0};
  std::atomic<int> open_{0};
  std::atomic<int> peak_{0};

  std::mutex mutex_;
  bool stopping_ = false;             // under mutex_
  std::vector<int> fds_;              // under mutex_
  std::vector<std::thread> threads_;  // under mutex_, until stopping
  std::thread acceptor_;
};

}  // namespace imbot::transport

#endif  // IMBOT_TESTS_TRANSPORT_TEST_SERVER_H_
