#include "tests/simulator/methods/sending.h"

#include <chrono>
#include <utility>

#include "tests/simulator/methods/notify.h"
#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

constexpr size_t kMaxText = 20'000;
constexpr std::string_view kTail = " (...)";
constexpr std::chrono::seconds kReservationHolds{3600};

// The id of the message that this templateId already stands for, an error while that is undecided, or nothing: send.
std::variant<std::monostate, Sent, RestError> Reserve(Portal& portal, const std::string& uuid) {
  const auto [it, is_new] = portal.templates.try_emplace(uuid, Reservation{portal.Now(), std::nullopt});
  if (is_new) return std::monostate();
  Reservation& reservation = it->second;
  if (reservation.message_id) return Sent{*reservation.message_id};
  // The first attempt is under way, or died before it filled its id in. After an hour a repeat really sends again.
  if (portal.Now() - reservation.created < kReservationHolds) {
    return RestError{"MESSAGE_DUPLICATED_BY_UUID", "Message with this UUID is already being sent"};
  }
  reservation.created = portal.Now();
  return std::monostate();
}

}  // namespace

std::string NormalizeText(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const std::string_view four = text.substr(i, 4);
    if (four == "[br]" || four == "[BR]" || four == "#BR#") {
      out += '\n';
      i += 4;
    } else {
      const size_t begin = i++;
      while (i < text.size() && text[i] != '[' && text[i] != '#') ++i;
      out += text.substr(begin, i - begin);
    }
  }
  out = Trim(out);
  if (Utf8Length(out) > kMaxText + kTail.size()) out = std::string(Utf8Prefix(out, kMaxText)) + std::string(kTail);
  return out;
}

bool IsTemplateUuid(std::string_view text) {
  constexpr std::string_view kPattern = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  if (text.size() != kPattern.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    switch (kPattern[i]) {
      case 'x':
        if (!hex) return false;
        break;
      case 'y':
        if (c != '8' && c != '9' && c != 'a' && c != 'b') return false;
        break;
      default:
        if (c != kPattern[i]) return false;
    }
  }
  return true;
}

Task<std::variant<Sent, RestError, Aborted>> SendMessage(Call& call, OutgoingMessage message) {
  const bool before = co_await call.At(Point::kBeforeReserve);
  if (!before) co_return Aborted{};
  Portal& portal = call.portal();
  const bool deduplicated = !message.system && IsTemplateUuid(message.template_id);
  if (deduplicated) {
    const std::variant<std::monostate, Sent, RestError> reserved = Reserve(portal, message.template_id);
    if (const Sent* replay = std::get_if<Sent>(&reserved)) co_return *replay;
    if (const RestError* error = std::get_if<RestError>(&reserved)) co_return *error;
  }
  const bool reserved = co_await call.At(Point::kAfterReserve);
  if (!reserved) co_return Aborted{};

  // While the call was held, its author or chat may have gone.
  const User* const author = portal.FindUser(message.bot_id);
  if (author == nullptr || !author->active || portal.chats.find(message.chat_id) == portal.chats.end()) {
    co_return RestError{"SENDING_FAILED", "Sending failed"};
  }
  Message stored;
  stored.chat_id = message.chat_id;
  stored.author_id = message.system ? 0 : message.bot_id;
  stored.text = std::move(message.text);
  stored.uuid = message.template_id;
  stored.params = std::move(message.params);
  stored.given = std::move(message.given);
  stored.url_preview = message.url_preview;
  const bool fire_commands = message.fire_commands && !message.system;
  const Message& added = portal.AddMessage(std::move(stored));
  const int64_t id = added.id;
  if (Bot* const bot = portal.FindBot(message.bot_id)) ++bot->count_message;
  call.Changed();
  NotifyMessageAdded(portal, added, fire_commands, "textarea");

  const bool after = co_await call.At(Point::kAfterStore);
  if (!after) co_return Aborted{};
  if (deduplicated) portal.templates[message.template_id].message_id = id;
  co_return Sent{id};
}

void FinishUpdate(Message* message) {
  if (message->text.empty() && !message->params.contains("ATTACH") && !message->params.contains("KEYBOARD"))
    SoftDelete(message);
}

void SoftDelete(Message* message) {
  message->deleted = true;
  message->text.clear();
  message->params = Json{{"IS_DELETED", "Y"}};
}

}  // namespace simulator
