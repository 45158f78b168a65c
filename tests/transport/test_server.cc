#include "tests/transport/test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace imbot::transport {

std::optional<std::string> HttpRequest::Header(std::string_view name) const {
  size_t start = 0;
  while (start < headers.size()) {
    const size_t end = headers.find("\r\n", start);
    const std::string one = headers.substr(start, end - start);
    if (one.size() > name.size() && one[name.size()] == ':' && strncasecmp(one.data(), name.data(), name.size()) == 0) {
      const size_t value = one.find_first_not_of(' ', name.size() + 1);
      return value == std::string::npos ? "" : one.substr(value);
    }
    start = end + 2;
  }
  return std::nullopt;
}

Connection::~Connection() {
  Close();
}

size_t Connection::Read(char* data, size_t size) {
  if (fd_ < 0) return 0;
  const auto got = ssl_ != nullptr ? SSL_read(ssl_, data, static_cast<int>(size)) : recv(fd_, data, size, 0);
  return got > 0 ? static_cast<size_t>(got) : 0;
}

bool Connection::ReadWhole(char* data, size_t size) {
  for (size_t have = 0; have < size;) {
    const size_t got = Read(data + have, size - have);
    if (got == 0) return false;
    have += got;
  }
  return true;
}

bool Connection::ReadRequest(HttpRequest& request) {
  size_t end = std::string::npos;
  char data[16384];
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    const size_t got = Read(data, sizeof(data));
    if (got == 0) return false;
    buffer_.append(data, got);
  }
  const size_t line = buffer_.find("\r\n");
  request = HttpRequest();
  request.line = buffer_.substr(0, line);
  request.headers = line < end ? buffer_.substr(line + 2, end - line) : "";
  request.number = requests_++;
  buffer_.erase(0, end + 4);
  const size_t length = std::stoul(request.Header("content-length").value_or("0"));
  while (buffer_.size() < length) {
    const size_t got = Read(data, sizeof(data));
    if (got == 0) return false;
    buffer_.append(data, got);
  }
  request.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return true;
}

void Connection::Write(std::string_view data) {
  while (fd_ >= 0 && !data.empty()) {
    const auto put = ssl_ != nullptr ? SSL_write(ssl_, data.data(), static_cast<int>(data.size()))
                                     : send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (put <= 0) return Close();
    data.remove_prefix(static_cast<size_t>(put));
  }
}

void Connection::Reply(int status, std::string_view body, std::string_view extra_headers) {
  std::string head =
      "HTTP/1.1 " + std::to_string(status) +
      " Text\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n";
  head.append(extra_headers);
  head.append("\r\n");
  head.append(body);
  Write(head);
}

void Connection::Close() {
  if (fd_ < 0) return;
  if (ssl_ != nullptr) {
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
    ssl_ = nullptr;
  }
  // The server closes the descriptor itself, so that its number isn't reused while the server may still want to shut it
  // down.
  shutdown(fd_, SHUT_RDWR);
  fd_ = -1;
}

void Connection::Reset() {
  if (fd_ < 0) return;
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  if (ssl_ != nullptr) SSL_free(ssl_);
  ssl_ = nullptr;
  fd_ = -1;  // closed by the server, which sends the RST
}

TestServer::TestServer(Handler handler, Options options) : options_(std::move(options)), handler_(std::move(handler)) {
  Accept();
}
TestServer::TestServer(RawTag, RawHandler handler, Options options)
    : options_(std::move(options)), raw_handler_(std::move(handler)) {
  Accept();
}

std::unique_ptr<TestServer> TestServer::Raw(RawHandler handler, Options options) {
  return std::unique_ptr<TestServer>(new TestServer(RawTag(), std::move(handler), std::move(options)));
}

void TestServer::Accept() {
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  if (options_.tls.has_value()) {
    tls_ = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_server_method()), [](SSL_CTX* context) { SSL_CTX_free(context); });
    SSL_CTX_use_certificate(tls_.get(), options_.tls->certificate.get());
    SSL_CTX_use_PrivateKey(tls_.get(), options_.tls->key.get());
    if (options_.newest_tls < TLS1_2_VERSION) SSL_CTX_set_security_level(tls_.get(), 0);  // or OpenSSL 3 refuses itself
    SSL_CTX_set_min_proto_version(tls_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(tls_.get(), options_.newest_tls);
    const unsigned char session_context[] = "test";
    SSL_CTX_set_session_id_context(tls_.get(), session_context, sizeof(session_context));
    if (options_.http2) {
      SSL_CTX_set_alpn_select_cb(
          tls_.get(),
          [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned int in_size,
             void*) {
            static const unsigned char kH2[] = {2, 'h', '2'};
            unsigned char* chosen = nullptr;
            if (SSL_select_next_proto(&chosen, size, kH2, sizeof(kH2), in, in_size) != OPENSSL_NPN_NEGOTIATED)
              return SSL_TLSEXT_ERR_NOACK;
            *out = chosen;
            return SSL_TLSEXT_ERR_OK;
          },
          nullptr);
    }
  }
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  inet_pton(AF_INET, options_.address.c_str(), &address.sin_addr);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(listener_, 4096) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("can't listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock(mutex_);
      if (fd < 0 || stopping_) {
        if (fd >= 0) close(fd);
        if (stopping_) return;
        continue;
      }
      fds_.push_back(fd);
      threads_.emplace_back([this, fd] { Serve(fd); });
    }
  });
}

TestServer::~TestServer() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    for (const int fd : fds_) shutdown(fd, SHUT_RDWR);
    threads.swap(threads_);
  }
  acceptor_.join();
  for (std::thread& thread : threads) thread.join();
  close(listener_);
}

void TestServer::Serve(int fd) {
  ++connections_;
  const int open = ++open_;
  int peak = peak_;
  while (open > peak && !peak_.compare_exchange_weak(peak, open)) {
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  {
    SSL* ssl = nullptr;
    bool ready = true;
    if (tls_ != nullptr && options_.handshake) {
      ssl = SSL_new(tls_.get());
      SSL_set_fd(ssl, fd);
      ready = SSL_accept(ssl) == 1;
    }
    if (!ready) {
      SSL_free(ssl);
    } else {
      Connection connection(fd, ssl);
      if (connection.resumed()) ++resumed_;
      Run(connection);
    }
  }
  --open_;
  const std::lock_guard lock(mutex_);
  std::erase(fds_, fd);
  close(fd);
}

void TestServer::Run(Connection& connection) {
  if (raw_handler_ != nullptr) return raw_handler_(connection);
  if (!options_.handshake) {
    char byte = 0;
    while (connection.Read(&byte, 1) > 0) {
    }
    return;
  }
  HttpRequest request;
  while (connection.is_open() && connection.ReadRequest(request)) {
    ++requests_;
    handler_(connection, request);
  }
}

std::string TestServer::Url(std::string_view host, std::string_view path) const {
  return (options_.tls.has_value() ? "https://" : "http://") + std::string(host) + ":" + std::to_string(port_) +
         std::string(path);
}

void Echo(Connection& connection, const HttpRequest& request) {
  connection.Reply(200, request.body);
}

}  // namespace imbot::transport
