// Random bytes and the identifiers made of them. Injected, so that tests know what comes out.
#ifndef IMBOT_SERVICE_BASE_RANDOM_H_
#define IMBOT_SERVICE_BASE_RANDOM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "service/base/secret.h"

namespace imbot::base {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(std::span<uint8_t> out) = 0;
  // For identifiers that are no secrets: may come from bytes that were drawn in advance. A process that forks would
  // draw the same on both sides; the gateway does not fork.
  virtual void FillIdentifier(std::span<uint8_t> out) { Fill(out); }

  // OpenSSL's generator, fit for secrets. A generator that fails ends the process: a secret that can be guessed is
  // worse than none.
  static Random& System();
};

// 128 random bits as 32 hex digits, lower case.
std::string RequestId(Random& random);

// RFC 4122 version 4, lower case: the only form in which a portal takes `templateId`.
std::string UuidV4(Random& random);
// The same from given bytes (of an HMAC), with version and variant set.
std::string UuidV4From(const std::array<uint8_t, 16>& bytes);

// A text of `length` characters of [0-9A-Za-z], each equally likely: 5.95 bits per character. Bitrix24 takes botToken
// and CLIENT_ID up to 40 characters, which is 238 bits.
Secret SecretToken(Random& random, size_t length = 40);

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_RANDOM_H_
