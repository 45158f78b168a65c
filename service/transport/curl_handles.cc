#include "service/transport/curl_handles.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace imbot::transport {

absl::Status InitCurl() {
  static const absl::Status status = [] {
    if (const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK) {
      return absl::InternalError(absl::StrCat("libcurl can't be initialised: ", curl_easy_strerror(code)));
    }
    const curl_version_info_data* version = curl_version_info(CURLVERSION_NOW);
    // PREREQFUNCTION, which keeps curl from sending a request twice, came with 7.80; the certificates' cache with 7.87.
    if (version->version_num < 0x075700) {
      return absl::FailedPreconditionError(absl::StrCat("libcurl ", version->version, " is too old: 7.87 is needed"));
    }
    if (version->ssl_version == nullptr ||
        std::string_view(version->ssl_version).find("OpenSSL") == std::string_view::npos) {
      return absl::FailedPreconditionError("libcurl must be built with OpenSSL");
    }
    return absl::OkStatus();
  }();
  return status;
}

EasyHandle HandlePool::Get() {
  if (idle_.empty()) {
    EasyHandle easy(curl_easy_init());
    if (easy != nullptr && !configure_(easy.get())) easy.reset();
    return easy;
  }
  EasyHandle easy = std::move(idle_.back());
  idle_.pop_back();
  return easy;
}

void HandlePool::Put(EasyHandle easy) {
  if (idle_.size() < kKept) idle_.push_back(std::move(easy));
}

TlsSessions::TlsSessions() : share_(curl_share_init()) {
  if (share_ != nullptr) curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}
TlsSessions::~TlsSessions() {
  if (share_ != nullptr) curl_share_cleanup(share_);
}

std::shared_ptr<TlsSessions> TlsSessionCache::For(const std::string& host) {
  if (const auto found = by_host_.find(host); found != by_host_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return by_use_.front().sessions;
  }
  if (by_use_.size() >= kKept) {
    by_host_.erase(by_use_.back().host);
    by_use_.pop_back();
  }
  by_use_.push_front(Item{host, std::make_shared<TlsSessions>()});
  by_host_.emplace(host, by_use_.begin());
  return by_use_.front().sessions;
}

}  // namespace imbot::transport
