#include "tests/integration/broken_portal.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace imbot::testing {
namespace {

// A socket bound to a free port of loopback.
std::pair<int, sockaddr_in> Bind() {
  const int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bound < 0 || bind(bound, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no port");
  }
  return {bound, address};
}

}  // namespace

BrokenPortal::BrokenPortal()
    : server_(transport::TestServer::Raw(
          [this](Connection& connection) {
            std::shared_ptr<const Script> script;
            {
              const std::lock_guard lock(mutex_);
              script = script_;
              ++connections_;
            }
            if (script != nullptr) (*script)(*this, connection);
            connection.Close();
            const std::lock_guard lock(mutex_);
            --connections_;
            ended_.notify_all();
          },
          {})) {}

void BrokenPortal::Play(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::make_shared<const Script>(std::move(script));
  executed_ = 0;
}

void BrokenPortal::AwaitIdle() const {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return connections_ == 0; });
}

int BrokenPortal::executed() const {
  const std::lock_guard lock(mutex_);
  return executed_;
}

bool BrokenPortal::Take(Connection& connection) {
  transport::HttpRequest request;
  if (!connection.ReadRequest(request)) return false;
  const std::lock_guard lock(mutex_);
  ++executed_;
  return true;
}

std::string SentBody(int message_id) {
  return R"({"result":{"id":)" + std::to_string(message_id) +
         R"(,"uuidMap":[]},"time":{"start":1790000000,"finish":1790000000.5,"duration":0.5,"processing":0,)"
         R"("date_start":"2026-09-21T12:00:00+03:00","date_finish":"2026-09-21T12:00:00+03:00"}})";
}

std::string SentReply(int message_id) {
  const std::string body = SentBody(message_id);
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

RefusingPort::RefusingPort() {
  const auto [bound, address] = Bind();
  socket_ = bound;
  port_ = ntohs(address.sin_port);
}

RefusingPort::~RefusingPort() {
  close(socket_);
}

Blackhole::Blackhole() {
  const auto [bound, address] = Bind();
  socket_ = bound;
  port_ = ntohs(address.sin_port);
  if (listen(socket_, 0) != 0) throw std::runtime_error("can't listen");
  // Until one is left waiting.
  for (int i = 0; i < 64; ++i) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    waiting_.push_back(client);
    connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    pollfd connected{client, POLLOUT, 0};
    if (poll(&connected, 1, 200) == 0) return;
  }
  throw std::runtime_error("the backlog does not fill up");
}

Blackhole::~Blackhole() {
  for (const int client : waiting_) close(client);
  close(socket_);
}

}  // namespace imbot::testing
