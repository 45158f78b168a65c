#include "tests/simulator/rest/secrets.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

// Lower case, without underscores.
constexpr std::array<std::string_view, 10> kSecretNames = {
    "bottoken", "clientid",     "auth",          "accesstoken", "refreshtoken",
    "hash",     "clientsecret", "authconnector", "ap",          "downloadurl"};
// What precedes the secret in a handler's URL.
constexpr std::string_view kUrlMark = "CLIENT_ID=";
// Beyond it a value is a file, and only its size and digest are kept.
constexpr size_t kMaxKept = 256 * 1024;

bool IsSecretName(std::string_view name) {
  // A chat application's APP_ID is a number, but a bot's appId in replies is its owner's key.
  if (name == "appId") return true;
  std::string plain = AsciiLower(name);
  plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
  return std::find(kSecretNames.begin(), kSecretNames.end(), plain) != kSecretNames.end();
}

}  // namespace

std::string SecretLabel(std::string_view secret) {
  // Most calls have the secret of the call before.
  thread_local std::string last, last_label;
  if (secret == last && !last_label.empty()) return last_label;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  constexpr char kHex[] = "0123456789abcdef";
  std::string label = "secret:";
  for (size_t i = 0; i < 4; ++i) {
    label += kHex[digest[i] >> 4];
    label += kHex[digest[i] & 15];
  }
  if (secret.size() <= kMaxKept) {
    last = secret;
    last_label = label;
  }
  return label;
}

std::string WithoutSecretsInUrl(std::string_view url) {
  const size_t mark = url.find(kUrlMark);
  if (mark == std::string_view::npos) return std::string(url);
  const size_t start = mark + kUrlMark.size();
  const std::string_view secret = url.substr(start, url.find('&', start) - start);
  return std::string(url.substr(0, start)) + SecretLabel(secret) + std::string(url.substr(start + secret.size()));
}

void RemoveSecrets(Json* value) {
  if (value->is_string()) {
    auto& text = value->get_ref<std::string&>();
    if (text.size() > kMaxKept) {
      text = "(" + std::to_string(text.size()) + " bytes, " + SecretLabel(text) + ")";
    } else if (text.find(kUrlMark) != text.npos) {
      text = WithoutSecretsInUrl(text);
    }
  } else if (value->is_array()) {
    for (Json& item : *value) RemoveSecrets(&item);
  } else if (value->is_object()) {
    for (auto it = value->begin(); it != value->end(); ++it) {
      // Only text can be a secret.
      if (it.value().is_string() && IsSecretName(it.key()) && !it.value().get_ref<const std::string&>().empty()) {
        it.value() = SecretLabel(it.value().get_ref<const std::string&>());
      } else {
        RemoveSecrets(&it.value());
      }
    }
  }
}

Json WithoutSecrets(Json value) {
  RemoveSecrets(&value);
  return value;
}

}  // namespace simulator
