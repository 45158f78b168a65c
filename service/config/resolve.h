// Reads what a configuration points to: secrets from files and environment, certificates, keys.
#ifndef IMBOT_SERVICE_CONFIG_RESOLVE_H_
#define IMBOT_SERVICE_CONFIG_RESOLVE_H_

#include <functional>
#include <string>

#include "service/config/config.h"
#include "service/config/findings.h"

namespace imbot::config {

// The value of an environment variable, null if it is not set.
using Environment = std::function<const char*(const char* name)>;

// Joins the paths of `config->settings` to `folder`, and fills the rest of `config`. Adds every mistake to `findings`;
// neither a path nor anything read is repeated in one, since either may be a secret in the wrong place.
void Resolve(const std::string& folder, const Environment& environment, Config* config, Findings* findings);

}  // namespace imbot::config

#endif  // IMBOT_SERVICE_CONFIG_RESOLVE_H_
