// `imbot bots` and `imbot status`: what AdminService tells, as tables or JSON.
#include <cmath>
#include <string>
#include <vector>

#include "client_lib/cli/admin_lists.h"
#include "client_lib/cli/commands.h"
#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/message_json.h"
#include "client_lib/cli/table.h"
#include "client_lib/cli/text.h"
#include "google/protobuf/util/time_util.h"

namespace imbot::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using imbot::gateway::v1::GetStatusResponse;
using imbot::gateway::v1::ListBotsResponse;
using imbot::gateway::v1::PortalStatus;

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

// One value as a cell of a table; empty if it is not set.
std::string Cell(const Message& message, const FieldDescriptor& field) {
  if (field.is_repeated() || !message.GetReflection()->HasField(message, &field)) return "";
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return StrCat(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return StrCat(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return StrCat(std::round(reflection.GetDouble(message, &field) * 100) / 100);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*reflection.GetEnum(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      JsonWriter json(JsonWriter::Layout::kLine, Style(false));
      WriteMessage(reflection.GetMessage(message, &field), &json);
      // A time or a duration is a text; anything else is for --json.
      const std::string& text = json.text();
      return text.size() > 1 && text.front() == '"' ? text.substr(1, text.size() - 2) : "";
    }
    default:
      return "";
  }
}

// A column for each single value that a portal has, so that what the gateway learns to tell is shown.
std::string PortalTable(const GetStatusResponse& status, const Console& console) {
  std::vector<const FieldDescriptor*> fields;
  std::vector<std::string> headings;
  const auto& type = *PortalStatus::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    bool told = i == 0;
    for (const auto& portal : status.portals()) told = told || !Cell(portal, field).empty();
    if (!told) continue;
    fields.push_back(&field);
    const bool number = field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
                        field.cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
                        field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
    headings.push_back(StrCat(number ? ">" : "", i == 0 ? "PORTAL" : Heading(field.name())));
  }
  Table table(std::move(headings));
  for (const auto& portal : status.portals()) {
    std::vector<std::string> cells;
    for (const FieldDescriptor* field : fields) cells.push_back(Cell(portal, *field));
    table.Add(std::move(cells));
  }
  return table.Text(console.out, console.width);
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
  return StrCat(text, "\n", PortalTable(status, console));
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
