#include "tests/simulator/control/state_json.h"

#include "tests/simulator/rest/secrets.h"

namespace simulator {
namespace {

Json BotJson(const Bot& bot) {
  Json handlers = Json::object();
  for (const auto& [event, url] : bot.handlers) handlers[event] = WithoutSecretsInUrl(url);
  // The owner's key is `custom` and the secret for webhook bots: labelled like the secret itself, so that both can be
  // compared.
  constexpr std::string_view kCustom = "custom";
  const bool custom = bot.app_id.substr(0, kCustom.size()) == kCustom;
  Json json = Json::object();
  json["id"] = bot.id;
  json["code"] = bot.code;
  json["type"] = bot.type;
  json["owner"] = custom ? SecretLabel(bot.app_id.substr(kCustom.size())) : bot.app_id;
  json["eventMode"] = bot.event_mode;
  json["openline"] = bot.openline;
  json["hidden"] = bot.hidden;
  json["reactions"] = bot.reactions;
  json["backgroundId"] = bot.background ? Json(*bot.background) : Json(nullptr);
  json["handlers"] = std::move(handlers);
  json["properties"] = bot.properties;
  json["countMessage"] = bot.count_message;
  return json;
}

Json AppJson(const ChatApp& app) {
  Json json = Json::object();
  json["id"] = app.id;
  json["botId"] = app.bot_id;
  json["code"] = app.code;
  json["hash"] = app.hash.empty() ? std::string() : SecretLabel(app.hash);
  json["context"] = app.context;
  json["js"] = app.js;
  json["iframe"] = app.iframe;
  json["iframeWidth"] = app.iframe_width;
  json["iframeHeight"] = app.iframe_height;
  json["iframePopup"] = app.iframe_popup;
  json["hidden"] = app.hidden;
  json["extranetSupport"] = app.extranet;
  json["livechatSupport"] = app.livechat;
  json["iconBytes"] = app.icon_bytes;
  json["lang"] = app.lang;
  return json;
}

Json MessageJson(const Message& message) {
  Json json = Json::object();
  json["id"] = message.id;
  json["chatId"] = message.chat_id;
  json["authorId"] = message.author_id;
  json["date"] = IsoDate(message.date);
  json["text"] = message.text;
  json["templateId"] = message.uuid;
  json["params"] = message.params;
  json["given"] = message.given;
  json["urlPreview"] = message.url_preview;
  json["deleted"] = message.deleted;
  return json;
}

}  // namespace

Json PortalState(const Portal& portal) {
  Json state = Json::object();
  state["portal"] = portal.name();
  Json& users = state["users"] = Json::array();
  for (const auto& [id, user] : portal.users) {
    users.push_back(
        Json{{"id", id}, {"name", user.first_name + " " + user.last_name}, {"bot", user.bot}, {"active", user.active}});
  }
  Json& bots = state["bots"] = Json::array();
  for (const auto& [id, bot] : portal.bots) bots.push_back(BotJson(bot));
  Json& chats = state["chats"] = Json::array();
  for (const auto& [id, chat] : portal.chats) {
    Json json = Json::object();
    json["id"] = id;
    json["messageType"] = chat.message_type;
    json["name"] = chat.name;
    json["owner"] = chat.owner;
    json["members"] = chat.members;
    json["managers"] = chat.managers;
    json["lastMessageId"] = chat.last_message_id;
    chats.push_back(std::move(json));
  }
  Json& messages = state["messages"] = Json::array();
  for (const auto& [id, message] : portal.messages) messages.push_back(MessageJson(message));
  Json& commands = state["commands"] = Json::array();
  for (const auto& [id, command] : portal.commands) {
    Json json = Json::object();
    json["id"] = id;
    json["botId"] = command.bot_id;
    json["command"] = command.command;
    json["common"] = command.common;
    json["hidden"] = command.hidden;
    json["extranetSupport"] = command.extranet;
    json["lang"] = command.lang;
    commands.push_back(std::move(json));
  }
  Json& apps = state["apps"] = Json::array();
  for (const auto& [id, app] : portal.apps) apps.push_back(AppJson(app));
  Json& templates = state["templates"] = Json::array();
  for (const auto& [uuid, reservation] : portal.templates) {
    templates.push_back(Json{{"templateId", uuid},
                             {"messageId", reservation.message_id ? Json(*reservation.message_id) : Json(nullptr)},
                             {"created", IsoDate(reservation.created)}});
  }
  Json& webhooks = state["webhooks"] = Json::array();
  for (const Webhook& webhook : portal.webhooks) {
    webhooks.push_back(
        Json{{"user", webhook.user_id}, {"code", SecretLabel(webhook.code)}, {"scopes", webhook.scopes}});
  }
  return state;
}

}  // namespace simulator
