// What is wrong in a configuration, said so that its author can mend it. Never repeats a value, which may be a secret
// in the wrong place.
#ifndef IMBOT_SERVICE_CONFIG_MISTAKE_H_
#define IMBOT_SERVICE_CONFIG_MISTAKE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace imbot::config {

// Where something stands in the file, both from 1. 0: nowhere.
struct Place {
  int line = 0;
  int column = 0;
};

struct Mistake {
  std::string path;  // `portals[2].webhook.code.file`; empty for the file as a whole
  Place place;
  std::string text;  // what is wrong and what to write

  // `gateway.yaml:12:5: portals[2].webhook.code.file: ...`
  std::string ToString(std::string_view file) const;
};

// By place. Stable.
void SortByPlace(std::vector<Mistake>* mistakes);

// Where each field that was read stands. Thread-compatible.
class PlaceMap {
 public:
  void Add(std::string path, Place place) { places_.insert_or_assign(std::move(path), place); }
  // The place of `path`; of what holds it, if it is not in the file; of the beginning, if nothing of it is.
  Place Find(std::string_view path) const;

 private:
  std::map<std::string, Place, std::less<>> places_;
};

// The candidate that was most likely meant by `word`; empty if none resembles it.
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace imbot::config

#endif  // IMBOT_SERVICE_CONFIG_MISTAKE_H_
