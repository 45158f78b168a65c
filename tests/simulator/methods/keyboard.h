// Keyboards and context menus, judged as the portal judges them. Thread-safe: free functions without state.
//
// A button that breaks a rule is dropped without a word; an error arises only if none is left (WIRE_FACTS.md 3).
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_KEYBOARD_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_KEYBOARD_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "tests/simulator/php/json.h"

namespace simulator {

// The stored buttons of a keyboard given as JSON text, as {BUTTONS: […]} or as the list alone. Empty if no button is
// good.
std::optional<Json> RenderKeyboard(const Json& given, int64_t bot_id);
// The same for a context menu: {ITEMS: […]} or the list.
std::optional<Json> RenderMenu(const Json& given, int64_t bot_id);

// A link that attachments and buttons may carry: http(s) or from the portal's root.
bool IsAllowedLink(const Json* link);
// `#RGB` or `#RRGGBB`.
bool IsHexColor(const Json* color);
// primary, secondary, alert or base; base for anything else.
std::string_view ColorToken(const Json* token);
// What htmlspecialchars makes of a text.
std::string HtmlEscape(std::string_view text);
// Whether the portal would store it: fewer than 60000 characters of JSON.
bool FitsParamLimit(const Json& rendered);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_KEYBOARD_H_
