#include "tests/simulator/methods/v1_common.h"

#include <cstdint>
#include <string_view>

#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

constexpr uint32_t kMaxSide = 5000;

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// base64_decode without strict: foreign characters are skipped.
std::string Base64Decode(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const int value = Base64Value(c);
    if (value < 0) continue;
    bits = (bits << 6) | static_cast<uint32_t>(value);
    if (++count == 4) {
      out += static_cast<char>(bits >> 16);
      out += static_cast<char>(bits >> 8);
      out += static_cast<char>(bits);
      bits = 0;
      count = 0;
    }
  }
  if (count == 3) {
    out += static_cast<char>(bits >> 10);
    out += static_cast<char>(bits >> 2);
  } else if (count == 2) {
    out += static_cast<char>(bits >> 4);
  }
  return out;
}

uint32_t Byte(std::string_view data, size_t at) {
  return at < data.size() ? static_cast<unsigned char>(data[at]) : 0;
}
uint32_t Big32(std::string_view data, size_t at) {
  return Byte(data, at) << 24 | Byte(data, at + 1) << 16 | Byte(data, at + 2) << 8 | Byte(data, at + 3);
}
uint32_t Big16(std::string_view data, size_t at) {
  return Byte(data, at) << 8 | Byte(data, at + 1);
}
uint32_t Little16(std::string_view data, size_t at) {
  return Byte(data, at) | Byte(data, at + 1) << 8;
}

struct Size {
  uint32_t width = 0;
  uint32_t height = 0;
};

// From the first start-of-frame segment.
Size JpegSize(std::string_view data) {
  size_t at = 2;
  while (at + 9 < data.size() && Byte(data, at) == 0xFF) {
    const uint32_t marker = Byte(data, at + 1);
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
      return Size{Big16(data, at + 7), Big16(data, at + 5)};
    }
    at += 2 + Big16(data, at + 2);
  }
  return Size{};
}

std::optional<Size> ImageSize(std::string_view data) {
  if (data.substr(0, 8) == "\x89PNG\r\n\x1a\n") return Size{Big32(data, 16), Big32(data, 20)};
  if (data.substr(0, 4) == "GIF8") return Size{Little16(data, 6), Little16(data, 8)};
  if (data.substr(0, 2) == "BM") return Size{Little16(data, 18), Little16(data, 22)};
  if (data.substr(0, 3) == "\xFF\xD8\xFF") return JpegSize(data);
  return std::nullopt;
}

struct Url {
  std::string scheme;
  std::string host;
};

// parse_url's scheme and host.
Url ParseUrl(std::string_view url) {
  Url parsed;
  const size_t colon = url.find("://");
  if (colon == std::string_view::npos) return parsed;
  parsed.scheme = std::string(url.substr(0, colon));
  std::string_view rest = url.substr(colon + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const size_t at = rest.rfind('@');
  if (at != std::string_view::npos) rest = rest.substr(at + 1);
  parsed.host = std::string(rest.substr(0, rest.rfind(':') == std::string_view::npos ? rest.size() : rest.rfind(':')));
  return parsed;
}

}  // namespace

std::variant<V1Call, RestError> ReadV1(const Call& call) {
  V1Call v1;
  v1.params = UpperCaseKeys(call.params);
  if (!call.caller.client_id.empty()) {
    v1.owner = call.caller.client_id;
    return v1;
  }
  const Json* client_id = FindFilled(v1.params, "CLIENT_ID");
  if (client_id == nullptr) return RestError{"ACCESS_DENIED", "Access denied! Client ID not specified", 403};
  v1.custom_client_id = ToString(client_id);
  v1.owner = "custom" + v1.custom_client_id;
  return v1;
}

std::variant<Bot*, RestError> OwnBotV1(Portal& portal, const V1Call& v1) {
  Bot* const bot = portal.FindBot(ToInt(FindSet(v1.params, "BOT_ID")));
  if (bot == nullptr) return RestError{"BOT_ID_ERROR", "Bot not found"};
  if (bot->app_id != v1.owner) return RestError{"APP_ID_ERROR", "Bot was installed by another rest application"};
  return bot;
}

std::optional<std::string> HandlerProblem(const Portal& portal, const std::string& url) {
  const Url parsed = ParseUrl(url);
  const size_t dot = parsed.host.find('.');
  const bool dotted = dot != std::string::npos && dot > 0;
  if (parsed.host.empty() || (!dotted && !portal.options().local_handlers)) return "Wrong handler URL";
  if (parsed.scheme != "http" && parsed.scheme != "https") return "Unsupported handler protocol";
  return std::nullopt;
}

std::string BoundHandler(const V1Call& v1, const std::string& url) {
  if (v1.custom_client_id.empty()) return url;
  return url + (url.find('?') == std::string::npos ? "?" : "&") + "CLIENT_ID=" + v1.custom_client_id;
}

const Json* FindFilled(const Json& params, std::string_view key) {
  const Json* value = FindSet(params, key);
  return IsEmpty(value) ? nullptr : value;
}

bool IsYes(const Json& params, std::string_view key) {
  const Json* value = FindSet(params, key);
  return value != nullptr && LooseEquals(value, "Y");
}

Picture JudgePicture(const Json& value, size_t* bytes) {
  *bytes = 0;
  const Json* text = &value;
  if (const Json* data = FindSet(value, "fileData")) text = data;
  if (text->is_array()) text = text->empty() ? nullptr : &text->back();
  if (text == nullptr || !text->is_string()) return Picture::kNoImage;
  const std::string data = Base64Decode(text->get_ref<const std::string&>());
  const std::optional<Size> size = ImageSize(data);
  if (!size) return Picture::kNoImage;
  if (size->width == 0 || size->height == 0 || size->width > kMaxSide || size->height > kMaxSide)
    return Picture::kTooLarge;
  *bytes = data.size();
  return Picture::kGood;
}

Json StoredLang(const Json& lang) {
  Json stored = Json::array();
  if (!IsArray(lang)) return stored;
  for (const Json& item : lang) {
    if (FindFilled(item, "LANGUAGE_ID") == nullptr || FindSet(item, "TITLE") == nullptr) continue;
    Json entry = item;
    entry["LANGUAGE_ID"] = AsciiLower(ToString(FindSet(item, "LANGUAGE_ID")));
    stored.push_back(std::move(entry));
  }
  return stored;
}

}  // namespace simulator
