// Reads a configuration file: YAML, defaults, checks, secrets.
//
// Blocking: at start, and later on the thread that reloads.
#ifndef IMBOT_SERVICE_CONFIG_LOAD_H_
#define IMBOT_SERVICE_CONFIG_LOAD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/config/config.h"
#include "service/config/resolve.h"

namespace imbot::config {

struct LoadResult {
  std::shared_ptr<const Config> config;  // null if there are mistakes
  std::vector<Mistake> mistakes;         // all of them, in the order of the file
};

// Of the process.
Environment ProcessEnvironment();

LoadResult Read(const std::string& path, const Environment& environment = ProcessEnvironment());

// The same for who only needs to know whether it worked: INVALID_ARGUMENT, whose text has a line for each mistake.
absl::StatusOr<std::shared_ptr<const Config>> Load(const std::string& path,
                                                   const Environment& environment = ProcessEnvironment());

// What `--check-config` prints: "OK", or a line for each mistake; warnings before it. `good` says which.
std::string CheckReport(const std::string& path, bool* good, const Environment& environment = ProcessEnvironment());

}  // namespace imbot::config

#endif  // IMBOT_SERVICE_CONFIG_LOAD_H_
