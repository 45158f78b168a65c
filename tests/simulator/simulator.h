// The whole simulator: portals, their HTTP and HTTPS ports, and the control port, on one thread of its own.
//
// For the program and for tests that want it in their own process. Start() returns with the ports open; Stop() and the
// destructor end the thread. Both are to be called by one thread.
#ifndef IMBOT_TESTS_SIMULATOR_SIMULATOR_H_
#define IMBOT_TESTS_SIMULATOR_SIMULATOR_H_

#include <memory>
#include <string>

#include "tests/simulator/net/tls.h"
#include "tests/simulator/rest/options.h"

namespace simulator {

struct SimulatorOptions {
  PortalOptions portal;
  int http_port = 0;  // 0: any free one
  int https_port = 0;
  int control_port = 0;
  bool http2 = true;
  std::string tls_cert;  // both or none; none: a certificate authority of its own is made
  std::string tls_key;
  TlsFault tls_fault = TlsFault::kNone;  // of the generated certificate
  std::string tls_dir;  // where the generated files go; empty: a temporary directory, removed at the end
};

struct SimulatorPorts {
  int http = 0;
  int https = 0;
  int control = 0;
  std::string ca;  // path of the certificate that clients must trust
};

class Simulator {
 public:
  // Null, with the reason in `error`, if a port or a certificate can't be had.
  static std::unique_ptr<Simulator> Start(const SimulatorOptions& options, std::string* error);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  const SimulatorPorts& ports() const;
  void Stop();

 private:
  struct Impl;
  explicit Simulator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_SIMULATOR_H_
