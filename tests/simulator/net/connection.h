// One accepted TCP connection, plain or TLS: bytes in to a Session, bytes out from it.
//
// Owned by the loop's watch table and by whoever holds a shared_ptr; loop thread only. It knows nothing of HTTP. It can
// also be torn down in the ways that tests need: after flushing, at once, or with a TCP RST.
#ifndef IMBOT_TESTS_SIMULATOR_NET_CONNECTION_H_
#define IMBOT_TESTS_SIMULATOR_NET_CONNECTION_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/simulator/net/event_loop.h"

namespace simulator {

class Connection;

// The protocol spoken on a connection. Owned by the Connection.
class Session {
 public:
  virtual ~Session() = default;
  virtual void OnData(std::string_view data) = 0;
  // The client will send no more, and nothing is waiting to be written. Whether something is still owed is for the
  // session to say.
  virtual void OnPeerDone() = 0;
  // No more bytes will come or go; called once.
  virtual void OnClosed() = 0;
};

struct NetStats {
  uint64_t accepted = 0;
  uint64_t open = 0;
  uint64_t tls_handshakes = 0;
  uint64_t tls_resumed = 0;
  uint64_t tls_failed = 0;
};

class Connection final : public FdHandler, public std::enable_shared_from_this<Connection> {
 public:
  // Makes the session once the protocol is known: `alpn` is empty on plain connections and where none was negotiated.
  using SessionFactory =
      std::function<std::unique_ptr<Session>(const std::shared_ptr<Connection>&, std::string_view alpn)>;

  // Takes over `fd`; `tls` null for a plain connection.
  static std::shared_ptr<Connection> Start(EventLoop* loop, int fd, SSL_CTX* tls, SessionFactory factory,
                                           NetStats* stats);
  ~Connection() override;

  void OnEvents(uint32_t events) override;

  // Queues bytes; `written` is told whether they all reached the kernel while the client had not closed its side.
  void Write(std::string bytes, std::function<void(bool)> written = nullptr);
  void CloseAfterFlush();
  void Close();
  void Reset();

  bool open() const { return fd_ >= 0; }
  // The client has closed its side.
  bool peer_closed() const { return peer_closed_; }
  bool is_tls() const { return ssl_ != nullptr; }
  // The client's address, without its port.
  const std::string& peer() const { return peer_; }

 private:
  Connection(EventLoop* loop, int fd, SSL* ssl, SessionFactory factory, NetStats* stats);

  void Handshake();
  void MakeSession();
  void ReadAll();
  void Flush();
  void UpdateInterest();
  void FinishWrites(bool delivered);
  // -1: would block; 0: closed; otherwise bytes.
  int64_t Receive(char* buffer, size_t size);
  int64_t Transmit(std::string_view bytes);

  EventLoop* const loop_;
  NetStats* const stats_;
  SSL* ssl_;
  SessionFactory factory_;
  const std::string peer_;

  int fd_;
  bool handshaking_;
  bool peer_closed_ = false;
  bool close_after_flush_ = false;
  bool tls_wants_write_ = false;
  uint32_t interest_ = 0;
  std::unique_ptr<Session> session_;

  std::string out_;
  size_t out_sent_ = 0;        // of out_
  uint64_t total_queued_ = 0;  // bytes ever given to Write()
  uint64_t total_sent_ = 0;
  std::deque<std::pair<uint64_t, std::function<void(bool)>>> on_written_;  // by the offset that must have been sent
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_NET_CONNECTION_H_
