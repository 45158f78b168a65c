#include "service/config/mistake.h"

#include <algorithm>

#include "service/base/strings.h"

namespace imbot::config {
namespace {

// Insertions, deletions and replacements that lead from one to the other.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// `baseURL`, `base-url` and `Base_Url` are meant as `base_url`.
std::string Plain(std::string_view word) {
  std::string plain;
  for (const char c : word) {
    if (base::IsAlnum(c)) plain.push_back(base::ToLower(c));
  }
  return plain;
}

}  // namespace

std::string Mistake::ToString(std::string_view file) const {
  std::string out(file);
  if (place.line > 0) base::StrAppend(&out, ":", place.line, ":", place.column);
  if (!path.empty()) base::StrAppend(&out, ": ", path);
  base::StrAppend(&out, ": ", text);
  return out;
}

void SortByPlace(std::vector<Mistake>* mistakes) {
  std::stable_sort(mistakes->begin(), mistakes->end(), [](const Mistake& a, const Mistake& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
}

Place PlaceMap::Find(std::string_view path) const {
  for (;;) {
    if (const auto it = places_.find(path); it != places_.end()) return it->second;
    const size_t end = path.find_last_of(".[");
    if (end == path.npos) return {};
    path = path.substr(0, end);
  }
}

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr size_t kLongest =
      100;  // What is longer was not meant as any of them; the distance costs the product of the lengths.
  if (word.size() > kLongest) return {};
  const std::string plain = Plain(word);
  std::string_view best;
  size_t best_distance = 0;
  for (const std::string_view candidate : candidates) {
    const size_t distance = EditDistance(plain, Plain(candidate));
    const bool resembles = distance <= std::max<size_t>(1, std::min(word.size(), candidate.size()) / 3);
    if (resembles && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace imbot::config
