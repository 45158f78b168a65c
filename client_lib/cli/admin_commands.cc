// `imbot bots` and `imbot status`: what AdminService tells, as tables or JSON.
#include <string>

#include "client_lib/cli/admin_ask.h"
#include "client_lib/cli/admin_lists.h"
#include "client_lib/cli/commands.h"
#include "client_lib/cli/message_json.h"
#include "client_lib/cli/portal_notes.h"
#include "client_lib/cli/portal_table.h"
#include "client_lib/cli/table.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

using imbot::gateway::v1::GetStatusResponse;
using imbot::gateway::v1::ListBotsResponse;

std::string EnumName(const google::protobuf::EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? StrCat(number) : EnumText(*value);
}

std::string StatusText(const GetStatusResponse& status, const Console& console) {
  using imbot::gateway::v1::GatewayState;
  const std::string state = EnumName(*imbot::gateway::v1::GatewayState_descriptor(), status.state());
  const Style& style = console.out;
  const bool serving = status.state() == GatewayState::GATEWAY_STATE_SERVING;
  std::string text =
      StrCat("gateway    ", Printable(status.version()), ", ", serving ? style.Good(state) : style.Careful(state),
             ", up ", Lasting(status.uptime()), "\n");
  StrAppend(&text, "calls      ", status.calls_in_flight(), " under way\n");
  StrAppend(&text, "bots       ", status.bot_count(), "\n");
  StrAppend(&text, "portals    ", status.portal_count(), "\n");
  for (const auto& listener : status.listeners()) {
    StrAppend(&text, "listener   ", EnumName(*imbot::gateway::v1::ListenerKind_descriptor(), listener.kind()), " ",
              Printable(listener.address()), listener.tls() ? ", TLS" : "",
              listener.client_certificates() ? " with client certificates" : "", "\n");
  }
  if (status.has_log_level()) {
    StrAppend(&text, "log level  ", EnumName(*imbot::gateway::v1::LogLevel_descriptor(), status.log_level()), "\n");
  }
  StrAppend(&text, "\n", PortalTable(status).Text(style, console.width));
  const std::string notes = PortalNotes(status, style, console.width);
  return notes.empty() ? text : StrCat(text, "\n", notes);
}

std::string BotsText(const ListBotsResponse& bots, const Console& console) {
  Table table({"BOT", ">ID", "STATE", "SOURCE"});
  for (const auto& bot : bots.bots()) {
    table.Add({bot.name(), bot.has_bot_id() ? StrCat(bot.bot_id()) : "",
               EnumName(*imbot::gateway::v1::BotState_descriptor(), bot.state()),
               EnumName(*imbot::gateway::v1::BotSource_descriptor(), bot.source())});
  }
  return table.Text(console.out, console.width);
}

}  // namespace

ExitCode RunBots(const Session& session) {
  const std::string portal = session.line.Get("portal");
  return AskAdmin<ListBotsResponse>(
      session,
      [&](const client::Client& client, const client::CallOptions& options, ListBotsResponse* all) {
        return AllBots(client, portal, options, all);
      },
      BotsText);
}

ExitCode RunStatus(const Session& session) {
  const std::string portal = session.line.Get("portal");
  return AskAdmin<GetStatusResponse>(
      session,
      [&](const client::Client& client, const client::CallOptions& options, GetStatusResponse* all) {
        return WholeStatus(client, portal, options, all);
      },
      StatusText);
}

}  // namespace imbot::cli
