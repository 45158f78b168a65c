#include "client_lib/cli/commands.h"

#include <string>

#include "client_lib/cli/completion_scripts.h"
#include "client_lib/cli/failure.h"
#include "client_lib/cli/interrupt.h"
#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/method_page.h"
#include "client_lib/cli/table.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

ExitCode Told(const Console& console, std::string_view kind, std::string_view what, ExitCode code) {
  if (console.json) {
    JsonWriter writer(JsonWriter::Layout::kLine, Style(false));
    writer.BeginObject().Key("error").BeginObject().Member("reason", kind).Member("message", what);
    writer.Member("outcome", "NOT_EXECUTED").Key("exitCode").Integer(code).EndObject().EndObject();
    console.PrintError(StrCat(writer.text(), "\n"));
  } else {
    console.PrintError(StrCat(console.err.Bad("error:"), " ", Printable(what), "\n"));
  }
  return code;
}

bool Has(std::string_view text, std::string_view word) {
  return Contains(Lower(text), Lower(word));
}

}  // namespace

ExitCode UsageError(const Console& console, std::string_view what) {
  return Told(console, "USAGE", what, kUsage);
}

ExitCode Failure(const Console& console, std::string_view what) {
  return Told(console, "FAILED", what, kFailed);
}

ExitCode CallError(const Session& session, const Connection& connection, const CallResult& call,
                   bitrix24::rest::Retry retry) {
  if (!call.error.has_value() || (!call.file.ok() && !Interrupted()))
    return Failure(session.console, MessageOf(call.file));
  FailedCall failed;
  failed.address = connection.address;
  failed.address_flag = connection.address_flag;
  failed.idempotency_key = call.info.idempotency_key;
  failed.retry = retry;
  failed.interrupted = Interrupted();
  session.console.PrintError(FailureText(*call.error, failed, session.console));
  return CodeOf(*call.error, failed);
}

void TellInfo(const Session& session, const client::CallInfo& info) {
  if (!session.line.Has("verbose")) return;
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty())
      session.console.PrintError(
          StrCat(session.console.err.Dim(StrCat(name, std::string(18 - name.size(), ' '))), value, "\n"));
  };
  const auto ms = [](std::optional<std::chrono::microseconds> time) {
    return time.has_value() ? StrCat(static_cast<double>(time->count()) / 1000, " ms") : "";
  };
  line("request", Printable(info.request_id));
  line("idempotency key", info.idempotency_key);
  line("queued", ms(info.queued));
  line("portal worked", ms(info.portal_time));
  if (info.operating.has_value()) line("operating", StrCat(info.operating->count(), " s of 10 minutes"));
  if (info.batch_size.has_value()) line("in a batch of", StrCat(*info.batch_size));
}

ExitCode RunMethods(const Session& session) {
  const std::string word = session.line.arguments.empty() ? "" : session.line.arguments.front();
  Table table({"METHOD", "FOR", "WHAT IT DOES"});
  JsonWriter json(session.console);
  json.BeginList();
  for (const MethodEntry& method : session.catalog.methods()) {
    const std::string summary = FirstSentence(session.catalog.Comment(*method.descriptor));
    if (!Has(method.name(), word) && !Has(method.rpc(), word) && !Has(summary, word)) continue;
    const char* const subject = method.for_bot() ? "bot" : "portal";
    table.Add({method.name(), subject, summary});
    json.BeginObject().Member("method", method.name()).Member("rpc", method.rpc());
    json.Member("for", subject).Member("summary", summary).EndObject();
  }
  if (session.console.json) {
    session.console.Print(StrCat(json.EndList().text(), "\n"));
  } else if (table.empty()) {
    return UsageError(session.console,
                      StrCat("no method has ", word, " in its name or description; `imbot methods` lists all"));
  } else {
    session.console.Print(table.Text(session.console.out, session.console.width));
  }
  return kDone;
}

ExitCode RunDescribe(const Session& session) {
  const auto method = session.catalog.Find(session.line.arguments.front());
  if (!method.ok()) return UsageError(session.console, MessageOf(method.status()));
  const MethodPage page = MakePage(session.catalog, *method);
  if (session.console.json) {
    JsonWriter json(session.console);
    WritePage(page, &json);
    session.console.Print(StrCat(json.text(), "\n"));
  } else {
    session.console.Print(PageText(page, session.console.out, session.console.width));
  }
  return kDone;
}

ExitCode RunCompletion(const Session& session) {
  const std::string_view script = CompletionScript(session.line.arguments.front());
  if (script.empty()) return UsageError(session.console, "the shell is bash, zsh or fish");
  session.console.Print(script);
  return kDone;
}

}  // namespace imbot::cli
