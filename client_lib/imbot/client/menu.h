// Additional items in the context menu of a message (version 1 only).
//
//   *request.mutable_menu() = MenuBuilder().Item(MenuItem("Open", Link{"https://example.com/"})).Build();
//
// An item has a label and exactly one action. Serialised, a menu may have at most 60,000 characters (30 KB by the pages
// of version 1), which the portal counts: beyond that the call ends with MENU_OVERSIZE. Empty labels and addresses that
// are none are refused by the gateway, by their path. Thread-compatible.
#ifndef IMBOT_CLIENT_MENU_H_
#define IMBOT_CLIENT_MENU_H_

#include <string>
#include <variant>

#include "bitrix24/types/v1/enums.pb.h"
#include "bitrix24/types/v1/menu.pb.h"
#include "imbot/client/action.h"

namespace imbot::client {

// PutText, SendText, CopyText, CallPhone and OpenDialog are known to portals from REST revision 28 on.
using MenuAction = std::variant<Link, Command, PutText, SendText, CopyText, CallPhone, OpenDialog, OpenApp>;

class MenuItem {
 public:
  MenuItem(std::string text, MenuAction action);

  MenuItem& Disabled(bool disabled = true);                        // shown, but can't be chosen
  MenuItem& ShownOn(bitrix24::types::v1::DisplayContext clients);  // default: all clients

  const bitrix24::types::v1::MenuItem& proto() const { return proto_; }

 private:
  bitrix24::types::v1::MenuItem proto_;
};

class MenuBuilder {
 public:
  MenuBuilder& Item(const MenuItem& item);  // below those before it

  // A menu without items is refused by the gateway: to take one away, set `remove_menu` of an update.
  bitrix24::types::v1::Menu Build() const { return menu_; }

 private:
  bitrix24::types::v1::Menu menu_;
};

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_MENU_H_
