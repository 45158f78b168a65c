// Checks a configuration as a whole: names, references, addresses, ranges, and what would be unsafe. Pure: reads no
// file and no environment (that is resolve.h's part).
#ifndef IMBOT_SERVICE_CONFIG_VALIDATE_H_
#define IMBOT_SERVICE_CONFIG_VALIDATE_H_

#include "service/config/config.h"
#include "service/config/findings.h"

namespace imbot::config {

// Fills in what was left out, as the comments of config.proto say.
void ApplyDefaults(Settings* settings);

// REQUIRES: defaults are filled in. Adds every mistake, and warnings, to `findings`.
void Validate(const Settings& settings, Findings* findings);

}  // namespace imbot::config

#endif  // IMBOT_SERVICE_CONFIG_VALIDATE_H_
