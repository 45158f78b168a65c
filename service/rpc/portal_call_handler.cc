#include "service/rpc/portal_call_handler.h"

#include <array>
#include <utility>
#include <vector>

#include "service/base/error.h"
#include "service/base/seal.h"
#include "service/base/strings.h"
#include "service/rpc/call_target.h"
#include "service/rpc/handler_hosts.h"
#include "service/rpc/keyed_call.h"
#include "service/rpc/submission.h"
#include "service/translate/decode.h"
#include "service/translate/encode.h"
#include "service/translate/file_stream.h"
#include "service/translate/request_fields.h"
#include "service/translate/validate.h"

namespace imbot::rpc {

using base::Error;
using bitrix24::rest::BOT_EFFECT_REGISTER;
using bitrix24::rest::BOT_EFFECT_UNREGISTER;
using bitrix24::rest::BOT_EFFECT_UNSPECIFIED;

// One call from its start to its answer. Held by whoever will touch it next: the reactor (to cancel), the vault's or
// the scheduler's callback.
class PortalCallHandler::Operation final : public CallInProgress, public std::enable_shared_from_this<Operation> {
 public:
  Operation(const PortalCallHandler& handler, Call call, Reply reply)
      : handler_(handler), call_(std::move(call)), reply_(std::move(reply)), keyed_(handler.dependencies_.keys) {}

  // On the rpc's thread; computes only.
  void Run() {
    if (absl::Status status = Prepare(); !status.ok()) return Answer(std::move(status), nullptr);
    retry_ = translate::RetryClassOf(*call_.method, *call_.request);
    if (!call_.idempotency_key.empty() && KeyedCall::Matters(retry_)) return BeginKeyed();
    SetTemplateId();
    if (effect() != BOT_EFFECT_REGISTER) return Submit();
    handler_.dependencies_.vault.BeginRegistration(
        portal_, bot_name_, call_.method->name(),
        [self = shared_from_this()](absl::StatusOr<std::shared_ptr<const base::Secret>> secret) {
          self->OnBegun(std::move(secret));
        });
  }

  void Cancel() override {
    keyed_.Cancel();
    submission_.Cancel();
  }

 private:
  bitrix24::rest::BotEffect effect() const { return call_.method->options.bot_effect(); }

  // Everything that can refuse the call before anything happens.
  absl::Status Prepare() {
    if (absl::Status status = translate::Validate(*call_.method, *call_.request); !status.ok()) return status;
    if (absl::Status status = ResolveSubject(); !status.ok()) return status;
    info_.portal = portal_;
    if (!bot_name_.empty()) info_.bot = base::StrCat(portal_, "/", bot_name_);
    auto port = FindPort(handler_.dependencies_.registry, portal_);
    if (!port.ok()) return port.status();
    port_ = *port;
    if (call_.method->subject == translate::Subject::kBot) {
      auto bot = handler_.dependencies_.vault.Find(portal_, bot_name_);
      if (!bot.ok()) return bot.status();
      bot_ = *std::move(bot);
    }
    if (absl::Status status = CheckHandlerHosts(translate::HandlerUrls(*call_.method, *call_.request),
                                                handler_.policy_.handler_hosts, call_.method->name(), portal_);
        !status.ok())
      return status;
    return absl::OkStatus();
  }

  // `portal/code`, or `code` of the default portal; for a registration the portal's name beside the new bot's code.
  absl::Status ResolveSubject() {
    const google::protobuf::FieldDescriptor* const field = call_.method->subject_field;
    const std::string subject = translate::TextAt(*call_.request, {&field, 1});
    if (call_.method->subject == translate::Subject::kPortal) {
      auto portal = PortalOrDefault(subject, handler_.policy_.default_portal, field->json_name());
      if (!portal.ok()) return portal.status();
      portal_ = *std::move(portal);
      if (effect() == BOT_EFFECT_REGISTER) bot_name_ = translate::TextAt(*call_.request, call_.method->code_field);
      if (bot_name_.find('/') == bot_name_.npos) return absl::OkStatus();
      const auto* code = call_.method->code_field.back();
      const std::string& secret_path = call_.method->options.secret_path();
      const size_t dot = secret_path.rfind('.');
      return Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", "a bot's code must not contain a slash")
          .Violation(base::StrCat(dot == std::string::npos ? "" : secret_path.substr(0, dot + 1), code->json_name()),
                     "must not contain a slash")
          .Build();
    }
    auto bot = ParseBotName(subject, handler_.policy_.default_portal);
    if (!bot.ok()) return bot.status();
    portal_ = std::move(bot->portal);
    bot_name_ = std::move(bot->name);
    return absl::OkStatus();
  }

  // The identifier by which the portal recognises a repeat. From the key where the caller gave one, bound to caller and
  // bot: the portal's table is global, so that a plain hash of the key would let two services swallow each other's
  // messages.
  void SetTemplateId() {
    const auto& field = call_.method->template_id_field;
    if (field.empty() || !translate::TextAt(*call_.request, field).empty()) return;
    if (call_.idempotency_key.empty()) {
      return translate::SetTextAt(call_.request.get(), field, base::UuidV4(handler_.dependencies_.random));
    }
    // Lengths keep the parts apart.
    const std::string input = base::StrCat(call_.caller.name.size(), ":", call_.caller.name, portal_.size(), ":",
                                           portal_, bot_name_.size(), ":", bot_name_, call_.idempotency_key);
    const auto digest = base::HmacSha256(handler_.template_secret_.Reveal(), input);
    std::array<uint8_t, 16> bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    translate::SetTextAt(call_.request.get(), field, base::UuidV4From(bytes));
  }

  // The ledger decides whether the call goes out.
  void BeginKeyed() {
    // However the bot was named, it is the same request.
    translate::SetTextAt(call_.request.get(), {&call_.method->subject_field, 1},
                         call_.method->subject == translate::Subject::kBot ? info_.bot : portal_);
    const std::string body = Canonical(*call_.request);
    SetTemplateId();
    keyed_.Begin(
        {.caller = call_.caller.name,
         .portal = portal_,
         .bot = bot_name_,
         .key = call_.idempotency_key,
         .method = call_.method->name(),
         .body = body,
         .deduplicated = retry_ == bitrix24::rest::RETRY_DEDUPLICATED,
         .deadline = call_.deadline},
        *call_.method->response_prototype, [self = shared_from_this()] { self->Submit(); },
        [self = shared_from_this()](CallEnd end) { self->Answer(std::move(end.status), std::move(end.response)); });
  }

  // On the storage thread.
  void OnBegun(absl::StatusOr<std::shared_ptr<const base::Secret>> secret) {
    if (!secret.ok()) return Answer(secret.status(), nullptr);
    registering_ = true;
    bot_.secret = *std::move(secret);
    Submit();
  }

  void Submit() {
    portal::Outgoing outgoing;
    outgoing.method = call_.method->name();
    outgoing.secret = bot_.secret;
    if (call_.upload != nullptr) {
      auto body = translate::EncodeAroundChunks(*call_.method, *call_.request, MakeIdentity());
      call_.upload->Surround(std::move(body.before), std::move(body.after));
      outgoing.source = call_.upload;
    } else {
      outgoing.bytes = call_.request->ByteSizeLong();
      outgoing.body = [self = shared_from_this()] {
        return translate::EncodeJson(*self->call_.method, *self->call_.request, self->MakeIdentity());
      };
      outgoing.batch_command = [self = shared_from_this()] {
        return translate::EncodeBatchCommand(*self->call_.method, *self->call_.request, self->MakeIdentity());
      };
    }
    outgoing.alone = call_.method->options.alone();
    outgoing.in_parts = translate::IsDoneInParts(*call_.method, *call_.request);
    outgoing.retry = retry_;
    outgoing.done_codes.assign(call_.method->options.done_codes().begin(), call_.method->options.done_codes().end());
    outgoing.caller = call_.caller.name;
    if (const std::string order = translate::TextAt(*call_.request, call_.method->order_field); !order.empty()) {
      outgoing.order_key = base::StrCat(bot_name_, "/", call_.method->options.order_by(), "/", order);
    }
    if (call_.collapse && call_.method->options.collapse() && !outgoing.order_key.empty()) {
      outgoing.collapse = {base::StrCat(call_.method->name(), " ", outgoing.order_key),
                           translate::SetFieldNames(*call_.request)};
    }
    outgoing.idempotency_key = call_.idempotency_key;
    outgoing.priority = call_.priority == Priority::kBulk ? portal::Priority::kBulk : portal::Priority::kInteractive;
    outgoing.deadline = call_.deadline;
    outgoing.await_reply = effect() != BOT_EFFECT_UNSPECIFIED;
    keyed_.Describe([self = shared_from_this()](const portal::Answer& answer) { return self->Read(answer); },
                    &outgoing);
    const bool submitted =
        submission_.Submit(*port_, std::move(outgoing),
                           [self = shared_from_this()](portal::Answer answer) { self->OnAnswer(std::move(answer)); });
    if (submitted) return;
    OnAnswer({.status = CancelledBeforeSent(), .reply = {}, .secrets = {}, .http_status = {}, .batch_size = {}});
  }

  translate::Identity MakeIdentity() const {
    translate::Identity identity;
    if (bot_.id != 0) identity.bot_id = bot_.id;
    if (bot_.secret != nullptr) identity.secret = bot_.secret->Reveal();
    return identity;
  }

  // On the portal's loop (on the storage thread for a registration that was cancelled before it was sent).
  void OnAnswer(portal::Answer answer) {
    LogAnswer(handler_.dependencies_.logger, call_, call_.method->name(), portal_, answer);
    DescribeAnswer(answer, &info_);
    if (!answer.status.ok()) return OnFailure(answer);
    if (call_.download != nullptr) return Fetch(answer);
    CallEnd end = Read(answer);
    if (!end.status.ok()) {
      if (registering_)
        handler_.dependencies_.vault.AbandonRegistration(portal_, bot_name_, /*proved_not_executed=*/false);
      return Answer(std::move(end.status), nullptr);
    }
    if (registering_) return OnRegistered(std::move(end.response));
    if (effect() == BOT_EFFECT_UNREGISTER) return ForgetBot(absl::OkStatus(), std::move(end.response));
    Answer(absl::OkStatus(), std::move(end.response));
  }

  CallEnd Read(const portal::Answer& answer) const {
    if (!answer.status.ok()) return {answer.status, nullptr};
    if (answer.superseded || answer.done_before) return {absl::OkStatus(), translate::ResponseOfDone(*call_.method)};
    auto response = translate::DecodeResult(*call_.method, answer.reply.result, answer.reply.next, answer.reply.total);
    if (!response.ok()) return {response.status(), nullptr};
    return {absl::OkStatus(), *std::move(response)};
  }

  // The portal has named the file's address; its content goes past this operation, through the pipe.
  void Fetch(const portal::Answer& answer) {
    auto url = translate::DownloadUrl(*call_.method, answer.reply.result);
    if (!url.ok()) return Answer(url.status(), nullptr);
    port_->Fetch(
        {.method = std::string(call_.method->name()),
         .url = *std::move(url),
         .sink = call_.download,
         .secret = bot_.secret,
         .deadline = call_.deadline,
         .done = [self = shared_from_this()](absl::Status status) { self->Answer(std::move(status), nullptr); }});
  }

  void OnFailure(const portal::Answer& answer) {
    if (registering_) {
      handler_.dependencies_.vault.AbandonRegistration(
          portal_, bot_name_, base::OutcomeOf(answer.status) == base::OutcomeName(base::Outcome::kNotExecuted));
    }
    // The portal says that the bot is not there: the gateway has no use for its secret any more, and says what the
    // portal said.
    const auto& done_codes = call_.method->options.done_codes();
    if (effect() == BOT_EFFECT_UNREGISTER &&
        std::find(done_codes.begin(), done_codes.end(), answer.reply.code) != done_codes.end()) {
      return ForgetBot(answer.status, nullptr);
    }
    Answer(answer.status, nullptr);
  }

  void OnRegistered(std::unique_ptr<google::protobuf::Message> response) {
    const int64_t id = translate::NumberAt(*response, call_.method->new_id_field);
    if (id <= 0) {
      handler_.dependencies_.vault.AbandonRegistration(portal_, bot_name_, /*proved_not_executed=*/false);
      return Answer(Error(absl::StatusCode::kInternal, "RESULT_UNUSABLE",
                          base::StrCat(call_.method->name(),
                                       ": Bitrix24 registered the bot, but its answer holds no id; register it again"))
                        .SetOutcome(base::Outcome::kExecuted)
                        .Build(),
                    nullptr);
    }
    handler_.dependencies_.vault.FinishRegistration(
        portal_, bot_name_, id,
        [self = shared_from_this(), response = std::move(response)](absl::Status stored) mutable {
          self->AnswerStored(std::move(stored), absl::OkStatus(), std::move(response));
        });
  }

  void ForgetBot(absl::Status status, std::unique_ptr<google::protobuf::Message> response) {
    handler_.dependencies_.vault.Remove(portal_, bot_name_,
                                        [self = shared_from_this(), status = std::move(status),
                                         response = std::move(response)](absl::Status stored) mutable {
                                          self->AnswerStored(std::move(stored), std::move(status), std::move(response));
                                        });
  }

  // The portal has done its part; the gateway's own record may have failed.
  void AnswerStored(absl::Status stored, absl::Status status, std::unique_ptr<google::protobuf::Message> response) {
    if (stored.ok()) return Answer(std::move(status), std::move(response));
    Answer(Error(absl::StatusCode::kUnavailable, "STORAGE_FAILED",
                 base::StrCat(call_.method->name(),
                              ": Bitrix24 did what was asked, but the gateway could not store it; repeat the call"))
               .SetOutcome(base::Outcome::kExecuted)
               .RetryAfter(std::chrono::seconds(5))
               .Build(),
           nullptr);
  }

  void Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response) {
    keyed_.End({std::move(status), std::move(response)}, [self = shared_from_this()](CallEnd end) {
      self->reply_.Answer(std::move(end.status), std::move(end.response), std::move(self->info_));
    });
  }

  const PortalCallHandler& handler_;
  Call call_;
  Reply reply_;
  CallInfo info_;
  // Set by Prepare().
  std::string portal_;
  std::string bot_name_;
  portal::Port* port_ = nullptr;
  credentials::Bot bot_;
  // Set before the call is submitted.
  bitrix24::rest::Retry retry_ = bitrix24::rest::RETRY_NEVER;
  bool registering_ = false;
  KeyedCall keyed_;

  Submission submission_;
};

PortalCallHandler::PortalCallHandler(Dependencies dependencies, CallPolicy policy, base::Secret template_secret)
    : dependencies_(dependencies), policy_(std::move(policy)), template_secret_(std::move(template_secret)) {}

std::shared_ptr<CallInProgress> PortalCallHandler::Start(Call call, Reply reply) {
  auto operation = std::make_shared<Operation>(*this, std::move(call), std::move(reply));
  operation->Run();
  return operation;
}

}  // namespace imbot::rpc
