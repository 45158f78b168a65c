#include "service/translate/result_reference.h"

#include <algorithm>
#include <cstddef>

namespace imbot::translate {
namespace {

// PCRE's `\s`, on bytes as the portal matches them.
constexpr std::string_view kSpaces = " \t\n\v\f\r";

bool StartsName(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

// `[`, something, `]` in a text without white space.
bool HoldsIndex(std::string_view run) {
  for (size_t open = run.find('['); open != run.npos; open = run.find('[', open + 1)) {
    const size_t close = run.find(']', open + 1);
    if (close == run.npos) return false;
    if (close > open + 1) return true;
  }
  return false;
}

}  // namespace

bool HoldsResultReference(std::string_view value) {
  for (size_t at = value.find('$'); at != value.npos; at = value.find('$', at)) {
    if (++at == value.size() || !StartsName(value[at])) continue;
    const size_t name = at++;
    const size_t end = std::min(value.find_first_of(kSpaces, at), value.size());
    // What a later `$` of the same run could find, this one finds.
    if (HoldsIndex(value.substr(name + 1, end - name - 1))) return true;
    at = end;
  }
  return false;
}

}  // namespace imbot::translate
