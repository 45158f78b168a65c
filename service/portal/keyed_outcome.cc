#include "service/portal/keyed_outcome.h"

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "service/base/error.h"
#include "service/base/seal.h"
#include "service/base/strings.h"

namespace imbot::portal {

using base::Error;
using storage::KeyRecord;

namespace {

constexpr std::string_view kSealContext = "keyed_outcome";

std::string Bytes(const std::array<uint8_t, 32>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Every record under a key of its own, made from the stable secret: random nonces under one key would run out where
// every message has a record (seal.h).
base::Sealer SealerUnder(std::string_view key, base::Random& random) {
  const std::string hex = absl::BytesToHexString({key.data(), key.size()});
  return {*base::SealKey::Parse(hex), {}, random};  // 64 digits are always a key
}

KeyedOutcome NotKept() {
  return {Error(absl::StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE",
                "an earlier call with this idempotency key was executed, but its response was too large to keep for a "
                "repeat: read what it changed, on the portal")
              .SetOutcome(base::Outcome::kExecuted)
              .Build(),
          ""};
}

}  // namespace

KeyedOutcomes::KeyedOutcomes(const base::Secret& secret, base::Random& random)
    // Other things are made from the same secret.
    : secret_(Bytes(base::HmacSha256(secret.Reveal(), "idempotency keys"))), random_(random) {}

std::string KeyedOutcomes::Hmac(std::string_view purpose, std::string_view data) const {
  return Bytes(base::HmacSha256(secret_.Reveal(), base::StrCat(purpose, ":", data)));
}

std::string KeyedOutcomes::KeyOf(const KeyedRequest& request) const {
  std::string name;
  // Lengths keep the parts apart.
  for (const std::string_view part : {request.caller, request.portal, request.bot, request.key})
    base::StrAppend(&name, part.size(), ":", part);
  return Hmac("name", name);
}

std::string KeyedOutcomes::DigestOf(const KeyedRequest& request) const {
  return Hmac("request", base::StrCat(request.method.size(), ":", request.method, request.body));
}

void KeyedOutcomes::Seal(const KeyedOutcome& outcome, KeyRecord* record) const {
  record->state = outcome.status.ok() ? KeyRecord::State::kDone : KeyRecord::State::kFailed;
  std::string bytes = outcome.status.ok() ? outcome.response : base::ToRpcStatus(outcome.status).SerializeAsString();
  record->sealed_outcome.clear();
  if (bytes.size() > kMostBytes && !outcome.status.ok()) {
    google::rpc::Status shorter = base::ToRpcStatus(outcome.status);
    shorter.set_message("the error's text was too long to keep");
    bytes = shorter.SerializeAsString();
  }
  if (bytes.size() > kMostBytes) return;
  record->sealed_outcome =
      SealerUnder(Hmac("seal", record->key), random_).Seal(base::Secret(std::move(bytes)), kSealContext);
}

KeyedOutcome KeyedOutcomes::Open(const KeyRecord& record) const {
  const bool done = record.state == KeyRecord::State::kDone;
  if (record.sealed_outcome.empty()) return NotKept();
  const auto bytes = SealerUnder(Hmac("seal", record.key), random_).Open(record.sealed_outcome, kSealContext);
  google::rpc::Status failed;
  if (!bytes.ok() || (!done && !failed.ParseFromString(std::string(bytes->Reveal())))) {
    return {Error(absl::StatusCode::kUnavailable, "STORAGE_FAILED",
                  "the gateway can't read what it stored of an earlier call with this idempotency key; nothing was "
                  "sent now. The operator has to look at the storage")
                .SetOutcome(done ? base::Outcome::kExecuted : base::Outcome::kUnknown)
                .Build(),
            ""};
  }
  if (done) return {absl::OkStatus(), std::string(bytes->Reveal())};
  return {base::FromRpcStatus(failed), ""};
}

}  // namespace imbot::portal
