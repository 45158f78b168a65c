// imbot.v2.File.* and im.v2.File.*: pages api-reference/chat-bots/chat-bots-v2/imbot.v2/files/ and im.v2/files/.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/sending.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/base64.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/file_downloads.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

std::string Extension(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string() : AsciiLower(name.substr(dot + 1));
}

std::string_view FileType(const std::string& extension) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypes = {{{"png", "image"},
                                                                                     {"jpg", "image"},
                                                                                     {"jpeg", "image"},
                                                                                     {"gif", "image"},
                                                                                     {"bmp", "image"},
                                                                                     {"webp", "image"},
                                                                                     {"mp4", "video"},
                                                                                     {"webm", "video"},
                                                                                     {"mov", "video"},
                                                                                     {"mp3", "audio"},
                                                                                     {"ogg", "audio"},
                                                                                     {"wav", "audio"}}};
  for (const auto& [known, type] : kTypes) {
    if (known == extension) return type;
  }
  return "file";
}

// {height, width} of a PNG, false of anything else.
Json ImageSize(const std::string& content) {
  constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n";
  constexpr size_t kWidth = 16;
  constexpr size_t kHeight = 20;
  if (content.size() < kHeight + 4 || content.substr(0, kPng.size()) != kPng) return Json(false);
  const auto big32 = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(content[i]);
    return value;
  };
  Json size = Json::object();
  size["height"] = big32(kHeight);
  size["width"] = big32(kWidth);
  return size;
}

// Bots are not given links, nor how far the upload has come.
Json FileV2(const Portal& portal, const StoredFile& file, const std::string& origin, bool for_bot) {
  const User* const author = portal.FindUser(file.author_id);
  const std::string extension = Extension(file.name);
  Json json = Json::object();
  json["id"] = file.id;
  json["chatId"] = file.chat_id;
  json["date"] = IsoDate(file.date);
  json["type"] = std::string(FileType(extension));
  json["name"] = file.name;
  json["extension"] = extension;
  json["size"] = file.content.size();
  json["image"] = ImageSize(file.content);
  if (!for_bot) {
    json["status"] = "done";
    json["progress"] = 100;
  }
  json["authorId"] = file.author_id;
  json["authorName"] = author == nullptr ? std::string() : Trim(author->first_name + " " + author->last_name);
  if (!for_bot) {
    const std::string id = std::to_string(file.id);
    const std::string link =
        origin + "/bitrix/services/main/ajax.php?action=disk.api.file.download&SITE_ID=s1&humanRE=1&fileId=" + id +
        "&exact=N&fileName=" + file.name;
    json["urlPreview"] = "";
    json["urlShow"] = link;
    json["urlDownload"] = link;
    json["viewerAttrs"] = Json{{"viewer", ""},
                               {"viewerType", "code"},
                               {"src", link},
                               {"objectId", id},
                               {"viewerGroupBy", std::to_string(file.chat_id)},
                               {"imChatId", file.chat_id},
                               {"title", file.name},
                               {"actions", "[{\"type\":\"download\"}]"}};
    json["mediaUrl"] = Json{{"preview", {{"250", ""}}}};
  }
  json["isTranscribable"] = false;
  json["isVideoNote"] = false;
  json["isVoiceNote"] = false;
  return json;
}

// The user's methods have names of their own for these in the documentation.
RestError Failed(const Portal& portal, bool for_bot, const char* what, const char* text) {
  const bool with_prefix = for_bot || !portal.options().behave_as_documented;
  return RestError{(with_prefix ? "FILE_" : "") + std::string(what), text};
}

Task<MethodResult> UploadTo(Call& call, const Chat& target, int64_t author_id, bool for_bot) {
  const int64_t chat_id = target.id;
  Portal& portal = call.portal();
  if (FindSet(call.params, "fields") == nullptr)
    co_return RestError{"100", "Could not find value for parameter {fields}"};
  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) co_return *error;
  const Json& fields = std::get<Json>(argument);
  const Json* name = FindSet(fields, "name");
  const Json* content = FindSet(fields, "content");
  if (IsEmpty(name) || IsEmpty(content)) co_return RestError{"FILE_EMPTY", "File name and content are required"};
  if (!content->is_string()) co_return RestError{"FILE_INVALID_CONTENT", "Invalid base64 content"};
  const std::string& encoded = content->get_ref<const std::string&>();
  // Judged by the length of the text, padding and all, before it is decoded.
  const size_t padding = encoded.size() - std::min(encoded.size(), encoded.find_last_not_of('=') + 1);
  if (static_cast<int64_t>(encoded.size() / 4 * 3 - padding) > portal.disk.max_file_bytes)
    co_return RestError{"FILE_TOO_LARGE", "File size exceeds maximum allowed"};
  std::optional<std::string> decoded = Base64DecodeStrict(encoded);
  if (!decoded) co_return RestError{"FILE_INVALID_CONTENT", "Invalid base64 content"};
  if (!portal.disk.folders) co_return Failed(portal, for_bot, "FOLDER_ERROR", "Could not get chat folder");
  const auto size = static_cast<int64_t>(decoded->size());
  if (portal.disk.free_bytes >= 0 && size > portal.disk.free_bytes)
    co_return Failed(portal, for_bot, "UPLOAD_FAILED", "File upload failed");
  if (portal.disk.free_bytes >= 0) portal.disk.free_bytes -= size;

  StoredFile file;
  file.chat_id = chat_id;
  file.author_id = author_id;
  file.name = ToString(name);
  file.content = std::move(*decoded);
  const int64_t file_id = portal.AddFile(std::move(file)).id;
  call.Changed();

  OutgoingMessage message;
  message.bot_id = author_id;
  message.chat_id = chat_id;
  message.text = NormalizeText(ToString(FindSet(fields, "message")));
  message.params["FILE_ID"] = Json::array({file_id});
  // If it fails, the file stays on Drive.
  std::variant<Sent, RestError, Aborted> sent = co_await SendMessage(call, std::move(message));
  if (std::holds_alternative<Aborted>(sent)) co_return Aborted{};
  const StoredFile* const stored = portal.FindFile(file_id);
  if (std::holds_alternative<RestError>(sent) || stored == nullptr)
    co_return Failed(portal, for_bot, "SEND_FAILED", "Failed to send file message");
  Json result = Json::object();
  result["file"] = FileV2(portal, *stored, call.caller.origin, for_bot);
  result["messageId"] = std::get<Sent>(sent).message_id;
  result["chatId"] = chat_id;
  result["dialogId"] = portal.DialogId(portal.chats.at(chat_id), author_id);
  co_return result;
}

Task<MethodResult> BotUpload(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) co_return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) co_return *error;
  MethodResult result = co_await UploadTo(call, *std::get<Chat*>(dialog), bot_id, /*for_bot=*/true);
  co_return result;
}

Task<MethodResult> UserUpload(Call& call) {
  const int64_t user_id = call.caller.user_id;
  const std::variant<Chat*, RestError> dialog = DialogArgument(call, user_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) co_return *error;
  const Chat* const chat = std::get<Chat*>(dialog);
  if (chat == nullptr) co_return RestError{"CHAT_NOT_FOUND", "CHAT_NOT_FOUND"};
  if (!call.portal().IsMember(*chat, user_id)) co_return RestError{"ACCESS_DENIED", "Access denied"};
  MethodResult result = co_await UploadTo(call, *chat, user_id, /*for_bot=*/false);
  co_return result;
}

// Whether the user may read what lies in that file's chat.
bool MayRead(const Portal& portal, const StoredFile& file, int64_t user_id) {
  const auto chat = portal.chats.find(file.chat_id);
  return chat != portal.chats.end() && portal.IsMember(chat->second, user_id);
}

MethodResult DownloadBy(Call& call, int64_t user_id, const char* scope, const RestError& denied) {
  const std::variant<int64_t, RestError> id = IntArgument(call, "fileId");
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  const Portal& portal = call.portal();
  const StoredFile* const file = portal.FindFile(std::get<int64_t>(id));
  if (file == nullptr) return RestError{"FILE_NOT_FOUND", "File not found"};
  if (!MayRead(portal, *file, user_id)) return denied;
  return Json{{"downloadUrl", FileDownloads::Link(portal, call.caller, scope, file->id)}};
}

MethodResult BotDownload(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  return DownloadBy(call, std::get<Bot*>(owned)->id, "imbot", RestError{"FILE_ACCESS_ERROR", "File access error"});
}

MethodResult UserDownload(Call& call) {
  const int64_t user_id = call.caller.user_id;
  const bool documented = call.portal().options().behave_as_documented;
  const RestError denied{"ACCESS_DENIED", "Access denied"};
  // The published source does without dialogId.
  if (documented || FindSet(call.params, "dialogId") != nullptr) {
    const std::variant<Chat*, RestError> dialog = DialogArgument(call, user_id);
    if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
    const Chat* const chat = std::get<Chat*>(dialog);
    if (chat == nullptr || !call.portal().IsMember(*chat, user_id)) return denied;
  }
  return DownloadBy(call, user_id, "im", documented ? denied : RestError{"FILE_ACCESS_ERROR", "File access error"});
}

}  // namespace

void RegisterFileV2(Registry* registry) {
  registry->Add("imbot.v2.File.upload", "imbot", BotUpload);
  registry->Add("imbot.v2.File.download", "imbot", BotDownload);
  registry->Add("im.v2.File.upload", "im", UserUpload);
  registry->Add("im.v2.File.download", "im", UserDownload);
}

}  // namespace simulator
