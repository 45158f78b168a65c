#include "service/base/secret.h"

#include <openssl/crypto.h>

namespace imbot::base {

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    text_ = std::move(other.text_);
    other.Wipe();
  }
  return *this;
}

bool Secret::Equals(std::string_view other) const {
  return text_.size() == other.size() && CRYPTO_memcmp(text_.data(), other.data(), other.size()) == 0;
}

void Secret::Wipe() noexcept {
  // A moved-from short string keeps its bytes in place: wipe the capacity, not only the size.
  text_.resize(text_.capacity());
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

}  // namespace imbot::base
