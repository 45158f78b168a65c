// One function per family of methods; each adds its handlers to the table. A new family is a new file and a line in
// registry.cc.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_METHODS_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_METHODS_H_

namespace simulator {

class Registry;

void RegisterServerMethods(Registry* registry);  // server.time, imbot.v2.Revision.get
void RegisterBotV2(Registry* registry);          // imbot.v2.Bot.*
void RegisterMessageV2(Registry* registry);      // imbot.v2.Chat.Message.*
void RegisterHistoryV2(Registry* registry);      // imbot.v2.Chat.Message.getContext, read
void RegisterReactionV2(Registry* registry);     // imbot.v2.Chat.Message.Reaction.*
void RegisterChatV2(Registry* registry);         // imbot.v2.Chat.*, TextField, InputAction
void RegisterChatUserV2(Registry* registry);     // imbot.v2.Chat.User.*, Chat.Manager.*
void RegisterCommandV2(Registry* registry);      // imbot.v2.Command.*
void RegisterEventV2(Registry* registry);        // imbot.v2.Event.get, im.v2.Event.*
void RegisterFileV2(Registry* registry);         // imbot.v2.File.*, im.v2.File.*
void RegisterBotV1(Registry* registry);          // imbot.register, update, unregister, bot.list
void RegisterMessageV1(Registry* registry);      // imbot.message.*
void RegisterChatV1(Registry* registry);         // imbot.chat.*, imbot.dialog.get
void RegisterChatUserV1(Registry* registry);     // imbot.chat.user.*, leave, setOwner, setManager
void RegisterCommandV1(Registry* registry);      // imbot.command.*
void RegisterAppV1(Registry* registry);          // imbot.app.*

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_METHODS_H_
