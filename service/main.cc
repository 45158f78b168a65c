// imbot-gateway: flags, configuration, run, exit code.

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "service/base/log.h"
#include "service/config/load.h"
#include "service/gateway.h"

namespace {

constexpr int kUsageError = 2;
constexpr int kCutOff = 3;  // calls were cut off by the end of the grace time, or by a second signal

constexpr char kUsage[] =
    "imbot-gateway: gRPC in front of Bitrix24's chat-bot REST API.\n"
    "  imbot-gateway --config=FILE          serve until SIGTERM; a second signal ends it at once\n"
    "  imbot-gateway --check-config FILE    report every mistake of a configuration with its place; 0 if there is "
    "none\n"
    "  imbot-gateway --version | --help\n"
    "Exit codes: 0 done; 1 wrong configuration, or not able to start; 2 wrong flags; 3 calls were cut off by a second "
    "signal.\n";

struct Flags {
  std::string config;
  bool check_only = false;
};

// The exit code instead, if there is nothing to run.
std::optional<int> ParseFlags(int argc, char** argv, Flags* flags) {
  enum { kConfig = 1, kCheck, kVersion, kHelp };
  const option options[] = {{"config", required_argument, nullptr, kConfig},
                            {"check-config", optional_argument, nullptr, kCheck},
                            {"version", no_argument, nullptr, kVersion},
                            {"help", no_argument, nullptr, kHelp},
                            {nullptr, 0, nullptr, 0}};
  for (int found; (found = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    switch (found) {
      case kConfig:
        flags->config = optarg;
        break;
      case kCheck:
        flags->check_only = true;
        if (optarg != nullptr) flags->config = optarg;
        break;
      case kVersion:
        std::puts("imbot-gateway " IMBOT_VERSION);
        return 0;
      case kHelp:
        std::fputs(kUsage, stdout);
        return 0;
      default:
        std::fputs(kUsage, stderr);
        return kUsageError;
    }
  }
  if (optind < argc && flags->config.empty()) flags->config = argv[optind++];
  if (!flags->config.empty() && optind == argc) return std::nullopt;
  std::fputs(kUsage, stderr);
  return kUsageError;
}

// A core file would hold every secret.
void ForbidCoreFiles() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)  // whose leak check attaches to the process at its end
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

// Each caller's connection takes two file descriptors. The soft limit is often 1024, for the sake of programs that use
// select().
void TakeAllFileDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Pieces of files are large and short-lived. By default glibc learns from the first one it frees to take all later ones
// from the heap, and each thread keeps a heap of its own: what is freed stays with the process.
void KeepLargeBlocksOffTheHeap() {
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

// Debian's Abseil is built with the search for deadlocks on, which enters each lock that gRPC takes beside another into
// one graph under one lock of its own.
void DontSearchForDeadlocks() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

imbot::base::Level LevelOf(imbot::gateway::v1::LogLevel level) {
  switch (level) {
    case imbot::gateway::v1::LOG_LEVEL_DEBUG:
      return imbot::base::Level::kDebug;
    case imbot::gateway::v1::LOG_LEVEL_WARNING:
      return imbot::base::Level::kWarning;
    case imbot::gateway::v1::LOG_LEVEL_ERROR:
      return imbot::base::Level::kError;
    default:
      return imbot::base::Level::kInfo;
  }
}

int Serve(const sigset_t& signals, std::shared_ptr<const imbot::config::Config> configuration,
          imbot::base::Logger& logger) {
  auto gateway = imbot::Gateway::Start(std::move(configuration), logger);
  if (!gateway.ok()) {
    const std::string why(gateway.status().message());
    logger.Log(imbot::base::Level::kError, "not_started", {{"error", why}});
    std::fprintf(stderr, "imbot-gateway: %s\n", why.c_str());
    return 1;
  }
  const auto ports = (*gateway)->grpc_ports();
  logger.Log(imbot::base::Level::kInfo, "serving",
             {{"grpc_port", ports.empty() ? 0 : ports[0]},
              {"http_port", (*gateway)->http_port()},
              {"admin_port", (*gateway)->admin_port()},
              {"pid", static_cast<int64_t>(getpid())}});
  int signal = 0;
  sigwait(&signals, &signal);
  logger.Log(imbot::base::Level::kInfo, "stopping", {{"signal", strsignal(signal)}});
  // Whoever signals again does not want to wait.
  std::thread([signals] {
    int again = 0;
    sigwait(&signals, &again);
    _exit(kCutOff);
  }).detach();
  const bool whole = (*gateway)->Stop();
  gateway->reset();
  logger.Log(imbot::base::Level::kInfo, "stopped", {{"calls_cut_off", !whole}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ForbidCoreFiles();
  TakeAllFileDescriptors();
  KeepLargeBlocksOffTheHeap();
  DontSearchForDeadlocks();
  Flags flags;
  if (const auto code = ParseFlags(argc, argv, &flags)) return *code;
  // Before any thread starts, so that they all inherit it and only sigwait sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  if (flags.check_only) {
    bool good = false;
    std::fputs(imbot::config::CheckReport(flags.config, &good).c_str(), good ? stdout : stderr);
    return good ? 0 : 1;
  }
  const auto configuration = imbot::config::Load(flags.config);
  if (!configuration.ok()) {
    std::fprintf(stderr, "%s\n", std::string(configuration.status().message()).c_str());
    return 1;
  }
  imbot::base::Logger logger(LevelOf((*configuration)->settings.log_level()));
  for (const std::string& warning : (*configuration)->warnings)
    logger.Log(imbot::base::Level::kWarning, "configuration", {{"warning", warning}});
  return Serve(signals, *configuration, logger);
}
