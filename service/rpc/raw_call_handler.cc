#include "service/rpc/raw_call_handler.h"

#include <string>
#include <utility>
#include <vector>

#include "imbot/gateway/v1/raw_service.pb.h"
#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/rpc/call_target.h"
#include "service/rpc/handler_hosts.h"
#include "service/rpc/keyed_call.h"
#include "service/rpc/submission.h"
#include "service/translate/raw_call.h"

namespace imbot::rpc {

// One call from its start to its answer. Held by whoever will touch it next: the reactor (to cancel), or the
// scheduler's callback.
class RawCallHandler::Operation final : public CallInProgress, public std::enable_shared_from_this<Operation> {
 public:
  Operation(const RawCallHandler& handler, Call call, Reply reply)
      : handler_(handler), call_(std::move(call)), reply_(std::move(reply)), keyed_(handler.dependencies_.keys) {}

  void Run() {
    if (absl::Status status = Prepare(); !status.ok()) return Answer(std::move(status), nullptr);
    if (!call_.idempotency_key.empty() && KeyMatters()) return BeginKeyed();
    Submit();
  }

  void Cancel() override {
    keyed_.Cancel();
    submission_.Cancel();
  }

 private:
  const imbot::gateway::v1::CallRequest& request() const {
    return static_cast<const imbot::gateway::v1::CallRequest&>(*call_.request);
  }

  // What is known to be safe to repeat needs no key, as through its own rpc.
  bool KeyMatters() const {
    const translate::MethodSpec* known = handler_.dependencies_.methods.FindByName(request().method());
    return known == nullptr || KeyedCall::Matters(known->options.retry());
  }

  // The ledger decides whether the call goes out.
  void BeginKeyed() {
    // However its target was named, it is the same request.
    imbot::gateway::v1::CallRequest named = request();
    if (bot_name_.empty()) {
      named.set_portal(info_.portal);
    } else {
      named.set_bot(info_.bot);
    }
    const std::string body = Canonical(named);
    keyed_.Begin(
        {.caller = call_.caller.name,
         .portal = info_.portal,
         .bot = bot_name_,
         .key = call_.idempotency_key,
         .method = base::StrCat("raw ", request().method()),
         .body = body,
         .deadline = call_.deadline},
        imbot::gateway::v1::CallResponse::default_instance(), [self = shared_from_this()] { self->Submit(); },
        [self = shared_from_this()](CallEnd end) { self->Answer(std::move(end.status), std::move(end.response)); });
  }

  void Submit() {
    portal::Outgoing outgoing;
    outgoing.method = request().method();
    outgoing.bytes = request().ByteSizeLong();
    outgoing.body = [self = shared_from_this()] {
      return translate::EncodeRawCall(self->request(), self->MakeIdentity());
    };
    outgoing.secret = bot_.secret;
    outgoing.alone = true;
    outgoing.retry = bitrix24::rest::RETRY_NEVER;
    outgoing.caller = call_.caller.name;
    outgoing.idempotency_key = call_.idempotency_key;
    outgoing.priority = call_.priority == Priority::kBulk ? portal::Priority::kBulk : portal::Priority::kInteractive;
    outgoing.deadline = call_.deadline;
    keyed_.Describe([self = shared_from_this()](const portal::Answer& answer) { return self->Read(answer); },
                    &outgoing);
    const bool submitted =
        submission_.Submit(*port_, std::move(outgoing),
                           [self = shared_from_this()](portal::Answer answer) { self->OnAnswer(std::move(answer)); });
    if (!submitted) Answer(CancelledBeforeSent(), nullptr);
  }

  absl::Status Prepare() {
    if (!call_.caller.raw_allowed) {
      return base::Error(absl::StatusCode::kPermissionDenied, "CALLER_NOT_ALLOWED",
                         base::StrCat("caller ", call_.caller.name,
                                      " may not use RawService: use a typed rpc, or have the operator set raw_allowed"))
          .Build();
    }
    if (absl::Status status = translate::CheckRawCall(request(), handler_.dependencies_.methods); !status.ok())
      return status;
    info_.rest_method = request().method();
    if (absl::Status status = FindTarget(); !status.ok()) return status;
    return CheckHandlerHosts(translate::RawHandlerUrls(request()), handler_.policy_.handler_hosts, request().method(),
                             info_.portal);
  }

  absl::Status FindTarget() {
    if (request().has_bot()) {
      auto name = ParseBotName(request().bot(), handler_.policy_.default_portal);
      if (!name.ok()) return name.status();
      info_.portal = std::move(name->portal);
      bot_name_ = std::move(name->name);
      info_.bot = base::StrCat(info_.portal, "/", bot_name_);
    } else {
      auto portal = PortalOrDefault(request().portal(), handler_.policy_.default_portal, "portal");
      if (!portal.ok()) return portal.status();
      info_.portal = *std::move(portal);
    }
    auto port = FindPort(handler_.dependencies_.registry, info_.portal);
    if (!port.ok()) return port.status();
    port_ = *port;
    if (!request().has_bot()) return absl::OkStatus();
    auto bot = handler_.dependencies_.vault.Find(info_.portal, bot_name_);
    if (!bot.ok()) return bot.status();
    bot_ = *std::move(bot);
    return absl::OkStatus();
  }

  translate::Identity MakeIdentity() const {
    translate::Identity identity;
    if (bot_.id != 0) identity.bot_id = bot_.id;
    if (bot_.secret != nullptr) identity.secret = bot_.secret->Reveal();
    return identity;
  }

  // On the portal's loop.
  void OnAnswer(portal::Answer answer) {
    LogAnswer(handler_.dependencies_.logger, call_, request().method(), info_.portal, answer);
    DescribeAnswer(answer, &info_);
    CallEnd end = Read(answer);
    Answer(std::move(end.status), std::move(end.response));
  }

  CallEnd Read(const portal::Answer& answer) const {
    if (!answer.status.ok()) return {answer.status, nullptr};
    // What a portal lists of its bots may hold the secret of any of them.
    const std::vector<std::shared_ptr<const base::Secret>> bots = handler_.dependencies_.vault.SecretsOf(info_.portal);
    std::vector<std::string_view> secrets = answer.secrets;
    for (const auto& secret : bots) secrets.push_back(secret->Reveal());
    auto response = translate::DecodeRawResult(request().method(), answer.reply.result, answer.reply.next,
                                               answer.reply.total, secrets);
    if (!response.ok()) return {response.status(), nullptr};
    return {absl::OkStatus(), *std::move(response)};
  }

  void Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response) {
    keyed_.End({std::move(status), std::move(response)}, [self = shared_from_this()](CallEnd end) {
      self->reply_.Answer(std::move(end.status), std::move(end.response), std::move(self->info_));
    });
  }

  const RawCallHandler& handler_;
  Call call_;
  Reply reply_;
  CallInfo info_;
  // Set by Prepare().
  std::string bot_name_;
  portal::Port* port_ = nullptr;
  credentials::Bot bot_;
  KeyedCall keyed_;
  Submission submission_;
};

RawCallHandler::RawCallHandler(Dependencies dependencies, CallPolicy policy)
    : dependencies_(dependencies), policy_(std::move(policy)) {}

std::shared_ptr<CallInProgress> RawCallHandler::Start(Call call, Reply reply) {
  auto operation = std::make_shared<Operation>(*this, std::move(call), std::move(reply));
  operation->Run();
  return operation;
}

}  // namespace imbot::rpc
