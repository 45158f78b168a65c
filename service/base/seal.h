// Sealing of secrets at rest, and the hashes the gateway needs.
//
// A sealed secret is base64 of: version (1 byte, 1), key id (4), nonce (12), AES-256-GCM ciphertext, tag (16). The
// version, the key id and the caller's context are authenticated with it, so that a record copied to another bot's row
// does not open. Nonces are random: one key seals at most 2^32 secrets (NIST SP 800-38D, 8.3), which no gateway
// reaches. Keys come from files (see LoadSealKey). Never writes one into an error or a log.
#ifndef IMBOT_SERVICE_BASE_SEAL_H_
#define IMBOT_SERVICE_BASE_SEAL_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/random.h"
#include "service/base/secret.h"

namespace imbot::base {

// A 256-bit key and its name. Move-only, since it holds a secret.
class SealKey {
 public:
  // `text`: 32 bytes as base64 or as 64 hex digits. INVALID_ARGUMENT for anything else.
  static absl::StatusOr<SealKey> Parse(std::string_view text);

  // The first 8 hex digits of the key's SHA-256: safe to show.
  const std::string& id() const { return id_; }
  std::string_view bytes() const { return bytes_.Reveal(); }
  SealKey Copy() const { return SealKey(bytes_.Copy(), id_); }

 private:
  SealKey(Secret bytes, std::string id) : bytes_(std::move(bytes)), id_(std::move(id)) {}

  Secret bytes_;
  std::string id_;
};

enum class KeyFileMode {
  kPrivate,  // refused if its group or others may read it
  kAny,      // the administrator said that it is as wanted: Kubernetes mounts secrets group readable
};
absl::StatusOr<SealKey> LoadSealKey(const std::string& path, KeyFileMode mode);

// Seals under one key, opens under several: rotation adds a new first key and keeps the old one until everything is
// sealed anew. Thread-safe.
class Sealer {
 public:
  // `others` are for opening only. `random` outlives the sealer.
  Sealer(SealKey primary, std::vector<SealKey> others, Random& random);

  // `context` says what the secret belongs to: `portal/name`. Opening needs the same.
  std::string Seal(const Secret& secret, std::string_view context) const;
  // DATA_LOSS if it was changed, cut, belongs to another context or was sealed under a key that is not here; the text
  // says which key.
  absl::StatusOr<Secret> Open(std::string_view sealed, std::string_view context) const;
  // Whether it was sealed under another key than the first: time to seal it anew.
  bool NeedsResealing(std::string_view sealed) const;

 private:
  const std::vector<SealKey> keys_;  // the first seals
  Random& random_;
};

std::array<uint8_t, 32> Sha256(std::string_view data);
std::string Sha256Hex(std::string_view data);  // 64 digits, lower case
std::array<uint8_t, 32> HmacSha256(std::string_view key, std::string_view data);
// In time that depends on the lengths alone.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_SEAL_H_
