#include "tests/transport/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace imbot::transport {
namespace {

void Number16(std::string& out, uint32_t value) {
  out.push_back(static_cast<char>(value >> 8 & 0xff));
  out.push_back(static_cast<char>(value & 0xff));
}
void Number32(std::string& out, uint32_t value) {
  Number16(out, value >> 16);
  Number16(out, value & 0xffff);
}

void Name(std::string& out, const std::string& name) {
  size_t start = 0;
  while (start < name.size()) {
    const size_t end = std::min(name.find('.', start), name.size());
    out.push_back(static_cast<char>(end - start));
    out.append(name, start, end - start);
    start = end + 1;
  }
  out.push_back('\0');
}

}  // namespace

DnsServer::DnsServer() {
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || pipe(stop_) != 0) {
    throw std::runtime_error("can't listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

DnsServer::~DnsServer() {
  close(stop_[1]);
  thread_.join();
  close(stop_[0]);
  close(socket_);
}

void DnsServer::Set(const std::string& name, std::vector<Record> records) {
  const std::lock_guard lock(mutex_);
  records_[name] = std::move(records);
}
void DnsServer::Hang(const std::string& name) {
  const std::lock_guard lock(mutex_);
  hanging_[name] = true;
}
void DnsServer::Break(const std::string& name) {
  const std::lock_guard lock(mutex_);
  broken_[name] = true;
}
int DnsServer::asked(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}
std::vector<std::string> DnsServer::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, times] : asked_) names.push_back(name);
  return names;
}

void DnsServer::Run() {
  while (true) {
    pollfd fds[] = {{socket_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    poll(fds, 2, -1);
    if (fds[1].revents != 0) return;
    char data[1500];
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const ssize_t got = recvfrom(socket_, data, sizeof(data), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 17) continue;
    const std::string answer = Answer(std::string(data, static_cast<size_t>(got)));
    if (!answer.empty()) sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

// One question, whose name is not compressed, as all resolvers send it.
std::string DnsServer::Answer(const std::string& question) {
  std::string name;
  size_t at = 12;
  while (question[at] != '\0') {
    const auto length = static_cast<size_t>(question[at]);
    name += (name.empty() ? "" : ".") + question.substr(at + 1, length);
    at += 1 + length;
  }
  const uint32_t type = static_cast<uint32_t>(static_cast<unsigned char>(question[at + 1])) << 8 |
                        static_cast<unsigned char>(question[at + 2]);
  const size_t end = at + 5;

  const std::lock_guard lock(mutex_);
  if (type == 1) ++asked_[name];
  if (hanging_.contains(name)) return "";

  std::string records;
  uint32_t count = 0;
  std::string owner = name;
  const auto known = records_.find(name);
  if (known != records_.end()) {
    for (const Record& record : known->second) {
      if (record.type != Record::Type::kCname && static_cast<uint32_t>(record.type) != type) continue;
      Name(records, owner);
      Number16(records, static_cast<uint32_t>(record.type));
      Number16(records, 1);
      Number32(records, record.ttl);
      std::string value;
      if (record.type == Record::Type::kCname) {
        Name(value, record.value);
        owner = record.value;
      } else {
        const bool v4 = record.type == Record::Type::kA;
        value.resize(v4 ? 4 : 16);
        inet_pton(v4 ? AF_INET : AF_INET6, record.value.c_str(), value.data());
      }
      Number16(records, static_cast<uint32_t>(value.size()));
      records += value;
      ++count;
    }
  }
  const uint32_t code = broken_.contains(name) ? 2 : known == records_.end() ? 3 : 0;
  std::string answer = question.substr(0, 2);
  Number16(answer, 0x8180 | code);
  Number16(answer, 1);
  Number16(answer, count);
  Number32(answer, 0);
  return answer + question.substr(12, end - 12) + records;
}

}  // namespace imbot::transport
