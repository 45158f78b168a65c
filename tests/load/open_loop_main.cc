// The program around open_loop.h:
//
//   imbot_load_open_loop TARGET CALLERS_FILE RATE SECONDS DEADLINE_MS OUT_FILE [LABEL [PRIORITY [SEED]]]
//
// CALLERS_FILE has a line `BOT DIALOG [TOKEN]` for each caller. OUT_FILE gets a line for each call, tabs between:
// caller, number, start (microseconds since the first could start), time it took (microseconds), gRPC code, reason,
// outcome, RetryInfo (milliseconds, -1: none). Prints `begun UNIX_TIME` when it begins, `late MICROSECONDS` at the end:
// by how much the latest start missed its time.

#include <sys/time.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <sstream>

#include "tests/load/open_loop.h"

namespace {

using imbot::load::Caller;

std::vector<Caller> ReadCallers(const char* path) {
  std::vector<Caller> callers;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    Caller caller;
    std::istringstream(line) >> caller.bot >> caller.dialog >> caller.token;
    if (!caller.dialog.empty()) callers.push_back(std::move(caller));
  }
  return callers;
}

int Run(int argc, char** argv) {
  imbot::load::OpenLoopOptions options;
  options.target = argv[1];
  options.callers = ReadCallers(argv[2]);
  options.rate = std::atof(argv[3]);
  options.time = std::chrono::milliseconds(static_cast<int64_t>(std::atof(argv[4]) * 1'000));
  options.deadline = std::chrono::milliseconds(std::atoll(argv[5]));
  if (argc > 7) options.label = argv[7];
  if (argc > 8) options.priority = argv[8];
  if (argc > 9) options.seed = static_cast<unsigned>(std::atoi(argv[9]));
  if (options.callers.empty() || options.rate <= 0) return std::fprintf(stderr, "no callers, or no rate\n"), 2;

  timeval now{};
  gettimeofday(&now, nullptr);
  std::printf("begun %lld.%06ld\n", static_cast<long long>(now.tv_sec), static_cast<long>(now.tv_usec));
  std::fflush(stdout);
  std::chrono::microseconds late{};
  const auto all = imbot::load::RunOpenLoop(options, &late);
  std::ofstream out(argv[6]);
  for (const auto& sent : all) {
    out << sent.caller << '\t' << sent.number << '\t' << sent.started_at.count() << '\t' << sent.took.count() << '\t'
        << sent.code << '\t' << sent.reason << '\t' << sent.outcome << '\t' << sent.retry_after.count() << '\n';
  }
  std::printf("late %lld\n", static_cast<long long>(late.count()));
  return out.flush().good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) return std::fprintf(stderr, "usage: see the head of open_loop_main.cc\n"), 2;
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
