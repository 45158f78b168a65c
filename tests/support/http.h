// One HTTP exchange with a server on loopback. Throws std::runtime_error if there is no reply.
#ifndef IMBOT_TESTS_SUPPORT_HTTP_H_
#define IMBOT_TESTS_SUPPORT_HTTP_H_

#include <string>

namespace imbot::testing {

struct HttpReply {
  int status = 0;
  std::string body;
};

HttpReply Http(const std::string& verb, int port, const std::string& target, const std::string& body = "");

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_SUPPORT_HTTP_H_
