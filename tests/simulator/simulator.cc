#include "tests/simulator/simulator.h"

#include <pthread.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "tests/simulator/control/control.h"
#include "tests/simulator/net/event_loop.h"
#include "tests/simulator/net/listener.h"
#include "tests/simulator/net/tls.h"
#include "tests/simulator/rest/faults.h"
#include "tests/simulator/rest/ledger.h"
#include "tests/simulator/rest/portal.h"
#include "tests/simulator/rest/rest_server.h"

namespace simulator {

struct Simulator::Impl {
  explicit Impl(const SimulatorOptions& given) : options(given.portal), portals(&options, &clock), ledger(&options) {}

  ~Impl() {
    if (!temporary_directory.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(temporary_directory, ignored);
    }
  }

  bool Open(const SimulatorOptions& given, std::string* error);
  bool PrepareTls(const SimulatorOptions& given, std::string* error);

  // In the order in which they need each other; destroyed the other way round.
  PortalOptions options;
  PortalClock clock;
  Portals portals;
  Ledger ledger;
  Faults faults;
  NetStats portal_net;
  NetStats control_net;
  std::string temporary_directory;
  TlsFiles files;
  SslContext tls;
  std::unique_ptr<EventLoop> loop;
  std::unique_ptr<HeldCalls> held;
  std::unique_ptr<RestServer> server;
  std::unique_ptr<Control> control;
  std::shared_ptr<Listener> http;
  std::shared_ptr<Listener> https;
  std::shared_ptr<Listener> control_listener;
  SimulatorPorts ports;
  std::thread thread;
};

bool Simulator::Impl::PrepareTls(const SimulatorOptions& given, std::string* error) {
  if (given.tls_cert.empty() != given.tls_key.empty()) {
    *error = "a certificate needs its key, and a key its certificate";
    return false;
  }
  if (!given.tls_cert.empty()) {
    files = TlsFiles{given.tls_cert, given.tls_cert, given.tls_key};
  } else {
    std::string directory = given.tls_dir;
    std::error_code failure;
    if (directory.empty()) {
      std::string pattern = (std::filesystem::temp_directory_path(failure) / "imbot-simulator-XXXXXX").string();
      if (failure || mkdtemp(pattern.data()) == nullptr) {
        *error = "no temporary directory can be made";
        return false;
      }
      directory = temporary_directory = pattern;
    } else {
      std::filesystem::create_directories(directory, failure);
    }
    if (!GenerateCertificates(directory, given.tls_fault, &files, error)) return false;
  }
  tls = MakeServerContext(files, given.http2, error);
  return tls != nullptr;
}

bool Simulator::Impl::Open(const SimulatorOptions& given, std::string* error) {
  if (!PrepareTls(given, error)) return false;
  loop = EventLoop::Create();
  if (loop == nullptr) {
    *error = "no event loop";
    return false;
  }
  held = std::make_unique<HeldCalls>(loop.get());
  server = std::make_unique<RestServer>(loop.get(), &options, &clock, &portals, &ledger, &faults, held.get());
  control = std::make_unique<Control>(
      Control::Parts{&options, &clock, &portals, &ledger, &faults, held.get(), server.get(), &portal_net});
  Listener::Settings settings;
  settings.handler = server.get();
  settings.stats = &portal_net;
  settings.port = given.http_port;
  http = Listener::Open(loop.get(), settings, error);
  if (http == nullptr) return false;
  settings.port = given.https_port;
  settings.tls = tls.get();
  https = Listener::Open(loop.get(), settings, error);
  if (https == nullptr) return false;
  settings.port = given.control_port;
  settings.tls = nullptr;
  settings.handler = control.get();
  settings.stats = &control_net;
  control_listener = Listener::Open(loop.get(), settings, error);
  if (control_listener == nullptr) return false;
  ports = SimulatorPorts{http->port(), https->port(), control_listener->port(), files.ca};
  return true;
}

std::unique_ptr<Simulator> Simulator::Start(const SimulatorOptions& options, std::string* error) {
  auto impl = std::make_unique<Impl>(options);
  if (!impl->Open(options, error)) return nullptr;
  EventLoop* const loop = impl->loop.get();
  impl->thread = std::thread([loop] {
    // OpenSSL writes without MSG_NOSIGNAL: a client that has gone must not kill a process that this simulator is only a
    // guest in.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    loop->Run();
  });
  return std::unique_ptr<Simulator>(new Simulator(std::move(impl)));
}

Simulator::Simulator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Simulator::~Simulator() {
  Stop();
}

const SimulatorPorts& Simulator::ports() const {
  return impl_->ports;
}

void Simulator::Stop() {
  if (!impl_->thread.joinable()) return;
  impl_->loop->Stop();
  impl_->thread.join();
  // Nothing runs any more. What would resume a suspended call goes first, then the calls, then their connections with
  // the loop.
  impl_->loop->DropPending();
  impl_->held->Drop();
  impl_->server->DropAll();
  impl_->http->Close();
  impl_->https->Close();
  impl_->control_listener->Close();
}

}  // namespace simulator
