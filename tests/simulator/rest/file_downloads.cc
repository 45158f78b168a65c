#include "tests/simulator/rest/file_downloads.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "tests/simulator/php/base64.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/php/parse_str.h"
#include "tests/simulator/rest/auth.h"
#include "tests/simulator/rest/replies.h"

namespace simulator {
namespace {

constexpr char kMethod[] = "download";
constexpr char kDelimiter = '|';
constexpr char kHex[] = "0123456789abcdef";

std::string Hex(const unsigned char* bytes, size_t size) {
  std::string out;
  for (size_t i = 0; i < size; ++i) {
    out += kHex[bytes[i] >> 4];
    out += kHex[bytes[i] & 15];
  }
  return out;
}

// Valid for one portal and one credential.
std::string Sign(const Portal& portal, std::string_view credential, std::string_view text) {
  const std::string key = portal.name() + "\n" + std::string(credential);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &size);
  return Hex(digest.data(), size);
}

std::string UrlEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', AsciiUpper(std::string(1, kHex[byte >> 4]))[0], AsciiUpper(std::string(1, kHex[byte & 15]))[0]};
    }
  }
  return out;
}

// The parameters that a token signs, with its scope under `scope`; empty if it was tampered with.
std::optional<Json> ReadToken(const Portal& portal, std::string_view credential, const std::string& token) {
  const size_t last = token.rfind(kDelimiter);
  const size_t first = token.find(kDelimiter);
  if (last == std::string::npos || first == last) return std::nullopt;
  if (Sign(portal, credential, token.substr(0, last)) != token.substr(last + 1)) return std::nullopt;
  const std::optional<std::string> query = Base64DecodeStrict(token.substr(first + 1, last - first - 1));
  if (!query) return std::nullopt;
  Json params = ParseStr(*query);
  params["scope"] = token.substr(0, first);
  return params;
}

HttpResponse FileReply(const StoredFile& file) {
  HttpResponse response;
  response.headers = {{"Server", "nginx"},
                      {"Content-Type", "application/octet-stream"},
                      {"Content-Disposition", "attachment; filename*=utf-8''" + UrlEncode(file.name)},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = file.content;
  return response;
}

}  // namespace

std::string FileDownloads::Link(const Portal& portal, const Caller& caller, std::string_view scope, int64_t file_id) {
  std::array<unsigned char, 16> salt{};
  RAND_bytes(salt.data(), static_cast<int>(salt.size()));
  const std::string query = "id=" + std::to_string(file_id) + "&_=" + Hex(salt.data(), salt.size());
  const std::string text = std::string(scope) + kDelimiter + Base64Encode(query);
  std::string address = caller.origin + "/rest/";
  std::string credential;
  // The page shows a link that carries nothing but the token.
  if (!portal.options().behave_as_documented) {
    if (caller.kind == Caller::Kind::kWebhook) {
      credential = caller.webhook_code;
      address += std::to_string(caller.user_id) + "/" + credential + "/";
    } else {
      credential = caller.access_token;
    }
  }
  address += std::string(kMethod) + ".json?";
  if (!credential.empty() && caller.kind == Caller::Kind::kOAuth) address += "auth=" + UrlEncode(credential) + "&";
  return address + "token=" + UrlEncode(text + kDelimiter + Sign(portal, credential, text));
}

bool FileDownloads::Answer(const Portal& portal, const RestRequest& request, const HttpRequest& http, ReplySink* sink) {
  if (!request.link_token || request.method != kMethod) return false;
  const PortalOptions& options = portal.options();
  const size_t question = http.target.find('?');
  const Json query =
      question == std::string::npos ? Json::object() : ParseStr(std::string_view(http.target).substr(question + 1));
  const std::string credential = request.webhook_code.value_or(request.access_token.value_or(std::string()));
  const std::optional<Json> token = ReadToken(portal, credential, ToString(Find(query, "token")));
  if (!token) {
    sink->Send(ErrorReply(options, RestError{"ACCESS_DENIED", "Access denied! Link check failed", 403}), nullptr);
    return true;
  }
  if (!credential.empty() || !options.behave_as_documented) {
    const std::variant<Caller, RestError> caller =
        Authenticate(portal, request, http.tls, ToString(Find(*token, "scope")));
    if (const RestError* error = std::get_if<RestError>(&caller)) {
      sink->Send(ErrorReply(options, *error), nullptr);
      return true;
    }
  }
  const StoredFile* const file = portal.FindFile(ToInt(Find(*token, "id")));
  if (file == nullptr) {
    sink->Send(ErrorReply(options, RestError{"FILE_NOT_FOUND", "File not found"}), nullptr);
  } else {
    sink->Send(FileReply(*file), nullptr);
  }
  return true;
}

}  // namespace simulator
