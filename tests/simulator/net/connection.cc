#include "tests/simulator/net/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace simulator {
namespace {

constexpr int64_t kWouldBlock = -1;
constexpr int64_t kClosed = 0;
constexpr size_t kChunk = 64 * 1024;

std::string PeerOf(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  char text[INET_ADDRSTRLEN] = "";
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0)
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
  return text;
}

}  // namespace

std::shared_ptr<Connection> Connection::Start(EventLoop* loop, int fd, SSL_CTX* tls, SessionFactory factory,
                                              NetStats* stats) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  SSL* ssl = nullptr;
  if (tls != nullptr) {
    ssl = SSL_new(tls);
    if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1) {
      SSL_free(ssl);
      close(fd);
      return nullptr;
    }
    SSL_set_accept_state(ssl);
  }
  std::shared_ptr<Connection> connection(new Connection(loop, fd, ssl, std::move(factory), stats));
  connection->interest_ = EPOLLIN | EPOLLRDHUP;
  loop->Watch(fd, connection->interest_, connection);
  if (ssl == nullptr) connection->MakeSession();
  return connection;
}

Connection::Connection(EventLoop* loop, int fd, SSL* ssl, SessionFactory factory, NetStats* stats)
    : loop_(loop),
      stats_(stats),
      ssl_(ssl),
      factory_(std::move(factory)),
      peer_(PeerOf(fd)),
      fd_(fd),
      handshaking_(ssl != nullptr) {
  ++stats_->accepted;
  ++stats_->open;
}

Connection::~Connection() {
  if (fd_ >= 0) {
    close(fd_);
    --stats_->open;
  }
  SSL_free(ssl_);
}

void Connection::MakeSession() {
  std::string_view alpn;
  if (ssl_ != nullptr) {
    const unsigned char* name = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl_, &name, &length);
    alpn = std::string_view(reinterpret_cast<const char*>(name), length);
  }
  session_ = factory_(shared_from_this(), alpn);
  factory_ = nullptr;
}

void Connection::OnEvents(uint32_t events) {
  const std::shared_ptr<Connection> self = shared_from_this();
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    peer_closed_ = true;
    Close();
    return;
  }
  if (handshaking_) {
    Handshake();
    if (!open() || handshaking_) return;
    // Data may have come with the last handshake message.
    ReadAll();
    return;
  }
  if ((events & EPOLLOUT) != 0) Flush();
  if (!open()) return;
  if ((events & EPOLLIN) != 0) ReadAll();
  if (!open()) return;
  if ((events & EPOLLRDHUP) != 0) {
    peer_closed_ = true;
    ReadAll();
  }
}

void Connection::Handshake() {
  ERR_clear_error();
  const int result = SSL_accept(ssl_);
  if (result == 1) {
    handshaking_ = false;
    ++stats_->tls_handshakes;
    if (SSL_session_reused(ssl_) == 1) ++stats_->tls_resumed;
    tls_wants_write_ = false;
    MakeSession();
    UpdateInterest();
    return;
  }
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    tls_wants_write_ = error == SSL_ERROR_WANT_WRITE;
    UpdateInterest();
    return;
  }
  ++stats_->tls_failed;
  Close();
}

int64_t Connection::Receive(char* buffer, size_t size) {
  if (ssl_ == nullptr) {
    const ssize_t n = recv(fd_, buffer, size, 0);
    if (n > 0) return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? kWouldBlock : kClosed;
  }
  ERR_clear_error();
  const int n = SSL_read(ssl_, buffer, static_cast<int>(size));
  if (n > 0) return n;
  const int error = SSL_get_error(ssl_, n);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? kWouldBlock : kClosed;
}

void Connection::ReadAll() {
  std::array<char, kChunk> buffer;
  // Bounded, so that one busy client can't starve the others.
  for (int round = 0; round < 16 && open(); ++round) {
    const int64_t n = Receive(buffer.data(), buffer.size());
    if (n == kWouldBlock) break;
    if (n == kClosed) {
      peer_closed_ = true;
      // What is still being answered is answered: a client may close only its sending half.
      if (session_ == nullptr) {
        Close();
      } else if (out_.empty() && !close_after_flush_) {
        session_->OnPeerDone();
      }
      UpdateInterest();
      return;
    }
    if (session_ != nullptr) session_->OnData(std::string_view(buffer.data(), static_cast<size_t>(n)));
    if (ssl_ == nullptr && static_cast<size_t>(n) < buffer.size()) break;
  }
  // Bytes that OpenSSL has already read wake no epoll.
  if (open() && ssl_ != nullptr && SSL_pending(ssl_) > 0) {
    loop_->Post([self = shared_from_this()] {
      if (self->open()) self->ReadAll();
    });
  }
}

void Connection::Write(std::string bytes, std::function<void(bool)> written) {
  if (!open() || close_after_flush_) {
    if (written) written(false);
    return;
  }
  total_queued_ += bytes.size();
  if (out_.empty()) {
    out_ = std::move(bytes);
  } else {
    out_ += bytes;
  }
  if (written) on_written_.emplace_back(total_queued_, std::move(written));
  Flush();
}

int64_t Connection::Transmit(std::string_view bytes) {
  if (ssl_ == nullptr) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? kWouldBlock : kClosed;
  }
  ERR_clear_error();
  const int n = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  if (n > 0) return n;
  const int error = SSL_get_error(ssl_, n);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? kWouldBlock : kClosed;
}

void Connection::Flush() {
  const std::shared_ptr<Connection> self = shared_from_this();
  while (open() && out_sent_ < out_.size()) {
    const int64_t n = Transmit(std::string_view(out_).substr(out_sent_));
    if (n == kWouldBlock) break;
    if (n == kClosed) {
      Close();
      return;
    }
    out_sent_ += static_cast<size_t>(n);
    total_sent_ += static_cast<uint64_t>(n);
  }
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  }
  while (!on_written_.empty() && on_written_.front().first <= total_sent_) {
    std::function<void(bool)> written = std::move(on_written_.front().second);
    on_written_.pop_front();
    written(!peer_closed_);
  }
  if (!open()) return;
  if (out_.empty() && peer_closed_ && !close_after_flush_ && session_ != nullptr) session_->OnPeerDone();
  if (!open()) return;
  if (out_.empty() && close_after_flush_) {
    if (ssl_ != nullptr) {
      ERR_clear_error();
      SSL_shutdown(ssl_);
    }
    Close();
    return;
  }
  UpdateInterest();
}

void Connection::UpdateInterest() {
  if (!open()) return;
  // After the client's FIN, EPOLLIN and EPOLLRDHUP would be ready for ever.
  uint32_t wanted = peer_closed_ ? 0 : EPOLLIN | EPOLLRDHUP;
  if (!out_.empty() || tls_wants_write_) wanted |= EPOLLOUT;
  if (wanted == interest_) return;
  interest_ = wanted;
  loop_->Modify(fd_, wanted);
}

void Connection::CloseAfterFlush() {
  if (!open() || close_after_flush_) return;
  close_after_flush_ = true;
  Flush();
}

void Connection::FinishWrites(bool delivered) {
  auto waiting = std::move(on_written_);
  on_written_.clear();
  for (auto& [offset, written] : waiting) written(delivered);
}

void Connection::Close() {
  if (!open()) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  loop_->Unwatch(fd_);
  close(fd_);
  fd_ = -1;
  --stats_->open;
  FinishWrites(false);
  if (session_ != nullptr) session_->OnClosed();
}

void Connection::Reset() {
  if (!open()) return;
  // SO_LINGER with zero seconds turns close() into an RST.
  const linger hard{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  Close();
}

}  // namespace simulator
