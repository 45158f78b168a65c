// Buttons and menu items spell their actions with fields of the same names.
#ifndef IMBOT_CLIENT_INTERNAL_SET_ACTION_H_
#define IMBOT_CLIENT_INTERNAL_SET_ACTION_H_

#include <string>

#include "bitrix24/types/v1/enums.pb.h"
#include "imbot/client/action.h"

namespace imbot::client::internal {

// Writes one action into a KeyboardButton or a MenuItem. Thread-compatible.
template <typename Message>
class ActionWriter {
 public:
  explicit ActionWriter(Message* message) : message_(*message) {}

  void operator()(const Link& link) const { message_.set_link(link.url); }
  void operator()(const Command& command) const { SetCommand(command.name, command.params); }
  void operator()(const PutText& put) const { Set(bitrix24::types::v1::CLIENT_ACTION_PUT, put.text); }
  void operator()(const SendText& send) const { Set(bitrix24::types::v1::CLIENT_ACTION_SEND, send.text); }
  void operator()(const CopyText& copy) const { Set(bitrix24::types::v1::CLIENT_ACTION_COPY, copy.text); }
  void operator()(const CallPhone& call) const { Set(bitrix24::types::v1::CLIENT_ACTION_CALL, call.number); }
  void operator()(const OpenDialog& open) const { Set(bitrix24::types::v1::CLIENT_ACTION_DIALOG, open.dialog_id); }
  void operator()(const OpenApp& open) const {
    message_.set_app_id(open.app_id);
    if (!open.params.empty()) message_.set_app_params(open.params);
  }

 protected:
  void SetCommand(const std::string& name, const std::string& params) const {
    message_.set_command(name);
    if (!params.empty()) message_.set_command_params(params);
  }
  Message& message() const { return message_; }

 private:
  void Set(bitrix24::types::v1::ClientAction action, const std::string& value) const {
    message_.set_action(action);
    message_.set_action_value(value);
  }

  Message& message_;
};

}  // namespace imbot::client::internal

#endif  // IMBOT_CLIENT_INTERNAL_SET_ACTION_H_
