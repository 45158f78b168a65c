// A small blocking HTTP/1.1 client for the simulator's tests: it sees the bytes, so that cuts and resets can be told
// apart.
#ifndef IMBOT_TESTS_SIMULATOR_TEST_CLIENT_H_
#define IMBOT_TESTS_SIMULATOR_TEST_CLIENT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "tests/simulator/net/http_types.h"
#include "tests/simulator/php/json.h"

namespace simulator {

struct Reply {
  enum class End { kComplete, kCut, kReset, kClosed };  // closed: without a single byte
  End end = End::kClosed;
  int status = 0;
  Headers headers;
  std::string body;

  Json json() const { return ParseJson(body).value_or(Json()); }
  std::string error() const {
    const Json document = json();
    const Json* code = Find(document, "error");
    return code != nullptr && code->is_string() ? code->get<std::string>() : std::string();
  }
};

// One connection to 127.0.0.1. Every read gives up after 20 seconds, so that a broken server fails a test and does not
// hang it.
class ClientConnection {
 public:
  // `source`: the loopback address to come from; any if it is empty.
  explicit ClientConnection(int port, const std::string& source = "");
  // With TLS: the server's certificate is checked against `ca` and `name`; `alpn` in wire format, empty for none.
  ClientConnection(int port, const std::string& ca, const std::string& name, std::string_view alpn);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  bool ok() const { return ok_; }
  std::string alpn() const;
  bool Write(std::string_view bytes);
  // Bytes read, 0 at the end, -1 for a reset or a timeout.
  long Read(char* buffer, size_t size);
  Reply ReadReply();

 private:
  int fd_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool ok_ = false;
  std::string buffered_;
};

// The text of a request with a Content-Length.
std::string FormatRequest(std::string_view method, std::string_view target, std::string_view body,
                          std::string_view content_type, std::string_view host = "localhost");

// One request on a connection of its own.
Reply Exchange(int port, std::string_view request);
Reply GetUrl(int port, std::string_view target);
Reply PostJson(int port, std::string_view target, const Json& body);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_TEST_CLIENT_H_
