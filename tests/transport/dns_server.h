// A name server on loopback, on a free UDP port, that says what the test tells it.
#ifndef IMBOT_TESTS_TRANSPORT_DNS_SERVER_H_
#define IMBOT_TESTS_TRANSPORT_DNS_SERVER_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace imbot::transport {

class DnsServer {
 public:
  struct Record {
    enum class Type : uint16_t { kA = 1, kCname = 5, kAaaa = 28 };
    Type type;
    std::string value;  // an address or a name
    uint32_t ttl;
  };

  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // "127.0.0.1:port"
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void Set(const std::string& name, std::vector<Record> records);
  // Questions for it are never answered.
  void Hang(const std::string& name);
  // Questions for it are answered with SERVFAIL.
  void Break(const std::string& name);
  // Questions for A records of it, so far.
  int asked(const std::string& name) const;
  std::vector<std::string> names() const;

 private:
  void Run();
  std::string Answer(const std::string& question);

  int socket_ = -1;
  int stop_[2] = {-1, -1};
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Record>> records_;
  std::map<std::string, bool> hanging_;
  std::map<std::string, bool> broken_;
  std::map<std::string, int> asked_;
  std::thread thread_;
};

}  // namespace imbot::transport

#endif  // IMBOT_TESTS_TRANSPORT_DNS_SERVER_H_
