#include "service/base/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace imbot::base {
namespace {

class SystemRandom final : public Random {
 public:
  void Fill(std::span<uint8_t> out) override {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) == 1) return;
    std::fputs("imbot-gateway: the random number generator failed\n", stderr);
    std::abort();
  }
  // OpenSSL takes as long for 16 bytes as for a few hundred.
  void FillIdentifier(std::span<uint8_t> out) override {
    struct Drawn {
      std::array<uint8_t, 512> bytes;
      size_t used = sizeof(bytes);
    };
    thread_local Drawn drawn;
    if (out.size() > drawn.bytes.size()) return Fill(out);
    if (drawn.used + out.size() > drawn.bytes.size()) {
      Fill(drawn.bytes);
      drawn.used = 0;
    }
    std::copy_n(drawn.bytes.begin() + static_cast<std::ptrdiff_t>(drawn.used), out.size(), out.begin());
    drawn.used += out.size();
  }
};

// Two digits, in lower case.
void PutHex(uint8_t byte, char* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out[0] = kDigits[byte >> 4];
  out[1] = kDigits[byte & 15];
}

}  // namespace

Random& Random::System() {
  static SystemRandom random;
  return random;
}

std::string RequestId(Random& random) {
  std::array<uint8_t, 16> bytes;
  random.FillIdentifier(bytes);
  std::string text(2 * bytes.size(), '0');
  for (size_t i = 0; i < bytes.size(); ++i) PutHex(bytes[i], &text[2 * i]);
  return text;
}

std::string UuidV4(Random& random) {
  std::array<uint8_t, 16> bytes;
  random.FillIdentifier(bytes);
  return UuidV4From(bytes);
}

std::string UuidV4From(const std::array<uint8_t, 16>& bytes) {
  std::array<uint8_t, 16> marked = bytes;
  marked[6] = static_cast<uint8_t>((marked[6] & 0x0f) | 0x40);
  marked[8] = static_cast<uint8_t>((marked[8] & 0x3f) | 0x80);
  std::string text(36, '-');
  size_t at = 0;
  for (const uint8_t byte : marked) {
    if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
    PutHex(byte, &text[at]);
    at += 2;
  }
  return text;
}

Secret SecretToken(Random& random, size_t length) {
  static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // Bytes from 248 on are thrown away: 248 is the last multiple of 62, and a remainder would favour the first letters.
  constexpr uint8_t kLimit = 248;
  std::string text;
  text.reserve(length);
  std::array<uint8_t, 64> bytes;
  while (text.size() < length) {
    random.Fill(bytes);
    for (const uint8_t byte : bytes) {
      if (byte < kLimit && text.size() < length) text.push_back(kAlphabet[byte % kAlphabet.size()]);
    }
  }
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return Secret(std::move(text));
}

}  // namespace imbot::base
