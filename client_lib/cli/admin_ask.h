// How every command asks AdminService: connect, ask, print what came as text or JSON, or say what failed.
#ifndef IMBOT_CLIENT_LIB_CLI_ADMIN_ASK_H_
#define IMBOT_CLIENT_LIB_CLI_ADMIN_ASK_H_

#include <chrono>

#include "bitrix24/rest/options.pb.h"
#include "client_lib/cli/commands.h"
#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/message_json.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {

// `ask(client, options, &response)` gives the failed call, if one failed; `text(response, console)` what people read.
// `retry`: what may be done after an unknown outcome.
template <typename Response, typename Ask, typename Text>
ExitCode AskAdmin(const Session& session, const Ask& ask, const Text& text,
                  bitrix24::rest::Retry retry = bitrix24::rest::RETRY_READ) {
  constexpr std::chrono::seconds kAdminTime{10};
  const Console& console = session.console;
  const auto options = CallOptionsFrom(session.line, kAdminTime);
  if (!options.ok()) return UsageError(console, MessageOf(options.status()));
  const auto connection = Connect(session.line, Listener::kAdmin);
  if (!connection.ok()) return UsageError(console, MessageOf(connection.status()));
  Response response;
  if (const auto failed = ask(connection->client, *options, &response))
    return CallError(session, *connection, *failed, retry);
  if (!console.json) {
    console.Print(text(response, console));
    return kDone;
  }
  JsonWriter json(console);
  WriteMessage(response, &json);
  console.Print(StrCat(json.text(), "\n"));
  return kDone;
}

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_ADMIN_ASK_H_
