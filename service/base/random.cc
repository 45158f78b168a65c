#include "service/base/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/escaping.h"

namespace imbot::base {
namespace {

class SystemRandom final : public Random {
 public:
  void Fill(std::span<uint8_t> out) override {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) == 1) return;
    std::fputs("imbot-gateway: the random number generator failed\n", stderr);
    std::abort();
  }
};

template <size_t N>
std::string Hex(const std::array<uint8_t, N>& bytes) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(bytes.data()), N});
}

}  // namespace

Random& Random::System() {
  static SystemRandom random;
  return random;
}

std::string RequestId(Random& random) {
  std::array<uint8_t, 16> bytes;
  random.Fill(bytes);
  return Hex(bytes);
}

std::string UuidV4(Random& random) {
  std::array<uint8_t, 16> bytes;
  random.Fill(bytes);
  return UuidV4From(bytes);
}

std::string UuidV4From(const std::array<uint8_t, 16>& bytes) {
  std::array<uint8_t, 16> marked = bytes;
  marked[6] = static_cast<uint8_t>((marked[6] & 0x0f) | 0x40);
  marked[8] = static_cast<uint8_t>((marked[8] & 0x3f) | 0x80);
  std::string text = Hex(marked);
  for (const size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
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
