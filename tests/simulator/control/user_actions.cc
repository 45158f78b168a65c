#include "tests/simulator/control/user_actions.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/simulator/methods/members.h"
#include "tests/simulator/methods/notify.h"
#include "tests/simulator/methods/reactions.h"
#include "tests/simulator/methods/sending.h"
#include "tests/simulator/php/base64.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/secrets.h"

namespace simulator {
namespace {

// Why it can't be done.
struct Problem {
  std::string text;
};
using Outcome = std::variant<Json, Problem>;
using Action = Outcome (*)(Portal& portal, int64_t user_id, const Json& action);

std::string Text(const Json& action, const char* name) {
  return ToString(FindSet(action, name));
}

// The chat that `dialogId` names from this user's side, the user being in it. A bot whom nobody wrote to before learns
// that it was.
std::variant<Chat*, Problem> DialogOf(Portal& portal, int64_t user_id, const Json& action) {
  const size_t chats = portal.chats.size();
  Chat* const chat = portal.FindDialog(Text(action, "dialogId"), user_id);
  if (chat == nullptr) return Problem{"there is no such dialog"};
  if (!portal.IsMember(*chat, user_id)) return Problem{"the user is not in this chat"};
  if (portal.chats.size() > chats) {
    std::set<int64_t> others = chat->members;
    others.erase(user_id);
    NotifyJoined(portal, *chat, others, user_id);
  }
  return chat;
}

std::variant<Message*, Problem> MessageOf(Portal& portal, int64_t user_id, const Json& action) {
  Message* const message = portal.FindMessage(ToInt(FindSet(action, "messageId")));
  if (message == nullptr || message->deleted) return Problem{"there is no such message"};
  if (!portal.IsMember(portal.chats.at(message->chat_id), user_id)) return Problem{"the user is not in this chat"};
  return message;
}

Outcome Write(Portal& portal, int64_t user_id, Chat* chat, const std::string& text, const std::string& context,
              const Json& action) {
  Message message;
  message.chat_id = chat->id;
  message.author_id = user_id;
  message.text = NormalizeText(text);
  if (const Json* reply_id = FindSet(action, "replyId")) message.params["REPLY_ID"] = ToInt(reply_id);
  if (const Json* files = FindSet(action, "files"); files != nullptr && files->is_array()) {
    Json ids = Json::array();
    for (const Json& given : *files) {
      std::optional<std::string> content = Base64DecodeStrict(Text(given, "content"));
      if (!content) return Problem{"a file is {name, content}, the content in base64"};
      StoredFile file;
      file.chat_id = chat->id;
      file.author_id = user_id;
      file.name = Text(given, "name");
      file.content = std::move(*content);
      ids.push_back(portal.AddFile(std::move(file)).id);
    }
    message.params["FILE_ID"] = std::move(ids);
  }
  if (message.text.empty() && !message.params.contains("FILE_ID")) return Problem{"the message is empty"};
  portal.users[user_id].last_activity = portal.Now();
  const Message& added = portal.AddMessage(std::move(message));
  chat->last_read[user_id] = added.id;
  NotifyMessageAdded(portal, added, /*fire_commands=*/true, context);
  return Json{{"messageId", added.id}, {"chatId", chat->id}};
}

Outcome WriteMessage(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = DialogOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&dialog)) return *problem;
  Chat* const chat = std::get<Chat*>(dialog);
  // Buttons still work where the input field was switched off.
  const std::string context = FindSet(action, "context") == nullptr ? "textarea" : Text(action, "context");
  if (!chat->text_field_enabled && context == "textarea") return Problem{"the text field of this chat is disabled"};
  return Write(portal, user_id, chat, Text(action, "text"), context, action);
}

// A keyboard's button, found by its text, that calls a command: the user says that command.
Outcome PressButton(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Message*, Problem> found = MessageOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&found)) return *problem;
  const Message& message = *std::get<Message*>(found);
  const Json* keyboard = FindSet(message.params, "KEYBOARD");
  if (keyboard == nullptr) return Problem{"this message has no keyboard"};
  for (const Json& button : *keyboard) {
    const std::string command = Text(button, "COMMAND");
    if (command.empty() || Text(button, "TEXT") != Text(action, "button")) continue;
    if (Text(button, "DISABLED") == "Y") return Problem{"this button is disabled"};
    const std::string params = Text(button, "COMMAND_PARAMS");
    Chat* const chat = &portal.chats.at(message.chat_id);
    return Write(portal, user_id, chat, "/" + command + (params.empty() ? "" : " " + params), "keyboard", action);
  }
  return Problem{"this message has no such button with a command"};
}

Outcome EditMessage(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Message*, Problem> found = MessageOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&found)) return *problem;
  Message& message = *std::get<Message*>(found);
  if (message.author_id != user_id) return Problem{"the message is not the user's"};
  message.text = NormalizeText(Text(action, "text"));
  message.params["IS_EDITED"] = "Y";
  NotifyMessageUpdated(portal, message);
  return Json{{"messageId", message.id}};
}

Outcome DeleteMessage(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Message*, Problem> found = MessageOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&found)) return *problem;
  Message& message = *std::get<Message*>(found);
  const Chat& chat = portal.chats.at(message.chat_id);
  const bool may = message.author_id == user_id || chat.owner == user_id || chat.managers.count(user_id) > 0;
  if (!may) return Problem{"the message is not the user's"};
  NotifyMessageDeleted(portal, message);
  SoftDelete(&message);
  return Json{{"messageId", message.id}};
}

Outcome React(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Message*, Problem> found = MessageOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&found)) return *problem;
  Message* const message = std::get<Message*>(found);
  const std::string reaction = Text(action, "reaction");
  if (!IsReaction(reaction)) return Problem{"there is no such reaction"};
  const Bot* const bot = portal.FindBot(message->author_id);
  if (bot != nullptr && !bot->reactions) return Problem{"reactions to this bot are switched off"};
  if (!SetReaction(portal, message, user_id, reaction)) return Problem{"the reaction is set already"};
  return Json{{"messageId", message->id}};
}

Outcome TakeBackReaction(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Message*, Problem> found = MessageOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&found)) return *problem;
  Message* const message = std::get<Message*>(found);
  if (!RemoveReaction(portal, message, user_id, Text(action, "reaction"))) return Problem{"the reaction is not set"};
  return Json{{"messageId", message->id}};
}

Outcome ReadChat(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = DialogOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&dialog)) return *problem;
  Chat* const chat = std::get<Chat*>(dialog);
  chat->last_read[user_id] = chat->last_message_id;
  return Json{{"lastId", chat->last_message_id}};
}

std::vector<int64_t> Users(const Json& action) {
  std::vector<int64_t> ids;
  if (const Json* users = FindSet(action, "users"); users != nullptr && users->is_array()) {
    for (const Json& user : *users) ids.push_back(ToInt(&user));
  }
  return ids;
}

Outcome CreateChat(Portal& portal, int64_t user_id, const Json& action) {
  Chat chat;
  chat.name = Text(action, "title");
  chat.owner = user_id;
  chat.members = {user_id};
  Chat& added = portal.AddChat(std::move(chat));
  AddMembers(portal, &added, Users(action), user_id);
  return Json{{"chatId", added.id}, {"dialogId", "chat" + std::to_string(added.id)}};
}

Outcome Invite(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = DialogOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&dialog)) return *problem;
  Chat* const chat = std::get<Chat*>(dialog);
  if (chat->message_type == "P") return Problem{"a private dialogue takes nobody else"};
  AddMembers(portal, chat, Users(action), user_id);
  return Json{{"chatId", chat->id}};
}

Outcome Leave(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = DialogOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&dialog)) return *problem;
  RemoveMember(std::get<Chat*>(dialog), user_id);
  return Json{{"chatId", std::get<Chat*>(dialog)->id}};
}

// The owner puts somebody out, makes a manager, or hands the chat over.
std::variant<Chat*, Problem> OwnChat(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = DialogOf(portal, user_id, action);
  if (const Chat* const* chat = std::get_if<Chat*>(&dialog); chat != nullptr && (*chat)->owner != user_id)
    return Problem{"the chat is not the user's"};
  return dialog;
}

Outcome PutOut(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = OwnChat(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&dialog)) return *problem;
  for (const int64_t id : Users(action)) RemoveMember(std::get<Chat*>(dialog), id);
  return Json{{"chatId", std::get<Chat*>(dialog)->id}};
}

Outcome SetOwner(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = OwnChat(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&dialog)) return *problem;
  Chat* const chat = std::get<Chat*>(dialog);
  const int64_t owner = ToInt(FindSet(action, "owner"));
  if (!portal.IsMember(*chat, owner)) return Problem{"the new owner is not in the chat"};
  chat->owner = owner;
  chat->managers.erase(owner);
  return Json{{"chatId", chat->id}};
}

Outcome SetManagers(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = OwnChat(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&dialog)) return *problem;
  Chat* const chat = std::get<Chat*>(dialog);
  chat->managers.clear();
  for (const int64_t id : Users(action)) {
    if (portal.IsMember(*chat, id) && id != chat->owner) chat->managers.insert(id);
  }
  return Json{{"chatId", chat->id}};
}

// The link `?IM_DIALOG=…&BOT_CONTEXT=…`: page imbot.v2/bot-context.md.
Outcome OpenWithContext(Portal& portal, int64_t user_id, const Json& action) {
  const std::variant<Chat*, Problem> dialog = DialogOf(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&dialog)) return *problem;
  const Json* context = FindSet(action, "context");
  if (context == nullptr) return Problem{"without a context nobody is told"};
  const Chat& chat = *std::get<Chat*>(dialog);
  for (const int64_t member : chat.members) {
    if (const Bot* bot = portal.FindBot(member)) NotifyContext(portal, chat, *bot, user_id, *context);
  }
  return Json{{"chatId", chat.id}};
}

Outcome DeleteBot(Portal& portal, int64_t, const Json& action) {
  const Bot* const bot = portal.FindBot(ToInt(FindSet(action, "bot")));
  if (bot == nullptr) return Problem{"there is no such bot"};
  NotifyBotDeleted(portal, *bot);
  portal.RemoveBot(bot->id);
  return Json::object();
}

Outcome LimitDisk(Portal& portal, int64_t, const Json& action) {
  if (const Json* bytes = FindSet(action, "max_file_bytes")) portal.disk.max_file_bytes = ToInt(bytes);
  if (const Json* bytes = FindSet(action, "free_bytes")) portal.disk.free_bytes = ToInt(bytes);
  if (const Json* folders = FindSet(action, "folders")) portal.disk.folders = !IsEmpty(folders);
  return Json::object();
}

const std::map<std::string, Action>& Actions() {
  static const std::map<std::string, Action> kActions = {{"message", WriteMessage},
                                                         {"press", PressButton},
                                                         {"edit", EditMessage},
                                                         {"delete", DeleteMessage},
                                                         {"react", React},
                                                         {"unreact", TakeBackReaction},
                                                         {"read", ReadChat},
                                                         {"create_chat", CreateChat},
                                                         {"invite", Invite},
                                                         {"leave", Leave},
                                                         {"put_out", PutOut},
                                                         {"set_owner", SetOwner},
                                                         {"set_managers", SetManagers},
                                                         {"open", OpenWithContext},
                                                         {"delete_bot", DeleteBot},
                                                         {"limit_disk", LimitDisk}};
  return kActions;
}

UserActionAnswer Error(int status, const std::string& text) {
  return UserActionAnswer{status, Json{{"error", text}}};
}

UserActionAnswer Act(Portal& portal, const Json& action) {
  const auto known = Actions().find(Text(action, "action"));
  if (known == Actions().end()) {
    UserActionAnswer answer = Error(400, "unknown action");
    for (const auto& [name, handler] : Actions()) answer.body["actions"].push_back(name);
    return answer;
  }
  const Json* user = FindSet(action, "user");
  const int64_t user_id = user == nullptr ? 1 : ToInt(user);
  if (!IsActiveUser(portal, user_id) || portal.FindBot(user_id) != nullptr) return Error(409, "there is no such user");
  Outcome outcome = known->second(portal, user_id, action);
  if (const Problem* problem = std::get_if<Problem>(&outcome)) return Error(409, problem->text);
  return UserActionAnswer{200, std::get<Json>(std::move(outcome))};
}

UserActionAnswer PutEvent(Portal& portal, const Json& event) {
  if (const Json* mode = FindSet(event, "negative_cache")) {
    const std::string name = ToString(mode);
    if (name != "off" && name != "on" && name != "lossy") return Error(400, "negative_cache is off, on or lossy");
    using Cache = EventQueue::NegativeCache;
    portal.events.set_negative_cache(name == "off" ? Cache::kOff : name == "on" ? Cache::kOn : Cache::kLossy);
    return UserActionAnswer{};
  }
  if (const Json* next_id = FindSet(event, "next_id")) {
    portal.events.set_next_id(ToInt(next_id));
    return UserActionAnswer{};
  }
  const Json* receiver = FindSet(event, "bot");
  if (receiver == nullptr) receiver = FindSet(event, "user");
  const Json* data = FindSet(event, "data");
  if (receiver == nullptr || FindSet(event, "type") == nullptr)
    return Error(400, "an event is {type, bot or user, data}");
  const int64_t id =
      portal.events.Add(ToInt(receiver), Text(event, "type"), data == nullptr ? Json(Json::object()) : *data);
  return UserActionAnswer{200, Json{{"eventId", id}}};
}

UserActionAnswer ForEach(Portal& portal, const Json& body, UserActionAnswer (*act)(Portal&, const Json&)) {
  if (!body.is_array()) return act(portal, body);
  UserActionAnswer all;
  Json& results = all.body["results"] = Json::array();
  for (const Json& item : body) {
    UserActionAnswer one = act(portal, item);
    if (one.status != 200) return one;
    results.push_back(std::move(one.body));
  }
  return all;
}

}  // namespace

UserActionAnswer ActAsUser(Portal& portal, const Json& body) {
  return ForEach(portal, body, Act);
}

UserActionAnswer PutEvents(Portal& portal, const Json& body) {
  return ForEach(portal, body, PutEvent);
}

Json MessengerState(const Portal& portal) {
  Json state = portal.events.ToJson();
  Json& chats = state["chats"] = Json::array();
  for (const auto& [id, chat] : portal.chats) {
    Json json = Json::object();
    json["id"] = id;
    json["textFieldEnabled"] = chat.text_field_enabled;
    Json& read = json["lastRead"] = Json::object();
    for (const auto& [user_id, message_id] : chat.last_read) read[std::to_string(user_id)] = message_id;
    Json& actions = json["inputActions"] = Json::array();
    for (const auto& [bot_id, action] : chat.input_actions) {
      actions.push_back(Json{
          {"botId", bot_id}, {"code", action.code}, {"seconds", action.seconds}, {"since", IsoDate(action.since)}});
    }
    chats.push_back(std::move(json));
  }
  Json& reactions = state["reactions"] = Json::array();
  for (const auto& [id, message] : portal.messages) {
    for (const auto& [user_id, reaction] : message.reactions)
      reactions.push_back(Json{{"messageId", id}, {"userId", user_id}, {"reaction", reaction}});
  }
  Json& files = state["files"] = Json::array();
  for (const auto& [id, file] : portal.files) {
    files.push_back(Json{{"id", id},
                         {"chatId", file.chat_id},
                         {"authorId", file.author_id},
                         {"name", file.name},
                         {"size", file.content.size()},
                         {"digest", SecretLabel(file.content)}});
  }
  // Old revisions write the bot's secret into its events.
  return WithoutSecrets(state);
}

}  // namespace simulator
