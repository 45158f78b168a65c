#include "service/transport/kept_sockets.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace imbot::transport {
namespace {

// Two ends of a connection over loopback.
class KeptSocketsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(listener_, 1), 0);
    ASSERT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    peer_port_ = ntohs(address.sin_port);
    own_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockets_.Opened(own_);
    EXPECT_FALSE(HasInput()) << "not connected yet";
    ASSERT_EQ(connect(own_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    peer_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    ASSERT_GE(peer_, 0);
    ASSERT_EQ(getsockname(own_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    own_port_ = ntohs(address.sin_port);
  }
  void TearDown() override {
    for (const int fd : {listener_, own_, peer_}) close(fd);
  }
  bool HasInput() { return sockets_.HasInput({"127.0.0.1", own_port_}, {"127.0.0.1", peer_port_}); }
  void AwaitInput() const {
    pollfd waiting{own_, POLLIN, 0};
    ASSERT_EQ(poll(&waiting, 1, 10'000), 1);
  }

  KeptSockets sockets_;
  int listener_ = -1, own_ = -1, peer_ = -1;
  int own_port_ = 0, peer_port_ = 0;
};

TEST_F(KeptSocketsTest, SeesWhatWaitsToBeRead) {
  EXPECT_FALSE(HasInput());
  ASSERT_EQ(send(peer_, "x", 1, MSG_NOSIGNAL), 1);
  AwaitInput();
  EXPECT_TRUE(HasInput());
  EXPECT_TRUE(HasInput()) << "looking takes nothing away";
  char byte = 0;
  ASSERT_EQ(recv(own_, &byte, 1, 0), 1);
  EXPECT_FALSE(HasInput());
}

TEST_F(KeptSocketsTest, SeesTheConnectionsEnd) {
  ASSERT_EQ(shutdown(peer_, SHUT_WR), 0);
  AwaitInput();
  EXPECT_TRUE(HasInput());
}

TEST_F(KeptSocketsTest, KnowsNothingOfOtherConnectionsAndOfClosedOnes) {
  ASSERT_EQ(send(peer_, "x", 1, MSG_NOSIGNAL), 1);
  AwaitInput();
  EXPECT_FALSE(sockets_.HasInput({"127.0.0.1", own_port_}, {"127.0.0.2", peer_port_}));
  EXPECT_FALSE(sockets_.HasInput({"", 0}, {"", 0}));
  EXPECT_EQ(sockets_.size(), 1u);
  sockets_.Closing(own_);
  EXPECT_EQ(sockets_.size(), 0u);
  EXPECT_FALSE(HasInput());
}

}  // namespace
}  // namespace imbot::transport
