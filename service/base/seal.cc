#include "service/base/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "absl/strings/escaping.h"
#include "service/base/secret_file.h"
#include "service/base/strings.h"

namespace imbot::base {
namespace {

constexpr size_t kKeySize = 32;
constexpr char kVersion = 1;
constexpr size_t kKeyIdSize = 4;
constexpr size_t kNonceSize = 12;
constexpr size_t kTagSize = 16;
constexpr size_t kHeaderSize = 1 + kKeyIdSize;
constexpr size_t kOverhead = kHeaderSize + kNonceSize + kTagSize;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
uint8_t* Bytes(char* text) {
  return reinterpret_cast<uint8_t*>(text);
}
int Size(std::string_view text) {
  return static_cast<int>(text.size());
}

std::string_view View(const std::array<uint8_t, 32>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string ToBase64(std::string_view bytes) {
  return absl::Base64Escape({bytes.data(), bytes.size()});
}
std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape({text.data(), text.size()}, &bytes)) return std::nullopt;
  return bytes;
}
std::string ToHex(std::string_view bytes) {
  return absl::BytesToHexString({bytes.data(), bytes.size()});
}
std::string FromHex(std::string_view digits) {
  return absl::HexStringToBytes({digits.data(), digits.size()});
}

// What OpenSSL can only fail at when memory is short or the library is broken.
void OrDie(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "imbot-gateway: OpenSSL failed at %s\n", what);
  std::abort();
}

// Both directions begin alike: key, nonce, and the authenticated header and context.
CipherContext Begin(const SealKey& key, std::string_view nonce, std::string_view header, std::string_view context,
                    int encrypt) {
  CipherContext cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  OrDie(cipher != nullptr &&
            EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key.bytes()), Bytes(nonce), encrypt) == 1,
        "EVP_CipherInit_ex");
  int length = 0;
  for (const std::string_view part : {header, context}) {
    OrDie(EVP_CipherUpdate(cipher.get(), nullptr, &length, Bytes(part), Size(part)) == 1, "EVP_CipherUpdate");
  }
  return cipher;
}

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(StrCat("a sealed secret can't be opened: ", what));
}

}  // namespace

absl::StatusOr<SealKey> SealKey::Parse(std::string_view text) {
  const bool hex = text.size() == 2 * kKeySize && text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
  std::string bytes = hex ? FromHex(text) : FromBase64(text).value_or("");
  if (bytes.size() != kKeySize) {
    return absl::InvalidArgumentError(
        "a seal key is 32 bytes in base64 or 64 hex digits: `openssl rand -base64 32` makes one");
  }
  std::string id = Sha256Hex(bytes).substr(0, 2 * kKeyIdSize);
  return SealKey(Secret(std::move(bytes)), std::move(id));
}

absl::StatusOr<SealKey> LoadSealKey(const std::string& path, KeyFileMode mode) {
  auto file = ReadSecretFile(path);
  if (!file.ok()) return file.status();
  if (mode == KeyFileMode::kPrivate && (file->group_readable || file->world_readable)) {
    return absl::PermissionDeniedError(
        StrCat(path, ": others than its owner may read this seal key; run chmod 600 on it"));
  }
  auto key = SealKey::Parse(file->text.Reveal());
  if (!key.ok()) return absl::InvalidArgumentError(StrCat(path, ": ", std::string(key.status().message())));
  return key;
}

Sealer::Sealer(SealKey primary, std::vector<SealKey> others, Random& random)
    : keys_([&] {
        std::vector<SealKey> keys;
        keys.push_back(std::move(primary));
        for (SealKey& key : others) keys.push_back(std::move(key));
        return keys;
      }()),
      random_(random) {}

std::string Sealer::Seal(const Secret& secret, std::string_view context) const {
  const std::string_view plain = secret.Reveal();
  std::string out(kOverhead + plain.size(), '\0');
  out[0] = kVersion;
  const std::string id = FromHex(keys_.front().id());
  std::memcpy(out.data() + 1, id.data(), kKeyIdSize);
  char* const nonce = out.data() + kHeaderSize;
  random_.Fill(std::span(Bytes(nonce), kNonceSize));

  const CipherContext cipher =
      Begin(keys_.front(), {nonce, kNonceSize}, std::string_view(out).substr(0, kHeaderSize), context, /*encrypt=*/1);
  char* const text = nonce + kNonceSize;
  int length = 0;
  OrDie(EVP_CipherUpdate(cipher.get(), Bytes(text), &length, Bytes(plain), Size(plain)) == 1, "EVP_CipherUpdate");
  OrDie(EVP_CipherFinal_ex(cipher.get(), Bytes(text) + length, &length) == 1, "EVP_CipherFinal_ex");
  OrDie(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, text + plain.size()) == 1,
        "EVP_CTRL_GCM_GET_TAG");
  return ToBase64(out);
}

absl::StatusOr<Secret> Sealer::Open(std::string_view sealed, std::string_view context) const {
  const std::string raw = FromBase64(sealed).value_or("");
  if (raw.size() < kOverhead) return Damaged("it is cut off or not base64");
  if (raw[0] != kVersion) return Damaged("its version is not one that this release knows");
  const std::string id = ToHex(std::string_view(raw).substr(1, kKeyIdSize));
  const SealKey* key = nullptr;
  for (const SealKey& candidate : keys_) {
    if (candidate.id() == id) key = &candidate;
  }
  if (key == nullptr) {
    return Damaged(
        StrCat("it was sealed under key ", id, ", which is not among the configured seal keys; add that key file"));
  }

  const std::string_view view(raw);
  const CipherContext cipher =
      Begin(*key, view.substr(kHeaderSize, kNonceSize), view.substr(0, kHeaderSize), context, /*encrypt=*/0);
  const size_t size = raw.size() - kOverhead;
  std::string plain(size, '\0');
  int length = 0;
  OrDie(EVP_CipherUpdate(cipher.get(), Bytes(plain.data()), &length, Bytes(view) + kHeaderSize + kNonceSize,
                         static_cast<int>(size)) == 1,
        "EVP_CipherUpdate");
  char tag[kTagSize];
  raw.copy(tag, kTagSize, raw.size() - kTagSize);
  OrDie(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag) == 1, "EVP_CTRL_GCM_SET_TAG");
  Secret secret(std::move(plain));  // Wiped, should the tag not fit.
  uint8_t rest[kTagSize];
  if (EVP_CipherFinal_ex(cipher.get(), rest, &length) != 1) {
    return Damaged(StrCat("it was changed, or it does not belong to \"", context, "\""));
  }
  return secret;
}

bool Sealer::NeedsResealing(std::string_view sealed) const {
  const std::string raw = FromBase64(sealed).value_or("");
  if (raw.size() < kOverhead) return false;
  return ToHex(std::string_view(raw).substr(1, kKeyIdSize)) != keys_.front().id();
}

std::array<uint8_t, 32> Sha256(std::string_view data) {
  std::array<uint8_t, 32> digest;
  SHA256(Bytes(data), data.size(), digest.data());
  return digest;
}

std::string Sha256Hex(std::string_view data) {
  return ToHex(View(Sha256(data)));
}

std::array<uint8_t, 32> HmacSha256(std::string_view key, std::string_view data) {
  std::array<uint8_t, 32> digest;
  unsigned length = 0;
  OrDie(HMAC(EVP_sha256(), key.data(), Size(key), Bytes(data), data.size(), digest.data(), &length) != nullptr, "HMAC");
  return digest;
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace imbot::base
