#include "service/rpc/connections.h"

#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

#include <chrono>
#include <cstring>

namespace imbot::rpc {
namespace {

using base::FileDescriptor;

// Of a host in digits.
sockaddr_storage Address(const char* host, const char* port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  EXPECT_EQ(getaddrinfo(host, port, &hints, &found), 0) << host;
  sockaddr_storage out{};
  if (found != nullptr) std::memcpy(&out, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return out;
}

TEST(PeerUri, WritesAddressesAsGrpcDoes) {
  EXPECT_EQ(PeerUri(Address("192.0.2.1", "4711")), "ipv4:192.0.2.1:4711");
  EXPECT_EQ(PeerUri(Address("2001:db8::1", "4711")), "ipv6:%5B2001:db8::1%5D:4711");
  EXPECT_EQ(PeerUri(Address("::ffff:192.0.2.1", "4711")), "ipv4:192.0.2.1:4711");
  sockaddr_storage link_local = Address("fe80::1", "4711");
  reinterpret_cast<sockaddr_in6*>(&link_local)->sin6_scope_id = 2;
  EXPECT_EQ(PeerUri(link_local), "ipv6:%5Bfe80::1%252%5D:4711");
  EXPECT_EQ(PeerUri({}), "");
}

TEST(Connections, FindsWhatIsOpen) {
  Connections connections;
  const auto first = std::make_shared<Connection>(FileDescriptor());
  connections.Add("ipv4:192.0.2.1:4711", first);
  EXPECT_EQ(connections.Find("ipv4:192.0.2.1:4711"), first);
  EXPECT_EQ(connections.Find("ipv4:192.0.2.1:4712"), nullptr);
  connections.Remove("ipv4:192.0.2.1:4711", *first);
  EXPECT_EQ(connections.Find("ipv4:192.0.2.1:4711"), nullptr);
  EXPECT_EQ(connections.size(), 0u);
}

TEST(Connections, KeepsTheNextOneOfAPeerWhenTheEndOfTheFormerIsHeardOf) {
  Connections connections;
  const auto former = std::make_shared<Connection>(FileDescriptor()),
             next = std::make_shared<Connection>(FileDescriptor());
  connections.Add("ipv4:192.0.2.1:4711", former);
  connections.Add("ipv4:192.0.2.1:4711", next);
  connections.Remove("ipv4:192.0.2.1:4711", *former);
  EXPECT_EQ(connections.Find("ipv4:192.0.2.1:4711"), next);
}

// Both ends of a connection over loopback.
class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    const FileDescriptor listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage address = Address("127.0.0.1", "0");
    socklen_t size = sizeof(sockaddr_in);
    EXPECT_EQ(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listening.get(), 1), 0);
    getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size);
    caller_ = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(caller_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    server_ = FileDescriptor(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    connection_ = std::make_shared<Connection>(FileDescriptor(dup(server_.get())));
  }
  void Write(const std::string& text) const {
    EXPECT_EQ(send(server_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  // What has arrived within `wait`.
  std::string Read(std::chrono::milliseconds wait) const {
    pollfd readable{.fd = caller_.get(), .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, static_cast<int>(wait.count())) <= 0) return "";
    char buffer[100];
    return {buffer, static_cast<size_t>(recv(caller_.get(), buffer, sizeof buffer, 0))};
  }

  FileDescriptor caller_, server_;
  std::shared_ptr<Connection> connection_;
};

constexpr std::chrono::milliseconds kNow{20}, kInTime{10'000}, kCorkHolds{150};

TEST_F(ConnectionTest, GathersWhatIsWrittenWhileItIsCorked) {
  // Again where this thread was held up for so long that the kernel's patience may have ended.
  std::chrono::steady_clock::duration took;
  std::string early;
  do {
    const auto begun = std::chrono::steady_clock::now();
    connection_->Cork();
    Write("one ");
    Write("two");
    early = Read(kNow);
    took = std::chrono::steady_clock::now() - begun;
    connection_->Uncork();
    EXPECT_EQ(early.empty() ? Read(kInTime) : early, "one two");
  } while (took > kCorkHolds);
  EXPECT_EQ(early, "");
  Write("three");
  EXPECT_EQ(Read(kInTime), "three") << "as before";
}

TEST_F(ConnectionTest, TakesNoHarmWhenItHasEnded) {
  caller_.Close();
  server_.Close();
  connection_->Cork();
  connection_->Uncork();
}

}  // namespace
}  // namespace imbot::rpc
