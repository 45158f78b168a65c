// One connection through a chaos gate: two sockets, a pipe for each direction. Gate's thread only.
#ifndef IMBOT_TESTS_CHAOS_CONNECTION_H_
#define IMBOT_TESTS_CHAOS_CONNECTION_H_

#include <poll.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/chaos/gate.h"
#include "tests/chaos/schedule.h"

namespace imbot::chaos {

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  // Takes `client`; begins to connect to the server.
  Connection(int client, int server_port, const std::vector<Event>& events, Counters* counters);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool closed() const { return client_ < 0; }
  // What it waits for: two entries, client first; a negative descriptor where it waits for nothing.
  void Want(std::vector<pollfd>* polled) const;
  std::optional<Clock::time_point> WakeAt() const;
  // Does what can be done without waiting.
  void Advance(Clock::time_point now);
  void Release(Clock::time_point now);
  void Close(bool reset);

 private:
  // One direction.
  struct Pipe {
    Direction direction;
    std::vector<Event> events;  // the next one first
    std::string buffer;         // read, not yet passed on
    uint64_t passed = 0;        // bytes
    bool ended = false;         // nothing more will be read
    bool shut = false;          // the receiver was told so
    bool swallows = false;      // half-closed
    bool stalled = false;       // until Release()
    Clock::time_point blocked_until{};
    uint64_t bytes_a_second = 0;  // 0: any
    uint64_t to_corrupt = 0;
    uint64_t random = 0;
  };

  int Source(const Pipe& pipe) const { return pipe.direction == Direction::kToServer ? client_ : server_; }
  int Target(const Pipe& pipe) const { return pipe.direction == Direction::kToServer ? server_ : client_; }
  bool WantsToRead(const Pipe& pipe) const;
  bool WantsToWrite(const Pipe& pipe, Clock::time_point now) const;
  bool Blocked(const Pipe& pipe, Clock::time_point now) const { return pipe.stalled || now < pipe.blocked_until; }
  void Connect(Clock::time_point now);
  void Read(Pipe* pipe);
  void Write(Pipe* pipe, Clock::time_point now);
  // Whether the pipe goes on.
  bool Fire(Pipe* pipe, const Event& event, Clock::time_point now);

  Counters& counters_;
  int client_, server_ = -1;
  bool connected_ = false;
  Pipe pipes_[2];
};

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_CONNECTION_H_
