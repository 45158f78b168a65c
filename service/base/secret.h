// A text that must never be shown: a webhook URL, a botToken, a CLIENT_ID, a bearer token.
//
// It has no conversion to a string and no stream operator, so that it can't slip into a log line or an error by
// accident; whoever needs the bytes says so with Reveal(), which is easy to find. Copies are explicit. The memory is
// wiped on destruction.
#ifndef IMBOT_SERVICE_BASE_SECRET_H_
#define IMBOT_SERVICE_BASE_SECRET_H_

#include <string>
#include <string_view>
#include <utility>

namespace imbot::base {

// Thread-compatible.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  ~Secret() { Wipe(); }
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.Wipe(); }
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  Secret Copy() const { return Secret(text_); }
  bool empty() const { return text_.empty(); }
  // The bytes themselves. Only to send, to seal or to compare; never to log.
  std::string_view Reveal() const { return text_; }
  // Compares in time that depends on the lengths alone.
  bool Equals(std::string_view other) const;

 private:
  void Wipe() noexcept;

  std::string text_;
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_SECRET_H_
