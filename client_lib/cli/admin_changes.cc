// `imbot pause`, `resume`, `drain`, `flush`, `release` and `log-level`: what an operator changes through AdminService.
#include <string>

#include "client_lib/cli/admin_ask.h"
#include "client_lib/cli/admin_lists.h"
#include "client_lib/cli/commands.h"
#include "client_lib/cli/message_json.h"
#include "client_lib/cli/portal_notes.h"
#include "client_lib/cli/text.h"
#include "imbot/gateway/v1/admin_service.pb.h"

namespace imbot::cli {
namespace {

namespace v1 = imbot::gateway::v1;

std::string Counted(int64_t count, std::string_view what) {
  return StrCat(count, " ", what, count == 1 ? "" : "s");
}

// `acme is paused (it was open): 3 calls wait, 1 request is under way`.
std::string NowText(const v1::PortalStatus& portal, v1::PortalIntake before) {
  const bool same = before == portal.intake();
  const auto name = [](v1::PortalIntake intake) {
    const auto* const value = v1::PortalIntake_descriptor()->FindValueByNumber(intake);
    return value == nullptr ? StrCat(static_cast<int>(intake)) : EnumText(*value);
  };
  return StrCat(Printable(portal.name()), " is ", name(portal.intake()),
                same ? ", as it was" : StrCat(" (it was ", name(before), ")"), ": ",
                Counted(portal.queued_calls() + portal.waiting_to_repeat(), "call"), " waiting, ",
                Counted(portal.in_flight(), "request"), " under way\n");
}

// Calls `method` for the portal that the first argument names.
template <typename Request, typename Response, typename Text>
ExitCode ChangePortal(const Session& session, const char* method, const Text& text) {
  Request request;
  request.set_portal(session.line.arguments.front());
  return AskAdmin<Response>(
      session,
      [&](const client::Client& client, const client::CallOptions& options, Response* response) {
        return CallAdmin(client, method, request, options, response);
      },
      text, bitrix24::rest::RETRY_IDEMPOTENT);
}

template <typename Request, typename Response>
ExitCode ChangeIntake(const Session& session, const char* method) {
  return ChangePortal<Request, Response>(session, method, [](const Response& response, const Console&) {
    return NowText(response.portal(), response.previous_intake());
  });
}

std::string FlushText(const v1::FlushQueueResponse& response, const Console&) {
  const std::string name = Printable(response.portal().name());
  if (response.dropped_calls() == 0) return StrCat("nothing waited for ", name, "\n");
  return StrCat("dropped ", Counted(response.dropped_calls(), "call"), " that waited for ", name,
                ": each ends with QUEUE_FLUSHED\n");
}

std::string ReleaseText(const v1::ReleasePortalResponse& response, const Console&) {
  const std::string name = Printable(response.portal().name());
  std::string text;
  if (response.was_quarantined()) {
    const v1::PortalQuarantine& ended = response.ended_quarantine();
    StrAppend(&text, name, ended.circuit_breaker() ? ": the circuit is closed again" : " is no longer quarantined");
    if (ended.has_reason()) StrAppend(&text, " (", Printable(ended.reason()), " for ", Lasting(ended.lasting()), ")");
    text += '\n';
  }
  if (response.released_methods() > 0)
    StrAppend(&text, name, ": ", Counted(response.released_methods(), "method"), " no longer held back\n");
  return text.empty() ? StrCat(name, " was neither quarantined nor held back: nothing to release\n") : text;
}

std::string LevelName(v1::LogLevel level) {
  const auto* const value = v1::LogLevel_descriptor()->FindValueByNumber(level);
  return value == nullptr ? StrCat(static_cast<int>(level)) : EnumText(*value);
}

std::string LevelText(const v1::SetLogLevelResponse& response, const Console&) {
  std::string text = LevelName(response.level());
  if (response.has_previous_level()) {
    StrAppend(&text, response.previous_level() == response.level()
                         ? ", as it was"
                         : StrCat(" (it was ", LevelName(response.previous_level()), ")"));
  }
  return StrCat(text, "\n");
}

}  // namespace

ExitCode RunPause(const Session& session) {
  return ChangeIntake<v1::PausePortalRequest, v1::PausePortalResponse>(session, "PausePortal");
}

ExitCode RunResume(const Session& session) {
  return ChangeIntake<v1::ResumePortalRequest, v1::ResumePortalResponse>(session, "ResumePortal");
}

ExitCode RunDrain(const Session& session) {
  return ChangeIntake<v1::DrainPortalRequest, v1::DrainPortalResponse>(session, "DrainPortal");
}

ExitCode RunFlush(const Session& session) {
  return ChangePortal<v1::FlushQueueRequest, v1::FlushQueueResponse>(session, "FlushQueue", FlushText);
}

ExitCode RunRelease(const Session& session) {
  return ChangePortal<v1::ReleasePortalRequest, v1::ReleasePortalResponse>(session, "ReleasePortal", ReleaseText);
}

ExitCode RunLogLevel(const Session& session) {
  if (session.line.arguments.empty()) {
    return AskAdmin<v1::SetLogLevelResponse>(
        session,
        [](const client::Client& client, const client::CallOptions& options, v1::SetLogLevelResponse* response) {
          v1::GetStatusRequest request;
          request.set_page_size(1);
          v1::GetStatusResponse status;
          auto failed = CallAdmin(client, "GetStatus", request, options, &status);
          response->set_level(status.log_level());
          return failed;
        },
        LevelText);
  }
  v1::SetLogLevelRequest request;
  const auto& levels = *v1::LogLevel_descriptor();
  for (int i = 0; i < levels.value_count(); ++i) {
    const auto level = static_cast<v1::LogLevel>(levels.value(i)->number());
    if (level != v1::LOG_LEVEL_UNSPECIFIED && LevelName(level) == session.line.arguments.front())
      request.set_level(level);
  }
  if (!request.has_level()) {
    return UsageError(session.console,
                      StrCat("no level ", session.line.arguments.front(), "; write debug, info, warning or error"));
  }
  return AskAdmin<v1::SetLogLevelResponse>(
      session,
      [&](const client::Client& client, const client::CallOptions& options, v1::SetLogLevelResponse* response) {
        return CallAdmin(client, "SetLogLevel", request, options, response);
      },
      LevelText, bitrix24::rest::RETRY_IDEMPOTENT);
}

}  // namespace imbot::cli
