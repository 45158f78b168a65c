#include "imbot/client/keyboard.h"

#include <array>

#include "imbot/client/internal/set_action.h"

namespace imbot::client {
namespace {

using bitrix24::types::v1::BUTTON_DISPLAY_LINE;
using bitrix24::types::v1::BUTTON_TYPE_NEWLINE;
using bitrix24::types::v1::ColorToken;
using bitrix24::types::v1::KeyboardButton;

class ButtonActionWriter : public internal::ActionWriter<KeyboardButton> {
 public:
  using ActionWriter::ActionWriter;
  using ActionWriter::operator();
  void operator()(const BlockingCommand& command) const {
    SetCommand(command.name, command.params);
    message().set_block(true);
  }
};

}  // namespace

std::string ToText(Rgb color) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "#";
  for (const unsigned part : std::array<unsigned, 3>{color.red, color.green, color.blue}) {
    text += kDigits[part / 16];
    text += kDigits[part % 16];
  }
  return text;
}

Button::Button(std::string text, ButtonAction action) {
  proto_.set_text(std::move(text));
  std::visit(ButtonActionWriter(&proto_), action);
}

Button& Button::Background(Color color) {
  proto_.clear_bg_color();
  proto_.clear_bg_color_token();
  if (const auto* token = std::get_if<ColorToken>(&color); token != nullptr) {
    proto_.set_bg_color_token(*token);
  } else {
    proto_.set_bg_color(ToText(std::get<Rgb>(color)));
  }
  return *this;
}

Button& Button::TextColor(Rgb color) {
  proto_.set_text_color(ToText(color));
  return *this;
}

Button& Button::OffBackground(Rgb color) {
  proto_.set_off_bg_color(ToText(color));
  return *this;
}

Button& Button::OffTextColor(Rgb color) {
  proto_.set_off_text_color(ToText(color));
  return *this;
}

Button& Button::Width(int pixels) {
  proto_.set_width(pixels);
  return *this;
}

Button& Button::Disabled(bool disabled) {
  proto_.set_disabled(disabled);
  return *this;
}

Button& Button::ShownOn(bitrix24::types::v1::DisplayContext clients) {
  proto_.set_context(clients);
  return *this;
}

KeyboardBuilder& KeyboardBuilder::Row(const std::vector<Button>& buttons) {
  if (buttons.empty()) return *this;
  if (keyboard_.buttons_size() > 0) keyboard_.add_buttons()->set_type(BUTTON_TYPE_NEWLINE);
  for (const Button& button : buttons) {
    KeyboardButton* const added = keyboard_.add_buttons();
    *added = button.proto();
    // Without it, clients give each button a row of its own.
    if (buttons.size() > 1) added->set_display(BUTTON_DISPLAY_LINE);
  }
  return *this;
}

}  // namespace imbot::client
