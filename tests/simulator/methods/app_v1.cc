// imbot.app.*: pages api-reference/chats/outdated/create-app/.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/v1_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

constexpr size_t kMaxHash = 32;
constexpr int64_t kMinWidth = 250;
constexpr int64_t kMinHeight = 50;

bool IsCommandChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '+';
}

bool IsPhpSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The longest command with parameters in the text: a slash, then words of at least two characters in all, single spaces
// between.
std::optional<std::string> FindCommand(std::string_view text) {
  for (size_t slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/', slash + 1)) {
    size_t end = slash + 1;
    size_t letters = 0;
    while (end < text.size()) {
      if (IsCommandChar(text[end])) {
        ++end;
        ++letters;
      } else if (letters > 0 && IsPhpSpace(text[end]) && end + 1 < text.size() && IsCommandChar(text[end + 1])) {
        ++end;
      } else {
        break;
      }
    }
    if (letters >= 2) return std::string(text.substr(slash, end - slash));
  }
  return std::nullopt;
}

// Digits, spaces and + - ( ) # up to the end of the text.
std::optional<std::string> FindPhone(std::string_view text) {
  size_t start = text.size();
  while (start > 0 && std::string_view(" -0123456789+()#").find(text[start - 1]) != std::string_view::npos) --start;
  if (start == text.size()) return std::nullopt;
  return std::string(text.substr(start));
}

// The last 32 characters, if they are hexadecimal: an open channel's code.
std::optional<std::string> FindLineCode(std::string_view text) {
  if (text.size() < 32) return std::nullopt;
  const std::string_view code = text.substr(text.size() - 32);
  if (code.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) return std::nullopt;
  return std::string(code);
}

bool HasJsCommand(const Json& params) {
  const Json* method = FindSet(params, "JS_METHOD");
  constexpr std::array<std::string_view, 4> kMethods = {"PUT", "SEND", "CALL", "SUPPORT"};
  return std::any_of(kMethods.begin(), kMethods.end(),
                     [&](std::string_view name) { return StrictEquals(method, name); }) &&
         FindFilled(params, "JS_PARAM") != nullptr;
}

// The script that the portal stores; empty if the parameter has none of the allowed form.
std::string Script(const Json& params) {
  const std::string method = ToString(FindSet(params, "JS_METHOD"));
  const std::string param = ToString(FindSet(params, "JS_PARAM"));
  std::optional<std::string> found;
  std::string_view function;
  if (method == "SEND" || method == "PUT") {
    found = FindCommand(param);
    function = method == "SEND" ? "BXIM.sendMessage('" : "BXIM.putMessage('";
  } else if (method == "CALL") {
    found = FindPhone(param);
    function = "BXIM.phoneTo('";
  } else {
    found = FindLineCode(param);
    function = "BXIM.openMessenger('networkLines";
  }
  return found ? std::string(function) + *found + "');" : std::string();
}

bool IsHttps(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  return url.substr(0, kScheme.size()) == kScheme && url.size() > kScheme.size() && url[kScheme.size()] != '/';
}

// Stored ready for parameters to be appended.
std::string StoredFrame(const std::string& url) {
  return url + (url.find('?') == std::string::npos ? "?" : "&");
}

// At least the minimum, else as given (a string stays one).
Json AtLeast(const Json& value, int64_t minimum) {
  return ToInt(&value) > minimum ? value : Json(minimum);
}

size_t IconBytes(const Json& params) {
  const Json* icon = FindFilled(params, "ICON_FILE");
  size_t bytes = 0;
  if (icon == nullptr || JudgePicture(*icon, &bytes) != Picture::kGood) return 0;
  return bytes;
}

const RestError kNotHttps{"IFRAME_HTTPS", "Iframe params must be HTTPS site"};

MethodResult Register(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  const Json& params = v1.params;
  Portal& portal = call.portal();

  const Json* code = FindFilled(params, "CODE");
  if (code == nullptr) return RestError{"CODE_ERROR", "App code isn't specified"};
  ChatApp app;
  if (HasJsCommand(params)) {
    app.js = Script(params);
  } else if (const Json* frame = FindFilled(params, "IFRAME")) {
    if (!IsHttps(ToString(frame))) return kNotHttps;
    const Json* width = FindSet(params, "IFRAME_WIDTH");
    const Json* height = FindSet(params, "IFRAME_HEIGHT");
    app.iframe = StoredFrame(ToString(frame));
    app.iframe_width = width == nullptr ? Json(320) : AtLeast(*width, kMinWidth);
    app.iframe_height = height == nullptr ? Json(250) : AtLeast(*height, kMinHeight);
    app.iframe_popup = IsYes(params, "IFRAME_POPUP");
    const Json* hash = FindFilled(params, "HASH");
    if (hash == nullptr) return RestError{"HASH_ERROR", "Hash can't be empty"};
    app.hash = std::string(Utf8Prefix(ToString(hash), kMaxHash));
  }
  if (app.js.empty() && app.iframe.empty()) return RestError{"PARAMS_ERROR", "Iframe or JS method isn't specified"};
  app.icon_bytes = IconBytes(params);
  const Json* context = FindSet(params, "CONTEXT");
  app.context = context == nullptr ? "all" : AsciiLower(ToString(context));
  app.hidden = IsYes(params, "HIDDEN");
  app.extranet = IsYes(params, "EXTRANET_SUPPORT");
  app.livechat = IsYes(params, "LIVECHAT_SUPPORT");

  const std::variant<Bot*, RestError> owned = OwnBotV1(portal, v1);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const Json* lang = FindFilled(params, "LANG");
  if (lang == nullptr) return RestError{"LANG_ERROR", "Lang set can't be empty"};
  app.code = ToString(code);
  app.bot_id = std::get<Bot*>(owned)->id;
  // The same code of the same bot: its id, and nothing of it refreshed.
  for (const auto& [id, existing] : portal.apps) {
    if (existing.bot_id == app.bot_id && existing.code == app.code) return Json(id);
  }
  app.app_id = v1.owner;
  app.lang = StoredLang(*lang);
  app.id = portal.NextAppId();
  const int64_t id = app.id;
  portal.apps[id] = std::move(app);
  call.Changed();
  return Json(id);
}

MethodResult Update(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  Portal& portal = call.portal();
  const auto found = portal.apps.find(ToInt(FindSet(v1.params, "APP_ID")));
  if (found == portal.apps.end()) return RestError{"CHAT_APP_ID_ERROR", "App not found"};
  if (found->second.app_id != v1.owner)
    return RestError{"APP_ID_ERROR", "App was installed by another rest application"};
  static const Json kNothing = Json::object();
  const Json* given = FindSet(v1.params, "FIELDS");
  const Json& fields = given == nullptr ? kNothing : *given;
  ChatApp app = found->second;

  if (const Json* context = FindFilled(fields, "CONTEXT")) app.context = AsciiLower(ToString(context));
  if (const Json* hash = FindFilled(fields, "HASH")) app.hash = ToString(hash);
  if (HasJsCommand(fields)) {
    // Where both kinds are given, the JS command wins.
    if (const std::string script = Script(fields); !script.empty()) app.js = script;
  } else if (const Json* frame = FindFilled(fields, "IFRAME")) {
    if (!IsHttps(ToString(frame))) return kNotHttps;
    app.iframe = StoredFrame(ToString(frame));
  }
  if (const Json* width = FindSet(fields, "IFRAME_WIDTH")) app.iframe_width = std::max(ToInt(width), kMinWidth);
  if (const Json* height = FindSet(fields, "IFRAME_HEIGHT")) app.iframe_height = std::max(ToInt(height), kMinHeight);
  const auto set = [&](const char* name, bool* target) {
    if (const Json* value = FindFilled(fields, name)) *target = LooseEquals(value, "Y");
  };
  set("IFRAME_POPUP", &app.iframe_popup);
  set("HIDDEN", &app.hidden);
  set("EXTRANET_SUPPORT", &app.extranet);
  set("LIVECHAT_SUPPORT", &app.livechat);
  if (const Json* lang = FindFilled(fields, "LANG")) app.lang = StoredLang(*lang);
  if (const size_t bytes = IconBytes(fields); bytes > 0) app.icon_bytes = bytes;
  // An update without fields is a success that changes nothing.
  if (!fields.empty()) call.Changed();
  found->second = std::move(app);
  return Json(true);
}

MethodResult Unregister(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  Portal& portal = call.portal();
  const auto found = portal.apps.find(ToInt(FindSet(v1.params, "APP_ID")));
  if (found == portal.apps.end()) return RestError{"CHAT_APP_ID_ERROR", "App not found"};
  if (found->second.app_id != v1.owner)
    return RestError{"APP_ID_ERROR", "App was installed by another rest application"};
  portal.apps.erase(found);
  call.Changed();
  return Json(true);
}

}  // namespace

void RegisterAppV1(Registry* registry) {
  registry->Add("imbot.app.unregister", "imbot", Unregister);
  registry->Add("imbot.app.register", "imbot", Register);
  registry->Add("imbot.app.update", "imbot", Update);
}

}  // namespace simulator
