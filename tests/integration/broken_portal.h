// A portal on loopback that does with its connections what a script says, down to the bytes: what the simulator, which
// speaks correct HTTP, can't do.
#ifndef IMBOT_TESTS_INTEGRATION_BROKEN_PORTAL_H_
#define IMBOT_TESTS_INTEGRATION_BROKEN_PORTAL_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/transport/test_server.h"

namespace imbot::testing {

class BrokenPortal {
 public:
  using Connection = transport::Connection;
  // On a connection's thread; the connection is closed when it returns. It calls Take for each request that the portal
  // carries out.
  using Script = std::function<void(BrokenPortal&, Connection&)>;

  BrokenPortal();

  int port() const { return server_->port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  void Play(Script script);
  // Waits until every connection has been closed, so that no later call is sent into one that is about to be.
  void AwaitIdle() const;
  // Requests that were carried out since the last Play.
  int executed() const;

  // Reads one whole request and carries it out; false if there is none.
  bool Take(Connection& connection);

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  int connections_ = 0;                   // under mutex_
  std::shared_ptr<const Script> script_;  // under mutex_
  int executed_ = 0;                      // under mutex_
  // Last: its threads end before the rest goes.
  std::unique_ptr<transport::TestServer> server_;
};

// A whole reply to a sent message, as a portal writes it.
std::string SentReply(int message_id);
// The same without a head.
std::string SentBody(int message_id);

// A port where nobody listens, for as long as it lives.
class RefusingPort {
 public:
  RefusingPort();
  ~RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;
  int port() const { return port_; }

 private:
  int socket_ = -1;
  int port_ = 0;
};

// A port whose backlog is full: connecting to it gets no answer.
class Blackhole {
 public:
  Blackhole();
  ~Blackhole();
  Blackhole(const Blackhole&) = delete;
  Blackhole& operator=(const Blackhole&) = delete;
  int port() const { return port_; }

 private:
  int socket_ = -1;
  int port_ = 0;
  std::vector<int> waiting_;
};

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_INTEGRATION_BROKEN_PORTAL_H_
