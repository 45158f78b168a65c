// Collects what is wrong with a configuration, with its places. For validate.cc and resolve.cc.
#ifndef IMBOT_SERVICE_CONFIG_FINDINGS_H_
#define IMBOT_SERVICE_CONFIG_FINDINGS_H_

#include <string>
#include <utility>
#include <vector>

#include "service/config/mistake.h"

namespace imbot::config {

// Thread-compatible.
struct Findings {
  PlaceMap places;
  std::vector<Mistake> mistakes;
  std::vector<Mistake> warnings;

  // Nothing is added where something is wrong already, or about what lies within: a value that could not be read is not
  // also missing.
  void Report(std::string path, std::string text) {
    for (const Mistake& known : mistakes) {
      const bool within =
          path.starts_with(known.path) &&
          (path.size() == known.path.size() || path[known.path.size()] == '.' || path[known.path.size()] == '[');
      if (within) return;
    }
    const Place place = places.Find(path);
    mistakes.push_back({std::move(path), place, std::move(text)});
  }
  void Warn(std::string path, std::string text) {
    const Place place = places.Find(path);
    warnings.push_back({std::move(path), place, std::move(text)});
  }
};

}  // namespace imbot::config

#endif  // IMBOT_SERVICE_CONFIG_FINDINGS_H_
