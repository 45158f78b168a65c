// Stable labels in place of secrets: whoever reads the ledger can tell equal secrets from different ones, and learns
// none.
#ifndef IMBOT_TESTS_SIMULATOR_REST_SECRETS_H_
#define IMBOT_TESTS_SIMULATOR_REST_SECRETS_H_

#include <string>
#include <string_view>

#include "tests/simulator/php/json.h"

namespace simulator {

// `secret:` and the first 8 hexadecimal digits of the SHA-256.
std::string SecretLabel(std::string_view secret);

// A webhook bot's handler URL carries its CLIENT_ID (`?CLIENT_ID=…`): the URL with the label in its place.
std::string WithoutSecretsInUrl(std::string_view url);

// Makes labels of such URLs, and of every value under a name that carries a secret (botToken, CLIENT_ID, auth, HASH and
// their spellings), at any depth.
void RemoveSecrets(Json* value);
// A copy that holds none.
Json WithoutSecrets(Json value);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_SECRETS_H_
