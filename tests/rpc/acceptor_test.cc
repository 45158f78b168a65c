#include "service/rpc/acceptor.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/base/mutex.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

using base::FileDescriptor;
using rpc::Acceptor;
using rpc::Connections;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Whose reading gives up after a while.
FileDescriptor NewSocket() {
  FileDescriptor made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval wait{.tv_sec = 10, .tv_usec = 0};
  setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  return made;
}

void ConnectTo(const FileDescriptor& socket, int port) {
  const sockaddr_in address = Loopback(port);
  ASSERT_EQ(connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

// As the other side sees it.
std::string OwnUri(const FileDescriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return rpc::PeerUri(address);
}

void WaitUntil(const std::function<bool()>& holds) {
  for (int i = 0; i < 10'000 && !holds(); ++i) std::this_thread::sleep_for(milliseconds(1));
  ASSERT_TRUE(holds());
}

class AcceptorTest : public ::testing::Test {
 protected:
  AcceptorTest() {
    port_ = acceptor_
                .Listen("127.0.0.1:0",
                        [this](FileDescriptor socket) {
                          base::MutexLock lock(mutex_);
                          given_.push_back(std::move(socket));
                        })
                .value();
  }
  // The next one.
  FileDescriptor Given() {
    FileDescriptor socket;
    WaitUntil([&] {
      base::MutexLock lock(mutex_);
      if (given_.empty()) return socket.ok();
      socket = std::move(given_.back());
      given_.pop_back();
      return true;
    });
    return socket;
  }

  const std::shared_ptr<Connections> connections_ = std::make_shared<Connections>();
  base::Mutex mutex_;
  std::vector<FileDescriptor> given_;
  Acceptor acceptor_{connections_, milliseconds(20'000)};
  int port_ = 0;
};

TEST_F(AcceptorTest, GivesAwayWhoConnectsAndKnowsTheConnection) {
  const FileDescriptor early = NewSocket(), late = NewSocket();
  ConnectTo(early, port_);
  EXPECT_EQ(connections_->size(), 0u) << "nobody is accepted before the start";
  acceptor_.Start();
  const FileDescriptor first = Given();
  ConnectTo(late, port_);
  const FileDescriptor second = Given();
  EXPECT_EQ(send(second.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(recv(late.get(), &byte, 1, 0), 1);
  for (const FileDescriptor* socket : {&early, &late}) EXPECT_NE(connections_->Find(OwnUri(*socket)), nullptr);
  EXPECT_EQ(connections_->size(), 2u);
}

TEST_F(AcceptorTest, SetsWhatGrpcExpectsOfASocket) {
  acceptor_.Start();
  const FileDescriptor caller = NewSocket();
  ConnectTo(caller, port_);
  const FileDescriptor given = Given();
  const auto option = [&](int which) {
    int value = 0;
    socklen_t size = sizeof value;
    getsockopt(given.get(), IPPROTO_TCP, which, &value, &size);
    return value;
  };
  EXPECT_EQ(option(TCP_NODELAY), 1);
  EXPECT_EQ(option(TCP_USER_TIMEOUT), 20'000);
  char byte = 0;
  EXPECT_EQ(recv(given.get(), &byte, 1, 0), -1) << "a socket that blocks would wait here";
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(AcceptorTest, ForgetsAConnectionThatTheCallerEnds) {
  acceptor_.Start();
  FileDescriptor caller = NewSocket();
  ConnectTo(caller, port_);
  const FileDescriptor given = Given();
  ASSERT_EQ(connections_->size(), 1u);
  caller.Close();
  WaitUntil([this] { return connections_->size() == 0; });
}

TEST_F(AcceptorTest, ForgetsAConnectionThatTheServerEnds) {
  acceptor_.Start();
  const FileDescriptor caller = NewSocket();
  ConnectTo(caller, port_);
  FileDescriptor given = Given();
  ASSERT_EQ(connections_->size(), 1u);
  shutdown(given.get(), SHUT_RDWR);
  given.Close();
  WaitUntil([this] { return connections_->size() == 0; });
  char byte = 0;
  EXPECT_EQ(recv(caller.get(), &byte, 1, 0), 0) << "the caller sees the end";
}

TEST_F(AcceptorTest, TakesNobodyOnceItHasStopped) {
  acceptor_.Start();
  acceptor_.Stop();
  const FileDescriptor caller = NewSocket();
  const sockaddr_in address = Loopback(port_);
  EXPECT_EQ(connect(caller.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
}

// UndefinedBehaviorSanitizer needs file descriptors itself, and finds fault with any object when there are none.
#ifndef __SANITIZE_ADDRESS__

// Takes every file descriptor that this process may have.
class Shortage {
 public:
  // `fd` is open.
  explicit Shortage(int fd) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &low);
    for (int copy = dup(fd); copy >= 0; copy = dup(fd)) taken_.emplace_back(copy);
    EXPECT_FALSE(taken_.empty());
  }
  ~Shortage() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<FileDescriptor> taken_;
};

TEST(AcceptorOfAServer, GoesOnAfterAShortageOfFileDescriptors) {
  Harness harness;
  harness.handler.Play(PlayedHandler::Echo);
  const FileDescriptor caller = NewSocket();
  {
    const Shortage shortage(caller.get());
    ConnectTo(caller, harness.server().ports()[0]);
    EXPECT_THAT(harness.WaitForLine("library_error"), HasSubstr("connections can't be accepted: Too many open files"));
  }
  char byte = 0;
  EXPECT_EQ(recv(caller.get(), &byte, 1, 0), 1) << "the server's HTTP/2 settings";
  EXPECT_TRUE(CallEcho(harness.Connect(), "x").status.ok());
  EXPECT_THAT(harness.Lines("library_error"), SizeIs(1));
}

#endif

// Segments with data that have arrived on this process's connections to `port`.
uint32_t SegmentsFrom(int port) {
  uint32_t segments = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  while (const dirent* entry = readdir(folder.get())) {
    const int fd = std::atoi(entry->d_name);
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || ntohs(peer.sin_port) != port) continue;
    tcp_info info{};
    size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) segments += info.tcpi_data_segs_in;
  }
  return segments;
}

class Gathering : public ::testing::Test {
 protected:
  static constexpr int kCalls = 20;

  Gathering() : harness_(OneThread()), channel_(harness_.Connect()) {
    for (int i = 0; i < kCalls; ++i) calls_.push_back(std::make_unique<PendingCall>(channel_, kEcho, ""));
    for (int i = 0; i < kCalls; ++i) held_.push_back(harness_.handler.TakeCall());
    before_ = SegmentsFrom(harness_.server().ports()[0]);
  }
  static HarnessOptions OneThread() {
    HarnessOptions options;
    options.completion_threads = 1;
    return options;
  }
  static void Answer(HeldCall& call) {
    call.reply.Answer(absl::OkStatus(), std::make_unique<imbot::test::v1::EchoResponse>(), {});
  }
  int Segments() { return static_cast<int>(SegmentsFrom(harness_.server().ports()[0]) - before_); }

  Harness harness_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::vector<std::unique_ptr<PendingCall>> calls_;
  std::vector<std::unique_ptr<HeldCall>> held_;
  uint32_t before_ = 0;
};

TEST_F(Gathering, SendsAnswersThatAreGivenTogetherTogether) {
  // One more call holds the completion thread up until all are answered.
  harness_.handler.Play([this](rpc::Call call, rpc::Reply reply) {
    std::thread([this] {
      for (const auto& held : held_) Answer(*held);
    }).join();
    return PlayedHandler::Echo(std::move(call), std::move(reply));
  });
  EXPECT_TRUE(CallEcho(channel_, "x").status.ok());
  for (const auto& call : calls_) EXPECT_TRUE(call->Wait().status.ok());
  EXPECT_LE(Segments(), kCalls / 2) << "two answers, and what HTTP/2 itself has to say";
}

TEST_F(Gathering, SendsAnAnswerThatIsAloneAtOnce) {
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    Answer(*held_[static_cast<size_t>(i)]);
    WaitUntil([&] { return Segments() > i; });
  }
  for (const auto& call : calls_) EXPECT_TRUE(call->Wait().status.ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(3)) << "the kernel keeps what is corked for 200 ms";
}

}  // namespace
}  // namespace imbot::rpc_test
