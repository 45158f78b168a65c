// `imbot call`: any method with the documentation's own JSON; files as streams; any REST method with --raw.
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "client_lib/cli/call_input.h"
#include "client_lib/cli/commands.h"
#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/message_json.h"
#include "client_lib/cli/text.h"
#include "client_lib/json_reader/json_document.h"
#include "client_lib/json_reader/json_reader.h"
#include "client_lib/json_reader/json_values.h"
#include "imbot/gateway/v1/raw_service.pb.h"

namespace imbot::cli {
namespace {

using google::protobuf::Message;

constexpr std::chrono::seconds kCallTime{30};
constexpr std::chrono::minutes kFileTime{10};

// One `imbot call`, from its arguments to its exit code.
class CallCommand {
 public:
  explicit CallCommand(const Session& session) : session_(session), line_(session.line), console_(session.console) {}

  ExitCode Run() {
    if (line_.arguments.size() > 1) {
      auto text = ReadText(line_.arguments[1]);
      if (!text.ok()) return UsageError(console_, MessageOf(text.status()));
      json_ = *std::move(text);
    }
    return line_.Has("raw") ? RunRaw() : RunMethod();
  }

 private:
  ExitCode RunMethod() {
    auto method = session_.catalog.Find(line_.arguments.front());
    if (!method.ok()) {
      return UsageError(console_,
                        StrCat(MessageOf(method.status()), "\n--raw calls a method that the contract does not have"));
    }
    method_ = *std::move(method);
    const google::protobuf::MethodDescriptor& rpc = *method_.descriptor;
    if (line_.Has("file") && !rpc.client_streaming())
      return UsageError(console_, StrCat("--file: ", method_.name(), " uploads nothing"));
    if (line_.Has("output") && !rpc.server_streaming())
      return UsageError(console_, StrCat("--output: ", method_.name(), " downloads nothing"));
    const client::Subject subject = SubjectOf();
    if (method_.for_bot() && subject.bot.empty()) {
      return UsageError(console_, StrCat(method_.name(),
                                         " is called for a bot: --bot PORTAL/CODE names it (`imbot bots` lists "
                                         "those the gateway has)"));
    }
    auto request = client::ReadRequest(rpc, json_, subject);
    if (!request.ok()) return BadJson(MessageOf(request.status()));
    if (line_.Has("dry-run")) return Show(**request);
    if (rpc.client_streaming()) return Upload(*std::move(request));
    if (rpc.server_streaming()) return Download(**request);
    const auto connection = ConnectFor(kCallTime);
    if (!connection.has_value()) return kUsage;
    return Answer(*connection, CallUnary(connection->client, rpc, **request, options_), method_.options->retry());
  }

  // What people may have meant by naming the bot in the JSON, as the rpc itself has it.
  ExitCode BadJson(std::string_view problems) {
    std::string text = StrCat("the JSON can't be read as a request of ", method_.name(), "\n", problems);
    for (const char* const flag : {"bot", "portal"}) {
      if (Contains(StrCat("\n", problems), StrCat("\n", flag, ": is no parameter")))
        StrAppend(&text, "\n--", flag, " names the ", flag, " that a call is for");
    }
    StrAppend(&text, "\n`imbot describe ", method_.name(), "` tells what it takes");
    return UsageError(console_, text);
  }

  client::Subject SubjectOf() const {
    client::Subject subject{line_.Get("bot"), line_.Get("portal")};
    // A bot's name says where it lives.
    if (subject.portal.empty() && Contains(subject.bot, "/"))
      subject.portal = subject.bot.substr(0, subject.bot.find('/'));
    return subject;
  }

  // Nothing, after it was said why.
  std::optional<Connection> ConnectFor(std::chrono::milliseconds time) {
    auto options = CallOptionsFrom(line_, time);
    if (!options.ok()) {
      UsageError(console_, MessageOf(options.status()));
      return std::nullopt;
    }
    options_ = *std::move(options);
    auto connection = Connect(line_, Listener::kCallers);
    if (!connection.ok()) {
      UsageError(console_, MessageOf(connection.status()));
      return std::nullopt;
    }
    return *std::move(connection);
  }

  ExitCode Show(const Message& request) const {
    JsonWriter json(console_);
    WriteMessage(request, &json);
    console_.Print(StrCat(json.text(), "\n"));
    return kDone;
  }

  ExitCode Answer(const Connection& connection, const CallResult& result, bitrix24::rest::Retry retry) const {
    TellInfo(session_, result.info);
    if (!result.ok()) return CallError(session_, connection, result, retry);
    return Show(*result.response);
  }

  ExitCode Upload(std::unique_ptr<Message> request) {
    const std::string path = line_.Get("file");
    std::string content;
    TakeContent(request.get(), &content);
    ByteSource source = SourceOf(content);
    if (!path.empty()) {
      if (!content.empty()) return UsageError(console_, "--file: the JSON holds the content already");
      auto opened = OpenSource(path);
      if (!opened.ok()) return UsageError(console_, MessageOf(opened.status()));
      source = *std::move(opened);
      if (path != "-") FillInName(path, request.get());
    }
    const auto connection = ConnectFor(kFileTime);
    if (!connection.has_value()) return kUsage;
    return Answer(*connection,
                  CallUpload(connection->client, *method_.descriptor, std::move(request), source, options_),
                  method_.options->retry());
  }

  // The file's own, unless the JSON names another.
  static void FillInName(const std::string& path, Message* request) {
    const auto* fields = request->GetDescriptor()->FindFieldByName("fields");
    if (fields == nullptr || fields->message_type() == nullptr) return;
    const auto* name = fields->message_type()->FindFieldByName("name");
    Message* const holder = request->GetReflection()->MutableMessage(request, fields);
    if (name != nullptr && !holder->GetReflection()->HasField(*holder, name))
      holder->GetReflection()->SetString(holder, name, std::filesystem::path(path).filename().string());
  }

  ExitCode Download(const Message& request) {
    const std::string path = line_.Get("output", "-");
    if (path == "-" && console_.out_is_terminal && !line_.Has("output"))
      return UsageError(console_, "a file's bytes would go to the terminal: --output PATH names a file, `-` insists");
    const auto connection = ConnectFor(kFileTime);
    if (!connection.has_value()) return kUsage;
    auto destination = Destination::Open(path);
    if (!destination.ok()) return UsageError(console_, MessageOf(destination.status()));
    CallResult result = CallDownload(
        connection->client, *method_.descriptor, request,
        [&](std::string_view bytes) { return (*destination)->Write(bytes); }, options_);
    if (result.ok()) result.file = (*destination)->Commit();
    TellInfo(session_, result.info);
    if (!result.ok()) return CallError(session_, *connection, result, method_.options->retry());
    if (path == "-") return kDone;
    JsonWriter json(console_);
    json.BeginObject().Member("file", path).Key("bytes").Integer((*destination)->size());
    json.Key("response");
    WriteMessage(*result.response, &json);
    console_.Print(StrCat(json.EndObject().text(), "\n"));
    return kDone;
  }

  ExitCode RunRaw() {
    if (line_.Has("file") || line_.Has("output")) return UsageError(console_, "--raw carries no files");
    imbot::gateway::v1::CallRequest request;
    request.set_method(line_.arguments.front());
    if (const std::string bot = line_.Get("bot"); !bot.empty()) {
      request.set_bot(bot);
    } else if (const std::string portal = line_.Get("portal"); !portal.empty()) {
      request.set_portal(portal);
    }
    if (!json_.empty()) {
      const auto node = client::ParseJson(json_);
      if (!node.ok()) return UsageError(console_, StrCat("the JSON can't be read: ", MessageOf(node.status())));
      client::Problems problems;
      client::ReadWellKnown(*node, request.mutable_params(), "", &problems);
      if (!problems.empty()) return UsageError(console_, problems.Text());
    }
    if (line_.Has("dry-run")) return Show(request);
    const auto connection = ConnectFor(kCallTime);
    if (!connection.has_value()) return kUsage;
    const auto& rpc = *request.GetDescriptor()->file()->FindServiceByName("RawService")->FindMethodByName("Call");
    return Answer(*connection, CallUnary(connection->client, rpc, request, options_), bitrix24::rest::RETRY_NEVER);
  }

  const Session& session_;
  const CommandLine& line_;
  const Console& console_;
  std::string json_;
  MethodEntry method_;
  client::CallOptions options_;
};

}  // namespace

ExitCode RunCall(const Session& session) {
  return CallCommand(session).Run();
}

ExitCode RunSend(const Session& session) {
  const Console& console = session.console;
  const auto& arguments = session.line.arguments;
  std::string text = arguments[2];
  if (text == "-") {
    auto read = ReadStdin();
    if (!read.ok()) return UsageError(console, MessageOf(read.status()));
    text = *std::move(read);
  }
  const auto method = session.catalog.Find("imbot.v2.Chat.Message.send");
  if (!method.ok()) return Failure(console, MessageOf(method.status()));
  const std::string json =
      StrCat(R"({"dialogId":)", Quoted(arguments[1]), R"(,"fields":{"message":)", Quoted(text), "}}");
  const auto request = client::ReadRequest(*method->descriptor, json, {arguments[0], ""});
  if (!request.ok()) return UsageError(console, MessageOf(request.status()));
  const auto options = CallOptionsFrom(session.line, kCallTime);
  if (!options.ok()) return UsageError(console, MessageOf(options.status()));
  const auto connection = Connect(session.line, Listener::kCallers);
  if (!connection.ok()) return UsageError(console, MessageOf(connection.status()));
  const CallResult result = CallUnary(connection->client, *method->descriptor, **request, *options);
  TellInfo(session, result.info);
  if (!result.ok()) return CallError(session, *connection, result, method->options->retry());
  JsonWriter json_out(console);
  WriteMessage(*result.response, &json_out);
  if (console.json) {
    console.Print(StrCat(json_out.text(), "\n"));
    return kDone;
  }
  const auto* id = result.response->GetDescriptor()->FindFieldByName("id");
  console.Print(StrCat(console.out.Good("sent"), " message ",
                       result.response->GetReflection()->GetInt64(*result.response, id), " to ",
                       Printable(arguments[1]), "\n"));
  return kDone;
}

}  // namespace imbot::cli
