#include "service/rpc/registration_recovery.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "service/base/error.h"
#include "service/base/json.h"

namespace imbot::rpc {
namespace {

using base::json::Type;
using base::json::Value;

constexpr std::chrono::milliseconds kFirstPause{1'000};
constexpr std::chrono::milliseconds kLongestPause{300'000};
constexpr std::chrono::seconds kPatience{60};

// The bot's id, if the portal says that it is this application's own: only its owner is shown the event mode (page
// bot-get.md: a brief form for others).
int64_t OwnBotId(Value result) {
  const auto bot = result.Find("bot");
  if (!bot.has_value() || !bot->Find("eventMode").has_value()) return 0;
  const auto id = bot->Find("id");
  return id.has_value() && id->is(Type::kInt) ? id->AsInt() : 0;
}

}  // namespace

RegistrationRecovery::~RegistrationRecovery() {
  *self_ = nullptr;
}

void RegistrationRecovery::Start() {
  for (const credentials::PendingBot& bot : dependencies_.vault.Pending()) Ask(bot, kFirstPause);
}

void RegistrationRecovery::Ask(const credentials::PendingBot& bot, std::chrono::milliseconds pause) {
  const portal::Whereabouts whereabouts = dependencies_.registry.Find(bot.portal);
  const auto* here = std::get_if<portal::Here>(&whereabouts);
  if (here == nullptr) return;  // the portal is no longer configured, or another replica's
  // imbot.v2 knows the bots of both dialects: the owner is the same (WIRE_FACTS 6.1, 5.1).
  base::json::Writer body;
  body.BeginObject();
  body.Key("botToken");
  body.String(bot.secret->Reveal());
  body.Key("code");
  body.String(bot.name);
  body.EndObject();
  portal::Outgoing call;
  call.method = "imbot.v2.Bot.get";
  call.body = [text = body.Take()] { return text; };
  call.secret = bot.secret;
  call.retry = bitrix24::rest::RETRY_READ;
  call.caller = "imbot-gateway";
  call.deadline = dependencies_.clock.Now() + kPatience;
  here->port->Submit(std::move(call),
                     [weak = std::weak_ptr<RegistrationRecovery*>(self_), bot, pause](portal::Answer answer) {
                       if (const auto self = weak.lock(); self != nullptr && *self != nullptr)
                         (*self)->OnAnswer(bot, pause, answer);
                     });
}

void RegistrationRecovery::OnAnswer(const credentials::PendingBot& bot, std::chrono::milliseconds pause,
                                    const portal::Answer& answer) {
  if (answer.status.ok()) {
    const int64_t id = OwnBotId(answer.reply.result);
    dependencies_.logger.Log(base::Level::kInfo, "pending_registration_checked",
                             {{"portal", bot.portal}, {"bot", bot.name}, {"found", id > 0}});
    if (id > 0) dependencies_.vault.ConfirmPending(bot.portal, bot.name, id, [](absl::Status) {});
    return;
  }
  if (!answer.reply.code.empty() && answer.reply.advice == translate::RetryAdvice::kNever) {
    dependencies_.logger.Log(
        base::Level::kInfo, "pending_registration_checked",
        {{"portal", bot.portal}, {"bot", bot.name}, {"found", false}, {"reason", base::ReasonOf(answer.status)}});
    return;
  }
  // No answer, or none yet.
  dependencies_.executor.Post([weak = std::weak_ptr<RegistrationRecovery*>(self_), bot, pause,
                               &executor = dependencies_.executor, when = dependencies_.clock.Now() + pause] {
    executor.PostAt(when, [weak, bot, pause] {
      if (const auto self = weak.lock(); self != nullptr && *self != nullptr)
        (*self)->Ask(bot, std::min(pause * 4, kLongestPause));
    });
  });
}

}  // namespace imbot::rpc
