// `imbot bots` and `imbot status`: what AdminService tells, as tables or JSON.
#include <string>

#include "client_lib/cli/admin_lists.h"
#include "client_lib/cli/commands.h"
#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/message_json.h"
#include "client_lib/cli/portal_table.h"
#include "client_lib/cli/table.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

using imbot::gateway::v1::GetStatusResponse;
using imbot::gateway::v1::ListBotsResponse;

constexpr std::chrono::seconds kAdminTime{10};

std::string EnumName(const google::protobuf::EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? StrCat(number) : EnumText(*value);
}

// `3d 4h`, `5m 6s`: the two largest units.
std::string Lasting(int64_t seconds) {
  const int64_t days = seconds / 86'400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
  if (days > 0) return StrCat(days, "d ", hours, "h");
  if (hours > 0) return StrCat(hours, "h ", minutes, "m");
  if (minutes > 0) return StrCat(minutes, "m ", seconds % 60, "s");
  return StrCat(seconds, "s");
}

std::string StatusText(const GetStatusResponse& status, const Console& console) {
  using imbot::gateway::v1::GatewayState;
  const std::string state = EnumName(*imbot::gateway::v1::GatewayState_descriptor(), status.state());
  const Style& style = console.out;
  const bool serving = status.state() == GatewayState::GATEWAY_STATE_SERVING;
  std::string text =
      StrCat("gateway    ", Printable(status.version()), ", ", serving ? style.Good(state) : style.Careful(state),
             ", up ", Lasting(status.uptime().seconds()), "\n");
  StrAppend(&text, "calls      ", status.calls_in_flight(), " under way\n");
  StrAppend(&text, "bots       ", status.bot_count(), "\n");
  StrAppend(&text, "portals    ", status.portal_count(), "\n");
  for (const auto& listener : status.listeners()) {
    StrAppend(&text, "listener   ", EnumName(*imbot::gateway::v1::ListenerKind_descriptor(), listener.kind()), " ",
              Printable(listener.address()), listener.tls() ? ", TLS" : "",
              listener.client_certificates() ? " with client certificates" : "", "\n");
  }
  return StrCat(text, "\n", PortalTable(status).Text(style, console.width));
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

// Asks, and prints what came.
template <typename Response, typename Ask, typename Text>
ExitCode AskAdmin(const Session& session, const Ask& ask, const Text& text) {
  const Console& console = session.console;
  const auto options = CallOptionsFrom(session.line, kAdminTime);
  if (!options.ok()) return UsageError(console, MessageOf(options.status()));
  const auto connection = Connect(session.line, Listener::kAdmin);
  if (!connection.ok()) return UsageError(console, MessageOf(connection.status()));
  Response all;
  if (const auto failed = ask(connection->client, session.line.Get("portal"), *options, &all))
    return CallError(session, *connection, *failed, bitrix24::rest::RETRY_READ);
  if (!console.json) {
    console.Print(text(all, console));
    return kDone;
  }
  JsonWriter json(console);
  WriteMessage(all, &json);
  console.Print(StrCat(json.text(), "\n"));
  return kDone;
}

}  // namespace

ExitCode RunBots(const Session& session) {
  return AskAdmin<ListBotsResponse>(session, AllBots, BotsText);
}

ExitCode RunStatus(const Session& session) {
  return AskAdmin<GetStatusResponse>(session, WholeStatus, StatusText);
}

}  // namespace imbot::cli
