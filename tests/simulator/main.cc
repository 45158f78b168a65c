// imbot_simulator: a Bitrix24 portal on loopback. See README.md beside this file.

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "tests/simulator/php/json.h"
#include "tests/simulator/simulator.h"

namespace {

constexpr char kUsage[] =
    "imbot_simulator: a Bitrix24 portal on 127.0.0.1, with real state, a ledger and faults.\n"
    "  --http-port=N --https-port=N --control-port=N   0 (the default) takes any free port\n"
    "  --tls-cert=FILE --tls-key=FILE                  instead of a certificate authority of its own\n"
    "  --tls-dir=DIR                                   where the generated ca.pem, cert.pem and key.pem go\n"
    "  --tls-fault=wrong-name|expired|unknown-ca       what is wrong with the certificate it makes\n"
    "  --http2=on|off                                  offer HTTP/2 on the HTTPS port (on)\n"
    "  --delay-ms=N --per-command-ms=N                 time a request and a method take\n"
    "  --per-command-max-ms=N                          with it a method takes between the two\n"
    "  --bucket=N --bucket-leak=N                      requests that a source address may send at once, and per "
    "second\n"
    "                                                  after that (0: no limit; a standard portal has 50 and 2)\n"
    "  --operating-limit-ms=N                          what one method's calls may take in ten minutes (0: no limit)\n"
    "  --operating-ignored-ms=N --operating-cost-ms=N  calls up to this are not counted (100); billed instead of the "
    "time\n"
    "  --operating-bills-batch=on|off                  a batch's time is billed to `batch`, not to its methods (off)\n"
    "  --documented-statuses=on|off                    statuses of the documentation for refused credentials (off)\n"
    "  --bucket-per-source=on|off                      a bucket for each source address, not one per portal (on)\n"
    "  --v2-any-case=on|off                            imbot.v2.* and im.v2.* are found in any case (off)\n"
    "  --sticky-errors=on|off                          in a batch, an error's code may be an earlier one's (off)\n"
    "  --request-limit-ms=N                            the front answers 504 after that time (0: never)\n"
    "  --refuse-batch-whole=on|off                     a bad command refuses its whole batch, 400 or 405 (off)\n"
    "  --behaviour=source|docs                         where server source and documentation conflict (source)\n"
    "  --revision=N                                    the REST revision to tell (36); below 35 a bot's appId leaks\n"
    "  --open-chats=on|off                             bots are members of the fixture's chats (on)\n"
    "  --local-handlers=on|off                         accept handler URLs such as http://localhost/ (on)\n"
    "  --require-https=on|off                          refuse plain HTTP as a real portal does (off)\n"
    "  --operating=on|off                              `operating` in `time` (on)\n"
    "  --default-webhook=on|off                        /rest/1/simulator/ exists (on)\n"
    "  --ledger-limit=N --received-limit=N             calls and raw requests kept (500000, 1000)\n"
    "  --exit-with-stdin                               stop when stdin is closed\n";

using simulator::SimulatorOptions;

struct Flags {
  SimulatorOptions options;
  bool exit_with_stdin = false;
};

bool ParseNumber(std::string_view text, long long* number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), *number);
  return !text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && *number >= 0;
}

bool ParseSwitch(std::string_view text, bool* on) {
  *on = text == "on";
  return *on || text == "off";
}

// Each flag's reader; false for a value that is no good.
std::map<std::string, std::function<bool(std::string_view)>> Readers(Flags* flags) {
  SimulatorOptions& options = flags->options;
  const auto number = [](auto* target) {
    return [target](std::string_view text) {
      long long value = 0;
      if (!ParseNumber(text, &value)) return false;
      *target = static_cast<std::remove_reference_t<decltype(*target)>>(value);
      return true;
    };
  };
  const auto toggle = [](bool* target) {
    return [target](std::string_view text) { return ParseSwitch(text, target); };
  };
  const auto text = [](std::string* target) {
    return [target](std::string_view value) {
      *target = std::string(value);
      return !value.empty();
    };
  };
  return {
      {"http-port", number(&options.http_port)},
      {"https-port", number(&options.https_port)},
      {"control-port", number(&options.control_port)},
      {"tls-cert", text(&options.tls_cert)},
      {"tls-key", text(&options.tls_key)},
      {"tls-dir", text(&options.tls_dir)},
      {"tls-fault",
       [&options](std::string_view value) {
         using simulator::TlsFault;
         options.tls_fault = value == "wrong-name" ? TlsFault::kWrongName
                             : value == "expired"  ? TlsFault::kExpired
                                                   : TlsFault::kUnknownCa;
         return options.tls_fault != TlsFault::kUnknownCa || value == "unknown-ca";
       }},
      {"http2", toggle(&options.http2)},
      {"delay-ms", number(&options.portal.delay)},
      {"per-command-ms", number(&options.portal.per_command)},
      {"per-command-max-ms", number(&options.portal.per_command_max)},
      {"bucket", number(&options.portal.bucket)},
      {"bucket-leak",
       [&options](std::string_view value) {
         char* end = nullptr;
         const std::string copy(value);
         options.portal.bucket_leak = std::strtod(copy.c_str(), &end);
         return end == copy.c_str() + copy.size() && options.portal.bucket_leak > 0;
       }},
      {"operating-limit-ms", number(&options.portal.operating_limit)},
      {"operating-ignored-ms", number(&options.portal.operating_ignored)},
      {"operating-cost-ms", number(&options.portal.operating_cost)},
      {"operating-bills-batch", toggle(&options.portal.operating_bills_batch)},
      {"documented-statuses", toggle(&options.portal.documented_statuses)},
      {"bucket-per-source", toggle(&options.portal.bucket_per_source)},
      {"v2-any-case", toggle(&options.portal.v2_any_case)},
      {"sticky-errors", toggle(&options.portal.sticky_errors)},
      {"request-limit-ms", number(&options.portal.request_limit)},
      {"refuse-batch-whole", toggle(&options.portal.refuse_batch_whole)},
      {"behaviour",
       [&options](std::string_view value) {
         options.portal.behave_as_documented = value == "docs";
         return value == "docs" || value == "source";
       }},
      {"revision", number(&options.portal.revision)},
      {"open-chats", toggle(&options.portal.open_chats)},
      {"local-handlers", toggle(&options.portal.local_handlers)},
      {"require-https", toggle(&options.portal.require_https)},
      {"operating", toggle(&options.portal.operating)},
      {"default-webhook", toggle(&options.portal.default_webhook)},
      {"ledger-limit", number(&options.portal.ledger_limit)},
      {"received-limit", number(&options.portal.received_limit)},
      {"exit-with-stdin",
       [flags](std::string_view value) {
         flags->exit_with_stdin = value.empty() || value == "on";
         return true;
       }},
  };
}

bool ParseFlags(int argc, char** argv, Flags* flags) {
  const auto readers = Readers(flags);
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help") return false;
    if (argument.substr(0, 2) != "--") {
      std::fprintf(stderr, "imbot_simulator: '%s' is no flag\n", argv[i]);
      return false;
    }
    argument.remove_prefix(2);
    const size_t equals = argument.find('=');
    const auto reader = readers.find(std::string(argument.substr(0, equals)));
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : argument.substr(equals + 1);
    if (reader == readers.end() || !reader->second(value)) {
      std::fprintf(stderr, "imbot_simulator: %s '%s'\n", reader == readers.end() ? "unknown flag" : "bad value in",
                   argv[i]);
      return false;
    }
  }
  return true;
}

// Until SIGTERM or SIGINT, or the end of stdin if that is asked for.
void WaitForTheEnd(const sigset_t& signals, bool exit_with_stdin) {
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
  pollfd waiting[2] = {{signal_fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  for (;;) {
    if (poll(waiting, exit_with_stdin ? 2 : 1, -1) < 0) continue;
    if (waiting[0].revents != 0) break;
    if (waiting[1].revents != 0) {
      char ignored[256];
      if (read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0) break;
    }
  }
  close(signal_fd);
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  if (!ParseFlags(argc, argv, &flags)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  // One thread does nearly all the work and keeps nearly all of it. An arena of its own would grow page by page.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TOP_PAD, 16 << 20);
  // Blocked before any thread starts, so that only WaitForTheEnd sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  std::string error;
  const std::unique_ptr<simulator::Simulator> running = simulator::Simulator::Start(flags.options, &error);
  if (running == nullptr) {
    std::fprintf(stderr, "imbot_simulator: %s\n", error.c_str());
    return 1;
  }
  const simulator::SimulatorPorts& ports = running->ports();
  simulator::Json line = simulator::Json::object();
  line["http_port"] = ports.http;
  line["https_port"] = ports.https;
  line["control_port"] = ports.control;
  line["ca"] = ports.ca;
  line["pid"] = getpid();
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);

  WaitForTheEnd(signals, flags.exit_with_stdin);
  running->Stop();
  return 0;
}
