// The gate between two sockets of the test. What must not be waited for is waited for by poll, with an end.
#include "tests/chaos/gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace imbot::chaos {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLong{10'000};

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A blocking socket that gives up after kLong.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {
    const timeval limit{std::chrono::duration_cast<std::chrono::seconds>(kLong).count(), 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() { Close(); }

  static Socket Connect(int port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = Loopback(port);
    socket.error_ = connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
    return socket;
  }

  int fd() const { return fd_; }
  int connect_error() const { return error_; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  void Reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    Close();
  }
  void Send(const std::string& text) const {
    size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t count = send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      ASSERT_GT(count, 0) << errno;
      sent += static_cast<size_t>(count);
    }
  }
  void Finish() const { shutdown(fd_, SHUT_WR); }
  // Exactly so many bytes, or fewer if the end or an error comes first.
  std::string Receive(size_t size) {
    std::string text(size, '\0');
    size_t got = 0;
    while (got < size) {
      const ssize_t count = recv(fd_, text.data() + got, size - got, 0);
      if (count <= 0) {
        receive_error_ = count < 0 ? errno : 0;
        break;
      }
      got += static_cast<size_t>(count);
    }
    text.resize(got);
    return text;
  }
  // Until the end. 0, or the error that it ended with.
  std::string ReceiveAll(int* error) {
    receive_error_ = 0;
    std::string text = Receive(64 << 20);
    *error = receive_error_;
    return text;
  }

 private:
  int fd_;
  int error_ = 0;
  int receive_error_ = 0;
};

class Server {
 public:
  Server() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_.fd(), raw, sizeof(address)), 0);
    EXPECT_EQ(listen(listener_.fd(), 64), 0);
    EXPECT_EQ(getsockname(listener_.fd(), raw, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  int port() const { return port_; }
  Socket Accept() const { return Socket(accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC)); }
  void Close() { listener_.Close(); }

 private:
  Socket listener_;
  int port_ = 0;
};

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 131 + i / 251) & 0xFF);
  return text;
}

// A client, the server's end of its connection, and the gate between them.
class GateTest : public ::testing::Test {
 protected:
  void Start(const std::string& schedule) {
    gate_.emplace(server_.port(), ParseSchedule(schedule));
    Open();
  }
  void Open() {
    client_ = Socket::Connect(gate_->port());
    far_ = server_.Accept();
  }

  Server server_;
  std::optional<Gate> gate_;
  Socket client_{-1}, far_{-1};
};

TEST_F(GateTest, PassesBytesInBothDirections) {
  Start("");
  client_.Send("question");
  EXPECT_EQ(far_.Receive(8), "question");
  far_.Send("answer");
  EXPECT_EQ(client_.Receive(6), "answer");
  EXPECT_TRUE(
      gate_->WaitUntil([](const Counters& c) { return c.bytes_to_server == 8 && c.bytes_to_client == 6; }, kLong));
  EXPECT_EQ(gate_->counters().open, 1u);
}

TEST_F(GateTest, PassesAMegabyteBothWaysAtOnceUnchanged) {
  Start("");
  const std::string up = Pattern(1 << 20), down = Pattern((1 << 20) + 17);
  std::thread sender([&] { client_.Send(up), client_.Finish(); });
  std::thread answerer([&] { far_.Send(down), far_.Finish(); });
  std::string received;
  std::thread receiver([&] {
    int ended = 0;
    received = far_.ReceiveAll(&ended);
  });
  int error = -1;
  EXPECT_TRUE(client_.ReceiveAll(&error) == down);
  EXPECT_EQ(error, 0);
  sender.join(), answerer.join(), receiver.join();
  EXPECT_TRUE(received == up);
  EXPECT_TRUE(gate_->WaitUntil([](const Counters& c) { return c.open == 0; }, kLong)) << ToString(gate_->counters());
}

TEST_F(GateTest, PassesAnEndInOneDirectionAlone) {
  Start("");
  client_.Send("q");
  client_.Finish();
  int error = -1;
  EXPECT_EQ(far_.ReceiveAll(&error), "q");
  EXPECT_EQ(error, 0);
  far_.Send("late answer");
  EXPECT_EQ(client_.Receive(11), "late answer");
}

TEST_F(GateTest, PassesAReset) {
  Start("");
  client_.Send("q");
  EXPECT_EQ(far_.Receive(1), "q");
  far_.Reset();
  int error = 0;
  client_.ReceiveAll(&error);
  EXPECT_EQ(error, ECONNRESET);
}

TEST_F(GateTest, CutsBeforeTheByte) {
  Start("connection 1 to-client at 5 cut");
  far_.Send("answer");
  int error = -1;
  EXPECT_EQ(client_.ReceiveAll(&error), "answe");
  EXPECT_EQ(error, 0);
  EXPECT_EQ(gate_->counters().cuts, 1u);
}

TEST_F(GateTest, ResetsBothSidesBeforeTheByte) {
  Start("connection 1 to-client at 3 reset");
  far_.Send("answer");
  int error = 0;
  EXPECT_EQ(client_.ReceiveAll(&error), "ans");
  EXPECT_EQ(error, ECONNRESET);
  far_.ReceiveAll(&error);
  EXPECT_EQ(error, ECONNRESET);
  EXPECT_EQ(gate_->counters().resets, 1u);
}

TEST_F(GateTest, DoesNothingAtAByteThatNeverComes) {
  Start("connection 1 to-client at 0 reset\nconnection 1 to-server at 9 reset");
  client_.Send("question");  // 8 bytes
  EXPECT_EQ(far_.Receive(8), "question");
  EXPECT_EQ(gate_->counters().resets, 0u);
  far_.Send("a");
  int error = 0;
  EXPECT_EQ(client_.ReceiveAll(&error), "");
  EXPECT_EQ(error, ECONNRESET);
}

TEST_F(GateTest, TouchesOnlyTheConnectionsOfTheRule) {
  Start("connection 2 to-server at 0 cut");
  client_.Send("x");
  EXPECT_EQ(far_.Receive(1), "x");
  Open();
  client_.Send("x");
  int error = -1;
  EXPECT_EQ(far_.ReceiveAll(&error), "");
  Open();
  client_.Send("x");
  EXPECT_EQ(far_.Receive(1), "x");
}

TEST_F(GateTest, DelaysOneDirection) {
  Start("connection 1 to-server at 2 delay 100ms");
  const auto start = Clock::now();
  client_.Send("question");
  EXPECT_EQ(far_.Receive(2), "qu");
  far_.Send("a");
  EXPECT_EQ(client_.Receive(1), "a");  // the other way is open meanwhile
  EXPECT_EQ(far_.Receive(6), "estion");
  EXPECT_GE(Clock::now() - start, milliseconds(100));
  EXPECT_EQ(gate_->counters().delays, 1u);
}

TEST_F(GateTest, ThrottlesFromAPlaceOn) {
  Start("connection 1 to-client at 0 throttle 100000");
  const std::string answer = Pattern(20'000);
  const auto start = Clock::now();
  far_.Send(answer);
  EXPECT_TRUE(client_.Receive(answer.size()) == answer);
  // 200 ms, but for the last piece, which is not waited for.
  EXPECT_GE(Clock::now() - start, milliseconds(180));
  EXPECT_EQ(gate_->counters().throttles, 1u);
}

TEST_F(GateTest, ChangesSoManyBytesAndNoOthers) {
  const std::string sent = Pattern(1000);
  std::string first;
  for (int run = 0; run < 2; ++run) {
    Start("seed 5\nconnection 1 to-client at 100 corrupt 7");
    far_.Send(sent);
    const std::string got = client_.Receive(sent.size());
    ASSERT_EQ(got.size(), sent.size());
    for (size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(got[i] != sent[i], i >= 100 && i < 107) << i;
    EXPECT_TRUE(gate_->WaitUntil([](const Counters& c) { return c.corrupted_bytes == 7; }, kLong));
    if (run == 0) first = got;
    EXPECT_TRUE(got == first) << "the seed decides";
    gate_.reset();
  }
}

TEST_F(GateTest, StopsReadingUntilReleased) {
  Start("connection 1 to-client at 10 stall");
  // More than the buffers of all the sockets hold.
  const std::string piece = Pattern(64 << 10);
  const int flags = fcntl(far_.fd(), F_GETFL);
  fcntl(far_.fd(), F_SETFL, flags | O_NONBLOCK);
  size_t sent = 0;
  constexpr size_t kMost = 64 << 20;
  pollfd writable{far_.fd(), POLLOUT, 0};
  while (sent < kMost && poll(&writable, 1, 300) == 1) {
    const ssize_t count = send(far_.fd(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<size_t>(count);
  }
  EXPECT_LT(sent, kMost) << "the sender felt nothing";
  EXPECT_EQ(client_.Receive(10).size(), 10u);
  EXPECT_EQ(gate_->counters().bytes_to_client, 10u);
  gate_->Release();
  EXPECT_EQ(client_.Receive(sent - 10).size(), sent - 10);
  EXPECT_EQ(gate_->counters().stalls, 1u);
}

TEST_F(GateTest, HalfCloses) {
  Start("connection 1 to-client at 2 half-close");
  far_.Send("answer");
  int error = -1;
  EXPECT_EQ(client_.ReceiveAll(&error), "an");
  EXPECT_EQ(error, 0);
  client_.Send("more");
  EXPECT_EQ(far_.Receive(4), "more") << "the other direction goes on";
  far_.Send("swallowed");
  EXPECT_EQ(gate_->counters().half_closes, 1u);
}

TEST_F(GateTest, RefusesByNumber) {
  Start("connection 2 refuse");
  Socket second = Socket::Connect(gate_->port());
  int error = 0;
  EXPECT_EQ(second.ReceiveAll(&error), "");
  EXPECT_EQ(error, ECONNRESET);
  Open();  // the server's next connection is the third one's
  client_.Send("x");
  EXPECT_EQ(far_.Receive(1), "x");
  EXPECT_EQ(gate_->counters().refused, 1u);
  EXPECT_EQ(gate_->counters().connections, 3u);
}

TEST_F(GateTest, CanStopListeningAndListenAgainOnTheSamePort) {
  Start("");
  const int port = gate_->port();
  gate_->Listen(false);
  EXPECT_EQ(Socket::Connect(port).connect_error(), ECONNREFUSED);
  client_.Send("x");
  EXPECT_EQ(far_.Receive(1), "x") << "open connections stay";
  gate_->Listen(true);
  EXPECT_EQ(gate_->port(), port);
  Open();
  client_.Send("y");
  EXPECT_EQ(far_.Receive(1), "y");
}

TEST_F(GateTest, ResetsWhoeverComesWhenTheServerIsGone) {
  Start("");
  server_.Close();
  Socket second = Socket::Connect(gate_->port());
  int error = 0;
  second.ReceiveAll(&error);
  EXPECT_EQ(error, ECONNRESET);
  EXPECT_TRUE(gate_->WaitUntil([](const Counters& c) { return c.unreachable == 1; }, kLong));
}

TEST_F(GateTest, ResetsEverythingOpenAndTakesANewSchedule) {
  Start("");
  gate_->ResetAll();
  int error = 0;
  client_.ReceiveAll(&error);
  EXPECT_EQ(error, ECONNRESET);
  gate_->SetSchedule(ParseSchedule("connection 1 to-server at 0 cut"));
  Open();
  client_.Send("x");
  EXPECT_EQ(far_.ReceiveAll(&error), "") << "counted from 1 again";
  EXPECT_EQ(gate_->counters().connections, 2u);
}

TEST_F(GateTest, LeavesNoDescriptorBehind) {
  const auto descriptors = [] {
    int count = 0;
    for (int fd = 0; fd < 1024; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
  };
  const int before = descriptors();
  Start("connection * to-client at 1 reset");
  for (int i = 0; i < 20; ++i) Open();
  far_.Close(), client_.Close();
  gate_.reset();
  EXPECT_EQ(descriptors(), before);
}

}  // namespace
}  // namespace imbot::chaos
