#include "imbot/client/menu.h"

#include <utility>

#include "imbot/client/internal/set_action.h"

namespace imbot::client {

MenuItem::MenuItem(std::string text, MenuAction action) {
  proto_.set_text(std::move(text));
  std::visit(internal::ActionWriter(&proto_), action);
}

MenuItem& MenuItem::Disabled(bool disabled) {
  proto_.set_disabled(disabled);
  return *this;
}

MenuItem& MenuItem::ShownOn(bitrix24::types::v1::DisplayContext clients) {
  proto_.set_context(clients);
  return *this;
}

MenuBuilder& MenuBuilder::Item(const MenuItem& item) {
  *menu_.add_items() = item.proto();
  return *this;
}

}  // namespace imbot::client
