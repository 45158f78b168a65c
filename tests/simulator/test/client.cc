#include "tests/simulator/test/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace simulator {
namespace {

int Connect(int port, const std::string& source = "") {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{20, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (!source.empty()) {
    inet_pton(AF_INET, source.c_str(), &address.sin_addr);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      close(fd);
      return -1;
    }
  }
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

}  // namespace

ClientConnection::ClientConnection(int port, const std::string& source) : fd_(Connect(port, source)), ok_(fd_ >= 0) {}

ClientConnection::ClientConnection(int port, const std::string& ca, const std::string& name, std::string_view alpn)
    : fd_(Connect(port)) {
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (fd_ < 0 || SSL_CTX_load_verify_locations(context_, ca.c_str(), nullptr) != 1) return;
  ssl_ = SSL_new(context_);
  SSL_set1_host(ssl_, name.c_str());
  SSL_set_tlsext_host_name(ssl_, name.c_str());
  if (!alpn.empty())
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(alpn.data()), static_cast<unsigned>(alpn.size()));
  SSL_set_fd(ssl_, fd_);
  ok_ = SSL_connect(ssl_) == 1;
}

ClientConnection::~ClientConnection() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (fd_ >= 0) close(fd_);
}

std::string ClientConnection::alpn() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &name, &length);
  return std::string(reinterpret_cast<const char*>(name), length);
}

bool ClientConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const long n = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                   : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

long ClientConnection::Read(char* buffer, size_t size) {
  if (ssl_ == nullptr) return recv(fd_, buffer, size, 0);
  errno = 0;
  const int n = SSL_read(ssl_, buffer, static_cast<int>(size));
  if (n > 0) return n;
  return errno == ECONNRESET || errno == EAGAIN ? -1 : 0;
}

Reply ClientConnection::ReadReply() {
  Reply reply;
  char chunk[16384];
  size_t head_end = std::string::npos;
  size_t length = 0;
  for (;;) {
    head_end = buffered_.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      const size_t at = buffered_.find("Content-Length: ");
      length = at < head_end ? static_cast<size_t>(std::atoll(buffered_.c_str() + at + 16)) : 0;
      if (buffered_.size() >= head_end + 4 + length) break;
    }
    const long n = Read(chunk, sizeof(chunk));
    if (n <= 0) {
      reply.end = n < 0 ? Reply::End::kReset : buffered_.empty() ? Reply::End::kClosed : Reply::End::kCut;
      if (head_end != std::string::npos) reply.body = buffered_.substr(head_end + 4);
      return reply;
    }
    buffered_.append(chunk, static_cast<size_t>(n));
  }
  reply.end = Reply::End::kComplete;
  reply.status = std::atoi(buffered_.c_str() + 9);
  std::string_view head = std::string_view(buffered_).substr(0, head_end);
  head.remove_prefix(std::min(head.size(), head.find("\r\n")));
  while (head.size() > 2) {
    head.remove_prefix(2);
    const size_t stop = head.find("\r\n");
    const std::string_view line = head.substr(0, stop);
    const size_t colon = line.find(": ");
    if (colon != std::string_view::npos) reply.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    head = stop == std::string_view::npos ? std::string_view() : head.substr(stop);
  }
  reply.body = buffered_.substr(head_end + 4, length);
  buffered_.erase(0, head_end + 4 + length);
  return reply;
}

std::string FormatRequest(std::string_view method, std::string_view target, std::string_view body,
                          std::string_view content_type, std::string_view host) {
  std::string request =
      std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n";
  if (!content_type.empty()) request += "Content-Type: " + std::string(content_type) + "\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  return request;
}

Reply Exchange(int port, std::string_view request) {
  ClientConnection connection(port);
  if (!connection.ok() || !connection.Write(request)) return Reply{};
  return connection.ReadReply();
}

Reply GetUrl(int port, std::string_view target) {
  return Exchange(port, FormatRequest("GET", target, "", ""));
}

Reply PostJson(int port, std::string_view target, const Json& body) {
  return Exchange(port, FormatRequest("POST", target, body.dump(), "application/json"));
}

}  // namespace simulator
