// Text that came from a portal, made fit to be shown to a caller.
//
// A portal quotes what it was sent: URLs with a webhook's code, tokens, whole variables. None of that may reach a
// status, a log or a trailer. What is known to be secret is replaced wherever it stands; what only looks like it is
// replaced too, since a wrong guess costs a word and a missed one costs a credential. Whoever sends this further may do
// so as it is. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_PORTAL_TEXT_H_
#define IMBOT_SERVICE_TRANSLATE_PORTAL_TEXT_H_

#include <span>
#include <string>
#include <string_view>

namespace imbot::translate {

struct PortalText {
  std::string text;
  bool withheld = false;  // there was a text, and none of it may be shown: a dump of variables, or far too long
};

// UTF-8 without control characters, in one line, without `secrets`, at most 512 characters (and 1,100 bytes, since a
// status travels in HTTP/2 headers of 8 KiB, percent-encoded).
PortalText CleanPortalText(std::string_view text, std::span<const std::string_view> secrets = {});

// `text` with every occurrence of a secret replaced, plain or percent-encoded, and nothing else changed: for data, not
// for messages.
std::string WithoutSecrets(std::string_view text, std::span<const std::string_view> secrets);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_PORTAL_TEXT_H_
