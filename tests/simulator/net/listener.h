// Accepts connections on one loopback port and gives each a session for the protocol it speaks.
//
// Owned by Simulator; loop thread only after construction. Listens on 127.0.0.1 alone: the simulator never serves a
// network.
#ifndef IMBOT_TESTS_SIMULATOR_NET_LISTENER_H_
#define IMBOT_TESTS_SIMULATOR_NET_LISTENER_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/simulator/net/connection.h"
#include "tests/simulator/net/event_loop.h"
#include "tests/simulator/net/http_types.h"

namespace simulator {

class Listener final : public FdHandler, public std::enable_shared_from_this<Listener> {
 public:
  struct Settings {
    int port = 0;            // 0: any free one
    SSL_CTX* tls = nullptr;  // null: plain
    HttpHandler* handler = nullptr;
    NetStats* stats = nullptr;
    size_t max_body = 256U * 1024 * 1024;
  };

  // Null, with the reason in `error`, if the port can't be had.
  static std::shared_ptr<Listener> Open(EventLoop* loop, const Settings& settings, std::string* error);
  ~Listener() override;

  void OnEvents(uint32_t events) override;
  void Close();
  int port() const { return port_; }

 private:
  Listener(EventLoop* loop, const Settings& settings, int fd, int port);
  void Accept(int fd);

  EventLoop* const loop_;
  const Settings settings_;
  const int port_;
  int fd_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_NET_LISTENER_H_
