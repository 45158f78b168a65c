// Lets every portal in, until a test says otherwise.
#ifndef IMBOT_TESTS_PORTAL_FAKE_CREDENTIALS_H_
#define IMBOT_TESTS_PORTAL_FAKE_CREDENTIALS_H_

#include <string>
#include <string_view>

#include "service/base/error.h"
#include "service/portal/credential_source.h"

namespace imbot::fakes {

class FakeCredentials final : public portal::CredentialSource {
 public:
  absl::StatusOr<base::Secret> UrlFor(std::string_view portal, std::string_view method) override {
    if (!available) {
      return base::Error(absl::StatusCode::kFailedPrecondition, "CREDENTIALS_UNAVAILABLE", "there is no webhook")
          .Build();
    }
    return base::Secret("https://" + std::string(portal) + ".example/rest/1/code/" + std::string(method));
  }

  bool available = true;
};

}  // namespace imbot::fakes

#endif  // IMBOT_TESTS_PORTAL_FAKE_CREDENTIALS_H_
